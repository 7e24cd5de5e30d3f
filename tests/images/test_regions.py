"""Drawing regions: by shape (hypothesis against the plain definition), by colour, at exact sizes."""

from __future__ import annotations

import io
import math

import cv2
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageColor
from tests.images.photographs import photograph

from iterativectl.images import colours, regions
from iterativectl.images.masks import read_mask
from iterativectl.images.normalise import to_pixels
from iterativectl.images.regions import Box, Inside, Size
from iterativectl.images.sized import fitted, to_size

sizes = st.tuples(st.integers(1, 40), st.integers(1, 40))
sides = st.integers(-30, 60)
drawn_boxes = st.builds(lambda x, y, w, h: regions.box_of(x, y, w, h), sides, sides, sides, sides)


@st.composite
def pictures_of_regions(draw: st.DrawFn, most: int = 24) -> Inside:
    width, height = draw(st.integers(1, most)), draw(st.integers(1, most))
    bits = draw(st.binary(min_size=width * height, max_size=width * height))
    return (np.frombuffer(bits, np.uint8) % 2 == 1).reshape(height, width)


@given(sizes, st.lists(drawn_boxes, max_size=4))
def test_a_pixel_is_in_the_boxes_if_it_is_in_one(size: Size, drawn: list[Box]) -> None:
    inside = regions.boxes(size, drawn)
    for y, x in np.ndindex(size[1], size[0]):
        expected = any(b.left <= x < b.right and b.top <= y < b.bottom for b in drawn)
        assert inside[y, x] == expected


@given(drawn_boxes, sizes)
def test_what_is_cut_off_lies_in_the_picture(box: Box, size: Size) -> None:
    part = box.within(size)
    assert 0 <= part.left <= size[0] and 0 <= part.bottom <= size[1]
    assert part.area == regions.boxes(size, [box]).sum()
    assert part.within(size) == part


@given(drawn_boxes, drawn_boxes)
def test_common_area_is_that_of_the_pixels(one: Box, other: Box) -> None:
    shift = [
        Box(left=b.left + 60, top=b.top + 60, right=b.right + 60, bottom=b.bottom + 60) for b in (one, other)
    ]
    first, second = (regions.boxes((200, 200), [box]) for box in shift)
    together = (first | second).sum()
    assert one.common(other) == pytest.approx((first & second).sum() / together if together else 0.0)


@given(pictures_of_regions())
def test_the_extent_is_the_smallest_box_that_holds_all(inside: Inside) -> None:
    box = regions.extent(inside)
    if box is None:
        assert not inside.any()
        return
    part = inside[box.top : box.bottom, box.left : box.right]
    assert part.sum() == inside.sum()
    assert part[0].any() and part[-1].any() and part[:, 0].any() and part[:, -1].any()


@given(pictures_of_regions(), st.data())
def test_adding_and_taking_away(before: Inside, data: st.DataObject) -> None:
    bits = data.draw(st.binary(min_size=before.size, max_size=before.size))
    drawn = (np.frombuffer(bits, np.uint8) % 2 == 1).reshape(before.shape)
    assert (regions.combined(before, drawn, "add") == (before | drawn)).all()
    assert (regions.combined(before, drawn, "subtract") == (before & ~drawn)).all()
    assert (regions.combined(before, drawn, "replace") == drawn).all()


@given(pictures_of_regions(), st.integers(1, 6))
def test_no_speck_is_left_and_no_large_piece_goes(inside: Inside, least: int) -> None:
    assume(inside.size >= least)
    tidy = regions.without_specks(inside, least)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(inside.astype(np.uint8), connectivity=8)
    for number in range(1, count):
        if stats[number, cv2.CC_STAT_AREA] >= least:
            assert tidy[labels == number].all()
    after = cv2.connectedComponentsWithStats(tidy.astype(np.uint8), connectivity=8)[2]
    assert (after[1:, cv2.CC_STAT_AREA] >= least).all()


@given(pictures_of_regions(most=30))
def test_the_file_is_the_region(inside: Inside) -> None:
    data = regions.to_png(inside)
    with Image.open(io.BytesIO(data)) as picture:
        assert picture.mode == "L" and picture.size == inside.shape[::-1]
        assert set(np.unique(np.asarray(picture))) <= {0, 255}
    if inside.any() and not inside.all():
        read = read_mask(data, inside.shape[::-1]).inside
        assert read is not None and (read == inside).all()


places = st.floats(-300, 330, allow_nan=False).map(lambda value: round(value, 3))


def crossings(corners: list[tuple[float, float]], x: float, y: float) -> bool:
    """Whether a ray from (x, y) to the left crosses the polygon's sides an odd number of times."""
    count = 0
    for (x1, y1), (x2, y2) in zip(corners, corners[1:] + corners[:1], strict=True):
        if (y1 > y) != (y2 > y):
            count += x1 + (x2 - x1) * (y - y1) / (y2 - y1) <= x
    return count % 2 == 1


