"""Cover a part of a picture so that nothing of it comes back: pure arithmetic on pixels."""

from collections.abc import Iterable

import numpy as np

from cctv.masking.boxes import Box
from cctv.masking.frames import Picture

# So many cells along the longer side of a face: that there is a head is seen, and no feature of it.
# Of a plate or what a person marked only one colour is left: writing could be guessed from cells.
CELLS = {"face": 4}
# Levels of a colour that are left: small differences between pictures tell nothing more either.
LEVEL = 32


def cover(picture: Picture, boxes: Iterable[Box]) -> None:
    """Cover the boxes in place."""
    height, width = picture.shape[:2]
    for box in boxes:
        left, top = int(box.x * width), int(box.y * height)
        right = min(width, int(np.ceil((box.x + box.width) * width)))
        bottom = min(height, int(np.ceil((box.y + box.height) * height)))
        if right > left and bottom > top:
            part = picture[top:bottom, left:right]
            part[...] = coarse(part, CELLS.get(box.kind, 1))


def coarse(part: Picture, cells: int) -> Picture:
    """Give the part with so many cells along its longer side, each of one rounded colour."""
    height, width = part.shape[:2]
    side = max(1, -(-max(height, width) // cells))
    rows, columns = np.arange(0, height, side), np.arange(0, width, side)
    sums = np.add.reduceat(np.add.reduceat(part.astype(np.uint32), rows, 0), columns, 1)
    heights = np.diff(np.append(rows, height))[:, None, None]
    widths = np.diff(np.append(columns, width))[None, :, None]
    means = sums // (heights * widths)
    levels = (means // LEVEL * LEVEL + LEVEL // 2).astype(np.uint8)
    return levels.repeat(side, 0)[:height].repeat(side, 1)[:, :width]
