"""What is said of the size of an image's pixels, weighed."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from synthwire.io.calibration import doubts

# what odd metadata raise in a reader; they do not make the image unreadable
ODD = (LookupError, TypeError, ValueError, ArithmeticError, AttributeError, SyntaxError)


class NoPixelSize(ValueError):
    """A size stands there that is none of pixels on a specimen; the text says why."""


@dataclass(frozen=True)
class Found:
    """What one place says.

    size_nm: (y, x). width: of the image, in pixels, of which it is said; None where that is open.
    remark: what else a user should know. rows: of the picture, where a data bar may follow them.
    bar: rows of the data bar that the image ends with; None where that is open, too.
    """

    size_nm: tuple[float, float]
    width: int | None = None
    remark: str | None = None
    rows: int | None = None
    bar: int | None = None


@dataclass(frozen=True)
class Calibration:
    """The pixel size of an image.

    size_nm: (y, x), or None where nothing tells it. doubt: why it may be wrong, or None. remarks:
    further lines for whoever uses it. picture_rows: rows of the image that are picture, where a
    data bar follows them; None where nothing says so.
    """

    size_nm: tuple[float, float] | None = None
    doubt: str | None = None
    remarks: tuple[str, ...] = ()
    picture_rows: int | None = None


def weigh(readers: Iterable[Callable[[], Found | None]], shape: Sequence[int]) -> Calibration:
    """The first size found that nothing speaks against, else the first one; shape: (height, width).

    readers: one for each place to look at. What is no pixel size for sure, as a resolution for
    prints, is left out with a remark, and silently where another place has one.
    """
    left_out: list[str] = []
    doubtful: Calibration | None = None
    for read in readers:
        try:
            found = read()
        except NoPixelSize as error:
            left_out.append(str(error))
            continue
        except ODD:
            continue
        if found is None or not all(0 < side < math.inf for side in found.size_nm):
            continue
        # twelve digits: what units and ratios add behind them is noise
        y, x = (float(f"{side:.12g}") for side in found.size_nm)
        printed = doubts.print_resolution((y, x))
        if printed:
            left_out.append(printed)
            continue
        calibration = Calibration(
            (y, x),
            doubts.filler((y, x))
            or doubts.odd_field((y, x), shape)
            or doubts.other_width(found.width, shape),
            tuple(item for item in (found.remark, doubts.not_square((y, x))) if item),
            _picture_rows(found, shape),
        )
        if calibration.doubt is None:
            return calibration
        doubtful = doubtful or calibration
    return doubtful or Calibration(remarks=tuple(dict.fromkeys(left_out)))


def _picture_rows(found: Found, shape: Sequence[int]) -> int | None:
    """The rows of the picture, where the image (height, width) has more, and is as wide as said."""
    if found.width not in (None, shape[1]):
        return None
    rows = found.rows if found.width else None
    if rows is None and found.bar:
        rows = shape[0] - found.bar
    return rows if rows is not None and shape[0] / 2 < rows < shape[0] else None
