"""The workspaces of the command line's tests."""

from __future__ import annotations

from tests.cli.conftest import exhausted_workspace, ran, shell, workspace

__all__ = ["exhausted_workspace", "ran", "shell", "workspace"]
