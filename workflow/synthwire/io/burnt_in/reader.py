"""Text from pixels, offline: the recogniser of PP-OCR, whose weights come with a package.

RapidOCR's wheel has the network (Apache 2.0), ONNX Runtime runs it. Both are optional; its own
functions would take seconds to load and are not needed for one line of text.
"""

from __future__ import annotations

import functools
import importlib.util
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from PIL import Image

HEIGHT, MOST_WIDTH = 48, 1200  # of a line of text, as the network takes it
_SAME = {"µ": "μ", "Å": "Å"}


class NoReader(Exception):
    """The optional packages that read text are not installed."""


class Text(NamedTuple):
    """A line of text, and how sure the network is of it, 0 … 1: of the least sure character."""

    text: str
    score: float


def read_line(image: np.ndarray) -> Text:
    """The text of one line, black on white: uint8 (height, width). NoReader where there is none."""
    session, characters = _network()
    width = round(HEIGHT * image.shape[1] / image.shape[0])
    size = (min(MOST_WIDTH, max(HEIGHT, width)), HEIGHT)
    line = np.asarray(Image.fromarray(image).resize(size, Image.Resampling.BICUBIC), np.float32)
    blob = np.broadcast_to(line / 127.5 - 1, (1, 3, *line.shape)).astype(np.float32)
    (shares,) = session.run(None, {session.get_inputs()[0].name: blob})
    shares = shares[0]
    for one, other in _SAME.items():  # two code points of one sign share its probability
        if one in characters and other in characters and one != other:
            shares[:, characters.index(other)] += shares[:, characters.index(one)]
            shares[:, characters.index(one)] = 0
    best = shares.argmax(axis=1)
    new = (best > 0) & np.r_[True, best[1:] != best[:-1]]
    scores = [
        float(shares[step : _run_end(best, step), best[step]].max())
        for step in np.flatnonzero(new).tolist()
    ]
    return Text("".join(characters[index] for index in best[new]), min(scores, default=0.0))


def _run_end(best: np.ndarray, start: int) -> int:
    """The end of a run of one character, which the network says at several steps."""
    other = np.flatnonzero(best[start:] != best[start])
    return start + int(other[0]) if len(other) else len(best)


@functools.cache
def _network() -> tuple[Any, list[str]]:
    found = importlib.util.find_spec("rapidocr")
    places = found.submodule_search_locations if found else None
    weights = sorted(Path(places[0]).glob("models/*rec*.onnx")) if places else []
    if not weights:
        raise NoReader
    try:
        import onnxruntime
    except ImportError:
        raise NoReader from None
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(
        str(weights[-1]), options, providers=["CPUExecutionProvider"]
    )
    names = session.get_modelmeta().custom_metadata_map["character"].splitlines()
    return session, ["", *names, " "]
