"""Show blocks on a stream: with rich on a terminal, as plain lines anywhere else."""

from __future__ import annotations

import errno
import os
from typing import IO, TYPE_CHECKING, TextIO, cast

from iterativectl.cli.blocks import Block, Line, Table, Tone, plain
from iterativectl.cli.env import Env
from iterativectl.errors import StorageError

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

STYLES: dict[Tone, str] = {
    "plain": "",
    "head": "bold",
    "good": "green",
    "bad": "red",
    "unsure": "yellow",
    "quiet": "dim",
}


class Screen:
    """One stream of the surroundings."""

    def __init__(self, stream: TextIO, env: Env, is_tty: bool, *, vital: bool = False) -> None:
        self._stream = _Patient(stream, vital)
        self.is_tty = is_tty
        self.colours = env.colours(is_tty)
        self._environ = env.environ

    @classmethod
    def out(cls, env: Env) -> Screen:
        """Where what was asked for goes."""
        return cls(env.stdout, env, env.stdout_is_tty, vital=True)

    @classmethod
    def err(cls, env: Env) -> Screen:
        """Where progress, warnings and errors go."""
        return cls(env.stderr, env, env.stderr_is_tty)

    def show(self, *blocks: Block) -> None:
        """Show blocks, one below the other."""
        if not self.is_tty:
            self.write("".join(f"{line}\n" for block in blocks for line in plain(block)))
            return
        console = self.console()
        for block in blocks:
            print_block(console, block)

    def write(self, text: str) -> None:
        """Write text as it is."""
        self._stream.write(text)
        self._stream.flush()

    def console(self) -> Console:
        """A rich console on this stream."""
        from rich.console import Console  # slow: for terminals only

        return Console(
            file=cast("IO[str]", self._stream),
            force_terminal=True,
            no_color=not self.colours,
            highlight=False,
            markup=False,
            emoji=False,
            _environ=self._environ,
        )


class _Patient:
    """A stream whose reader may go away without ending anybody's work.

    A closed pipe or a lost terminal swallows what is written. Any other fault is passed over too, unless the
    stream is vital (stdout): then it raises StorageError, for data that was asked for must not vanish.
    """

    def __init__(self, stream: TextIO, vital: bool) -> None:
        self._stream = stream
        self._vital = vital
        self.encoding = getattr(stream, "encoding", None) or "utf-8"

    def write(self, text: str) -> int:
        try:
            return self._stream.write(text)
        except OSError as error:
            self._lost(error)
            return len(text)

    def flush(self) -> None:
        try:
            self._stream.flush()
        except OSError as error:
            self._lost(error)

    def isatty(self) -> bool:
        return self._stream.isatty()

    def fileno(self) -> int:
        return self._stream.fileno()

    def _lost(self, error: OSError) -> None:
        silence(self._stream)
        gone = isinstance(error, BrokenPipeError) or error.errno == errno.EIO
        if self._vital and not gone:
            raise StorageError(
                f"the output could not be written: {error.strerror}", "Is the disk full?"
            ) from error


def print_block(console: Console, block: Block) -> None:
    """Print a block; one that must stay whole is left to the terminal to wrap, and can be copied."""
    if isinstance(block, Line) and block.whole:
        console.print(plain(block)[0], style=STYLES[block.tone] or None, soft_wrap=True)
    else:
        console.print(_renderable(block))


def _renderable(block: Block) -> RenderableType:
    """A block for rich. Texts are Text objects: square brackets in them mean nothing."""
    from rich.padding import Padding
    from rich.text import Text

    if isinstance(block, Line):
        return Padding(Text(block.text, style=STYLES[block.tone]), (0, 0, 0, 2 * block.indent))
    return Padding(_rich_table(block), (0, 0, 0, 2 * block.indent))


def _rich_table(block: Table) -> RenderableType:
    from rich.table import Table as RichTable
    from rich.text import Text

    shown = RichTable(
        box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim", show_header=block.headed
    )
    last = len(block.columns) - 1
    for index, name in enumerate(block.columns):
        shown.add_column(name, overflow="fold", no_wrap=False, ratio=1 if index == last else None)
    for row in block.rows:
        shown.add_row(*(Text(cell.text, style=STYLES[cell.tone]) for cell in row))
    return shown


def silence(stream: TextIO) -> None:
    """Let what is still buffered for a closed pipe go nowhere, so that the exit stays quiet."""
    try:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)
    except (OSError, ValueError, AttributeError):
        return  # a stream without a descriptor has nothing buffered for one
