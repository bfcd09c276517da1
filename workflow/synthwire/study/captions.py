"""Captions: reStructuredText templates filled from the config and a figure's facts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace

import jinja2
from docutils.core import publish_parts
from markupsafe import Markup

from synthwire.errors import InputError


def render_caption(
    template: Path, config: Mapping, facts: Mapping | None = None, output: Sequence[str] = ()
) -> Markup:
    """A caption as HTML: the template sees `snakemake.config` and `snakemake.params["facts"]`.

    facts: the values that the caption states.
    InputError when the template is missing or asks for what is not there.
    """
    try:
        text = template.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise InputError(f"{template}: no such caption") from None
    snakemake = SimpleNamespace(
        config=config,
        params={"facts": dict(facts or {})},
        output=list(output),
        input=[],
        wildcards=SimpleNamespace(),
    )
    try:
        restructured = (
            jinja2.Environment(autoescape=False).from_string(text).render(snakemake=snakemake)
        )
    except (jinja2.TemplateError, TypeError, KeyError) as error:
        raise InputError(f"{template}: cannot be filled in: {error}") from error
    return restructured_html(restructured)


def restructured_html(text: str) -> Markup:
    """reStructuredText as an HTML fragment; no files are read and no raw HTML passes."""
    settings = {
        "file_insertion_enabled": False,
        "raw_enabled": False,
        "report_level": 5,
        "halt_level": 5,
        "initial_header_level": 3,
        "smart_quotes": False,
    }
    parts = publish_parts(text, writer="html5", settings_overrides=settings)
    return Markup(parts["body"])
