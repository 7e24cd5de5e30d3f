"""Workflow files, read and traced once for as long as their content stays the same."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path

from iterativectl.generation.comfyui import graph as graphs
from iterativectl.generation.comfyui.graph import Workflow
from iterativectl.generation.comfyui.roles import Roles
from iterativectl.generation.comfyui.trace import trace


class Workflows:
    """Workflow name -> its graph and roles. May be shared by servers and threads.

    `find` says where a file lies; `told` are the roles that a person named in AIGen.yaml.
    """

    def __init__(self, find: Callable[[str], Path], told: Mapping[str, str]) -> None:
        self._find = find
        self._told = told
        self._traced: dict[tuple[str, str], tuple[Workflow, Roles]] = {}

    def __call__(self, name: str) -> tuple[Workflow, Roles]:
        """Raises WorkflowRejected, or what `find` raises."""
        content = self._find(name).read_bytes()
        key = (name, hashlib.sha256(content).hexdigest())
        if key not in self._traced:
            workflow = graphs.load(content, name)
            self._traced[key] = (workflow, trace(workflow, self._told))
        return self._traced[key]

    def strategy(self, name: str, mask: bool) -> str:
        """What a workflow does with the picture. One that takes no mask paints all of it, mask or not."""
        return self(name)[1].strategy
