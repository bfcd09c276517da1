"""STXM scans as the beamlines write them."""
