"""Virtual microscopes."""
