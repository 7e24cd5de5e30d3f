"""How a run stands: checkpoint.json, and working/AIGen.yaml with a person's edits to it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from iterativectl import files
from iterativectl.clock import Clock
from iterativectl.config import aigen as aigen_file
from iterativectl.config.types import AIGen
from iterativectl.errors import ConfigError, Problem
from iterativectl.model import Settings
from iterativectl.project import checkpoint as checkpoint_file
from iterativectl.project.checkpoint import Checkpoint
from iterativectl.project.layout import ProjectPaths


class Standing:
    """Writes the two derived files of a run and notices when a person edited the settings.

    The settings file is ours when its hash is the one in the checkpoint, or when it says what history says.
    Anything else was written by a person, and becomes the base of the next plan.
    """

    def __init__(self, project: ProjectPaths, checkpoint: Checkpoint, base: AIGen, clock: Clock) -> None:
        self._project = project
        self._base = base
        self._clock = clock
        self.checkpoint = checkpoint

    def save(self, **changes: Any) -> None:
        """Write the checkpoint with these fields changed."""
        self._write(changes, durable=True)

    def in_flight(self, **flight: Any) -> None:
        """Say in the checkpoint what is being done: for spectators, so a power cut may take it."""
        self._write({"in_flight": (flight,)}, durable=False)

    def edited(self, derived: Settings, before: Settings | None = None) -> Settings | None:
        """The settings a person wrote since we last did; None when nobody did.

        `derived` is what history says now, `before` what it said before the last iteration was committed: the
        file may still say that, with other comments. Raises ConfigError when what was written cannot be used.
        """
        path = self._project.settings
        if not path.exists() or self.checkpoint.settings_sha256 is None:
            return None
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        if digest == self.checkpoint.settings_sha256 or digest == _digest(self._text(derived)):
            return None
        loaded, _ = aigen_file.load_aigen(path)
        if loaded.settings.mask != derived.mask:
            raise ConfigError(
                [Problem(where=path.name, path="masking.active_mask", message="a run keeps its mask")],
                "Set it back; `run --mask NAME` begins another run.",
            )
        same = loaded.settings == derived or (loaded.settings == before and self._wrote(before))
        return None if same else loaded.settings

    def acknowledge(self, planned: Settings, seed: int) -> None:
        """A plan is frozen: where the settings file says the same, an edit in it has been followed.

        `seed` is the plan's: settings that name it (or none) are the same as those planned.
        """
        try:
            edited = self.edited(planned)
        except ConfigError:
            return
        if edited is not None and replace(edited, seed=seed) != replace(planned, seed=seed):
            return
        if edited is not None and edited.seed not in (planned.seed, seed):
            return
        path = self._project.settings
        digest = hashlib.sha256(path.read_bytes()).hexdigest() if path.exists() else None
        if digest != self.checkpoint.settings_sha256:
            self.save(settings_sha256=digest)

    def write_settings(self, settings: Settings) -> str:
        """Rewrite working/AIGen.yaml as the settings stand now; returns the hash for the checkpoint."""
        text = self._text(settings)
        path = self._project.settings
        if not path.exists() or path.read_bytes() != text.encode("utf-8"):
            if path.exists() and self.checkpoint.settings_sha256 is None:
                # Nobody knows whose it is (the checkpoint was lost): kept, not followed.
                files.copy(path, path.with_name("AIGen.set-aside.yaml"))
            files.write_text(path, text)
        return _digest(text)

    def _wrote(self, settings: Settings) -> bool:
        """Whether these settings are what we wrote last."""
        return self.checkpoint.settings_sha256 == _digest(self._text(settings))

    def _write(self, changes: Mapping[str, Any], *, durable: bool) -> None:
        now = self._clock.now().isoformat()
        self.checkpoint = replace(self.checkpoint, **{**changes, "updated_at": now})
        checkpoint_file.write(self._project.checkpoint, self.checkpoint, durable=durable)

    def _text(self, settings: Settings) -> str:
        return aigen_file.dump_aigen(replace(self._base, settings=settings))


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8")).hexdigest()
