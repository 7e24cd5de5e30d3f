"""The index's file is deleted, damaged, made by others, or not to be had: it is made again, quietly."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from tests.history.spaces import Space

from iterativectl.history import migrations
from iterativectl.history.database import BUSY_SECONDS

Spoil = Callable[[Path], None]


def overwrite(at: int, content: bytes) -> Spoil:
    def spoil(path: Path) -> None:
        with path.open("r+b") as file:
            file.seek(at if at >= 0 else path.stat().st_size + at)
            file.write(content)

    return spoil


def by_sql(*statements: str) -> Spoil:
    def spoil(path: Path) -> None:
        with closing(sqlite3.connect(path)) as connection, connection:
            for statement in statements:
                connection.execute(statement)

    return spoil


def replace_by_a_strangers(path: Path) -> None:
    path.unlink()
    by_sql("CREATE TABLE runs (a)", "CREATE TABLE migrations (name TEXT, at TEXT)")(path)


def left_journal(path: Path) -> None:
    path.with_name(path.name + "-journal").write_bytes(os.urandom(4096))


def as_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()
    (path / "kept").write_text("a person's")


def without_folder(path: Path) -> None:
    for entry in path.parent.iterdir():
        entry.unlink()
    path.parent.rmdir()


def file_for_folder(path: Path) -> None:
    without_folder(path)
    path.parent.write_text("a file")


NEWER = "INSERT INTO migrations VALUES ('2031-01 of a program that is not written yet')"
SPOILED: dict[str, Spoil] = {
    "deleted": lambda path: path.unlink(),
    "its folder deleted": without_folder,
    "empty": lambda path: path.write_bytes(b"") and None,
    "cut": lambda path: os.truncate(path, path.stat().st_size // 2),
    "no index": lambda path: path.write_bytes(b"no database at all" * 1000) and None,
    "no head": overwrite(0, bytes(100)),
    "holes": overwrite(4096, bytes(8192)),
    "a spoiled end": overwrite(-3000, os.urandom(3000)),
    "a stranger's": replace_by_a_strangers,
    "a newer program's": by_sql(NEWER),
    "an older one's": by_sql("DELETE FROM migrations"),
    "no tables": by_sql("DROP TABLE iterations", "DROP TABLE runs"),
    "a lost column": by_sql("ALTER TABLE runs RENAME COLUMN score TO points"),
    "a journal beside it": left_journal,
    "writing ahead": by_sql("PRAGMA journal_mode = WAL"),
    "a folder": as_folder,
    "a file in place of its folder": file_for_folder,
}
IN_MEMORY = {"a folder", "a file in place of its folder"}


@pytest.mark.parametrize("name", SPOILED)
def test_a_start_finds_it_so(stored: Space, name: str) -> None:
    stored.database.close()
    SPOILED[name](stored.workspace.index)
    later = Space.at(stored.root)
    later.refresher.refresh(deep=True)
    assert later.dump() == stored.truth()
    assert later.database.in_memory == (name in IN_MEMORY)
    later.database.close()


@pytest.mark.parametrize("name", SPOILED)
def test_it_happens_while_it_is_used(stored: Space, name: str) -> None:
    """Whatever is asked in between is answered; two refreshes later it is whole."""
    SPOILED[name](stored.workspace.index)
    stored.runs()
    for _ in range(2):
        stored.refresher.refresh(deep=True)
        stored.projects()
    if name == "a spoiled end":  # bytes that no statement touched: nobody could know
        stored.refresher.rebuild()
    assert stored.dump() == stored.truth()


def test_an_index_that_trusts_its_file_is_caught(stored: Space) -> None:
    """The planted bug: damage that is not looked for at the start stays."""
    stored.database.close()
    by_sql("PRAGMA foreign_keys = OFF", "UPDATE runs SET score = 1, stamp = stamp")(stored.workspace.index)
    later = Space.at(stored.root)
    later.refresher.refresh(deep=True)
    assert later.dump() != stored.truth()  # its stamps say that nothing has changed
    later.refresher.rebuild()
    assert later.dump() == stored.truth()
    later.database.close()


def test_the_journal_is_the_safe_one(stored: Space) -> None:
    mode = stored.database.read(lambda index: index.execute("PRAGMA journal_mode").fetchone()[0])
    assert mode == "delete"


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Another connection is in the middle of a change."""
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


