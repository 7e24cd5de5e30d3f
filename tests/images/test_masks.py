"""What a mask picture says, whoever drew it; and how far the region reaches around it."""

from __future__ import annotations

import io

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw
from tests.images import kinds, photographs
from tests.images import samples as s

from iterativectl.errors import ImageError
from iterativectl.images import masks, normalise, png
from iterativectl.images.masks import DRAWING, HOLE, NEGATIVE, OPAQUE, read_mask, region

WIDE, HIGH = 60, 40
SIZE = (WIDE, HIGH)
BOX = np.zeros((HIGH, WIDE), bool)
BOX[10:30, 20:50] = True
LIGHT = np.where(BOX, 255, 0).astype(np.uint8)


def picture(name, size=SIZE, grey=False):
    pixels = cv2.resize(photographs.photograph(name), size, interpolation=cv2.INTER_AREA)
    return cv2.cvtColor(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB) if grey else pixels


def rgba(colours, alpha):
    """An RGBA PNG; colours broadcast."""
    return kinds.png(np.dstack([np.broadcast_to(colours, (*alpha.shape, 3)), alpha]).astype(np.uint8))


def product(background=255):
    """A thing on a plain ground, as shops photograph it."""
    pixels = np.full((HIGH, WIDE, 3), background, np.uint8)
    pixels[8:36, 12:56] = picture("pagoda")[8:36, 12:56]
    return pixels


def two_tone(light=(255, 255, 255), dark=(0, 0, 0)):
    """Drawn on a transparent layer: white, and black over it where too much was painted."""
    drawn = np.zeros((HIGH, WIDE, 4), np.uint8)
    drawn[5:35, 10:55] = (*dark, 255)
    drawn[BOX] = (*light, 255)
    return kinds.png(drawn)


def soft_brush():
    """A grey brush of soft edges on a transparent layer; more than half light inside."""
    soft = cv2.GaussianBlur(LIGHT, (0, 0), 3)
    alpha = np.where(soft > 0, 255, 0)
    return kinds.png(np.dstack([soft, soft, soft, alpha]).astype(np.uint8))


def as_is(mode, **options):
    return s.saved(Image.fromarray(LIGHT).convert(mode), **options)


def palette():
    picture = Image.fromarray(BOX.astype(np.uint8) * 3, "L")
    picture = Image.frombytes("P", picture.size, picture.tobytes())
    picture.putpalette([0, 0, 0, 9, 9, 9, 9, 9, 9, 255, 255, 255])
    return s.saved(picture)


def turned(orientation):
    """Stored on its side; upright it is LIGHT."""
    back = {6: lambda a: np.rot90(a, 1), 3: lambda a: np.rot90(a, 2)}[orientation]
    return kinds.png(back(LIGHT)[:, :, None], kinds.exif_chunk(orientation))


STROKES = np.where(BOX, 255, 0)
GONE = np.where(BOX, 0, 255)  # alpha with a hole where the box is
SEEN = {
    "L": (as_is("L"), OPAQUE),
    "RGB": (as_is("RGB"), OPAQUE),
    "1 bit": (as_is("1"), OPAQUE),
    "palette": (palette(), OPAQUE),
    "16-bit": (kinds.png(LIGHT.astype(np.uint16)[:, :, None] * 257), OPAQUE),
    "16-bit, just above half": (kinds.png(np.where(BOX, 33000, 32000).astype(np.uint16)[:, :, None]), OPAQUE),
    "JPEG": (as_is("L", kind="JPEG", quality=95), OPAQUE),
    "CMYK": (as_is("CMYK", kind="JPEG"), OPAQUE),
    "turned": (turned(6), OPAQUE),
    "upside down": (turned(3), OPAQUE),
    "opaque alpha": (rgba(LIGHT[:, :, None], np.full_like(LIGHT, 255)), OPAQUE),
    "almost opaque alpha": (rgba(LIGHT[:, :, None], np.where(BOX, 255, 252)), OPAQUE),
    "strokes": (rgba((255, 255, 255), STROKES), DRAWING),
    "strokes, nothing hidden": (rgba(LIGHT[:, :, None], STROKES), DRAWING),
    "grey strokes": (rgba((180, 180, 180), STROKES), DRAWING),
    "red strokes": (rgba((255, 0, 0), STROKES), DRAWING),
    "strokes, soft edges": (rgba((255, 255, 255), cv2.GaussianBlur(LIGHT, (0, 0), 1)), DRAWING),
    "two tones": (two_tone(), DRAWING),
    "two colours": (two_tone((255, 0, 0), (20, 20, 20)), DRAWING),
    "soft brush": (soft_brush(), DRAWING),
    "LA strokes": (kinds.png(np.dstack([LIGHT, LIGHT])), DRAWING),
    "hole": (rgba(picture("pagoda"), GONE), HOLE),
    "hole, nothing hidden": (rgba(picture("pagoda") * (~BOX)[:, :, None], GONE), HOLE),
    "hole in black and white": (rgba(picture("great_wall", grey=True), GONE), HOLE),
    "hole, soft edges": (rgba(picture("chambord"), 255 - cv2.GaussianBlur(LIGHT, (0, 0), 1)), HOLE),
    "hole in a product on white": (rgba(product(), GONE), HOLE),
    "hole that takes all of it": (
        rgba(picture("pagoda") * BOX[:, :, None] + np.uint8(255) * ~BOX[:, :, None], GONE),
        HOLE,
    ),
    "ours": (masks.sent_mask(BOX), NEGATIVE),
}


