"""Figures of the supplement: one file a figure."""
