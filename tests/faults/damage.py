"""What happens to files, and when."""

from __future__ import annotations

import random


def spread(end: int, count: int, draw: random.Random) -> list[int]:
    """So many moments below `end`, one drawn from each part of it."""
    return [int(end * (part + draw.random()) / count) for part in range(count)]


def halved(content: bytes) -> bytes:
    return content[: len(content) // 2]


def emptied(content: bytes) -> bytes:
    return b""


def text(content: bytes) -> bytes:
    return b"this is no result\n"


def one_bit(content: bytes) -> bytes:
    flipped = bytearray(content)
    if flipped:
        flipped[len(content) // 2] ^= 1
    return bytes(flipped)


DAMAGES = {"halved": halved, "emptied": emptied, "text": text, "one bit": one_bit}
