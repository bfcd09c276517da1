"""Settings of small structures for the tests."""

SMALL = {"preset": "paper", "domain": [64, 64, 40], "voxel_size_nm": 24, "scenes": 4}


def one_class(**particle):
    particle = {"length_nm": 700, "width_nm": 150, "thickness_ratio": 0.6, **particle}
    return {**SMALL, "populations": [{"count": 4, "particles": [particle]}]}
