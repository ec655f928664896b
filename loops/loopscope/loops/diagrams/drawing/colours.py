"""Pictures in dots with few colours: small files, areas exactly as they were drawn.

Stage 5 of 5.  In: a picture in red, green and blue.  Out: one with a palette.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from PIL.Image import Image

AREAS = 64
"""Colours that cover most, kept exactly; the others are those of edges."""


@dataclass(frozen=True, slots=True)
class FewColours:
    """A palette that several pictures share.

    Attributes
    ----------
    palette
        A picture that has it.
    areas
        Colours at its start that are kept exactly, as red x 65536 + green x 256 + blue.
    """

    palette: Image
    areas: tuple[int, ...]

    def apply(self, picture: Image) -> Image:
        """Return a picture in these colours."""
        from PIL import Image as images
        from PIL.Image import Dither

        near = picture.quantize(palette=self.palette, dither=Dither.NONE)
        # Pillow looks colours up in steps of four: white would come out as nearly white.
        index = np.array(near)
        dots = np.asarray(picture, np.int32)
        packed = dots[..., 0] << 16 | dots[..., 1] << 8 | dots[..., 2]
        for place, colour in enumerate(self.areas):
            index[packed == colour] = place
        found = images.fromarray(index)
        found.putpalette(near.getpalette() or [])
        return found


def few_colours(picture: Image, count: int) -> FewColours:
    """Return a palette of ``count`` colours for a picture: those of its areas, others close by."""
    from PIL import Image as images
    from PIL.Image import Quantize

    dots = np.asarray(picture, np.int32)
    packed = (dots[..., 0] << 16 | dots[..., 1] << 8 | dots[..., 2]).ravel()
    colours, sizes = np.unique(packed, return_counts=True)
    largest = colours[np.lexsort((colours, -sizes))]
    areas = [int(one) for one in largest[: min(AREAS, 2 * count // 3)]]
    others = picture.quantize(count - len(areas), method=Quantize.MAXCOVERAGE).getpalette() or []
    first = [value for one in areas for value in (one >> 16, one >> 8 & 255, one & 255)]
    palette = images.new("P", (1, 1))
    palette.putpalette((first + others)[: 3 * count])
    return FewColours(palette, tuple(areas))
