from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image

from synthwire.datasets.image_sets import prepare_image_set
from synthwire.errors import InputError
from synthwire.io.coco import read_coco
from synthwire.io.files import write_json
from synthwire.io.masks import decode_mask
from synthwire.io.stacks import read_stack
from synthwire.schema import reader

RESOURCES = Path(__file__).parents[3] / "resources"

STRUCTURES = {
    "preset": "paper",
    "domain": [96, 80, 40],
    "voxel_size_nm": 24,
    "populations": [
        {
            "count": 6,
            "particles": [{"length_nm": 900, "width_nm": 160, "thickness_nm": 120}],
        }
    ],
}


def entry(**fields) -> dict:
    return reader.validate(fields, "image_set.schema.yaml", "test")


def prepare(*args, seed: int) -> None:
    prepare_image_set(*args, seed=seed, resources=RESOURCES)


def simulated(microscope="sem", **more) -> dict:
    more.setdefault("scenes", 2)
    return entry(
        source="simulated",
        microscope=microscope,
        label="Simulated",
        kind=microscope,
        structures=STRUCTURES,
        **more,
    )


def write_user_image(folder: Path, shape=(40, 50), name="mine.png") -> Path:
    pixels = np.random.default_rng(1).integers(0, 256, shape, dtype=np.uint8)
    Image.fromarray(pixels).save(folder / name)
    return folder / name


def coco(shape=(40, 50), names=("mine.png",), **annotation) -> dict:
    annotation = {
        "id": 0,
        "category_id": 1,
        "segmentation": [[5, 5, 15, 5, 15, 20, 5, 20]],
    } | annotation
    return {
        "images": [
            {"id": 7 + i, "file_name": name, "height": shape[0], "width": shape[1]}
            for i, name in enumerate(names)
        ],
        "categories": [{"id": 1, "name": "nanowire"}],
        "annotations": [annotation | {"id": i, "image_id": 7 + i} for i in range(len(names))],
    }


# -- simulated ------------------------------------------------------------------------------------


@pytest.mark.parametrize("microscope", ["ptychography", "stxm", "sem", "tem"])
def test_simulated_set_has_images_with_their_truth(tmp_path, microscope):
    prepare("set", simulated(microscope), tmp_path / "set", seed=1)
    pages = read_stack(tmp_path / "set" / "image.tif")
    data = read_coco(tmp_path / "set" / "annotations.json")
    assert pages.shape == (2, 80, 96)
    assert [image["page"] for image in data["images"]] == [0, 1]
    assert data["images"][0]["pixel_size_nm"] == 24
    assert data["image_set"] == {"key": "set", "label": "Simulated", "kind": microscope}
    sign = -1 if microscope == "tem" else 1
    for page, pixels in enumerate(pages):
        items = [item for item in data["annotations"] if item["image_id"] == page + 1]
        assert len(items) >= 3
        union = np.any([decode_mask(item["segmentation"]) for item in items], axis=0)
        assert sign * (pixels[union].mean() - pixels[~union].mean()) > 15


def test_simulated_images_are_the_same_bytes_and_differ_between_keys_and_seeds(tmp_path):
    for name, key, seed in [("a", "k", 1), ("b", "k", 1), ("c", "other", 1), ("d", "k", 2)]:
        prepare(key, simulated(), tmp_path / name, seed=seed)
    content = {name: (tmp_path / name / "image.tif").read_bytes() for name in "abcd"}
    assert content["a"] == content["b"]
    assert len(set(content.values())) == 3
    # one image more leaves the first ones as they are
    prepare("k", simulated(scenes=3), tmp_path / "e", seed=1)
    np.testing.assert_array_equal(
        read_stack(tmp_path / "e" / "image.tif")[:2], read_stack(tmp_path / "a" / "image.tif")
    )


def test_sem_annotations_hold_the_visible_part_too(tmp_path):
    prepare("set", simulated("sem"), tmp_path / "set", seed=1)
    data = read_coco(tmp_path / "set" / "annotations.json")
    for page in (1, 2):
        items = [item for item in data["annotations"] if item["image_id"] == page]
        amodal = np.array([decode_mask(item["segmentation"]) for item in items])
        visible = np.array([decode_mask(item["visible"]) for item in items])
        assert not (visible & ~amodal).any()
        assert visible.sum(axis=0).max() == 1  # nothing is seen through anything
        np.testing.assert_array_equal(visible.any(axis=0), amodal.any(axis=0))


def test_tilted_masks_are_those_of_the_tilted_volume(tmp_path):
    prepare("set", simulated("stxm"), tmp_path / "a", seed=1)
    prepare("set", simulated("stxm", tilt_deg=40), tmp_path / "b", seed=1)
    straight, tilted = (read_coco(tmp_path / name / "annotations.json") for name in "ab")
    assert tilted["images"][0]["tilt_deg"] == 40
    area = [sum(item["area"] for item in data["annotations"]) for data in (straight, tilted)]
    assert area[0] != area[1]
    pixels = read_stack(tmp_path / "b" / "image.tif")[0]
    items = [item for item in tilted["annotations"] if item["image_id"] == 1]
    union = np.any([decode_mask(item["segmentation"]) for item in items], axis=0)
    assert pixels[union].mean() > pixels[~union].mean() + 15


