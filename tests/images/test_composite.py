"""Outside the mask the largest difference is 0, whatever the picture is stored as and whatever comes back."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from tests.images import kinds, photographs
from tests.images import samples as s
from tests.images.kinds import KINDS

from iterativectl.errors import ImageError
from iterativectl.images import composite, exact, normalise, png, profiles
from iterativectl.images.masks import region

WHITE = 255


def disc(width, height):
    """A mask in the middle: a third of the shorter side as radius, at least one pixel."""
    down, across = np.indices((height, width))
    return np.hypot(across - width // 2, down - height // 2) <= max(0.5, min(width, height) / 3)


def most(values):
    return int(np.iinfo(values.dtype).max)


def with_alpha(values):
    if values.shape[2] == 4:
        return values
    return np.dstack([values, np.full(values.shape[:2], most(values), values.dtype)])


def returned(width, height, change="noise"):
    """What a graph makes of a picture of this size: other colours everywhere."""
    values = kinds.random_values(width, height, 3, seed=7)
    return {
        "noise": lambda: kinds.png(values),
        "alpha": lambda: kinds.png(kinds.random_values(width, height, 4, seed=7)),
        "opaque alpha": lambda: kinds.png(with_alpha(values)),
        "16 bits": lambda: kinds.png(kinds.random_values(width, height, 3, np.uint16, seed=7)),
        "16 bits, alpha": lambda: kinds.png(kinds.random_values(width, height, 4, np.uint16, seed=7)),
        "grey": lambda: kinds.png(values[:, :, :1]),
        "JPEG": lambda: s.saved(Image.fromarray(values), "JPEG"),
        "ICC": lambda: s.saved(Image.fromarray(values), icc_profile=s.swapped_profile()),
        "palette": lambda: s.saved(Image.fromarray(values).quantize(16)),
    }[change]()


RETURNS = ("noise", "alpha", "opaque alpha", "16 bits", "16 bits, alpha", "grey", "JPEG", "ICC", "palette")


def up(side, multiple=8):
    return -(-side // multiple) * multiple


def assert_preserved(put_back, kind, result, weights):
    """The promise, by reading what was made with another reader than ours."""
    original, values = KINDS[kind]
    made = kinds.opened(put_back(original, result, weights).png)
    assert made.shape[:2] == values.shape[:2] and made.dtype == values.dtype
    assert made.shape[2] >= values.shape[2]
    outside = weights == 0
    assert (with_alpha(made)[outside] == with_alpha(values)[outside]).all()


@pytest.mark.parametrize("change", RETURNS)
@pytest.mark.parametrize("kind", KINDS)
def test_outside_nothing_differs(kind, change):
    height, width = KINDS[kind][1].shape[:2]
    weights = region(disc(width, height), grow=1, feather=2).weights
    assert_preserved(composite.put_back, kind, returned(up(width), up(height), change), weights)


@pytest.mark.parametrize("kind", ["RGBA, hidden colours", "16-bit RGB", "JPEG, EXIF 6", "7 x 5", "641 x 479"])
@pytest.mark.parametrize("size", [(16, 16), (8, 40), (300, 200), (24, 24), (512, 512), (1, 1)])
def test_a_result_of_any_size_changes_nothing_outside(kind, size):
    height, width = KINDS[kind][1].shape[:2]
    weights = region(disc(width, height), grow=0, feather=3).weights
    assert_preserved(composite.put_back, kind, returned(*size), weights)


def through_eight_bits(original, result, weights):
    """Planted: the picture goes through 8 bits, as Pillow alone would have it."""
    shallow = kinds.png(exact.eight_bits(exact.read(original).values))
    return composite.put_back(shallow, result, weights)


def blended_everywhere(original, result, weights):
    """Planted: in linear light over the whole picture, and cut off instead of rounded."""
    base, made = exact.read(original).values, exact.read(result).values[:, :, :3]
    made = made[: base.shape[0], : base.shape[1]]
    scale = np.float32(most(base))
    old, new = (base[:, :, :3] / scale) ** 2.2, (made / np.float32(most(made))) ** 2.2
    mixed = (old + (new - old) * weights[:, :, None]) ** (1 / 2.2) * scale
    values = np.dstack([mixed.astype(base.dtype), base[:, :, 3:]])
    return composite.Restored(png=exact.encoded(values), notes=(), fitted=made)


def on_white(original, result, weights):
    """Planted: alpha is lost on the way."""
    return composite.put_back(normalise.from_pixels(normalise.to_pixels(original)), result, weights)


def as_stored(original, result, weights):
    """Planted: nobody asks which way is up."""
    bare = png.without_text(original)
    return composite.put_back(bare, result, np.ascontiguousarray(weights.T))


@pytest.mark.parametrize(
    ("planted", "kind"),
    [
        (through_eight_bits, "16-bit RGB"),
        (through_eight_bits, "16-bit grey with alpha"),
        (blended_everywhere, "RGB"),
        (blended_everywhere, "16-bit RGBA"),
        (on_white, "RGBA, hidden colours"),
        (on_white, "2-bit grey, one clear"),
        (on_white, "ICC"),
        (as_stored, "PNG, EXIF 6"),
        (as_stored, "16-bit PNG, EXIF 5"),
    ],
)
def test_the_promise_catches(planted, kind):
    height, width = KINDS[kind][1].shape[:2]
    weights = region(disc(width, height), grow=0, feather=2).weights
    result = returned(up(width), up(height))
    assert_preserved(composite.put_back, kind, result, weights)
    with pytest.raises(AssertionError):
        assert_preserved(planted, kind, result, weights)


def test_largest_difference_sees_one_step_of_16_bits():
    values = kinds.random_values(6, 4, 4, np.uint16)
    other = values.copy()
    other[2, 3, 3] ^= 1
    where = np.ones((4, 6), bool)
    assert composite.largest_difference(kinds.png(values), kinds.png(values), where) == 0
    assert composite.largest_difference(kinds.png(values), kinds.png(other), where) == 1
    where[2, 3] = False
    assert composite.largest_difference(kinds.png(values), kinds.png(other), where) == 0
    opaque = (
        kinds.png(np.full((4, 6, 3), 9, np.uint8)),
        kinds.png(np.full((4, 6, 4), (9, 9, 9, 255), np.uint8)),
    )
    assert composite.largest_difference(*opaque, np.ones((4, 6), bool)) == 0
    assert composite.largest_difference(*opaque, np.zeros((4, 6), bool)) == 0
    with pytest.raises(ValueError, match="sizes differ"):
        composite.largest_difference(*opaque, np.ones((6, 4), bool))


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize(("grow", "feather"), [(0, 0), (0, 1), (0, 8), (3, 5), (-4, 6), (12, 0)])
def test_the_band_is_exactly_as_wide_as_asked(grow, feather, dtype):
    old, new = (10, 200) if dtype == np.uint8 else (2570, 60000)
    original = kinds.png(np.full((60, 80, 3), old, dtype))
    inside = np.zeros((60, 80), bool)
    inside[20:40, 30:50] = True
    weights = region(inside, grow=grow, feather=feather).weights
    made = kinds.opened(
        composite.put_back(original, kinds.png(np.full((64, 80, 3), new, dtype)), weights).png
    )
    row = made[30, :, 0].astype(int)
    band = [value for value in row if old < value < new]
    assert (row == new).sum() == 20 + 2 * grow
    assert len(band) == 2 * feather
    expected = [round(old + (new - old) * (1 - d / (feather + 1))) for d in range(1, feather + 1)]
    assert sorted(band) == sorted(expected * 2)
    assert (row == old).sum() == 80 - 20 - 2 * grow - 2 * feather


def band_by_blur(inside, feather):
    """Planted: a Gaussian blur of the mask, the usual way to feather."""
    import cv2

    return cv2.GaussianBlur(inside.astype(np.float32), (0, 0), feather / 2)


def test_a_blurred_mask_is_no_band_of_the_asked_width():
    inside = np.zeros((60, 80), bool)
    inside[20:40, 30:50] = True
    row = band_by_blur(inside, 8)[30]
    assert ((row > 0) & (row < 1)).sum() != 16


@pytest.mark.parametrize("depth", [np.uint8, np.uint16])
def test_inside_stands_what_came(depth):
    original = kinds.png(kinds.random_values(24, 16, 3, depth))
    result = kinds.random_values(24, 16, 3, seed=9)
    weights = region(disc(24, 16), grow=0, feather=0).weights
    made = kinds.opened(composite.put_back(original, kinds.png(result), weights).png)
    expected = result.astype(np.uint16) * 257 if depth == np.uint16 else result
    assert (made[weights == 1] == expected[weights == 1]).all()


def test_a_deep_result_is_rounded_not_cut():
    result = np.full((8, 8, 3), 255, np.uint16)  # 0.99 of one step of 8 bits
    restored = composite.put_back(
        kinds.png(np.zeros((8, 8, 3), np.uint8)), kinds.png(result), np.ones((8, 8), np.float32)
    )
    assert (kinds.opened(restored.png) == 1).all()


@settings(max_examples=60, deadline=None)
@given(
    size=st.tuples(st.integers(1, 40), st.integers(1, 40)),
    result=st.tuples(st.integers(1, 60), st.integers(1, 60)),
    grow=st.integers(0, 4),
    feather=st.integers(0, 6),
    channels=st.sampled_from([(3, np.uint8), (4, np.uint8), (3, np.uint16), (4, np.uint16)]),
    multiple=st.sampled_from([8, 16, 64]),
    seed=st.integers(0, 9),
)
def test_any_mask_any_sizes(size, result, grow, feather, channels, multiple, seed):
    values = kinds.random_values(*size, *channels, seed=seed)
    inside = np.random.default_rng(seed).random(size[::-1]) > 0.9
    inside[0, 0] = True
    weights = region(inside, grow=grow, feather=feather).weights
    original = kinds.png(values)
    restored = composite.put_back(original, returned(*result), weights, multiple=multiple)
    made = kinds.opened(restored.png)
    assert (made[weights == 0] == values[weights == 0]).all() and made.dtype == values.dtype
    assert restored.fitted.shape == (*size[::-1], 3) and restored.fitted.dtype == np.uint8
    assert composite.put_back(original, returned(*result), weights, multiple=multiple).png == restored.png


# --- sizes -----------------------------------------------------------------------------------------


def photograph(width, height):
    import cv2

    return cv2.resize(photographs.photograph("great_wall"), (width, height), interpolation=cv2.INTER_AREA)


def shrunk(pixels, side):
    import cv2

    return cv2.resize(pixels, (side, side), interpolation=cv2.INTER_AREA)


def shifted_colours(pixels):
    return np.clip(pixels.astype(int) * 0.9 + (20, -10, 5), 0, 255).astype(np.uint8)


# The original's size, and which part of what was sent comes back: x, y, width, height.
CROPS = {
    "to 8, as stored": ((643, 485), (1, 2, 640, 480)),
    "to 16": ((648, 488), (4, 4, 640, 480)),
    "to 64": ((650, 500), (8, 28, 640, 448)),
    "to 64, as stored": ((650, 500), (5, 26, 640, 448)),
    "to 64, down only": ((700, 500), (0, 28, 704, 448)),
}


def cropped_case(name):
    size, (left, top, width, height) = CROPS[name]
    sent = original = photograph(*size)
    if "as stored" not in name:
        sent = kinds.opened(composite.prepared(kinds.png(original)))
    return original, shifted_colours(sent[top : top + height, left : left + width])


def assert_in_place(put_back, name):
    """Inside the mask lies what the graph made of the same place."""
    original, result = cropped_case(name)
    weights = region(disc(*original.shape[1::-1]), grow=0, feather=0).weights
    made = kinds.opened(put_back(kinds.png(original), kinds.png(result), weights).png)
    goal = shifted_colours(original)
    assert (made[weights == 1] == goal[weights == 1]).all()


@pytest.mark.parametrize("name", CROPS)
def test_a_centre_crop_is_put_where_it_was_taken(name):
    assert_in_place(composite.put_back, name)
    original, result = cropped_case(name)
    weights = region(disc(*original.shape[1::-1]), grow=0, feather=0).weights
    restored = composite.put_back(kinds.png(original), kinds.png(result), weights)
    (note,) = restored.notes
    assert "border was cut off" in note and f"{original.shape[1]} x {original.shape[0]}" in note
    assert (restored.fitted[0, 0] == original[0, 0]).all()  # the border that did not come


def stretching(original, result, weights):
    """Planted: every size is scaled to fit."""
    import cv2

    size = weights.shape[1], weights.shape[0]
    values = cv2.resize(kinds.opened(result), size, interpolation=cv2.INTER_LANCZOS4)
    return composite.put_back(original, kinds.png(values), weights)


@pytest.mark.parametrize("name", CROPS)
def test_a_stretched_crop_is_caught(name):
    with pytest.raises(AssertionError):
        assert_in_place(stretching, name)


def test_a_picture_scaled_to_a_multiple_is_no_crop():
    """448 x 448 of 500 x 500 is both a crop to 64 and what a node that scales to a multiple returns."""
    original = photograph(500, 500)
    weights = region(disc(500, 500), grow=0, feather=0).weights
    sent = kinds.opened(composite.prepared(kinds.png(original)))
    scaled, cut = photograph(448, 448), original[26:474, 26:474]
    for result, words in ((scaled, "scaled"), (shrunk(sent, 448), "scaled"), (cut, "cut off")):
        result = kinds.png(shifted_colours(result))
        restored = composite.put_back(kinds.png(original), result, weights)
        assert words in restored.notes[0]
        assert np.abs(restored.fitted.astype(int) - shifted_colours(original)).mean() < 9


@pytest.mark.parametrize(
    ("size", "came", "words"),
    [
        ((640, 480), (640, 480), ""),
        ((641, 479), (648, 480), ""),
        ((641, 479), (641, 479), ""),
        ((640, 480), (1280, 960), "returned 1280 x 960 for a picture of 640 x 480: it was scaled to fit"),
        ((640, 480), (512, 512), "returned 512 x 512 for a picture of 640 x 480: it was stretched to fit"),
        ((640, 480), (648, 480), "it was stretched"),
        ((1000, 1000), (1004, 1000), "it was scaled"),
    ],
)
def test_another_size_is_said_once(size, came, words):
    weights = np.zeros(size[::-1], np.float32)
    weights[10:20, 10:20] = 1
    notes = composite.put_back(kinds.png(photograph(*size)), kinds.png(photograph(*came)), weights).notes
    assert len(notes) == bool(words)
    assert words in "".join(notes)


def test_what_is_sent_is_padded_by_the_edge():
    values = kinds.random_values(7, 5, 3)
    sent = kinds.opened(composite.prepared(kinds.png(values)))
    assert sent.shape == (8, 8, 3) and (sent[:5, :7] == values).all()
    assert (sent[5:, :7] == values[4]).all() and (sent[:5, 7] == values[:, 6]).all()
    mask = composite.padded(np.ones((5, 7), bool))
    assert mask.shape == (8, 8) and mask[:5, :7].all() and mask.sum() == 35
    assert kinds.opened(composite.prepared(kinds.png(values), multiple=64)).shape == (64, 64, 3)
    assert composite.padded(np.ones((5, 7), bool), 64).shape == (64, 64)


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_sent_is_plain(kind):
    data, values = KINDS[kind]
    sent = composite.prepared(data)
    head = png.header(sent)
    height, width = values.shape[:2]
    assert (head.bit_depth, head.colour_type) == (8, 2)
    assert (head.width, head.height) == (up(width), up(height))
    assert (kinds.opened(sent)[:height, :width] == normalise.to_pixels(data)).all()


# --- alpha, profiles, text -------------------------------------------------------------------------


def test_without_alpha_in_the_result_the_originals_stays():
    values = kinds.random_values(16, 16, 4)
    restored = composite.put_back(kinds.png(values), returned(16, 16), np.ones((16, 16), np.float32))
    assert (kinds.opened(restored.png)[:, :, 3] == values[:, :, 3]).all()


def test_what_was_sent_on_white_comes_back_without_it():
    """A graph that changes nothing: the soft edge of a cut-out gets no white fringe."""
    values = kinds.random_values(16, 16, 4)
    values[:, :, 3] = np.linspace(40, 255, 16).astype(np.uint8)
    same = composite.prepared(kinds.png(values))
    made = kinds.opened(composite.put_back(kinds.png(values), same, np.ones((16, 16), np.float32)).png)
    allowed = np.ceil(255 / values[:, :, 3:].astype(float)) + 1
    assert (np.abs(made.astype(int) - values)[:, :, :3] <= allowed).all()
    values[:, :, 3] = 0
    made = kinds.opened(
        composite.put_back(kinds.png(values), returned(16, 16), np.ones((16, 16), np.float32)).png
    )
    assert (made[:, :, :3] == kinds.opened(returned(16, 16))).all()  # unseen, but no noise either
    values[:, :, 3] = np.linspace(40, 255, 16).astype(np.uint8)
    fringed = kinds.opened(same).astype(int) - values[:, :, :3]  # planted: what was seen, taken as it is
    assert not (np.abs(fringed) <= allowed).all()


def test_alpha_of_the_result_is_blended_and_clear_colours_do_not_bleed():
    original = np.full((8, 9, 4), (0, 255, 0, 0), np.uint8)  # clear, with green hidden under it
    result = np.full((8, 16, 4), (200, 0, 0, 255), np.uint8)
    result[:, :, 3] = 255
    result[0, 0, 3] = 254
    weights = np.tile(np.linspace(1, 0, 9, dtype=np.float32), (8, 1))
    made = kinds.opened(composite.put_back(kinds.png(original), kinds.png(result), weights).png)
    assert (made[4, :, 3] == np.rint(255 * weights[4])).all()
    assert (made[4, :8, :3] == (200, 0, 0)).all() and (made[4, 8] == (0, 255, 0, 0)).all()


def test_a_result_with_alpha_gives_an_opaque_picture_alpha():
    original = kinds.random_values(8, 8, 3)
    result = kinds.random_values(8, 8, 4, seed=3)
    weights = np.zeros((8, 8), np.float32)
    weights[2:5, 2:5] = 1
    made = kinds.opened(composite.put_back(kinds.png(original), kinds.png(result), weights).png)
    assert (made[2:5, 2:5, 3] == result[2:5, 2:5, 3]).all() and (made[0, :, 3] == 255).all()


def profile_of(data):
    from io import BytesIO

    return Image.open(BytesIO(data)).info.get("icc_profile")


@pytest.mark.parametrize("depth", [np.uint8, np.uint16])
def test_the_profile_stays_and_the_result_is_brought_into_it(depth):
    profile = s.swapped_profile()
    values = kinds.random_values(8, 8, 3, depth)
    original = png.with_chunks(kinds.png(values), [png.profile_chunk(profile)])
    red = kinds.png(np.full((8, 8, 3), (255, 0, 0), np.uint8))
    weights = np.zeros((8, 8), np.float32)
    weights[4:, :] = 1
    restored = composite.put_back(original, red, weights)
    assert profile_of(restored.png) == profile and restored.notes == ()
    made = kinds.opened(restored.png)
    seen = made[6, 2].astype(float) / most(values)
    assert np.abs(seen - (0, 0, 1)).max() < 0.02  # in this profile, red's numbers are blue's
    assert (made[:4] == values[:4]).all()
    assert np.abs(normalise.to_pixels(restored.png)[6, 2].astype(int) - (255, 0, 0)).max() <= 3


def test_a_grey_profile_cannot_stay_and_that_is_said():
    original = png.with_chunks(KINDS["16-bit grey"][0], [png.profile_chunk(s.grey_profile(1.8))])
    weights = region(disc(23, 17), grow=0, feather=0).weights
    restored = composite.put_back(original, returned(24, 24), weights)
    assert profile_of(restored.png) is None and "grey pictures" in restored.notes[0]
    made = kinds.opened(restored.png)
    assert (made[weights == 0] == KINDS["16-bit grey"][1][weights == 0]).all()


def test_colours_are_described_as_before():
    chunks = s.chunk(b"gAMA", (45455).to_bytes(4, "big")) + s.chunk(b"sRGB", b"\0")
    original = kinds.png(kinds.random_values(8, 8, 3), chunks)
    restored = composite.put_back(original, returned(8, 8), np.ones((8, 8), np.float32))
    assert png.colour_chunks(restored.png) == png.colour_chunks(original) != []


def test_the_graph_travels_along_and_the_turn_does_not():
    original, values = KINDS["PNG, EXIF 6"]
    height, width = values.shape[:2]
    texts = {"prompt": '{"3": {}}', "workflow": '{"nodes": ["żółw"]}'}
    result = png.with_text(returned(up(width), up(height)), texts)
    restored = composite.put_back(
        png.with_text(original, {"Comment": "a secret place"}), result, np.zeros((height, width), np.float32)
    )
    assert png.read_text(restored.png) == texts
    assert b"eXIf" not in {kind for kind, _ in png.chunks(restored.png)}
    assert (kinds.opened(restored.png) == values).all()


def test_fitted_is_the_result_and_not_the_blend():
    result = kinds.random_values(16, 16, 3, seed=4)
    restored = composite.put_back(
        kinds.png(kinds.random_values(13, 15, 3)), kinds.png(result), np.zeros((15, 13), np.float32)
    )
    assert (restored.fitted == result[:15, :13]).all()


def test_weights_of_another_size_are_a_mistake_of_ours():
    with pytest.raises(ValueError, match="weights"):
        composite.put_back(returned(8, 8), returned(8, 8), np.ones((4, 8), np.float32))


def test_a_broken_result_is_refused_by_name():
    weights = np.ones((8, 8), np.float32)
    with pytest.raises(ImageError, match="iteration_3.raw.png"):
        composite.put_back(returned(8, 8), returned(8, 8)[:-30], weights, name="iteration_3.raw.png")


def test_a_result_in_another_profile_is_converted():
    red = s.saved(Image.new("RGB", (8, 8), s.RED), icc_profile=s.swapped_profile())
    made = composite.put_back(returned(8, 8), red, np.ones((8, 8), np.float32))
    assert np.abs(kinds.opened(made.png)[4, 4].astype(int) - s.BLUE).max() <= 2
    assert profiles.parsed(profile_of(made.png)) is None
