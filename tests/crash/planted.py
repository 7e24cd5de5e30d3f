"""Bugs to plant into a child process. Each is one that somebody could write, and that the sweep must notice.

Only here are parts of the program exchanged, and only in children that end with the sweep.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

from iterativectl import attempt, files, opening, runner
from iterativectl.model import Iteration, Ticket
from iterativectl.project import runs
from iterativectl.project.answers import AnswerFiles
from iterativectl.project.tickets import TicketFile


def nothing() -> None:
    """The program as it is."""


def written_in_place() -> None:
    """A writer that opens the file itself instead of one beside it."""

    def write_bytes(path: Path, content: bytes, **_: Any) -> None:
        files.make_dir(path.parent)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
        os.write(descriptor, content)
        os.fsync(descriptor)
        os.close(descriptor)

    files.write_bytes = write_bytes


def written_beside_the_count() -> None:
    """A writer that goes round the functions that are counted."""

    def write_bytes(path: Path, content: bytes, **_: Any) -> None:
        files.make_dir(path.parent)
        path.write_bytes(content)

    files.write_bytes = write_bytes


def answer_used_before_it_is_stored() -> None:
    """A store of answers that writes each only when the next one comes."""
    right = AnswerFiles.put

    def put(self: AnswerFiles, key: str, reply: Any) -> None:
        waiting = vars(self).setdefault("waiting", [])
        waiting.append((key, reply))
        if len(waiting) > 1:
            right(self, *waiting.pop(0))

    AnswerFiles.put = put


def committed_too_early() -> None:
    """The commit record is written before advice was asked for, and once more after it."""
    right = attempt.advised

    def advised(work: Any, plan: Any, assessment: Any, history: Any) -> Any:
        attempt._commit(work, Iteration(plan=plan, status="ok", assessment=assessment), None, (), {})
        return right(work, plan, assessment, history)

    attempt.advised = advised


def finished_before_published() -> None:
    """The checkpoint says that the run has ended, and then the output is written."""
    right = runner._finish

    def finish(work: Any, history: Any, decision: Any, began: float) -> Any:
        work.standing.save(status=decision.status, reason=decision.reason)
        return right(work, history, decision, began)

    runner._finish = finish


def torn_lines_stay() -> None:
    """Lines are appended to whatever is there."""
    files._end_of_whole_lines = lambda descriptor: os.lseek(descriptor, 0, os.SEEK_END)


def disk_errors_are_passed_over() -> None:
    """What the disk refuses is shrugged off."""

    @contextmanager
    def translated(path: Path, size: int) -> Iterator[None]:
        try:
            yield
        except FileExistsError:
            raise
        except OSError:
            return

    files._translated = translated


def ticket_after_the_sending() -> None:
    """A ticket is written down when it is settled, not when it is chosen."""

    def open_ticket(self: TicketFile, host: str) -> Ticket:
        ticket = Ticket(ticket=str(uuid4()), host=host, sent_at=self._now())
        self._tickets = (*self._tickets, ticket)
        return ticket

    TicketFile.open = open_ticket


def put_aside_before_begun() -> None:
    """The checkpoint of the old run is put aside before the new run is there."""
    right = runs.write_run

    def write_run(paths: Any, run: Any) -> None:
        files.remove(opening.ProjectPaths(paths.project).checkpoint)
        right(paths, run)

    runs.write_run = write_run


def seed_removed_before_begun() -> None:
    """The seed is removed before the run that starts from it is there."""
    right = runs.write_run

    def write_run(paths: Any, run: Any) -> None:
        files.remove(opening.ProjectPaths(paths.project).seed)
        right(paths, run)

    runs.write_run = write_run


def moved_without_intent() -> None:
    """Iterations are put aside without a word of it first."""

    def supersede(paths: Any, first: int, aside: Path) -> None:
        for folder in runs._STEP_FOLDERS:
            runs._move_steps(paths.root / folder, aside / folder, first)

    runs.supersede = supersede


BUGS: Mapping[str, Callable[[], None]] = {
    bug.__name__: bug
    for bug in (
        nothing,
        written_in_place,
        written_beside_the_count,
        answer_used_before_it_is_stored,
        committed_too_early,
        finished_before_published,
        torn_lines_stay,
        disk_errors_are_passed_over,
        ticket_after_the_sending,
        put_aside_before_begun,
        seed_removed_before_begun,
        moved_without_intent,
    )
}
