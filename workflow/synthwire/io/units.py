"""Lengths as people and programs write them: numbers, and the one table of units."""

from __future__ import annotations

import html
import re
import unicodedata

# As `_plain` gives them: small letters, the Greek μ for both code points of the micro sign.
_NANOMETRES = {
    "km": 1e12,
    "m": 1e9,
    "dm": 1e8,
    "cm": 1e7,
    "mm": 1e6,
    "μm": 1e3,
    "um": 1e3,
    "μ": 1e3,
    "micron": 1e3,
    "nm": 1.0,
    "å": 0.1,
    "a": 0.1,
    "ångström": 0.1,
    "ångstrom": 0.1,
    "angström": 0.1,
    "angstrom": 0.1,
    "pm": 1e-3,
    "fm": 1e-6,
    "in": 2.54e7,
    "inch": 2.54e7,
    "inches": 2.54e7,
    "mu": 1e3,
    "ang": 0.1,
    "angstroem": 0.1,
    "mikrometer": 1e3,
    "micromètre": 1e3,
    "nanomètre": 1.0,
    "мкм": 1e3,
    "нм": 1.0,
    "微米": 1e3,
    "纳米": 1.0,
    # a micro sign that a program could not write; no other unit has one letter beyond ASCII and m
    "\ufffdm": 1e3,
    "?m": 1e3,
    "ƒêm": 1e3,  # Japanese Windows' \u03bcm, as western Windows shows it
}
_PREFIXES = {
    "": 1e9,
    "centi": 1e7,
    "milli": 1e6,
    "micro": 1e3,
    "nano": 1.0,
    "pico": 1e-3,
    "femto": 1e-6,
    "μ": 1e3,
    "u": 1e3,
}
_NANOMETRES |= {
    prefix + between + word: size
    for prefix, size in _PREFIXES.items()
    for between in ("", " ", "-")
    for word in ("meter", "metre")
}

NUMBER = r"(?:\d+(?:[.,]\d*)?|[.,]\d+)(?:[eE][+-]?\d+)?"  # pattern of what `number` reads
_THOUSANDS = re.compile(r"[1-9]\d{0,2},\d{3}")


def nanometres(unit: object) -> float | None:
    """Nanometres in a unit of length, however it is spelled; None for what is none.

    Symbols and names, singular and plural, in any case; per pixel or not; both code points of the
    micro sign and of the ångström, their escapes in ImageJ's TIFFs and XML, and UTF-8 that was read
    as Latin-1.

    >>> nanometres("µm"), nanometres(r"\\u00B5m"), nanometres("Micrometers"), nanometres("nm/px")
    (1000.0, 1000.0, 1000.0, 1.0)
    >>> nanometres("pixel") is None
    True
    """
    plain = _plain(unit)
    size = _NANOMETRES.get(plain)
    if size is None and len(plain) > 3:
        size = _NANOMETRES.get(plain.removesuffix("s"))
    return size


def _plain(unit: object) -> str:
    text = decode(unit) if isinstance(unit, bytes) else str(unit)
    text = re.sub(r"\\u([0-9a-fA-F]{4})", lambda code: chr(int(code[1], 16)), text)
    text = _repaired(html.unescape(text))
    text = unicodedata.normalize("NFKC", text).casefold().strip("\0 \t\r\n.[]()")
    return re.sub(r"\s*(?:/|\bper\b)\s*(?:px|pix|pixels?|voxels?)$", "", text)


def _repaired(text: str) -> str:
    """UTF-8 that was read as Latin-1 or its Windows form, read anew; other text as it is."""
    for _ in range(2):  # some files have gone through it twice
        for encoding in ("cp1252", "latin-1"):
            try:
                text = text.encode(encoding).decode("utf-8")
                break
            except UnicodeError:
                continue
    return text


def decode(content: bytes) -> str:
    """Text of any of the encodings that instruments write: UTF-8 or -16, or Windows' Latin-1.

    >>> decode("µm".encode("utf-16")), decode("µm".encode("cp1252"))
    ('µm', 'µm')
    """
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return content.decode("utf-16", "replace")
    head = content[:64]
    even, odd = head[::2].count(0), head[1::2].count(0)  # binary content has zeros at both
    if len(head) > 3 and not even and odd > len(head) // 4:
        return content.decode("utf-16-le", "replace")
    if len(head) > 3 and not odd and even > len(head) // 4:
        return content.decode("utf-16-be", "replace")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", "replace")


def number(text: object, *, typed: bool = False) -> float:
    """A number with a decimal point or a decimal comma.

    typed: whether a person wrote it; ValueError then where a comma may part thousands as well,
    which no instrument writes. ValueError where it is none.

    >>> number("6,5"), number("1e-3"), number("9,921")
    (6.5, 0.001, 9.921)
    """
    plain = str(text).strip()
    if not re.fullmatch(NUMBER, plain):
        raise ValueError(f"'{plain}' is no number")
    if typed and _THOUSANDS.fullmatch(plain):
        raise ValueError(f"'{plain}' may be {plain.replace(',', '')} or {plain.replace(',', '.')}")
    return float(plain.replace(",", "."))


def length_nm(text: object, unit: str | None = None, *, typed: bool = False) -> float:
    """A length in nm from text such as 2.5 nm or 1,2µm; unit: of a number that stands alone.

    typed: as `number` takes it. ValueError where it is none.

    >>> length_nm("833.3 pm"), length_nm("9.5", "nm")
    (0.8333, 9.5)
    """
    match = re.fullmatch(rf"\s*({NUMBER})\s*(.*?)\s*", str(text))
    size = nanometres(match[2] or unit) if match else None
    if match is None or size is None:
        raise ValueError(f"'{text}' is no length")
    return round(number(match[1], typed=typed) * size, 12)
