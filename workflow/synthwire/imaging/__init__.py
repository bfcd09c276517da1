"""A volume, seen."""
