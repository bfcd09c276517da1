"""The images of a batch, and a place for each."""

from pathlib import Path, PurePosixPath

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from segmentation_cases import write_images
from stxm_scans import STACK, write_sdf

from synthwire.runtime.locking import alone_in
from synthwire.segmentation.places import find_images, fingerprint, free_place, places_of

parts = st.sampled_from(["a", "b", "A", "a.png", "page_0001"])
names = st.builds(lambda stem, suffix: stem + suffix, parts, st.sampled_from([".png", ".tif"]))
files = st.lists(
    st.builds(lambda folders, name: "/".join([*folders, name]), st.lists(parts, max_size=3), names),
    unique=True,
    max_size=12,
).filter(  # what can be a file system: no file is a folder of another
    lambda paths: (
        not any(str(parent) in paths for path in paths for parent in PurePosixPath(path).parents)
    )
)


def apart(places) -> bool:
    folded = [tuple(part.casefold() for part in place.parts) for place in places]
    return len(set(folded)) == len(folded) and not any(
        one != other and one == other[: len(one)] for one in folded for other in folded
    )


@settings(deadline=None)
@given(files)
def test_no_two_images_share_a_place(paths):
    paths = [Path("/data") / path for path in paths]
    places = places_of(paths)
    assert list(places) == paths
    assert apart(places.values())
    for path, place in places.items():
        if sum(path.stem.lower() == other.stem.lower() for other in paths) == 1 and all(
            part.lower() != path.stem.lower() for other in paths for part in other.parts
        ):
            assert place == Path(path.stem)


@settings(deadline=None)
@given(files)
def test_places_given_one_by_one_are_apart_too(paths):
    places = {}
    for path in paths:
        places[path] = free_place(Path("/data") / path, Path("/data"), places.values())
    assert apart(places.values())


def test_equal_stems_keep_their_folders_and_equal_paths_their_suffix():
    paths = [Path(name) for name in ("x/a/1.png", "x/b/1.png", "x/b/1.tif", "x/b/2.png")]
    places = [str(place) for place in places_of(paths).values()]
    assert places == ["a/1", "b/1.png", "b/1.tif", "2"]


def test_folders_are_searched_but_for_hidden_and_own_files(tmp_path):
    write_images(tmp_path, "a.png", "deep/er/b.TIF", ".hidden/c.png", ".d.png", "out/e/f.png")
    (tmp_path / "notes.txt").write_text("no image")
    write_images(tmp_path, "old/wires/overlay.png", "old/distributions.png")
    with alone_in(tmp_path / "old"):
        pass
    found, problems = find_images([tmp_path, tmp_path / "a.png"], tmp_path / "out")
    assert found == [tmp_path / "a.png", tmp_path / "deep/er/b.TIF"]
    assert not problems
    found, problems = find_images([tmp_path], tmp_path)
    assert (found, len(problems)) == ([], 1)
    assert "results cannot go where the images lie" in problems[0]


def test_all_files_of_a_scan_count(tmp_path):
    path = write_sdf(tmp_path, STACK)
    before = fingerprint(path)
    image = tmp_path / "scan_a001.xim"
    image.write_text(image.read_text().replace("1", "2"))
    assert fingerprint(path) != before


def test_folders_are_searched_for_every_format_and_for_nothing_beside_images(tmp_path):
    names = [
        "a.png",
        "A.PNG",
        "b.jpg",
        "c.jpeg",
        "d.tif",
        "e.TIFF",
        "f.bmp",
        "G.BMP",
        "h.gif",
        "i.webp",
        "j.dm3",
        "k.DM4",
        "l.mrc",
        "m_1.ser",
        "n.emd",
        "o.h5",
        "p.hdf5",
        "q.nxs",
        "r.cxi",
        "s.ptyr",
        "t.sxm",
        "u.mrcs",
    ]
    for name in (*names, "notes.txt", "a.csv", "a.json", "b.xml", "c.zip", "d.roi", "m.emi"):
        (tmp_path / name).write_bytes(b"x")
    (tmp_path / "scan.hdr").write_text('ScanDefinition = { Label = "scan.hdr"; };')
    (tmp_path / "d-tif.hdr").write_text("[MAIN]\nPixelSizeX=8e-09\n")
    (tmp_path / "envi.hdr").write_text("ENVI\nsamples = 320\n")
    np.save(tmp_path / "v.npy", np.zeros((9, 9)))
    np.save(tmp_path / "v_seg.npy", np.array({"masks": 1}, dtype=object))
    found, problems = find_images([tmp_path], tmp_path / "out")
    assert sorted(path.name for path in found) == sorted([*names, "scan.hdr", "v.npy"])
    assert problems == []


def test_a_folder_without_images_says_which_formats_there_are(tmp_path):
    (tmp_path / "a.txt").write_text("no image")
    _, (problem,) = find_images([tmp_path], tmp_path / "out")
    assert all(suffix in problem for suffix in (".tif", ".bmp", ".dm3", ".ptyr"))


def test_outlines_beside_images_are_no_images(tmp_path):
    images = write_images(tmp_path / "in", "a.png", "a_cp_masks.png", "b_masks.png", "gt/a.png")
    found, _ = find_images([images], tmp_path / "out", images)
    assert [path.relative_to(images).as_posix() for path in found] == [
        "a.png",
        "b_masks.png",
        "gt/a.png",
    ]
    found, _ = find_images([images], tmp_path / "out", images / "gt")
    assert images / "gt" / "a.png" not in found and images / "a_cp_masks.png" in found
    assert len(find_images([images], tmp_path / "out")[0]) == 4


def test_a_zarr_store_is_named_for_what_it_is(tmp_path):
    store = tmp_path / "wires.zspy"
    store.mkdir()
    (store / ".zgroup").write_text('{"zarr_format": 2}')
    files, problems = find_images([store], tmp_path / "out")
    assert files == []
    assert problems == [
        f"{store}: not an image, but a Zarr store (HyperSpy's .zspy, OME-Zarr); save the image as "
        ".hspy or TIFF"
    ]
