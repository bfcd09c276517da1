"""Random 3D structures."""
