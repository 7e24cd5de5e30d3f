"""Was .venv made, to its end, from the lock file and the Python that are there now?

Imported at every start, by whatever Python a person has: it imports `os` alone and is written for 3.6.
"""

import os

RECIPE = "1"  # counted up when environments are made in another way, so that old ones are made anew


def is_fresh(root: str, extra: str) -> bool:
    """Whether .venv holds what the lock file asks for. `extra` is "" or "test"."""
    try:
        with open(path_of(venv_of(root), extra), "rb") as stream:
            return stream.read() == content_for(root, extra, python_of(root))
    except OSError:
        return False


def content_for(root: str, extra: str, python: str) -> bytes:
    """What a fresh stamp says: the recipe and the interpreter, then the whole lock file.

    The lock is a page long: comparing it is as sure as comparing hashes, and needs no hash to be imported.
    """
    return interpreter_line(python) + lock_content(root, extra)


def interpreter_line(python: str) -> bytes:
    """The recipe's number, then the interpreter's size and time, which an update of it changes."""
    found = os.stat(python)
    return f"{RECIPE} {found.st_size} {found.st_mtime_ns}\n".encode()


def lock_content(root: str, extra: str) -> bytes:
    """The lock file as it is now."""
    with open(lock_of(root, extra), "rb") as stream:
        return stream.read()


def path_of(venv: str, extra: str) -> str:
    """The stamp's own path. It is written last of all into a new environment."""
    return os.path.join(venv, f"ready-{extra}" if extra else "ready")


def lock_of(root: str, extra: str) -> str:
    """The file that pins every package; that of an extra names the packages of the program too."""
    return os.path.join(root, f"requirements-{extra}.lock" if extra else "requirements.lock")


def venv_of(root: str) -> str:
    """Where the environment is."""
    return os.path.join(root, ".venv")


def python_of(root: str) -> str:
    """The environment's own interpreter."""
    return os.path.join(root, ".venv", "bin", "python")
