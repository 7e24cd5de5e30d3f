"""A write survives a power cut, not only a kill: what was not synced is thrown away, point by point.

The model of a disk: a file's bytes are durable after fsync of the file, a name (creation, rename) after fsync
of its directory. Between two syncs the disk may have kept any of it: names without bytes are the classic
loss.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path

import pytest

from iterativectl import files

OLD, NEW = b"old content", b"new content, longer than the old"


@dataclass
class Disk:
    """Records what a writer does and says what a power cut after each operation can leave of one file."""

    target: str
    names: dict[str, int] = field(default_factory=dict)  # name -> inode, as the program sees it
    content: dict[int, bytes] = field(default_factory=dict)
    durable_names: dict[str, int] = field(default_factory=dict)
    durable_content: dict[int, bytes] = field(default_factory=dict)
    descriptors: dict[int, object] = field(default_factory=dict)
    leftovers: list[set[bytes | None]] = field(default_factory=list)

    def snapshot(self) -> None:
        """All that may be found under the target's name after a power cut here."""
        found: set[bytes | None] = set()
        for names, content in product((self.names, self.durable_names), (self.content, self.durable_content)):
            inode = names.get(self.target)
            found.add(None if inode is None else content.get(inode, b""))
        self.leftovers.append(found)


def record(monkeypatch: pytest.MonkeyPatch, target: Path, write: Callable[[], None]) -> Disk:
    disk = Disk(target=str(target))
    if target.exists():
        disk.names[str(target)] = disk.durable_names[str(target)] = 0
        disk.content[0] = disk.durable_content[0] = target.read_bytes()
    real = {
        name: getattr(os, name)
        for name in ("open", "write", "fsync", "replace", "close", "ftruncate", "link")
    }
    inodes = iter(range(1, 100))

    def opened(path: object, flags: int, *rest: object, **named: object) -> int:
        descriptor = real["open"](path, flags, *rest, **named)
        name = os.fspath(path)  # type: ignore[call-overload]
        if Path(name).is_dir():
            disk.descriptors[descriptor] = "dir"
        else:
            if name not in disk.names:
                disk.names[name] = next(inodes)
                disk.content[disk.names[name]] = b""
            if flags & os.O_TRUNC:
                disk.content[disk.names[name]] = b""
            disk.descriptors[descriptor] = disk.names[name]
        disk.snapshot()
        return descriptor

    def written(descriptor: int, data: bytes) -> int:
        count = real["write"](descriptor, data)
        inode = disk.descriptors[descriptor]
        at = os.lseek(descriptor, 0, os.SEEK_CUR) - count
        body = disk.content[inode]  # type: ignore[index]
        disk.content[inode] = body[:at] + bytes(data[:count]) + body[at + count :]  # type: ignore[index]
        disk.snapshot()
        return count

    def synced(descriptor: int) -> None:
        real["fsync"](descriptor)
        inode = disk.descriptors[descriptor]
        if inode == "dir":
            disk.durable_names = dict(disk.names)
        else:
            disk.durable_content[inode] = disk.content[inode]  # type: ignore[index]
        disk.snapshot()

    def replaced(source: object, destination: object, **named: object) -> None:
        real["replace"](source, destination, **named)
        disk.names[os.fspath(destination)] = disk.names.pop(os.fspath(source))  # type: ignore[call-overload]
        disk.snapshot()

    monkeypatch.setattr(os, "open", opened)
    monkeypatch.setattr(os, "write", written)
    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(os, "replace", replaced)
    # Python 3.10's pathlib binds os.replace when it is imported.
    monkeypatch.setattr(Path, "replace", lambda path, target: replaced(path, target))
    try:
        write()
    finally:
        monkeypatch.undo()
    disk.snapshot()
    return disk


def durable(disk: Disk, old: bytes | None) -> bool:
    """At every point old or new, whole; after the end new."""
    always = all(left <= {old, NEW} for left in disk.leftovers)
    return always and disk.leftovers[-1] == {NEW}


WRITERS: dict[str, Callable[[Path], None]] = {
    "write_bytes": lambda path: files.write_bytes(path, NEW),
    "write_stream": lambda path: files.write_stream(
        path, lambda out: out.write(NEW) and None, lambda _: None
    ),
}


@pytest.mark.parametrize("name", WRITERS)
@pytest.mark.parametrize("old", [None, OLD])
def test_a_power_cut_leaves_the_old_or_the_new(
    name: str, old: bytes | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "file.json"
    if old is not None:
        target.write_bytes(old)
    disk = record(monkeypatch, target, lambda: WRITERS[name](target))
    assert durable(disk, old)
    assert target.read_bytes() == NEW


@pytest.mark.parametrize("old", [None, OLD])
def test_a_power_cut_may_take_what_need_not_last_but_leaves_no_half(
    old: bytes | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "file.json"
    if old is not None:
        target.write_bytes(old)
    disk = record(monkeypatch, target, lambda: files.write_bytes(target, NEW, durable=False))
    assert all(left <= {old, NEW} for left in disk.leftovers)
    assert disk.leftovers[-1] == {old, NEW}
    assert target.read_bytes() == NEW


def writer_without(step: str) -> Callable[[Path], None]:
    """The same order of operations with one of them left out: the planted bug."""

    def write(path: Path) -> None:
        partial = files.partial_path(path)
        place = path if step == "rename" else partial
        descriptor = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
        os.write(descriptor, NEW)
        if step != "file fsync":
            os.fsync(descriptor)
        os.close(descriptor)
        if step != "rename":
            os.replace(partial, path)
        if step != "directory fsync":
            descriptor = os.open(path.parent, os.O_RDONLY)
            os.fsync(descriptor)
            os.close(descriptor)

    return write


def test_the_model_accepts_the_whole_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "file.json"
    target.write_bytes(OLD)
    disk = record(monkeypatch, target, lambda: writer_without("nothing")(target))
    assert durable(disk, OLD)


@pytest.mark.parametrize("step", ["file fsync", "directory fsync", "rename"])
def test_a_writer_without_one_step_fails(step: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "file.json"
    target.write_bytes(OLD)
    disk = record(monkeypatch, target, lambda: writer_without(step)(target))
    assert not durable(disk, OLD)


@pytest.mark.parametrize("sure", [True, False])
@pytest.mark.parametrize("old", [None, b'{"n": 1}\n'])
def test_a_power_cut_takes_an_appended_line_only_where_it_may(
    sure: bool, old: bytes | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A spectator's log may lose its last lines; what was spent may not."""
    target = tmp_path / "lines.jsonl"
    if old is not None:
        target.write_bytes(old)
    disk = record(monkeypatch, target, lambda: files.append_line(target, '{"n": 2}', durable=sure))
    whole = (old or b"") + b'{"n": 2}\n'
    assert all(left <= {None, b"", old, whole} for left in disk.leftovers)
    assert (disk.leftovers[-1] == {whole}) is sure
    assert target.read_bytes() == whole
