"""Outlines as label images."""

import pickle

import h5py
import numpy as np
import pytest
import tifffile
from outline_cases import SHAPE, coco, masks, masks_of, read, square
from PIL import Image
from scipy import ndimage

from synthwire.errors import InputError
from synthwire.io.outlines import OutlineSource, read_outlines, write_labels
from synthwire.io.recordings import read_image


def test_label_round_trip_is_exact_with_overlaps(tmp_path):
    data = coco(masks())
    assert write_labels(tmp_path / "a.tif", data) == [1, 2, 3, 4, 5, 6]
    assert tifffile.imread(tmp_path / "a.tif").ndim == 3
    found = masks_of(read(tmp_path / "a.tif"))
    expected = {mask.tobytes() for mask in masks()}
    assert {mask.tobytes() for mask in found} == expected and len(found) == 6
    write_labels(tmp_path / "b.tif", coco(masks()[3:]))
    plain = tifffile.imread(tmp_path / "b.tif")
    assert plain.shape == SHAPE and plain.max() == 3


def test_label_images_of_several_pages(tmp_path):
    labels = np.zeros((2, *SHAPE), np.uint8)
    labels[0][square()] = 3
    labels[1, :5, :5] = 1
    tifffile.imwrite(tmp_path / "labels.tif", labels, photometric="minisblack")
    found = read_outlines(tmp_path / "labels.tif", ["a.tif", "a.tif"], SHAPE)
    assert [item["image_id"] for item in found.annotations] == [1, 2]
    np.testing.assert_array_equal(masks_of(found)[0], square())
    tifffile.imwrite(
        tmp_path / "slices.tif", np.stack([two(), two()[::-1]]), photometric="minisblack"
    )
    with pytest.raises(InputError, match="2 pages of labels for 1 images"):
        read(tmp_path / "slices.tif")
    tifffile.imwrite(tmp_path / "float.tif", np.full(SHAPE, 0.5, np.float32))
    with pytest.raises(InputError, match="whole numbers, not probabilities"):
        read(tmp_path / "float.tif")


def two(dtype=np.uint8, first: int = 1, second: int = 2) -> np.ndarray:
    """The square, and one of 6 by 10 pixels."""
    labels = np.zeros(SHAPE, dtype)
    labels[square()] = first
    labels[30:36, 30:40] = second
    return labels


def areas(path) -> tuple[list[int], str]:
    found = read(path)
    return sorted(item["area"] for item in found.annotations), "\n".join(found.remarks)


COLOURS = np.zeros((*SHAPE, 3), np.uint8)
COLOURS[two() == 1], COLOURS[two() == 2] = (200, 10, 10), (10, 200, 10)
GREY = np.dstack([two()] * 3)


@pytest.mark.parametrize(
    "labels",
    [
        two(), two(np.uint16, 7, 4001), two(np.uint32, 70_001, 4_000_000), two(np.float32),
        two(np.int64, 300, 2), two(">u2"), np.where(two() > 0, two(), np.nan).astype(np.float32),
        two()[np.newaxis, ..., np.newaxis], GREY, COLOURS,
    ],
    ids=lambda labels: f"{labels.dtype}-{labels.ndim}",
)  # fmt: skip
def test_numbers_are_labels_whatever_their_kind(tmp_path, labels):
    np.save(tmp_path / "a.npy", labels)
    assert areas(tmp_path / "a.npy") == ([60, 140], "")
    if labels.ndim == 4:  # a TIFF would have a page for each row
        return
    colour = labels.shape[-1] == 3
    tifffile.imwrite(
        tmp_path / "a.tif", labels, photometric="rgb" if colour else "minisblack", metadata=None
    )
    assert areas(tmp_path / "a.tif") == ([60, 140], "")


def test_what_a_viewer_shows_means_nothing(tmp_path):
    tifffile.imwrite(tmp_path / "inverted.tif", two(), photometric="miniswhite")
    ramp = np.random.default_rng(1).integers(0, 65535, (3, 256)).astype(np.uint16)
    tifffile.imwrite(tmp_path / "palette.tif", two(), photometric="palette", colormap=ramp)
    picture = Image.fromarray(two())
    picture.putpalette([0, 0, 0, 128, 0, 0, 128, 0, 0] + [9] * 759)  # two entries of one colour
    picture.save(tmp_path / "palette.png")
    Image.fromarray(COLOURS).save(tmp_path / "colours.png")
    Image.fromarray(np.dstack([COLOURS, np.full(SHAPE, 255, np.uint8)])).save(tmp_path / "rgba.png")
    Image.fromarray(np.dstack([COLOURS + 9, two() * 100])).save(tmp_path / "transparent.png")
    for name in ("inverted.tif", "palette.tif", "palette.png", "colours.png", "rgba.png",
                 "transparent.png"):  # fmt: skip
        assert areas(tmp_path / name) == ([60, 140], ""), name


