"""Images that several of this room's tests write, and what their errors must be."""

import numpy as np

RNG = np.random.default_rng(0)
GREY = RNG.integers(0, 256, (20, 30), dtype=np.uint8)


def one_line(error) -> str:
    text = str(error.value)
    assert "\n" not in text
    return text
