"""The tree of errors for people, and the exit codes.

IterativeError                  base: a message (what happened) and a hint (what to do)
├── UsageError                  the command line asks for something that cannot be (exit 2)
├── ConfigError                 a file a person wrote is wrong; carries every Problem found (exit 2)
├── ProjectError                the project directory is missing, damaged or newer than this program (exit 2)
├── LockedError                 another run holds the project (exit 2)
├── StorageError                the disk refused a write: full, read-only, I/O error (exit 4)
├── ImageError                  a picture is broken, too large or not of a kind we read (exit 2 as input)
├── GenerationError             making this picture failed; the iteration fails, the run goes on
│   ├── WorkflowRejected        the server refused the graph (message: node, class, input, allowed values)
│   ├── ExecutionFailed         the graph ran and a node raised
│   ├── OutOfMemory             ExecutionFailed for want of memory, after one /free
│   └── JobLost                 the job is in neither queue, history nor output, twice
├── ServerUnavailable           the generating server cannot be reached or asks for a login (exit 4)
├── JudgeError                  one question to a vision model got no usable answer; the run goes on
│   └── JudgeUnavailable        no judge can be reached, no key, no credit (exit 4)
├── LimitReached                a spending or request limit would be passed (exit 4)
├── RepeatedFailures            max_failures iterations failed in a row (exit 4)
└── RunInterrupted              a person asked to stop: Ctrl-C (exit 130)
    └── StopRequested           ... through working/control.json (exit 3)

Only cli/main.py prints one of these. Anything else that reaches it is a bug and says so (exit 70).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from iterativectl.model import Call


class ExitCode(IntEnum):
    """What the process tells the shell. The table in the README is generated from these comments."""

    OK = 0  # accepted, or the command did what it says
    FAILED = 1  # told to the person, nothing to retry
    USAGE = 2  # a wrong command line or a wrong file
    NOT_ACCEPTED = 3  # ran to the end, nothing accepted
    PAUSED = 4  # a server, key, credit or disk space is missing: state kept, run again
    BUG = 70  # EX_SOFTWARE: a fault of ours
    INTERRUPTED = 130  # 128 + SIGINT: Ctrl-C, checkpoint saved


class IterativeError(Exception):
    """Something a person must be told: `message` says what happened, `hint` what to do.

    `code` is a stable word for programs (events, metadata `failure.code`).
    """

    code = "error"
    exit_code = ExitCode.FAILED

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageError(IterativeError):
    """The command line asks for something that cannot be."""

    code = "usage"
    exit_code = ExitCode.USAGE


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One fault in a file: `where` is `rules.yaml:14`, `path` is `acceptance_criteria[2].intent`."""

    where: str
    path: str
    message: str
    severity: str = "error"  # error | warning

    def __str__(self) -> str:
        return ": ".join(part for part in (self.where, self.path, self.message) if part)


class ConfigError(IterativeError):
    """A file that a person wrote is wrong. Holds every problem of the file at once."""

    code = "config"
    exit_code = ExitCode.USAGE

    def __init__(self, problems: Sequence[Problem], hint: str = "") -> None:
        super().__init__("\n".join(str(problem) for problem in problems), hint)
        self.problems = tuple(problems)


class ProjectError(IterativeError):
    """The project directory is missing, damaged or written by a newer program."""

    code = "project"
    exit_code = ExitCode.USAGE


class LockedError(IterativeError):
    """Another run holds this project's lock."""

    code = "locked"
    exit_code = ExitCode.USAGE


class StorageError(IterativeError):
    """The disk refused a write. Nothing already written is touched."""

    code = "storage"
    exit_code = ExitCode.PAUSED


class ImageError(IterativeError):
    """A picture cannot be used: broken, too large, or not of a kind we read."""

    code = "image"
    exit_code = ExitCode.USAGE


class GenerationError(IterativeError):
    """Making this picture failed. The iteration is recorded as failed and the run goes on."""

    code = "generation_failed"


class WorkflowRejected(GenerationError):
    """The server refused the graph, or dropped our output from it."""

    code = "workflow_rejected"


class ExecutionFailed(GenerationError):
    """The graph ran and a node raised an error."""

    code = "execution_failed"


class OutOfMemory(ExecutionFailed):
    """The server ran out of memory, also after one `/free`."""

    code = "out_of_memory"


class JobLost(GenerationError):
    """The job is in neither queue, history nor output files; a second ticket was lost as well."""

    code = "job_lost"


class ServerUnavailable(IterativeError):
    """The generating server cannot be reached, or wants a login."""

    code = "server_unavailable"
    exit_code = ExitCode.PAUSED


class JudgeError(IterativeError):
    """One request to a vision model got no usable answer (refused, truncated, empty). The run goes on.

    `calls` are the attempts that were made, for the record.
    """

    code = "judge_failed"
    calls: tuple[Call, ...] = ()


class JudgeUnavailable(JudgeError):
    """No judge can be reached: server down, key missing, credit gone, model absent."""

    code = "judge_unavailable"
    exit_code = ExitCode.PAUSED


class LimitReached(IterativeError):
    """A hard limit (requests or cost) would be passed by the next request, which was not sent.

    `calls` are the attempts that were made before, for the record.
    """

    code = "limit_reached"
    calls: tuple[Call, ...] = ()
    exit_code = ExitCode.PAUSED


class RepeatedFailures(IterativeError):
    """Too many iterations failed in a row: the run pauses instead of using up its numbers."""

    code = "repeated_failures"
    exit_code = ExitCode.PAUSED


class RunInterrupted(IterativeError):
    """A person asked the run to stop with Ctrl-C. Everything finished is on disk."""

    code = "interrupted"
    exit_code = ExitCode.INTERRUPTED


class StopRequested(RunInterrupted):
    """A person asked the run to stop through working/control.json: it ends with its best picture."""

    code = "stop_requested"
    exit_code = ExitCode.NOT_ACCEPTED
