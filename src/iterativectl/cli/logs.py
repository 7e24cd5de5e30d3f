"""logs/app.log: everything that happened to a project, with rotation. Opened on demand."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import TextIO

from iterativectl.cli.scrub import scrubber
from iterativectl.errors import RunInterrupted
from iterativectl.events import Event

MAX_BYTES = 1_000_000
KEPT = 3  # app.log.1 to app.log.3
_LAYOUT = "%(asctime)s %(levelname)s %(process)d %(name)s: %(message)s"
_ROOT = "iterativectl"

_log = logging.getLogger("iterativectl.cli")


@contextmanager
def logging_to(path: Path, environ: Mapping[str, str], verbose: bool) -> Iterator[None]:
    """Send the program's log records to a file while this is entered. The file appears with the first one."""
    logger = logging.getLogger(_ROOT)
    handler = _QuietHandler(path, maxBytes=MAX_BYTES, backupCount=KEPT, encoding="utf-8", delay=True)
    handler.setFormatter(_ScrubbedFormatter(environ))
    before, passed_on = logger.level, logger.propagate
    logger.setLevel(logging.DEBUG if verbose else logging.INFO)
    logger.propagate = False
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(before)
        logger.propagate = passed_on
        handler.close()


@contextmanager
def logging_on(stream: TextIO, environ: Mapping[str, str], verbose: bool) -> Iterator[None]:
    """Send warnings (verbose: all) of this program and its web server to a stream while this is entered."""
    handler = logging.StreamHandler(stream)
    handler.setFormatter(_ScrubbedFormatter(environ))
    loggers = [logging.getLogger(name) for name in (_ROOT, "uvicorn")]
    before = [(logger.level, logger.propagate) for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.INFO if verbose else logging.WARNING)
        logger.propagate = False
        logger.addHandler(handler)
    try:
        yield
    finally:
        for logger, (level, passed_on) in zip(loggers, before, strict=True):
            logger.removeHandler(handler)
            logger.setLevel(level)
            logger.propagate = passed_on


def log_event(event: Event) -> None:
    """A Reporter that writes each event to the log; a sampler's steps only where all is wanted."""
    level = logging.DEBUG if event.type == "generation_progress" else logging.INFO
    if _log.isEnabledFor(level):
        data = json.dumps(event.data, ensure_ascii=False, default=str)
        _log.log(level, "%s%s %s", event.type, f" {event.iteration}" if event.iteration else "", data)


def log_error(error: Exception, what: str) -> None:
    """An error with its traceback. `what`: "told" for what a person can cure, "bug" for our faults."""
    if isinstance(error, RunInterrupted):
        _log.info("%s", error)
    else:
        _log.error("%s: %s", what, error, exc_info=error)


class _QuietHandler(RotatingFileHandler):
    """A log that cannot be written (disk full, folder gone) must not disturb the run it tells about."""

    def emit(self, record: logging.LogRecord) -> None:
        """Make the folder first: it appears with the first record."""
        try:
            Path(self.baseFilename).parent.mkdir(parents=True, exist_ok=True)
        except OSError:
            return
        super().emit(record)

    def handleError(self, record: logging.LogRecord) -> None:
        """Pass over it: the run's own files are the record."""


class _ScrubbedFormatter(logging.Formatter):
    """Takes the values of secret variables out of whatever was logged."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        super().__init__(_LAYOUT)
        self._scrub = scrubber(environ)

    def format(self, record: logging.LogRecord) -> str:
        return self._scrub(super().format(record))
