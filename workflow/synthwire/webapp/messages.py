"""What the page says to people."""

from __future__ import annotations

import streamlit as st

from synthwire.errors import InputError
from synthwire.webapp import inputs


def show_error(error: InputError | str) -> None:
    """A message about something that the user gave."""
    st.error(inputs.plain(str(error)), icon=":material/error:")


def show_remark(remark: str) -> None:
    """What a user should know of an image that is read all the same; its lines stay lines."""
    st.warning(inputs.plain(remark).replace("\n", "  \n"), icon=":material/help:")