@pytest.mark.parametrize("turn", range(1, 9))
@pytest.mark.parametrize("name", ["a.tif", "a.png", "colour.tif"])
def test_labels_turn_as_their_image_does(tmp_path, turn, name):
    stored = COLOURS if name == "colour.tif" else two()
    stored = np.ascontiguousarray(stored.swapaxes(0, 1)) if turn > 4 else stored
    if name.endswith(".tif"):
        kind = "rgb" if stored.ndim == 3 else "minisblack"
        tag = [(274, "H", 1, turn, True)]
        tifffile.imwrite(tmp_path / name, stored, photometric=kind, metadata=None, extratags=tag)
    else:
        exif = Image.Exif()
        exif[274] = turn
        Image.fromarray(stored).save(tmp_path / name, exif=exif)
    tifffile.imwrite(  # the same picture, as an image
        tmp_path / "image.tif",
        two().T if turn > 4 else two(),
        metadata=None,
        extratags=[(274, "H", 1, turn, True)],
    )
    expected = read_image(tmp_path / "image.tif") > 0
    masks = masks_of(read_outlines(tmp_path / name, ["image.tif"], expected.shape))
    np.testing.assert_array_equal(np.any(masks, axis=0), expected)


def test_another_ground_than_0_is_said(tmp_path):
    for name, labels, says in (
        ("minus", np.where(two() > 0, two(np.int32), -1), "-1 taken as no particle"),
        ("from0", two().astype(np.int32) - 1, "-1 taken as no particle"),
        ("lines", np.where(np.eye(*SHAPE, k=-25) > 0, -1, two(np.int32)), "-1, 0 taken"),
        ("ilastik", two() + 1, "no pixel is 0; 1, the commonest, taken as no particle"),
    ):
        np.save(tmp_path / f"{name}.npy", labels)
        found, remarks = areas(tmp_path / f"{name}.npy")
        assert (found, says in remarks) == ([60, 140], True), name


def test_what_lies_around_all_labels_is_ground_whatever_its_number(tmp_path):
    rims = ndimage.binary_dilation(two() > 0) & (two() == 0)
    watershed = np.where(rims, 0, two() + 1)  # the ground is a basin, too
    opencv = np.where(rims, -1, two().astype(np.int32) + 1)
    opencv[[0, -1]] = opencv[:, [0, -1]] = -1
    black_and_red = np.where(two() == 1, 0, np.where(two() == 2, 5, 9))
    for name, labels, says in (
        ("watershed", watershed, "1 lies around all others"),
        ("opencv", opencv, "1 lies around all others"),
        ("white", black_and_red, "9 lies around all others"),
        ("void", np.where(rims, 255, two()), "255 after 1 to 2 taken as void"),
    ):
        np.save(tmp_path / f"{name}.npy", labels)
        found, remarks = areas(tmp_path / f"{name}.npy")
        assert (found, says in remarks) == ([60, 140], True), name
    rimmed = COLOURS.copy()
    rimmed[rims] = (224, 224, 192)
    Image.fromarray(rimmed).save(tmp_path / "rimmed.png")
    assert areas(tmp_path / "rimmed.png") == ([60, 140], "")
    specks = 255 * (two() > 0)
    specks[6, 15] = 1
    np.save(tmp_path / "specks.npy", specks)  # a mask's grey rims are no particles
    assert areas(tmp_path / "specks.npy")[0] == [1, 200]
    large = np.zeros(SHAPE, np.uint8)  # a particle over most of the view is none
    large[3:-3, 3:-3] = 1
    large[3:6, 3:6] = 2
    np.save(tmp_path / "large.npy", large)
    assert areas(tmp_path / "large.npy") == ([9, 34 * 44 - 9], "")


