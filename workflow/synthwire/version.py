"""The version, for all that asks."""

__version__ = "0.2.0.dev0"
