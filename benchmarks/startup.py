"""What a start costs, in CPU time over the smallest thing that could be started instead.

    .venv/bin/python benchmarks/startup.py [rounds]

Every round starts each command once, in turn, so that a busy moment of the machine touches all of them alike.
Shown are medians, and medians of the differences within a round. Exits with 1 when a limit is passed.
"""

from __future__ import annotations

import os
import statistics
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
ROUNDS = 25
WARM_UP = 2  # rounds that are not counted: the first start writes bytecode

ENVIRONMENT = str(ROOT / ".venv" / "bin" / "python")
# What .venv was made from, started directly: a version manager's shim would cost more than all of ours.
BARE = str(Path(ENVIRONMENT).resolve())

# -I everywhere, as the launcher does it: a person's own settings are not what is measured.
COMMANDS = {
    "bare Python": [BARE, "-I", "-c", "pass"],
    "import click": [ENVIRONMENT, "-I", "-c", "import click"],
    "--help in .venv": [ENVIRONMENT, "-I", "-m", "iterativectl", "--help"],
    "./iterativectl --help": [BARE, str(ROOT / "iterativectl"), "--help"],
}
Times = Mapping[str, float]  # command -> CPU milliseconds of one start


@dataclass(frozen=True)
class Limit:
    """Something that a start may cost: `of` one round's times, at most `most` milliseconds."""

    name: str
    of: Callable[[Times], float]
    most: float


LIMITS = (
    Limit("--help over `import click`", lambda ms: ms["--help in .venv"] - ms["import click"], 30),
    Limit(
        "launcher over a bare Python",
        lambda ms: ms["./iterativectl --help"] - ms["--help in .venv"] - ms["bare Python"],
        20,
    ),
    Limit("together", lambda ms: ms["./iterativectl --help"], 150),
)


def main(arguments: list[str]) -> int:
    """Measure, print two tables, say whether every limit holds."""
    count = int(arguments[0]) if arguments else ROUNDS
    rounds = [
        {name: cpu_milliseconds(command) for name, command in COMMANDS.items()}
        for _ in range(count + WARM_UP)
    ]
    rounds = rounds[WARM_UP:]
    bare = median(rounds, lambda ms: ms["bare Python"])
    print(f"CPU time of one start, medians of {count} interleaved rounds\n")
    for name in COMMANDS:
        own = median(rounds, lambda ms, name=name: ms[name])
        print(f"  {name:<28} {own:7.1f} ms  {own / bare:5.2f} x bare Python")
    print()
    kept = True
    for limit in LIMITS:
        cost = median(rounds, limit.of)
        kept &= cost <= limit.most
        verdict = "ok" if cost <= limit.most else "TOO MUCH"
        print(f"  {limit.name:<28} {cost:7.1f} ms  of {limit.most:.0f}  {verdict}")
    return 0 if kept else 1


def cpu_milliseconds(command: list[str]) -> float:
    """User and system time of a command that says nothing, from its start to its end."""
    actions = [(os.POSIX_SPAWN_OPEN, stream, os.devnull, os.O_WRONLY, 0) for stream in (1, 2)]
    child = os.posix_spawn(command[0], command, os.environ, file_actions=actions)
    _, status, used = os.wait4(child, 0)
    if status:
        sys.exit(f"{' '.join(command)} failed: start it by hand to see why")
    return (used.ru_utime + used.ru_stime) * 1000


def median(rounds: list[dict[str, float]], of: Callable[[Times], float]) -> float:
    """Of what every single round cost."""
    return statistics.median(of(ms) for ms in rounds)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