def test_pages_of_one_image_are_layers_or_classes(tmp_path):
    over = np.zeros(SHAPE, np.uint8)
    over[:5, :5], over[8:22, 8:18] = 3, 4
    np.save(tmp_path / "layers.npy", np.stack([two(), over]))  # as a program leaves our labels.tif
    found, remarks = areas(tmp_path / "layers.npy")
    assert found == [25, 60, 140, 140] and "layers of one image" in remarks
    np.save(tmp_path / "channels.npy", np.stack([two()] * 3))
    assert areas(tmp_path / "channels.npy") == ([60, 140], "")
    classes = np.stack([two() == 0, two() > 0])
    np.save(tmp_path / "classes.npy", classes)
    found, remarks = areas(tmp_path / "classes.npy")
    assert found == [60, 140] and "2 connected parts" in remarks


def test_masks_of_all_particles_are_split_and_pages_are_one_each(tmp_path):
    tifffile.imwrite(tmp_path / "mask.tif", np.uint8(two() > 0) * 255)
    found, remarks = areas(tmp_path / "mask.tif")
    assert found == [60, 140] and "its 2 connected parts" in remarks
    touching = two() > 0
    touching[19:32, 12] = touching[31, 12:31] = True
    Image.fromarray(touching).save(tmp_path / "touching.png")
    found, remarks = areas(tmp_path / "touching.png")
    assert len(found) == 1 and "are there several that touch?" in remarks
    overlapping = np.stack([square(), np.roll(square(), 4, 1)]).astype(np.uint8)
    tifffile.imwrite(tmp_path / "pages.tif", overlapping * 255, photometric="minisblack")
    found, remarks = areas(tmp_path / "pages.tif")
    assert found == [140, 140] and "2 pages: one particle each" in remarks


def test_a_mask_with_grey_rims_is_cut_at_half(tmp_path):
    rims = np.uint8(two() > 0) * 255
    rims[6:20, 15] = np.arange(14) * 9
    Image.fromarray(rims).save(tmp_path / "a.png")
    found, remarks = areas(tmp_path / "a.png")
    assert found == [60, 140] and "cut at half" in remarks
    wires = np.zeros((4 * SHAPE[0], 4 * SHAPE[1]), np.uint8)
    wires[20:44, 20:180] = wires[80:108, 20:180] = 255
    small = Image.fromarray(wires).rotate(7).resize(SHAPE[::-1], Image.Resampling.BILINEAR)
    small.save(tmp_path / "thin.png")
    found, remarks = areas(tmp_path / "thin.png")
    assert found == [pytest.approx(240, abs=9), pytest.approx(280, abs=9)]
    assert "cut at half" in remarks
    Image.fromarray(np.uint8(two() > 0) * 255).save(tmp_path / "a.jpg", quality=90)
    assert [pytest.approx(area, abs=6) for area in areas(tmp_path / "a.jpg")[0]] == [60, 140]
    Image.fromarray(two() * 60).save(tmp_path / "b.jpg")
    with pytest.raises(InputError, match="JPEG changes a label image's numbers"):
        read(tmp_path / "b.jpg")


def test_colours_of_16_bits_are_refused_where_they_would_lose_labels(tmp_path):
    imagecodecs = pytest.importorskip("imagecodecs")
    colours = np.zeros((*SHAPE, 3), np.uint16)
    colours[..., 0] = two() + 300 * (two() > 0)  # equal in their upper 8 bits
    (tmp_path / "a.png").write_bytes(imagecodecs.png_encode(colours))
    with pytest.raises(InputError, match=r"a\.png: a PNG of 16 bits a colour"):
        read(tmp_path / "a.png")
    (tmp_path / "a.png").write_bytes(imagecodecs.png_encode(colours[..., 0].copy()))
    assert areas(tmp_path / "a.png") == ([60, 140], "")


def test_parts_of_one_label_are_questioned_and_pictures_refused(tmp_path):
    classes = np.zeros(SHAPE, np.uint8)
    for row, column in np.ndindex(6, 8):
        top, left = 6 * row + 1, 6 * column + 1
        classes[top : top + 3, left : left + 3] = 1 + (row + column) % 2
    Image.fromarray(classes).save(tmp_path / "classes.png")
    found, remarks = areas(tmp_path / "classes.png")
    assert len(found) == 2 and "is this a mask of classes" in remarks
    noise = np.random.default_rng(3).integers(0, 40, SHAPE).astype(np.uint8)
    Image.fromarray(noise).save(tmp_path / "noise.png")
    with pytest.raises(InputError, match="a picture, no label image"):
        read(tmp_path / "noise.png")
    photo = np.random.default_rng(3).integers(0, 255, (200, 200, 3)).astype(np.uint8)
    Image.fromarray(photo).save(tmp_path / "photo.png")
    with pytest.raises(InputError, match="a colour picture of .* is no label image"):
        read_outlines(tmp_path / "photo.png", ["a.tif"], (200, 200))


