"""What a person did in the app, kept so that a reload or a crash of the browser loses nothing.

The page's address names the work (`?work=…`); whoever opens it again goes on with it, as long as
the app runs. Results that were opened from folders are also written there at every step.
"""

from __future__ import annotations

import secrets
import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Any

import streamlit as st

from synthwire.io.files import MemoryFile
from synthwire.segmentation.correction import Correction
from synthwire.segmentation.result import Segmentation

PARAMETER = "work"
MOST_WORKS = 8  # which hold their images in memory; the one used longest ago goes


@dataclass
class Work:
    """corrections, checked: of images by `Findings.key`; files: the images, with their digests;
    fields: what was said of images in the sidebar, by the fields' keys.
    """

    corrections: dict[tuple, Correction] = field(default_factory=dict)
    checked: set[tuple] = field(default_factory=set)
    files: list[tuple[MemoryFile, str]] = field(default_factory=list)
    fields: dict[str, Any] = field(default_factory=dict)
    # the last corrected result of each image, with what it was made of
    corrected: dict[tuple, tuple[Correction, Segmentation, Segmentation]] = field(
        default_factory=dict
    )


class Works:
    """The last works of all sessions."""

    def __init__(self) -> None:
        self._works: OrderedDict[str, Work] = OrderedDict()
        self._lock = threading.Lock()

    def __call__(self, name: str) -> Work | None:
        with self._lock:
            if name in self._works:
                self._works.move_to_end(name)
            return self._works.get(name)

    def begin(self, name: str) -> Work:
        with self._lock:
            self._works[name] = work = Work()
            while len(self._works) > MOST_WORKS:
                self._works.popitem(last=False)
            return work


@st.cache_resource
def works() -> Works:
    return Works()


def current_work() -> Work:
    """The work that the page's address names; a new one where it names none that is known."""
    name = st.query_params.get(PARAMETER, "")
    work = works()(name) if name else None
    if work is None:
        name = secrets.token_urlsafe(9)
        work = works().begin(name)
        st.query_params[PARAMETER] = name
    return work


def remember(key: str, default: Any) -> None:
    """Keep a field of the page over a reload; call it before the widget of that key is made, which
    must have no default of its own.
    """
    fields = current_work().fields
    if key not in st.session_state:
        st.session_state[key] = fields.get(key, default)
    fields[key] = st.session_state[key]
