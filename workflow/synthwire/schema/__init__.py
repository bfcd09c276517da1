"""The schemas of all that a user writes, with every default, and the one reader of them."""

from synthwire.schema.reader import FOLDER, section_defaults, validate, validate_section

__all__ = ["FOLDER", "section_defaults", "validate", "validate_section"]
