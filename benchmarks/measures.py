"""What stands in docs/measures.md of each metric: python benchmarks/measures.py [--pictures] [--letters].

Prints the values of the photographs of the tests (lowest, median, highest) and what each metric costs at
1024 px. With --letters: how many lines of letters are found, by height and tone, and how much is taken for
letters that is none. With --pictures: draws docs/images/measures/METRIC.jpg, low beside high.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "src")]

from tests.images import edits  # noqa: E402

from iterativectl.config.metrics import METRICS  # noqa: E402
from iterativectl.config.types import Measure  # noqa: E402
from iterativectl.images.lettering import lettered  # noqa: E402
from iterativectl.images.measure import Subjects, asked_for, part_of  # noqa: E402
from iterativectl.images.normalise import Pixels, to_pixels  # noqa: E402
from iterativectl.measuring import face_model  # noqa: E402

PHOTOS = ROOT / "tests" / "data" / "photos"
PICTURES = ROOT / "docs" / "images" / "measures"
NAVY_AND_SAND = ("#1b2a4a", "#c8a26a")
PHRASE = "Sample Watermark 2026"
HEIGHT = 200  # of a drawn panel
Panel = tuple[Pixels, str]


def main(arguments: list[str]) -> None:
    photographs = {path.stem: photograph(path) for path in sorted(PHOTOS.rglob("*.jpg"))}
    print_values(photographs)
    print_cost(scaled(photographs["chambord"], 1024))
    if "--letters" in arguments:
        print_letters({name: scaled(picture, 1024) for name, picture in photographs.items()})
    if "--pictures" in arguments:
        PICTURES.mkdir(parents=True, exist_ok=True)
        for metric, panels in drawn(photographs):
            strip(panels).save(PICTURES / f"{metric}.jpg", quality=82, optimize=True)


def photograph(path: Path) -> Pixels:
    return to_pixels(path.read_bytes(), name=path.name)


def scaled(picture: Pixels, longest: int) -> Pixels:
    scale = longest / max(picture.shape[:2])
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(picture, None, fx=scale, fy=scale, interpolation=how), np.uint8)


def value(metric: str, picture: Pixels, original: Pixels | None = None, **more: object) -> float:
    measure = Measure(metric=metric, colors=NAVY_AND_SAND if metric == "palette" else (), **more)
    seen = Subjects(original=lambda: original, result=picture, face_model=face_model)
    return asked_for([measure], seen, {})[measure.key]


# --- figures


def print_values(photographs: dict[str, Pixels]) -> None:
    print(f"{len(photographs)} photographs\n\n| metric | lowest | median | highest |\n|---|---|---|---|")
    pictures = list(photographs.values())
    for metric, known in METRICS.items():
        pairs = [(one, other) for one in pictures for other in pictures if one is not other]
        seen = pairs if metric == "similarity" else [(picture, None) for picture in pictures]
        found = np.percentile([value(metric, *pair) for pair in seen], [0, 50, 100])
        print(f"| `{metric}` | {' | '.join(f'{figure:.{known.digits}f}' for figure in found)} |")


def print_cost(picture: Pixels) -> None:
    """The best of five, which is what it costs when nothing else is in the way."""
    print(f"\nat {picture.shape[1]} x {picture.shape[0]} px\n\n| metric | ms |\n|---|---|")
    value("faces", picture)  # reads the model
    for metric in METRICS:
        times = []
        for _ in range(5):
            started = time.perf_counter()
            value(metric, picture, picture)
            times.append(time.perf_counter() - started)
        print(f"| `{metric}` | {min(times) * 1000:.1f} |")


def print_letters(photographs: dict[str, Pixels]) -> None:
    print("\n| letters of 1024 px | " + " | ".join(f"{tone}" for tone in TONES) + " |")
    print("|---|" + "---|" * len(TONES))
    for height in (12, 16, 24, 36, 60, 100):
        print(f"| {height} px | " + " | ".join(found(photographs, height, tone) for tone in TONES) + " |")
    print("\nwithout letters, share of a border of 10 per cent, and of the whole:")
    border = Measure(metric="text", region="border", border=10)
    for name, picture in photographs.items():
        covered = lettered(picture)
        frame = part_of(picture, border, None)[1]
        print(f"  {name}: {covered[frame].mean():.4f} {covered.mean():.4f}")


TONES = {"white": (255, 1.0), "white, half": (255, 0.5), "black": (0, 1.0), "black, half": (0, 0.5)}


def found(photographs: dict[str, Pixels], height: int, tone: str) -> str:
    """Lines found of those that can be seen at all: most of their pixels differ by more than 40 levels."""
    hits = tried = 0
    for picture in photographs.values():
        for corner in ("top left", "bottom", "bottom right"):
            written, box = write(picture, height, *TONES[tone], corner)
            left, top, right, bottom = box
            inside = np.s_[max(top, 0) : bottom, max(left, 0) : right]
            differs = np.abs(written[inside].astype(int) - picture[inside]).max(axis=2)
            if (differs > 40).sum() < 0.6 * max(1, (differs > 0).sum()):
                continue
            tried += 1
            hits += lettered(written)[inside].mean() > 0.3
    return f"{hits} of {tried}"


def write(
    picture: Pixels, height: int, level: int, opacity: float, corner: str
) -> tuple[Pixels, tuple[int, int, int, int]]:
    """The phrase in a corner; and the box around it."""
    ground = Image.fromarray(picture).convert("RGBA")
    layer = Image.new("RGBA", ground.size, (0, 0, 0, 0))
    pen, font = ImageDraw.Draw(layer), ImageFont.load_default(height)
    left, top, right, bottom = (round(side) for side in pen.textbbox((0, 0), PHRASE, font=font))
    across, down = ground.size[0] - right - 12, ground.size[1] - bottom - 12
    x, y = {"top left": (12, 8), "bottom": (across // 2, down), "bottom right": (across, down)}[corner]
    pen.text((x, y), PHRASE, font=font, fill=(level, level, level, round(255 * opacity)))
    merged = np.asarray(Image.alpha_composite(ground, layer).convert("RGB"))
    return merged, (x + left, y + top, x + right, y + bottom)


# --- pictures


def drawn(photographs: dict[str, Pixels]) -> Iterator[tuple[str, list[Panel]]]:
    """Per metric its panels with what is written below them, low first."""
    small = {name: scaled(picture, 512) for name, picture in photographs.items()}
    castle, mountains, woman = small["chenonceau"], small["picos_de_europa"], small["astronaut"]
    yield (
        "similarity",
        [
            (castle, "the original"),
            (mountains, f"{value('similarity', mountains, castle):.2f}"),
            (warmer(castle, 0.1), f"{value('similarity', warmer(castle, 0.1), castle):.2f}"),
        ],
    )
    pairs: dict[str, tuple[Pixels, Pixels]] = {
        "brightness": (curve(castle, 3.0), curve(castle, 0.45)),
        "contrast": (edits.veil(edits.veil(castle)), edits.grade(castle, 1.0, 2.2, 0.0)),
        "saturation": (coloured(castle, 0.15), coloured(castle, 2.2)),
        "sharpness": (edits.blur(small["great_wall"]), small["great_wall"]),
        "warmth": (warmer(castle, -0.2), warmer(castle, 0.2)),
        "blankness": (small["great_wall"], photographs["aitzgorri"][:110, 60:225]),
        "faces": (castle, np.hstack([woman, edits.mirror(woman)])),
    }
    for metric, (low, high) in pairs.items():
        yield metric, [(picture, caption(metric, picture)) for picture in (low, high)]
    sandy = mapped(castle, NAVY_AND_SAND)
    swatches = np.hstack([np.full((200, 70, 3), rgb(colour), np.uint8) for colour in NAVY_AND_SAND])
    yield (
        "palette",
        [
            (swatches, "the colours"),
            (sandy, caption("palette", sandy)),
            (small["machu_picchu"], caption("palette", small["machu_picchu"])),
        ],
    )
    written, _ = write(castle, 22, 255, 1.0, "bottom right")
    border = {"region": "border", "border": 10.0}
    yield "text", [(each, caption("text", each, **border)) for each in (castle, written)]
    tiny, large = scaled(castle, 48), scaled(castle, 512)
    yield (
        "size",
        [(each, f"{caption('size', each)}: {each.shape[1]} x {each.shape[0]} px") for each in (tiny, large)],
    )
    standing, lying = castle[:, 180:380], castle[60:300]
    yield "aspect", [(each, caption("aspect", each)) for each in (standing, lying)]


def caption(metric: str, picture: Pixels, **more: object) -> str:
    known = METRICS[metric]
    return f"{value(metric, picture, **more):.{known.digits}f} {known.unit}".strip()


def curve(picture: Pixels, gamma: float) -> Pixels:
    return edits.grade(picture, gamma, 1.0, 0.0)


def warmer(picture: Pixels, share: float) -> Pixels:
    return edits.grade(picture, 1.0, 1.0, share)


def coloured(picture: Pixels, factor: float) -> Pixels:
    grey = edits.monochrome(picture).astype(float)
    return np.clip(grey + (picture - grey) * factor, 0, 255).astype(np.uint8)


def mapped(picture: Pixels, colours: tuple[str, str]) -> Pixels:
    """A print in two colours: the first where it is dark, the second where it is light."""
    grey = cv2.GaussianBlur(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), (0, 0), 1)
    share = np.clip((grey[:, :, None] - 110.0) / 20, 0, 1)
    return (np.array(rgb(colours[0])) * (1 - share) + np.array(rgb(colours[1])) * share).astype(np.uint8)


def rgb(colour: str) -> tuple[int, ...]:
    return tuple(int(colour[at : at + 2], 16) for at in (1, 3, 5))


def strip(panels: list[Panel]) -> Image.Image:
    """The panels side by side, each with its words below."""
    pictures = [shown(picture) for picture, _ in panels]
    gap, foot = 12, 30
    across = sum(picture.shape[1] for picture in pictures) + gap * (len(pictures) - 1)
    sheet = Image.new("RGB", (across, HEIGHT + foot), (255, 255, 255))
    pen, font, left = ImageDraw.Draw(sheet), ImageFont.load_default(16), 0
    for picture, (_, words) in zip(pictures, panels, strict=True):
        sheet.paste(Image.fromarray(picture), (left, 0))
        pen.text((left + picture.shape[1] / 2, HEIGHT + 5), words, font=font, fill=(0, 0, 0), anchor="ma")
        left += picture.shape[1] + gap
    return sheet


def shown(picture: Pixels) -> Pixels:
    """At the height of a panel; a small one with its pixels seen."""
    size = (round(picture.shape[1] * HEIGHT / picture.shape[0]), HEIGHT)
    how = cv2.INTER_AREA if picture.shape[0] > HEIGHT else cv2.INTER_NEAREST
    return np.asarray(cv2.resize(picture, size, interpolation=how), np.uint8)


if __name__ == "__main__":
    main(sys.argv[1:])
