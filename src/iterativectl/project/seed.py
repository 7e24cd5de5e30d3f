"""working/seed.json: the next new run starts from a ranking, and from the settings in working/AIGen.yaml.

seed.json is written first and holds the settings too, so that a kill between the two files loses nothing.
Whose text stands in working/AIGen.yaml is told by its hash: the seed's own, the one that was there before the
seed (the seed's was not written yet), or a person's edit of the seed's, which counts.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from uuid import uuid4

from iterativectl import files
from iterativectl.config import aigen as aigen_file
from iterativectl.config.types import AIGen
from iterativectl.errors import ConfigError, ProjectError
from iterativectl.project import checkpoint as checkpoint_file
from iterativectl.project import records
from iterativectl.project.layout import ProjectPaths

FORMAT = "seed/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Seed:
    """A wish for the next run. `iterations` are those that it was made from, best first.

    `settings` is what working/AIGen.yaml was written from, as JSON values, and `settings_sha256` that file's
    hash. `replaces_sha256` is of the text that was there before (None: no file), and `kept` where a copy of
    it is, if a person wrote it. `seed_id` tells two seeds apart.
    """

    run_id: str
    mode: str
    iterations: tuple[int, ...]
    notes: tuple[str, ...]
    settings_sha256: str
    settings: Mapping[str, Any]
    replaces_sha256: str | None = None
    kept: str | None = None
    seed_id: str = ""
    written_at: str = ""

    @property
    def aigen(self) -> AIGen:
        """The settings. Raises ConfigError when they cannot be any."""
        return aigen_file.aigen_from_json(self.settings, "seed.json: settings")


@dataclass(frozen=True, slots=True, kw_only=True)
class SeededFrom:
    """What run.json says of a run that began from a ranking. `edited`: a person changed the settings."""

    run_id: str
    mode: str
    iterations: tuple[int, ...] = ()
    notes: tuple[str, ...] = ()
    settings_sha256: str = ""
    edited: bool = False
    seed_id: str = ""


def made(run_id: str, mode: str, iterations: tuple[int, ...], notes: tuple[str, ...], aigen: AIGen) -> Seed:
    """A seed that is not written yet."""
    return Seed(
        run_id=run_id,
        mode=mode,
        iterations=iterations,
        notes=notes,
        settings_sha256=_digest(aigen_file.dump_aigen(aigen).encode("utf-8")),
        settings=aigen_file.aigen_to_json(aigen),
        seed_id=uuid4().hex,
    )


def read(project: ProjectPaths) -> Seed | None:
    """The seed that is there, None without one. Raises ProjectError when it is damaged or too new."""
    if not project.seed.exists():
        return None
    try:
        return records.read_fact(project.seed, FORMAT, Seed)
    except ProjectError as error:
        if "newer program" in error.message:
            raise
        hint = "Nothing was changed. Delete the file to start without it, or seed from the ranking again."
        raise ProjectError(error.message, hint) from error


def write(project: ProjectPaths, seed: Seed, now: str) -> Seed:
    """Write seed.json, then working/AIGen.yaml; a person's text there is copied aside first.

    To be called while nobody runs (project.lock). `now` is ISO 8601. Returns the seed as written.
    """
    there = _found(project)
    kept = _keep(project, there) if there is not None and not _is_ours(project, there) else None
    earlier = _of(project)
    if kept is None and earlier is not None:
        kept = earlier.kept  # the person's text from before both seeds
    seed = replace(seed, kept=kept, written_at=now, replaces_sha256=_digest(there) if there else None)
    files.write_json(project.seed, {"format": FORMAT, **records.to_json(seed)})
    files.write_text(project.settings, aigen_file.dump_aigen(seed.aigen))
    return seed


def remove(project: ProjectPaths, seed: Seed) -> tuple[str, ...]:
    """Take a seed back: working/AIGen.yaml is as it was before, and seed.json goes last. Sentences on it.

    To be called while nobody runs. An edit of the seed's settings is copied aside.
    """
    notes = []
    there = _found(project)
    if there is not None and not untouched(seed, there):
        notes.append(f"the edited settings of the seed were kept as working/{_keep(project, there)}")
    before = project.settings.with_name(seed.kept) if seed.kept else None
    if before is not None and before.is_file():
        files.copy(before, project.settings)
        notes.append("working/AIGen.yaml says again what you had written there")
    elif there is not None and _digest(there) != seed.replaces_sha256:
        files.remove(project.settings)
    files.remove(project.seed)
    return tuple(notes)


def used(project: ProjectPaths, seed: Seed, by: SeededFrom) -> None:
    """The run that starts from a seed is there: its two files make room for those of the run.

    What a person wrote after the run had looked stays where it is.
    """
    there = _found(project)
    if there is not None and (untouched(seed, there) or _digest(there) == by.settings_sha256):
        files.remove(project.settings)
    files.remove(project.seed)


def settings(project: ProjectPaths, seed: Seed) -> tuple[AIGen, str]:
    """The settings that a run starts from with this seed, and the hash of their text.

    They are a person's edit of working/AIGen.yaml where there is one. Raises ConfigError for one that cannot
    be used.
    """
    there = _found(project)
    if there is None or untouched(seed, there):
        return seed.aigen, seed.settings_sha256
    loaded, _ = aigen_file.parse_aigen(there.decode("utf-8", "replace"), "working/AIGen.yaml")
    return loaded, _digest(there)


def untouched(seed: Seed, content: bytes) -> bool:
    """Whether this is the seed's own text, or the one from before it: a kill may leave either there."""
    digest = _digest(content)
    return digest in (seed.settings_sha256, seed.replaces_sha256) or _kept_name(content) == seed.kept


def _is_ours(project: ProjectPaths, content: bytes) -> bool:
    """Whether working/AIGen.yaml says what a run or an earlier seed wrote there."""
    digest = _digest(content)
    try:
        checkpoint = checkpoint_file.read(project.checkpoint)
    except ProjectError:  # nobody knows whose it is: it is kept
        checkpoint = None
    if checkpoint is not None and checkpoint.settings_sha256 == digest:
        return True
    earlier = _of(project)
    return earlier is not None and digest == earlier.settings_sha256


def _of(project: ProjectPaths) -> Seed | None:
    """The seed that is there, if it can be read: a damaged one is written over by the next."""
    try:
        return read(project)
    except (ProjectError, ConfigError):
        return None


def _keep(project: ProjectPaths, content: bytes) -> str:
    """A copy beside working/AIGen.yaml, named for what it says: written once, whatever is killed."""
    name = _kept_name(content)
    files.write_bytes(project.settings.with_name(name), content)
    return name


def _kept_name(content: bytes) -> str:
    return f"AIGen.before-seed-{_digest(content)[:8]}.yaml"


def _found(project: ProjectPaths) -> bytes | None:
    path: Path = project.settings
    return path.read_bytes() if path.exists() else None


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