# -- a user's own files ---------------------------------------------------------------------------


def test_own_image_with_outlines(tmp_path):
    path = write_user_image(tmp_path)
    write_json(tmp_path / "mine.json", coco(attributes={"confidence": "low"}))
    chosen = entry(
        source="file", image=str(path), annotations=str(tmp_path / "mine.json"), label="Mine",
        pixel_size_nm=[6.6, 7.8], pixel_size_assumed=True,
    )  # fmt: skip
    prepare("mine", chosen, tmp_path / "set", seed=0)
    data = read_coco(tmp_path / "set" / "annotations.json")
    (item,) = data["annotations"]
    assert item["id"] > 0 and item["iscrowd"] == 1 and item["image_id"] == 1
    mask = decode_mask(item["segmentation"])
    assert mask.sum() == 150 and mask[5:20, 5:15].all()
    assert data["images"][0]["pixel_size_nm"] == [6.6, 7.8]
    assert data["images"][0]["pixel_size_assumed"] is True
    np.testing.assert_array_equal(
        read_stack(tmp_path / "set" / "image.tif")[0], np.array(Image.open(path))
    )


def test_own_images_without_outlines_inverted(tmp_path):
    paths = [write_user_image(tmp_path, name=f"{i}.png") for i in range(2)]
    chosen = entry(source="file", image=[str(path) for path in paths], label="Mine", invert=True)
    prepare("mine", chosen, tmp_path / "set", seed=0)
    data = read_coco(tmp_path / "set" / "annotations.json")
    assert data["annotations"] == [] and data["categories"][0]["name"] == "nanowire"
    assert data["images"][0]["pixel_size_nm"] is None
    pages = read_stack(tmp_path / "set" / "image.tif")
    np.testing.assert_array_equal(pages[1], 255 - np.array(Image.open(paths[1])))


def test_what_is_no_picture_is_no_ground_of_zeros_and_said(tmp_path):
    stopped = np.random.default_rng(1).integers(90, 110, (40, 50)).astype(np.uint8)
    stopped[30:] = 0
    path = tmp_path / "stopped.png"
    Image.fromarray(stopped).save(path)
    prepare("mine", entry(source="file", image=str(path), label="Mine"), tmp_path / "set", seed=0)
    (remark,) = read_coco(tmp_path / "set" / "annotations.json")["info"]["remarks"]
    assert remark.startswith(f"{path}: 25 % of the pixels are no picture")
    pixels = read_stack(tmp_path / "set" / "image.tif")[0]
    np.testing.assert_array_equal(pixels[:30], stopped[:30])
    assert (pixels[30:] == np.median(stopped[:30])).all()


def test_of_a_stopped_scan_the_optical_density_knows_no_bright_block(tmp_path):
    counts = np.random.default_rng(1).integers(900, 1100, (40, 50)).astype(np.uint16)
    counts[10:14, 5:40] = 400
    counts[30:] = 0
    path = tmp_path / "stopped.tif"
    tifffile.imwrite(path, counts)
    chosen = entry(
        source="file", image=str(path), label="Mine", absorption={"incident": {"percentile": 95}}
    )
    prepare("mine", chosen, tmp_path / "set", seed=0)
    pixels = read_stack(tmp_path / "set" / "image.tif")[0]
    assert pixels[10:14, 5:40].mean() > 150 > 2 * pixels[30:].mean()


def test_several_images_are_matched_by_name(tmp_path):
    paths = [write_user_image(tmp_path, name=f"{i}.png") for i in range(2)]
    write_json(tmp_path / "both.json", coco(names=("1.png", "0.png")))
    chosen = entry(
        source="file", image=[str(path) for path in paths], label="Mine",
        annotations=str(tmp_path / "both.json"),
    )  # fmt: skip
    prepare("mine", chosen, tmp_path / "set", seed=0)
    data = read_coco(tmp_path / "set" / "annotations.json")
    assert {item["image_id"] for item in data["annotations"]} == {1, 2}
    write_json(tmp_path / "both.json", coco(names=("1.png", "2.png")))
    with pytest.raises(InputError, match=r"no image with file_name '0\.png'"):
        prepare("mine", chosen, tmp_path / "set", seed=0)


@pytest.mark.parametrize(
    ("outlines", "says"),
    [
        (coco(shape=(41, 50)), "41 × 50"),
        (coco(segmentation=[[1, 1, 2, 2]]), "annotation 0"),
    ],
)
def test_outlines_of_no_use_are_one_line(tmp_path, outlines, says):
    path = write_user_image(tmp_path)
    write_json(tmp_path / "mine.json", outlines)
    chosen = entry(
        source="file", image=str(path), annotations=str(tmp_path / "mine.json"), label="Mine"
    )
    with pytest.raises(InputError, match=says):
        prepare("mine", chosen, tmp_path / "set", seed=0)
    assert not (tmp_path / "set").exists()