def test_who_cannot_write_reads_on(stored: Space) -> None:
    before = stored.dump()
    (stored.run(1).metadata(1)).unlink()
    with locked(stored.workspace.index):
        began = time.monotonic()
        stored.refresher.refresh()
        assert time.monotonic() - began < BUSY_SECONDS * 2 + 2
        assert stored.dump() == before
    assert not stored.database.in_memory
    stored.refresher.refresh()
    assert stored.dump() == stored.truth() != before


def test_two_at_once_do_not_disturb_each_other(stored: Space) -> None:
    """Each refreshes the same index, while runs change; both end with the truth."""
    other = Space.at(stored.root)
    errors: list[BaseException] = []

    def work(one: Space) -> None:
        try:
            for _ in range(12):
                one.refresher.refresh(deep=True)
                one.runs(words="view", sort="score")
        except BaseException as error:  # noqa: BLE001 - looked at by the test
            errors.append(error)

    threads = [threading.Thread(target=work, args=(one,)) for one in (stored, other)]
    for thread in threads:
        thread.start()
    for at in range(6):
        stored.run(at).metadata(4).unlink()
    for thread in threads:
        thread.join(60)
    for one in (stored, other):
        one.refresher.refresh(deep=True)
        assert one.dump() == stored.truth() and not one.database.in_memory
    other.database.close()
    assert errors == []


KILLED = """
import sys
from pathlib import Path
from tests.history.spaces import Space
space = Space.at(Path(sys.argv[1]))
print("begun", flush=True)
while True:
    space.refresher.rebuild()
"""


def test_killed_while_it_writes(stored: Space) -> None:
    """Whatever a killed process left: the next one has the truth, on the disk."""
    stored.database.close()
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    for pause in (0.0, 0.03, 0.07):
        command = [sys.executable, "-c", KILLED, str(stored.root)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, env=environ) as process:
            assert process.stdout is not None and process.stdout.readline() == b"begun\n"
            time.sleep(pause)
            process.send_signal(signal.SIGKILL)
        later = Space.at(stored.root)
        later.refresher.refresh(deep=True)
        assert later.dump() == stored.truth() and not later.database.in_memory
        later.database.close()


def test_steps_are_applied_once_and_all_or_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A later release's step comes to a file of an earlier one; one that fails leaves it as it was."""
    path = tmp_path / "index.sqlite3"

    def migrated(*more: tuple[str, tuple[str, ...]]) -> list[str]:
        with closing(sqlite3.connect(path, isolation_level=None)) as connection:
            monkeypatch.setattr(migrations, "MIGRATIONS", (("first", ("CREATE TABLE a (x)",)), *more))
            migrations.migrate(connection)
            return migrations._applied(connection)

    assert migrated() == migrated() == ["first"]
    with pytest.raises(sqlite3.OperationalError):
        migrated(("second", ("ALTER TABLE a ADD COLUMN y", "no statement")))
    assert migrated(("second", ("ALTER TABLE a ADD COLUMN y",))) == ["first", "second"]
    with pytest.raises(migrations.NotOurs):
        migrated()
    with pytest.raises(migrations.NotOurs):
        migrated(("another second", ("DROP TABLE a",)))


def test_after_its_end_it_is_not_used(stored: Space) -> None:
    """A fault of ours is no reason to throw the file away."""
    stored.database.close()
    with pytest.raises(sqlite3.ProgrammingError):
        stored.runs()
    assert stored.workspace.index.stat().st_size > 0
