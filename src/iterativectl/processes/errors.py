"""What can go wrong when programs are started and stopped, for people."""

from __future__ import annotations

from iterativectl.errors import IterativeError


class StartFailed(IterativeError):
    """The program ended before it was ready."""

    code = "start_failed"


class PortTaken(IterativeError):
    """Something else listens where the program would."""

    code = "port_taken"


class NotIdentified(IterativeError):
    """A process has the recorded number and start time, but is not what was started: it is left alone."""

    code = "not_identified"


class StillAlive(IterativeError):
    """A process did not end, although it was killed."""

    code = "still_alive"


class OthersWork(IterativeError):
    """Stopping would lose the work of other people."""

    code = "others_work"