def test_images_of_different_shapes_are_refused(tmp_path):
    paths = [write_user_image(tmp_path, (40, 50 + i), f"{i}.png") for i in range(2)]
    chosen = entry(source="file", image=[str(path) for path in paths], label="Mine")
    with pytest.raises(InputError, match="40 × 50, 40 × 51"):
        prepare("mine", chosen, tmp_path / "set", seed=0)


def xray_stack(folder: Path) -> tuple[Path, np.ndarray]:
    """A stack of three energies of a slab, 10,000 photons; returns its optical density at 1."""
    density = np.zeros((40, 50))
    density[10:30, 20:40] = 1.0
    stack = 10_000 * np.exp(-density * np.array([0.5, 1.0, 0.25])[:, None, None])
    tifffile.imwrite(folder / "stack.tif", stack.astype(np.float32), photometric="minisblack")
    return folder / "stack.tif", density


@pytest.mark.parametrize(
    ("settings", "pages"),
    [
        ({"energy_ev": 529.8}, 1),
        ({"average_ev": [527, 535]}, 1),
        ({"ratio_ev": [527, 529.8]}, 1),
        ({"incident": {"region": [0, 0, 10, 10]}}, 3),
        ({"incident": {"percentile": 80}, "align": True}, 3),
    ],
)
def test_optical_density_of_a_stack(tmp_path, settings, pages):
    path, density = xray_stack(tmp_path)
    chosen = entry(
        source="file", image=str(path), label="Mine", pixel_size_nm=35,
        absorption={"energies_ev": [527.0, 529.8, 535.0], **settings},
    )  # fmt: skip
    prepare("mine", chosen, tmp_path / "set", seed=0)
    found = read_stack(tmp_path / "set" / "image.tif")
    assert len(found) == pages
    if "ratio_ev" not in settings:
        np.testing.assert_array_equal(found[0] > 128, density > 0.5)


@pytest.mark.parametrize(("size", "assumed"), [(35, False), (1000, True)])
def test_a_doubtful_pixel_size_of_a_file_counts_as_assumed(tmp_path, size, assumed):
    path = write_user_image(tmp_path)
    pixels = np.array(Image.open(path))
    tifffile.imwrite(tmp_path / "scan.tif", pixels, metadata={"pixel_size_nm": size})
    chosen = entry(source="file", image=str(tmp_path / "scan.tif"), label="Mine")
    prepare("mine", chosen, tmp_path / "set", seed=0)
    (image,) = read_coco(tmp_path / "set" / "annotations.json")["images"]
    assert (image["pixel_size_nm"], image["pixel_size_assumed"]) == (size, assumed)


def test_rescaled_scan_has_the_new_pixel_size(tmp_path):
    path = write_user_image(tmp_path)
    tifffile.imwrite(
        tmp_path / "scan.tif", np.array(Image.open(path)), metadata={"pixel_size_nm": [35, 35]}
    )
    chosen = entry(source="file", image=str(tmp_path / "scan.tif"), label="Mine", rescale=[80, 75])
    prepare("mine", chosen, tmp_path / "set", seed=0)
    assert read_stack(tmp_path / "set" / "image.tif").shape == (1, 80, 75)
    data = read_coco(tmp_path / "set" / "annotations.json")
    assert data["images"][0]["pixel_size_nm"] == pytest.approx([35 * 40 / 80, 35 * 50 / 75])


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"energy_ev": 527}, "names no energies"),
        ({"energies_ev": [1.0, 2.0], "energy_ev": 1}, "3 pages, but 2 energies"),
        ({"energies_ev": [1, 2, 3], "energy_ev": 1, "ratio_ev": [1, 2]}, "exclude each other"),
        ({"incident": {"region": [45, 0, 10, 10]}}, "outside the image"),
    ],
)
def test_impossible_optical_density_is_one_line_with_the_file(tmp_path, settings, says):
    path, _ = xray_stack(tmp_path)
    chosen = entry(source="file", image=str(path), label="Mine", absorption=settings)
    with pytest.raises(InputError, match=rf"stack\.tif: .*{says}"):
        prepare("mine", chosen, tmp_path / "set", seed=0)


# -- the schema -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"source": "publishd"}, "publishd"),
        ({"source": "file", "image": "a.png", "label": "A", "pixel_size": 6}, "pixel_size"),
        ({"source": "file", "image": "a.png", "label": "A", "pixel_size_nm": -6}, "pixel_size_nm"),
        ({"source": "published", "published": "tem", "label": "A", "kind": "tem"}, "published"),
        ({"source": "simulated", "label": "A", "kind": "sem", "microscope": "sem"}, "structures"),
    ],
)
def test_wrong_entries_are_one_line_that_names_the_field(fields, says):
    with pytest.raises(InputError, match=says):
        entry(**fields)
