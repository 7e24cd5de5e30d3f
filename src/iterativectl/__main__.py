"""`python -m iterativectl`: the command line."""

from iterativectl.cli.main import entry

if __name__ == "__main__":
    entry()
