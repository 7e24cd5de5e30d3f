"""Find a Python that is new enough, when the one that started us is not.

Written for Python 3.6, so that an old one can still say what is missing.
"""

import os
import subprocess
import sys

NEWEST_MINOR = 14
OLDEST_MINOR = 10
ASK_SECONDS = 20
IS_NEW_ENOUGH = "import sys; sys.exit(sys.version_info < (3, 10))"

MISSING = """iterativectl: Python 3.10 or newer is needed; this is Python {version} ({path}).
  Do this: install one beside it; the old one stays as it is. Then start again.
    Debian, Ubuntu   sudo apt install python3 python3-venv
    Fedora           sudo dnf install python3.12
    macOS            brew install python
    anywhere         install uv, and it brings a Python along"""

WINDOWS = """iterativectl: this program needs Linux or macOS.
  Do this: on Windows, install WSL (wsl --install), and start it again inside."""


def start_again_with_a_newer_one() -> None:
    """Become the same command under a newer Python; when there is none, say what to install and exit."""
    if os.name == "nt":
        sys.exit(WINDOWS)
    for minor in range(NEWEST_MINOR, OLDEST_MINOR - 1, -1):
        for candidate in _on_path(f"python3.{minor}"):
            if _is_new_enough(candidate):
                os.execv(candidate, [candidate] + sys.argv)
    for uv in _on_path("uv"):
        os.execv(uv, [uv, "run", "--no-project", "--python", ">=3.10", "python"] + sys.argv)
    version = ".".join(str(part) for part in sys.version_info[:3])
    sys.exit(MISSING.format(version=version, path=sys.executable))


def _on_path(name: str) -> "list[str]":
    folders = os.environ.get("PATH", "").split(os.pathsep)
    candidates = [os.path.join(folder, name) for folder in folders if folder]
    return [candidate for candidate in candidates if os.access(candidate, os.X_OK)]


def _is_new_enough(candidate: str) -> bool:
    """Ask it: a version manager puts names on the PATH that start nothing."""
    try:
        with open(os.devnull, "w") as nowhere:
            code = subprocess.call(
                [candidate, "-c", IS_NEW_ENOUGH], stdout=nowhere, stderr=nowhere, timeout=ASK_SECONDS
            )
    except (OSError, subprocess.SubprocessError):
        return False
    return code == 0
