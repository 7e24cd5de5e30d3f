"""Where whole runs write: in memory, where there is one."""

from __future__ import annotations

from tests.run.conftest import disk

__all__ = ["disk"]
