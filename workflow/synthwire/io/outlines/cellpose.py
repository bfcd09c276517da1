"""Cellpose's own files: outlines as text (_cp_outlines.txt); _seg.npy is read as a label image."""

from __future__ import annotations

from functools import partial

import numpy as np

from synthwire.errors import InputError
from synthwire.io.outlines.collector import Collector


def recognises(collector: Collector) -> bool:
    """Lines of numbers between commas, most of them pairs, as a text without any other word."""
    if collector.suffix != ".txt":
        return False
    lines = _lines(collector)
    try:
        pairs = [len(_numbers(line)) % 2 == 0 for line in lines if "," in line]
        return bool(lines) and len(pairs) == len(lines) <= 2 * sum(pairs)
    except ValueError:
        return False


def read(collector: Collector) -> None:
    """Take in a polygon a line: x0, y0, x1, y1, … in pixels."""
    if len(collector.names) > 1:
        raise collector.error("outlines as text are of one image; one file is expected for each")
    collector.remark(
        "outlines as text",
        "run through the middle of the border's pixels, so areas are a little small; "
        "_cp_masks and _seg.npy are exact",
    )
    for number, line in enumerate(_lines(collector), start=1):
        where = f"line {number}"
        collector.take(0, where, partial(_mask, collector, line, where), "")


def _mask(collector: Collector, line: str, where: str) -> dict:
    numbers = _numbers(line)
    if len(numbers) % 2:
        raise InputError(f"{len(numbers)} numbers; pairs of x and y are expected")
    return collector.mask_of_rings([np.array(numbers).reshape(-1, 2)], where)


def _lines(collector: Collector) -> list[str]:
    return [line for line in collector.text.splitlines() if line.strip(" ,")]


def _numbers(line: str) -> list[float]:
    return [float(number) for number in line.strip(" ,").split(",")]
