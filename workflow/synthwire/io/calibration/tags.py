"""Private tags of TIFFs, and the lines of text that makers write into them."""

from __future__ import annotations

import re
from typing import Any

import tifffile

from synthwire.io.units import NUMBER, decode, nanometres, number


def tag_value(page: tifffile.TiffPage, *codes: int) -> Any:
    """The value of the first of these tags that a page has, or None."""
    tags = page.tags
    return next((tags[code].value for code in codes if code in tags), None)


def tag_text(page: tifffile.TiffPage, *codes: int) -> str | None:
    """The value of the first of these tags that a page has, as text."""
    value = tag_value(page, *codes)
    if value is None or isinstance(value, str):
        return value
    return decode(bytes(value))


def raw_text(page: tifffile.TiffPage, code: int) -> str:
    """The bytes of a tag that a page has, as text, whatever tifffile makes of them."""
    tag = page.tags[code]
    file = page.parent.filehandle
    file.seek(tag.valueoffset)
    return decode(file.read(tag.valuebytecount))


def whole(text: object) -> int | None:
    """A number of pixels; None for what is none."""
    match = re.match(r"\s*(\d+)", str(text))
    return int(match[1]) if match else None


def within(xml: str, name: str) -> str:
    """What stands within the first element of a name in XML; empty where there is none."""
    match = re.search(rf"<((?:\w+:)?{name})\b[^>]*>(.*?)</\1>", xml, re.DOTALL)
    return match[2] if match else ""


def element_nm(xml: str, name: str, unit: str | None = None) -> float | None:
    """The length in the first element of a name in XML, in nm; None where there is none.

    Its unit is an attribute or an element of its own; unit: that which is usual there, else.
    ValueError where its number is none.
    """
    content = within(xml, name)
    match = re.search(NUMBER, content)
    given = re.search(rf'<(?:\w+:)?{name}\b[^>]*?\bunits?="([^"]+)"', xml, re.IGNORECASE)
    said = (given and given[1]) or within(content, "Units") or within(content, "units") or unit
    size = nanometres(said)
    return number(match[0]) * size if match and size else None


def sections(text: str) -> dict[str, dict[str, str]]:
    """Lines `key=value` below lines `[section]`; names in small letters."""
    found: dict[str, dict[str, str]] = {}
    section = found.setdefault("", {})
    for line in text.splitlines():
        line = line.strip(" \t\0")
        # binary content may precede the first section on its line
        if line.endswith("]") and "[" in line:
            section = found.setdefault(line[line.rindex("[") + 1 : -1].lower(), {})
        elif "=" in line:
            key, value = line.split("=", 1)
            section[key.strip().lower()] = value.strip()
    return found
