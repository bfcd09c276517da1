import pytest
from small_structures import SMALL, one_class

from synthwire.errors import InputError
from synthwire.structures.checks import check_settings


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"voxel_size": 6}, "voxel_size"),
        ({"preset": "best"}, r"structures\.preset: 'best' is none of .*paper"),
        ({"domain": [64, 64]}, r"structures\.domain"),
        ({"domain": [64, -64, 40]}, r"structures\.domain\.1: -64"),
        ({"scenes": 0}, r"structures\.scenes"),
        (one_class(shape="banana"), r"particles\[0\]\.shape: 'banana' is none of prism, hex"),
        (one_class(shape={"kind": "prism", "bend": 1}), r"shape\.bend: not an option of prism"),
        (one_class(lenght_nm=3), "lenght_nm"),
        (one_class(length_nm=-3), r"particles\[0\]\.length_nm: can give -3"),
        (one_class(length_nm={"distribution": "normal", "mean": 500, "std": 100}), "not above 0"),
        (one_class(aspect_ratio=5), "give width_nm or aspect_ratio"),
        (one_class(width_nm=20), r"width_nm: half .* narrower than two voxels of 24 nm"),
        ({**one_class(), "voxel_size_nm": 0.1}, r"length_nm: half .* is voxel_size_nm right"),
        (one_class(thickness_ratio=10), r"thickness_ratio: every particle is thicker"),
        (
            {**one_class(length_nm=9000), "border": "inside"},
            r"length_nm: every particle is longer than the domain",
        ),
        ({"populations": [{"particles": [{"length_nm": 500, "width_nm": 99,
          "thickness_nm": 50}]}]}, "give count or count_per_um2"),
        ({**SMALL, "populations": [{"count": 5000, "particles": [{"length_nm": 700,
          "width_nm": 150, "thickness_nm": 100}]}]}, r"count: 5000 particles have about"),
    ],
)  # fmt: skip
def test_impossible_settings_are_refused_with_one_line(settings, message):
    with pytest.raises(InputError, match=message) as caught:
        check_settings(settings)
    assert str(caught.value).startswith("structures")
    assert "\n" not in str(caught.value)