def assert_read(read, name):
    data, kind = SEEN[name]
    seen = read(data, SIZE, name="left.png")
    assert seen.understood == kind
    assert (seen.inside == BOX).mean() > 0.98  # JPEG and soft edges move a pixel here and there
    assert seen.notes == () or name == "16-bit, just above half"


@pytest.mark.parametrize("name", SEEN)
def test_white_may_be_edited(name):
    assert_read(read_mask, name)


def by_light_alone(data, size, name):
    """Planted: alpha laid on black, as masks are often read."""
    values = normalise.to_pixels(data, background=(0, 0, 0))
    return masks.MaskPicture(inside=values.max(axis=2) > 127, understood=OPAQUE)


def by_alpha_alone(data, size, name):
    """Planted: transparent is edited, whatever was drawn."""
    values = np.asarray(Image.open(io.BytesIO(data)).convert("RGBA"))
    return masks.MaskPicture(inside=values[:, :, 3] < 128, understood=HOLE)


@pytest.mark.parametrize(
    ("planted", "name"),
    [
        (by_light_alone, "hole"),
        (by_light_alone, "hole in black and white"),
        (by_light_alone, "ours"),
        (by_alpha_alone, "strokes"),
        (by_alpha_alone, "soft brush"),
        (by_alpha_alone, "RGB"),
    ],
)
def test_the_golden_masks_catch(planted, name):
    with pytest.raises(AssertionError):
        assert_read(planted, name)


@pytest.mark.parametrize("name", photographs.TUNED_ON + photographs.HELD_OUT)
@pytest.mark.parametrize("grey", [False, True])
@pytest.mark.parametrize("hidden", ["kept", "black", "white"])
def test_a_hole_in_a_photograph_is_seen_as_one(name, grey, hidden):
    pixels = picture(name, (300, 200), grey).copy()
    hole = np.zeros((200, 300), bool)
    hole[60:150, 90:250] = True
    if hidden != "kept":
        pixels[hole] = 0 if hidden == "black" else 255
    seen = read_mask(rgba(pixels, np.where(hole, 0, 255)), (300, 200))
    assert seen.understood == HOLE and (seen.inside == hole).all()


@pytest.mark.parametrize("colour", ["white", "#bbbbbb", "red", "#40ff80"])
@pytest.mark.parametrize("scale", [1, 4])
def test_strokes_of_a_painting_program_are_seen_as_strokes(colour, scale):
    """Drawn large and scaled down, with the soft edges that gives."""
    layer = Image.new("RGBA", (300 * scale, 200 * scale), (0, 0, 0, 0))
    ImageDraw.Draw(layer).line(
        [(40 * scale, 40 * scale), (150 * scale, 160 * scale), (260 * scale, 60 * scale)],
        fill=colour,
        width=30 * scale,
    )
    layer = layer.resize((300, 200), Image.Resampling.LANCZOS)
    seen = read_mask(s.saved(layer), (300, 200))
    assert seen.understood == DRAWING
    assert (seen.inside == (np.asarray(layer)[:, :, 3] > 127)).mean() > 0.99


