"""The version, for all that asks."""

__version__ = "0.1.0"
