"""What happens to files."""

from __future__ import annotations


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