def test_all_white_is_no_mask():
    for data in (as_is("L"), as_is("RGB")):
        assert read_mask(data, SIZE).inside is not None
    white = np.full((*LIGHT.shape, 4), 255, np.uint8)
    for data in (kinds.png(white[:, :, :1]), kinds.png(white[:, :, :3]), kinds.png(white)):
        assert read_mask(data, (7, 9)).inside is None
    assert normalise.to_mask(kinds.png(white), (7, 9)).shape == (9, 7)
    assert normalise.to_mask(kinds.png(white), (7, 9)).all()


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (kinds.png(np.zeros((9, 9, 1), np.uint8)), "nothing may be edited: left.png is all black"),
        (kinds.png(np.full((9, 9, 3), 90, np.uint8)), "all black"),
        (rgba((0, 0, 0), STROKES), "all black"),
        (rgba((0, 0, 0), np.zeros_like(LIGHT)), "transparent everywhere"),
        (rgba((255, 255, 255), np.zeros_like(LIGHT)), "transparent everywhere"),
        (rgba(picture("pagoda"), np.zeros_like(LIGHT)), "transparent everywhere"),
        (
            kinds.png(np.pad(np.full((1, 1, 1), 255, np.uint8), ((50, 50), (50, 50), (0, 0)))),
            "nothing white is left",
        ),
        (b"no picture", "not a picture"),
    ],
)
def test_a_mask_that_lets_nothing_be_edited_is_refused(data, words):
    with pytest.raises(ImageError, match=words) as caught:
        read_mask(data, (20, 20), name="left.png")
    assert "left.png" in caught.value.message and caught.value.hint


def test_another_ratio_of_sides_is_said():
    mask = kinds.png(
        np.tile(np.where(np.arange(512) < 200, 255, 0).astype(np.uint8)[:, None, None], (1, 512, 1))
    )
    assert read_mask(mask, (640, 640)).notes == ()
    assert read_mask(mask, (1290, 1280)).notes == ()
    (note,) = read_mask(mask, (640, 480), name="left.png").notes
    assert "left.png is 512 x 512 for a picture of 640 x 480" in note and "stretched" in note


def test_a_photograph_as_mask_is_said():
    (note,) = read_mask(kinds.png(picture("pagoda")), SIZE, name="left.png").notes
    assert "neither black nor white" in note and "%" in note


def disc(side, radius):
    down, across = np.indices((side, side)) - (side - 1) / 2
    return np.hypot(down, across) <= radius


def staircase(mask):
    """How rough the border is: its length by corners, against a circle's of the same area."""
    outline = max(cv2.findContours(mask.astype(np.uint8), 0, cv2.CHAIN_APPROX_NONE)[0], key=len)
    return cv2.arcLength(outline, True) / np.sqrt(4 * np.pi * mask.sum())


def test_a_small_mask_gives_clean_edges():
    small = kinds.png(np.where(disc(48, 16), 255, 0).astype(np.uint8)[:, :, None])
    large = read_mask(small, (480, 480)).inside
    assert (large ^ disc(480, 160)).sum() < 0.03 * large.sum()
    blocky = np.kron(disc(48, 16), np.ones((10, 10), bool))  # planted: without blending
    assert staircase(large) < 0.97 * staircase(blocky)


def test_a_large_mask_is_cut_at_half():
    large = np.zeros((400, 400, 1), np.uint8)
    large[:, 101:] = 255  # 24.75 % of the pixel at 10 is black
    assert (read_mask(kinds.png(large), (40, 40)).inside == (np.arange(40) >= 10)).all()
    large[:, 101:107] = 0
    assert (read_mask(kinds.png(large), (40, 40)).inside == (np.arange(40) >= 11)).all()


# --- region ----------------------------------------------------------------------------------------


def brute_distance(goal):
    """Of every pixel to the nearest of the goal, the long way."""
    points = np.argwhere(goal)
    grid = np.indices(goal.shape).reshape(2, -1).T
    nearest = np.sqrt(((grid[:, None] - points[None]) ** 2).sum(axis=2).min(axis=1))
    return nearest.reshape(goal.shape)


