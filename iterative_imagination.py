#!/usr/bin/env python3
"""The runner alone: `python iterative_imagination.py --project NAME`, or `--rules PATH --input PATH`.

Any Python may start it: it becomes `./iterativectl run ...`, which brings its own environment. Every other
option of `iterativectl run` is handed on as it is. Written for Python 3.6, so that an old one can hand over.
"""

import argparse
import os
import sys

ROOT = os.path.dirname(os.path.realpath(__file__))

EXAMPLES = """examples:
  python iterative_imagination.py --project example
  python iterative_imagination.py --project example --resume-from 3
  python iterative_imagination.py --rules rules/portrait_business_attire.yaml --input photo.jpg"""


def main(arguments: "list[str]") -> None:
    """Become the launcher."""
    options, others = parser().parse_known_args(arguments)
    launcher = os.path.join(ROOT, "iterativectl")
    os.execv(sys.executable, [sys.executable, launcher, "run", *told(options), *others])


def parser() -> argparse.ArgumentParser:
    """The options of the specification."""
    made = argparse.ArgumentParser(
        description="Make pictures of one project until one meets every acceptance criterion.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    made.add_argument("--project", metavar="NAME", help="the project to run: projects/NAME")
    made.add_argument("--rules", metavar="PATH", help="a rules file; a project is made beside it")
    made.add_argument("--input", metavar="PATH", help="the picture that goes with --rules")
    made.add_argument(
        "--resume-from", metavar="N", type=int, help="go on at iteration N, set later ones aside"
    )
    made.add_argument("--reset", action="store_true", help="put the unfinished run aside and begin a new one")
    made.add_argument(
        "--seed-from-ranking", metavar="RUN_ID|latest", help="begin a new run with what you ranked best"
    )
    made.add_argument("--seed-ranking-mode", metavar="MODE", help="rank1, top3 or top5")
    made.add_argument("--dry-run", action="store_true", help="check everything, say what would be done")
    made.add_argument("--verbose", action="store_true", help="say more")
    return made


def told(options: argparse.Namespace) -> "list[str]":
    """The options as `iterativectl run` reads them."""
    told = []
    for name, value in sorted(vars(options).items()):
        option = "--" + name.replace("_", "-")
        if value is True:
            told.append(option)
        elif value is not None and value is not False:
            told.append(f"{option}={value}")
    return told


if __name__ == "__main__":
    main(sys.argv[1:])