@given(st.lists(st.tuples(places, places), min_size=3, max_size=7))
def test_a_polygon_is_even_odd_at_the_middle_of_each_pixel(corners: list[tuple[float, float]]) -> None:
    """Also where corners lie far outside the picture: that must not bend the sides."""
    inside = regions.polygon((30, 20), corners)
    expected = [[crossings(corners, x + 0.5, y + 0.5) for x in range(30)] for y in range(20)]
    for y, x in np.argwhere(inside != np.array(expected)):
        assert _distance(corners, x + 0.5, y + 0.5) < 1e-6  # on a side, where rounding decides


def _distance(corners: list[tuple[float, float]], x: float, y: float) -> float:
    nearest = math.inf
    for (x1, y1), (x2, y2) in zip(corners, corners[1:] + corners[:1], strict=True):
        length = (x2 - x1) ** 2 + (y2 - y1) ** 2
        along = min(1.0, max(0.0, ((x - x1) * (x2 - x1) + (y - y1) * (y2 - y1)) / length)) if length else 0.0
        nearest = min(nearest, math.hypot(x - x1 - along * (x2 - x1), y - y1 - along * (y2 - y1)))
    return nearest


@given(drawn_boxes, sizes)
def test_a_boxs_corners_make_the_same_pixels(box: Box, size: Size) -> None:
    assume(box.area > 0)
    corners = [(box.left, box.top), (box.right, box.top), (box.right, box.bottom), (box.left, box.bottom)]
    assert (regions.polygon(size, corners) == regions.boxes(size, [box])).all()


def test_two_corners_are_no_polygon() -> None:
    with pytest.raises(ValueError, match="at least 3 corners"):
        regions.polygon((10, 10), [(0, 0), (5, 5)])


def test_a_polygon_whose_lines_cross_leaves_out_what_is_inside_twice() -> None:
    star = [
        (50 + 45 * math.sin(4 * math.pi * n / 5), 50 - 45 * math.cos(4 * math.pi * n / 5)) for n in range(5)
    ]
    inside = regions.polygon((100, 100), star)
    assert not inside[50, 50] and inside[20, 50]


# Colours


def test_the_named_colours_of_css_have_their_names() -> None:
    """Each name holds the CSS colour that is called so, and no other name's."""
    for name in (*colours.NAMES, "cyan", "teal", "violet", "magenta"):
        if name == "brown":  # CSS calls a dark red so
            continue
        pixel = np.array([[ImageColor.getrgb(name)]], np.uint8)
        held = [other for other in colours.NAMES if colours.named(pixel, other)[0, 0]]
        assert held == [colours.ALSO.get(name, name)]


@pytest.mark.parametrize(
    ("css", "name"),
    [
        *(("navy", "blue"), ("skyblue", "blue"), ("steelblue", "blue"), ("midnightblue", "blue")),
        *(("olivedrab", "green"), ("darkseagreen", "green"), ("saddlebrown", "brown"), ("sienna", "brown")),
        *(("crimson", "red"), ("maroon", "red"), ("goldenrod", "yellow"), ("khaki", "yellow")),
        *(("indigo", "purple"), ("salmon", "pink"), ("peru", "orange"), ("dimgrey", "grey")),
    ],
)
def test_shades_have_the_name_that_people_give_them(css: str, name: str) -> None:
    assert colours.named(np.array([[ImageColor.getrgb(css)]], np.uint8), name)[0, 0]


def test_no_colour_has_many_names() -> None:
    picture = np.random.default_rng(0).integers(0, 256, (200, 200, 3), dtype=np.uint8)
    names = np.sum([colours.named(picture, name) for name in colours.NAMES], axis=0)
    assert (names > 1).mean() < 0.01
    assert (names == 0).mean() < 0.10


@given(st.tuples(*[st.integers(0, 255)] * 3), st.floats(0, 60))
def test_near_is_a_ball_around_the_colour(colour: tuple[int, int, int], tolerance: float) -> None:
    """Against the formulas of CIE 15 (sRGB, D65) in double precision."""
    picture = np.random.default_rng(1).integers(0, 256, (12, 12, 3), dtype=np.uint8)
    away = np.linalg.norm(_lab(picture) - _lab(np.array(colour, np.uint8)), axis=-1)
    inside = colours.near(picture, colour, tolerance)
    assert inside[away < tolerance - 0.6].all()
    assert not inside[away > tolerance + 0.6].any()


def _lab(rgb: np.ndarray) -> np.ndarray:  # type: ignore[type-arg]
    value = rgb.astype(float) / 255
    linear = np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)
    to_xyz = [
        [0.4124564, 0.3575761, 0.1804375],
        [0.2126729, 0.7151522, 0.0721750],
        [0.0193339, 0.1191920, 0.9503041],
    ]
    xyz = linear @ np.array(to_xyz).T / np.array([0.95047, 1.0, 1.08883])
    f = np.where(xyz > (6 / 29) ** 3, np.cbrt(xyz), xyz / (3 * (6 / 29) ** 2) + 4 / 29)
    return np.stack(
        [116 * f[..., 1] - 16, 500 * (f[..., 0] - f[..., 1]), 200 * (f[..., 1] - f[..., 2])], axis=-1
    )


