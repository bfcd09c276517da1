"""The images of a batch, and a place for each."""

from pathlib import Path, PurePosixPath

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
