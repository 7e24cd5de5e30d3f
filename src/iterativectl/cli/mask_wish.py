"""What a command line asks a mask to be, as written."""

from __future__ import annotations

from dataclasses import dataclass

from iterativectl.errors import UsageError

WAYS = ("--box", "--polygon", "--text", "--color-range", "--at", "--file")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """The options of `mask create` that say what is drawn."""

    boxes: tuple[str, ...] = ()
    polygons: tuple[str, ...] = ()
    text: str | None = None
    colours: tuple[str, ...] = ()
    points: tuple[str, ...] = ()
    file: str | None = None
    tolerance: float | None = None
    refine: bool | None = None
    family: str | None = None

    def source(self) -> str:
        """The one of WAYS that was chosen. Raises UsageError for none, several, or an option beside it."""
        values = (self.boxes, self.polygons, self.text, self.colours, self.points, self.file)
        chosen = [way for way, value in zip(WAYS, values, strict=True) if value not in (None, ())]
        if len(chosen) != 1:
            what = f"{' and '.join(chosen)} together" if chosen else "what is to be edited was not said"
            cure = f"Give one of {', '.join(WAYS)}. `mask create --add` puts another region to a mask."
            raise UsageError(what, cure)
        (way,) = chosen
        if self.text is not None and not self.text.strip():
            raise UsageError("--text is empty", 'Say what to find, for instance --text "the jacket".')
        self._refuse_strays(way)
        return way

    def _refuse_strays(self, way: str) -> None:
        meant_for = {
            "--tolerance": (self.tolerance, ("--color-range", "--at")),
            "--refine": (self.refine, ("--text", "--box")),
            "--family": (self.family, ("--text",)),
        }
        for option, (value, ways) in meant_for.items():
            if value is not None and way not in ways:
                raise UsageError(f"{option} means nothing with {way}", f"It goes with {' or '.join(ways)}.")
