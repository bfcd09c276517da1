"""The one rule by which outlines find their image."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synthwire.io.outlines.pairing import Fault, files_of_outlines_among, listed, pair


@pytest.mark.parametrize(
    ("image", "name"),
    [
        ("in/a.tif", "in/a.tif"),
        ("/data/in/a.tif", "in/a.tif"),
        ("in/a.tif", "C:\\Users\\me\\a.tif"),
        ("in/a.tif", "other\\sub\\a.tif"),
        ("in/a.tif", "A.TIF"),
        ("in/a.tif", "a.png"),
        ("in/a.ome.tif", "a.png"),
        ("in/a.ome.tiff", "a.json"),
        ("in/a.tif", "images\\1/90fbb0c7-a.tif"),
        ("in/a.tif", "/data/upload/90fbb0c7-a.png"),
        ("in/a.tif", "90fbb0c7__a.png"),
        ("in/a.tif", "a_tif.rf.0a1b2c3d4e5f60718293a4b5c6d7e8f9.jpg"),
        ("in/wires (2), sem.tif", "90fbb0c7-wires_2_sem.tif"),
        ("in/a.tif", "https://host/data/a.tif?d=1"),
        ("in/a b.tif", "/data/local-files/?d=in/a%20b.tif"),
        ("in/90fbb0c7-a.tif", "a.tif"),
        ("in/a.tif", "a.tif "),
        ("in/scan_0.5nm.tif", "scan_0.5nm"),
        ("in/scan.001", "scan.json"),
        ("in/" + unicodedata.normalize("NFD", "dräht.tif"), "dräht.png"),
    ],
)
def test_other_spellings_are_forgiven(image, name):
    assert pair([image], ["z.tif", name, "ab.tif"]) == [name]


@pytest.mark.parametrize("name", ["b.tif", "aa.tif", "a1.tif", "a_masks.tif", "90fbb0c-a.tif", ""])
def test_other_names_are_none(name):
    assert pair(["in/a.tif"], [name]) == [None]


@pytest.mark.parametrize(
    ("image", "name"),
    [
        ("in/20260305-a.tif", "20260306-a.tif"),  # dates
        ("in/90fbb0c7-a.tif", "12fbb0c7-a.tif"),
        ("in/tilt_-10.tif", "tilt_+10.tif"),
        ("in/tilt_-10.tif", "tilt_10.tif"),
        ("in/a+b.tif", "a-b.tif"),
        ("in/scan_0.tif", "scan_0.5nm"),
    ],
)
def test_names_that_say_something_else_are_none(image, name):
    assert pair([image], [name, "z.tif"]) == [None]


def test_a_folder_that_tells_names_apart_is_heeded():
    images = ["in/monday/img.tif", "in/friday/img.tif"]
    for name in ("img.tif", "img.json"):
        first, fault = pair(images, [f"monday/{name}", f"sunday/{name}"])
        assert first == f"monday/{name}"
        assert str(fault) == f"two for in/friday/img.tif: monday/{name}, sunday/{name}"


def test_a_suffix_before_the_suffix_tells_files_apart():
    names = ["a.tif.json", "a.png.json"]
    assert pair(["in/a.tif", "in/a.png"], names, files=True) == names


@pytest.mark.parametrize(
    "ending",
    ["_masks", "_mask", "_cp_masks", "_cp_outlines", "_label", "-labels", "_seg", ".tif_masks",
     "_Simple Segmentation", " Object Identities", "_RoiSet", "_instances"],
)  # fmt: skip
def test_files_may_end_as_annotation_programs_let_them(ending):
    assert pair(["in/a.tif"], [f"a{ending}.png"], files=True) == [f"a{ending}.png"]
    assert pair(["in/a.tif"], ["RoiSet_a.zip"], files=True) == ["RoiSet_a.zip"]
    assert pair(["in/a.tif"], [f"a{ending}.png", "a.json"], files=True) == ["a.json"]


def test_equal_names_are_told_apart_by_their_path_from_its_end():
    images = ["in/one/img.tif", "in/two/img.tif"]
    for names in (
        ["one/img.tif", "two/img.tif"],
        ["x\\ONE\\img.tif", "x\\TWO\\img.tif"],
        ["one/img.json", "two/img.json"],
    ):
        assert pair(images, names) == names
        assert pair(images, names[::-1]) == names


def test_the_better_match_goes_first_and_a_name_goes_once():
    assert pair(["in/img.tif", "in/one/img.tif"], ["img.tif", "one/img.tif"]) == [
        "img.tif",
        "one/img.tif",
    ]
    assert pair(["one/img.tif", "two/img.tif"], ["two/img.tif"]) == [None, "two/img.tif"]
    assert pair(["a.tif", "A.tif"], ["A.tif", "a.tif"]) == ["a.tif", "A.tif"]


def test_two_that_are_as_good_are_a_fault_that_lists_both():
    (fault,) = pair(["in/a.tif"], ["a.png", "a.json"])
    assert isinstance(fault, Fault)
    assert str(fault) == "two for in/a.tif: a.json, a.png"
    first, second = pair(["one/img.tif", "two/img.tif"], ["img.tif"])
    assert str(first) == str(second) == "img.tif fits two images: one/img.tif, two/img.tif"
    (fault,) = pair(["a.tif"], ["1a2b3c4d-a.tif", "90fbb0c7-a.tif"])
    assert "1a2b3c4d-a.tif, 90fbb0c7-a.tif" in str(fault)


def test_long_lists_are_cut():
    assert listed([f"{number}.tif" for number in range(9)]).endswith("4.tif … (9 in all)")


def test_masks_beside_their_images_are_found():
    images = ["in/a.tif", "in/a_cp_masks.png", "in/b_masks.tif", "in/c_seg.npy", "else/c.tif"]
    assert files_of_outlines_among(images) == ["in/a_cp_masks.png"]


parts = st.text("aAbB1._- ", min_size=1, max_size=5).filter(lambda text: text.strip(". ") != "")
paths = st.builds(
    lambda folders, name: "/".join([*folders, name]), st.lists(parts, max_size=2), parts
)


@given(st.lists(paths, unique=True, max_size=6), st.lists(paths, unique=True, max_size=6))
def test_no_name_goes_with_two_images_and_the_order_does_not_matter(images, names):
    found = pair(images, names)
    given = [name for name in found if isinstance(name, str)]
    assert len(given) == len(set(given))
    assert set(given) <= set(names)
    assert all(name == image for image, name in zip(images, found, strict=True) if image in names)
    again = pair(images[::-1], names[::-1])[::-1]
    assert [str(one) for one in found] == [str(one) for one in again]