def test_our_own_labels_keep_particles_of_several_parts(tmp_path):
    parts = masks()[3]
    write_labels(tmp_path / "a.tif", coco([parts]))
    (mask,) = masks_of(read(tmp_path / "a.tif"))
    np.testing.assert_array_equal(mask, parts)


def ilastik(path, data, **attributes) -> None:
    with h5py.File(path, "w") as file:
        file["exported_data"] = data
        file["exported_data"].attrs.update(attributes)


def test_hdf5_of_ilastik(tmp_path):
    axes = '{"axes": [{"key": "x"}, {"key": "y"}, {"key": "c"}]}'
    ilastik(tmp_path / "yxc.h5", two(np.uint32)[..., None])
    ilastik(tmp_path / "xyc.h5", two(np.uint32).T[..., None], axistags=axes)
    ilastik(tmp_path / "zyx.h5", two(np.uint8)[None])
    for name in ("yxc.h5", "xyc.h5", "zyx.h5"):
        assert areas(tmp_path / name) == ([60, 140], ""), name
    with h5py.File(tmp_path / "two.h5", "w") as file:
        file["a"], file["b"] = two(), two()
    with pytest.raises(InputError, match="one data set of labels is expected; there are a, b"):
        read(tmp_path / "two.h5")
    (tmp_path / "bad.h5").write_bytes(b"no HDF5")
    with pytest.raises(InputError, match=r"bad\.h5: not an image, or a damaged one"):
        read(tmp_path / "bad.h5")


class Harmful:
    """Its pickle would write a file."""

    def __init__(self, path) -> None:
        self.path = path

    def __reduce__(self):
        return (open, (str(self.path), "w"))


def test_cellpose_pickles_are_read_and_nothing_in_them_runs(tmp_path):
    content = {"masks": two(np.uint16), "est_diam": np.float64(9), "chan_choose": [0, 0],
               "flows": [np.zeros((2, 2)), None], "filename": "a.tif",
               "more": Harmful(tmp_path / "harm")}  # fmt: skip
    np.save(tmp_path / "a_seg.npy", content, allow_pickle=True)
    assert areas(tmp_path / "a_seg.npy") == ([60, 140], "")
    np.save(tmp_path / "b_seg.npy", {"flows": 1}, allow_pickle=True)
    with pytest.raises(InputError, match=r"no _seg\.npy of Cellpose"):
        read(tmp_path / "b_seg.npy")
    assert not (tmp_path / "harm").exists()
    with (tmp_path / "b_seg.npy").open("rb") as file:
        assert pickle.PROTO in file.read()  # it was a pickle indeed


def test_a_mask_each_along_the_last_axis(tmp_path):
    np.save(tmp_path / "a.npy", np.stack([two() == 1, two() == 2], axis=-1))
    found, remarks = areas(tmp_path / "a.npy")
    assert found == [60, 140] and "2 pages: one particle each" in remarks


def test_black_particles_on_white(tmp_path):
    Image.fromarray(np.where(two() > 0, 0, 255).astype(np.uint8)).save(tmp_path / "a.png")
    found, remarks = areas(tmp_path / "a.png")
    assert found == [60, 140] and "taken as ground, 0 as particles" in remarks


def test_blended_rims_are_questioned(tmp_path):
    picture = Image.fromarray(COLOURS)
    picture = picture.resize((4 * SHAPE[1], 4 * SHAPE[0]), Image.Resampling.BILINEAR)
    picture.resize(SHAPE[::-1], Image.Resampling.BILINEAR).save(tmp_path / "a.png")
    _, remarks = areas(tmp_path / "a.png")
    assert "nowhere 3 pixels wide" in remarks


def test_instances_of_kitti_and_cityscapes_among_their_classes(tmp_path):
    for folder, name in (("instance", "a.png"), ("gtFine", "a_gtFine_instanceIds.png")):
        path = tmp_path / folder / name
        path.parent.mkdir(exist_ok=True)
        Image.fromarray(two(np.uint16, 24000, 24001)).save(path)
        for other in ("semantic/a.png", "gtFine/a_gtFine_color.png"):
            beside = tmp_path / other
            beside.parent.mkdir(exist_ok=True)
            Image.fromarray(two()).save(beside)
        assert OutlineSource(tmp_path, ["x/a.tif"]).require("x/a.tif").file == path
        path.unlink()