@settings(max_examples=80, deadline=None)
@given(
    size=st.tuples(st.integers(1, 25), st.integers(1, 25)),
    share=st.floats(0.01, 0.9),
    grow=st.integers(-3, 7),
    feather=st.integers(0, 9),
    seed=st.integers(0, 1000),
)
def test_a_region_reaches_exactly_as_far_as_asked(size, share, grow, feather, seed):
    inside = np.random.default_rng(seed).random(size) < share
    inside[0, 0] = True
    if grow < 0 and not (~inside).any():
        grown = inside
    else:
        grown = brute_distance(inside) <= grow if grow >= 0 else brute_distance(~inside) > -grow
    if not grown.any():
        with pytest.raises(ImageError, match="shrunk by"):
            region(inside, grow=grow, feather=feather)
        return
    found = region(inside, grow=grow, feather=feather)
    assert (found.inside == grown).all()
    expected = np.clip(1 - brute_distance(grown) / (feather + 1), 0, 1)
    assert np.abs(found.weights - expected).max() < 1e-6 and found.weights.dtype == np.float32
    assert (found.support == (expected > 1e-9)).all()
    rows, columns = np.nonzero(found.support)
    x, y, width, height = found.box
    assert (x, y, x + width - 1, y + height - 1) == (columns.min(), rows.min(), columns.max(), rows.max())


@pytest.mark.parametrize("feather", [0, 1, 2, 7, 8, 9, 63, 100, 299])
def test_a_straight_edge_has_a_band_of_exactly_that_many_pixels(feather):
    inside = np.zeros((3, 700), bool)
    inside[:, :350] = True
    row = region(inside, grow=0, feather=feather).weights[1]
    assert ((row > 0) & (row < 1)).sum() == feather
    assert (row[:350] == 1).all() and (row[350 + feather :] == 0).all()


def test_the_pictures_border_does_not_eat_the_mask():
    inside = np.ones((9, 9), bool)
    inside[:, 6:] = False
    assert (region(inside, grow=-2, feather=0).inside == (np.arange(9) < 4)).all()


def test_everything_inside_stays_everything():
    found = region(np.ones((5, 4), bool), grow=-2, feather=3)
    assert found.weights.min() == 1 and found.box == (0, 0, 4, 5)


def test_what_cannot_be_a_region():
    with pytest.raises(ImageError, match="the mask is empty"):
        region(np.zeros((4, 4), bool), grow=2, feather=0)
    with pytest.raises(ImageError, match="shrunk by 9 pixels") as caught:
        region(disc(15, 5), grow=-9, feather=0)
    assert "masking.grow" in caught.value.hint
    with pytest.raises(ValueError, match="feather"):
        region(disc(15, 5), grow=0, feather=-1)


# --- as ComfyUI takes it -----------------------------------------------------------------------------


def comfy_masks(data):
    """What ComfyUI's nodes make of a file (LoadImage, LoadImageMask of each channel), 0-1."""
    loaded = Image.open(io.BytesIO(data))
    found = {"LoadImage": 1 - np.asarray(loaded.getchannel("A"), float) / 255}
    found["LoadImage, its picture"] = np.asarray(loaded.convert("RGB"), float)[:, :, 0] / 255
    for channel in "RGBA":
        values = np.asarray(loaded.getchannel(channel), float) / 255
        found[f"LoadImageMask {channel}"] = 1 - values if channel == "A" else values
    return found


def test_every_node_reads_the_same_mask():
    for name, values in comfy_masks(masks.sent_mask(BOX)).items():
        assert (values == BOX).all(), name
    opaque = rgba(
        LIGHT[:, :, None], np.full_like(LIGHT, 255)
    )  # planted: white on black, no negative in alpha
    assert not (comfy_masks(opaque)["LoadImage"] == BOX).all()


@pytest.mark.parametrize("mask", ["L", "strokes", "hole", "ours"])
def test_a_hole_keeps_the_colours_under_it(mask):
    pixels = picture("great_wall")
    made = np.asarray(Image.open(io.BytesIO(masks.with_hole(kinds.png(pixels), SEEN[mask][0]))))
    assert (made[:, :, :3] == pixels).all()
    assert (made[:, :, 3] == GONE).all()
    again = read_mask(masks.with_hole(kinds.png(pixels), SEEN[mask][0]), SIZE)
    assert again.understood == HOLE and (again.inside == BOX).all()


def test_a_hole_in_a_deep_picture_and_for_a_mask_of_another_size():
    deep = kinds.random_values(2 * WIDE, 2 * HIGH, 3, np.uint16)
    made = masks.with_hole(kinds.png(deep), as_is("L"))
    assert png.header(made).bit_depth == 16
    values = kinds.opened(made)
    assert (values[:, :, :3] == deep).all() and set(np.unique(values[:, :, 3])) == {0, 65535}
    for white in (kinds.png(np.full((3, 3, 1), 255, np.uint8)), masks.sent_mask(np.ones((3, 3), bool))):
        assert (kinds.opened(masks.with_hole(kinds.png(deep), white))[:, :, 3] == 0).all()