def test_between_is_a_box_of_channels() -> None:
    picture = np.random.default_rng(2).integers(0, 256, (30, 30, 3), dtype=np.uint8)
    inside = colours.between(picture, (200, 40, 90), (100, 160, 10))
    red, green, blue = (picture[..., channel].astype(int) for channel in range(3))
    expected = (100 <= red) & (red <= 200) & (40 <= green) & (green <= 160) & (10 <= blue) & (blue <= 90)
    assert (inside == expected).all()


def test_the_wand_takes_the_area_around_the_point_and_no_other() -> None:
    picture = np.full((60, 80, 3), (200, 200, 200), np.uint8)
    picture[10:30, 10:30] = (180, 30, 30)
    picture[40:55, 50:70] = (180, 30, 30)
    picture[20, 20] = (0, 255, 0)  # noise under the very point
    inside = colours.joined(picture, (20, 20))
    assert inside.sum() == 400 - 0 and inside[20, 20] and not inside[45, 60]
    outside = colours.joined(picture, (0, 0))
    assert outside.sum() == 60 * 80 - 400 - 300


def test_a_gradient_is_followed_no_further_than_the_tolerance() -> None:
    ramp = np.repeat(np.linspace(0, 255, 256, dtype=np.uint8)[None, :, None], 10, axis=0).repeat(3, axis=2)
    narrow, wide = (colours.joined(ramp, (128, 5), tolerance) for tolerance in (5, 20))
    assert 0 < narrow.sum() < wide.sum() < ramp.shape[0] * 150


def test_the_sky_of_a_photograph_is_blue_and_its_leaves_are_not() -> None:
    picture = photograph("great_wall")
    blue = colours.tidied(colours.named(picture, "blue"))
    height = picture.shape[0]
    assert blue[: height // 4].mean() > 0.7
    assert blue[height // 2 :].mean() < 0.01
    assert colours.tidied(colours.named(picture, "green"))[height // 2 :].mean() > 0.5


def test_tidying_leaves_a_drawn_shape_as_it_is() -> None:
    """Also at the picture's edge; and noise goes."""
    drawn = regions.boxes((900, 600), [Box(left=0, top=0, right=400, bottom=300)])
    assert (colours.tidied(drawn) == drawn).all()
    noisy = drawn ^ (np.random.default_rng(3).random(drawn.shape) < 0.002)
    wrong = colours.tidied(noisy) != drawn
    assert wrong.mean() < 0.0001 < (noisy != drawn).mean()


# Sizes


def smart_resize(width: int, height: int, factor: int, least: int, most: int) -> Size:
    """What Qwen's processor does to a picture (qwen-vl-utils), told in our own words."""
    across, down = (max(factor, round(side / factor) * factor) for side in (width, height))
    if across * down > most:
        beta = math.sqrt(width * height / most)
        across, down = (max(factor, math.floor(side / beta / factor) * factor) for side in (width, height))
    elif across * down < least:
        beta = math.sqrt(least / (width * height))
        across, down = (math.ceil(side * beta / factor) * factor for side in (width, height))
    return across, down


@given(
    st.tuples(st.integers(1, 6000), st.integers(1, 6000)),
    st.sampled_from([28, 32]),
    st.integers(256, 4096),
)
@settings(max_examples=400)
def test_what_we_scale_is_not_scaled_again(size: Size, factor: int, longest: int) -> None:
    """Ollama's limits for Qwen2.5-VL: 56 x 56 to 1280 x 28 x 28 pixels."""
    most = 1280 * 28 * 28
    width, height = fitted(size, multiple=factor, longest=longest, most_pixels=most)
    assert smart_resize(width, height, factor, 4 * factor**2, most) == (width, height)
    assert max(width, height) <= max(longest, 2 * factor)


def test_a_picture_that_is_only_made_to_fit_would_be_scaled_again() -> None:
    """The planted mistake: the longest side alone does not keep the server from scaling."""
    assert smart_resize(1024, 1024, 28, 56 * 56, 1280 * 28 * 28) != (1024, 1024)
    assert smart_resize(1000, 750, 28, 56 * 56, 1280 * 28 * 28) != (1000, 750)


@given(st.tuples(st.integers(300, 6000), st.integers(300, 6000)))
def test_the_ratio_of_the_sides_hardly_changes(size: Size) -> None:
    width, height = fitted(size, multiple=28, longest=1024, most_pixels=1280 * 28 * 28)
    if min(width, height) > 150:
        assert (width / height) / (size[0] / size[1]) == pytest.approx(1, abs=0.3)
    across, down = fitted(size, multiple=1, longest=1024)
    assert (across, down) == size if max(size) <= 1024 else max(across, down) == 1024


def test_a_picture_is_sent_at_exactly_the_size() -> None:
    picture = photograph("pagoda")
    shown = to_size(picture, (448, 308))
    assert (shown.width, shown.height) == (448, 308)
    assert to_pixels(shown.png).shape == (308, 448, 3)
    same = to_size(picture, (picture.shape[1], picture.shape[0]))
    assert (to_pixels(same.png) == picture).all()
    assert same.sha256 != shown.sha256 and len(same.sha256) == 64
