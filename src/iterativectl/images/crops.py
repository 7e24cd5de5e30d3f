"""A region cut out of a picture and enlarged, so that a model sees what is small in the whole. Pure.

Vision models look at a picture in patches of 14 to 32 px: a face of 60 px is a handful of them. The region is
the box around a mask with a margin, so that its surroundings can be seen as well.
"""

from __future__ import annotations

import numpy as np

from iterativectl.images.normalise import Pixels
from iterativectl.images.regions import Box, Inside, Size, extent
from iterativectl.images.sized import to_size
from iterativectl.model import Picture

MARGIN = 0.15  # of the box's sides, on each of them
LEAST_MARGIN = 8  # pixels
MOST = 0.75  # of the picture's longest side: a larger region gains too little to be shown again
USEFUL_PX = 768  # longest side up to which a region is enlarged
MOST_ENLARGED = 4.0  # times; beyond that there is only blur


def region_box(inside: Inside) -> Box | None:
    """The box around a mask with its margin; None where it would show hardly more than the whole does."""
    found = extent(inside)
    if found is None:
        return None
    height, width = inside.shape
    box = found.widened(MARGIN, LEAST_MARGIN).within((width, height))
    return box if max(box.width, box.height) <= MOST * max(width, height) else None


def cropped(pixels: Pixels, box: Box, size: Size, max_px: int) -> Picture:
    """The region of a picture as a model is shown it: longest side at most `max_px`.

    `box` is of a picture of `size` (width, height); where `pixels` has another size it is scaled with it.
    """
    part = _scaled(box, size, (pixels.shape[1], pixels.shape[0]))
    cut = np.ascontiguousarray(pixels[part.top : part.bottom, part.left : part.right])
    longest = max(part.width, part.height)
    enlarged = max(1.0, min(MOST_ENLARGED, USEFUL_PX / longest))
    scale = min(enlarged, max_px / longest)
    return to_size(cut, (max(1, round(part.width * scale)), max(1, round(part.height * scale))))


def _scaled(box: Box, size: Size, to: Size) -> Box:
    """The box at another size of the picture, of at least one pixel."""
    across, down = to[0] / size[0], to[1] / size[1]
    left, top = min(int(box.left * across), to[0] - 1), min(int(box.top * down), to[1] - 1)
    right, bottom = int(np.ceil(box.right * across)), int(np.ceil(box.bottom * down))
    return Box(left=left, top=top, right=max(right, left + 1), bottom=max(bottom, top + 1)).within(to)
