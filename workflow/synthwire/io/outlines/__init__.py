"""Outlines from and for annotation tools."""
