"""The index's file, one connection to it, and what is done when it is not to be had.

The journal is SQLite's oldest, a rollback journal: writing ahead (WAL) has lost data where two processes
share a file (SQLite 3.7.0 to 3.51.2), needs memory that all of them map, which network disks do not give, and
would gain nothing here: there is a change a second at most. A reader waits the few milliseconds of a commit.
"""

from __future__ import annotations

import logging
import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing
from functools import cache
from pathlib import Path
from typing import TypeVar

from iterativectl import files
from iterativectl.errors import StorageError
from iterativectl.history.migrations import NotOurs, migrate

BUSY_SECONDS = 3.0  # how long another process's commit is waited for
SIDES = ("-journal", "-wal", "-shm")  # what SQLite puts beside the file
MEMORY = ":memory:"
REFUSED = ("unable to open", "readonly", "disk", "locked", "locking")  # SQLite's words; 3.10 gives no codes

Answer = TypeVar("Answer")
_log = logging.getLogger(__name__)


class Database:
    """One connection, used by one thread at a time. Nothing here raises for the sake of the file.

    `path` None: in memory from the beginning.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._lock = threading.RLock()
        self._inode: int | None = None
        self._opened = 0
        self._connection = self._open()

    @property
    def in_memory(self) -> bool:
        """Whether there is no file (any more)."""
        return self._path is None

    @property
    def version(self) -> tuple[int, int]:
        """Another one as soon as another process may have changed anything, or this is another file."""
        return self.read(lambda found: (self._opened, found.execute("PRAGMA data_version").fetchone()[0]))

    def read(self, query: Callable[[sqlite3.Connection], Answer]) -> Answer:
        """What a query finds. Where the file fails, an index that is still empty is asked instead."""
        with self._lock:
            try:
                return query(self._connection)
            except sqlite3.ProgrammingError:  # a fault of ours, or after close(): no file is to blame
                raise
            except sqlite3.Error as error:
                self._recover(error)
                return query(self._connection)

    def write(self, change: Callable[[sqlite3.Connection], None]) -> bool:
        """Make a change, wholly or not at all; whether it was made.

        Not while another process writes: that is doing the same. Where the file fails, an empty index takes
        its place, and the change is not made either.
        """
        with self._lock:
            try:
                self._connection.execute("BEGIN IMMEDIATE")
                change(self._connection)
                self._connection.execute("COMMIT")
            except sqlite3.ProgrammingError:
                self._roll_back()
                raise
            except sqlite3.Error as error:
                self._roll_back()
                if not _is_busy(error):
                    self._recover(error)
                return False
            except BaseException:
                self._roll_back()
                raise
            return True

    def check(self) -> None:
        """Take up what has become of the file: deleted, or replaced by another process."""
        with self._lock:
            if self._path is not None and _inode(self._path) != self._inode:
                self._reopen()

    def start_afresh(self) -> None:
        """Throw everything away."""
        with self._lock:
            self._connection.close()
            self._remove()
            self._connection = self._open()

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            self._connection.close()

    def _open(self) -> sqlite3.Connection:
        """The file as it is, else a fresh one, else memory."""
        self._opened += 1
        for _ in range(2):
            if self._path is None:
                break
            try:
                return self._open_file(self._path)
            except (sqlite3.DatabaseError, NotOurs) as error:
                _log.info("the index is made anew: %s", error)
                if not _is_damage(error):
                    break
                self._remove()
            except (OSError, StorageError) as error:
                _log.info("the index is kept in memory: %s", error)
                break
        self._path = None
        return _connect(MEMORY)

    def _open_file(self, path: Path) -> sqlite3.Connection:
        files.make_dir(path.parent)
        connection = _connect(str(path))
        try:
            with closing(connection.execute("PRAGMA quick_check(1)")) as said:
                found = said.fetchone()[0]
            if found != "ok":
                raise NotOurs(found)
            if _tables(connection) != _our_tables():
                raise NotOurs("its tables are others")
            self._inode = _inode(path)
        except BaseException:
            connection.close()
            raise
        return connection

    def _remove(self) -> None:
        if self._path is None:
            return
        try:
            for side in ("", *SIDES):
                files.remove(self._path.with_name(self._path.name + side))
        except (OSError, StorageError) as error:
            _log.info("the index is kept in memory: %s", error)
            self._path = None

    def _recover(self, error: sqlite3.Error) -> None:
        """Put another index in place of one that failed."""
        _log.info("the index failed: %s", error)
        self._connection.close()
        if _is_damage(error):
            self._remove()
        else:
            self._path = None
        self._connection = self._open()

    def _reopen(self) -> None:
        self._connection.close()
        self._connection = self._open()

    def _roll_back(self) -> None:
        try:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
        except sqlite3.Error as error:
            _log.info("the index could not be rolled back: %s", error)


def _tables(connection: sqlite3.Connection) -> list[tuple[str, ...]]:
    return connection.execute("SELECT name, sql FROM sqlite_master ORDER BY name").fetchall()


@cache
def _our_tables() -> list[tuple[str, ...]]:
    """The tables as our own steps make them."""
    with closing(_connect(MEMORY)) as connection:
        return _tables(connection)


def _connect(name: str) -> sqlite3.Connection:
    connection = sqlite3.connect(
        name, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False, cached_statements=64
    )
    try:
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA journal_mode = DELETE")
        connection.execute("PRAGMA synchronous = NORMAL")
        migrate(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def _is_busy(error: sqlite3.Error) -> bool:
    """Whether another process has the lock. Told by words: Python 3.10 gives no code."""
    return isinstance(error, sqlite3.OperationalError) and "locked" in str(error)


def _is_damage(error: Exception) -> bool:
    """Whether a fresh file would help: not where the disk, the folder or another process refuses."""
    return not (isinstance(error, sqlite3.OperationalError) and any(word in str(error) for word in REFUSED))


def _inode(path: Path) -> int | None:
    try:
        return path.stat().st_ino
    except OSError:
        return None
