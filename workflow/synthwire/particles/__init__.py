"""Masks, measured."""
