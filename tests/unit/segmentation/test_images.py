"""Files and arrays made ready for a network."""

import numpy as np
import pytest
from stxm_scans import write_nexus
from tifffile import imwrite as write_tiff
from tiny_model import wires

from synthwire.errors import InputError
from synthwire.io.masks import encode_mask
from synthwire.io.stacks import write_stack
from synthwire.segmentation.images import read_images
from synthwire.segmentation.options import MODALITIES, Preparation
from synthwire.segmentation.result import CATEGORIES, Segmentation

SIZE_NM = (6.0, 8.0)


def test_tem_is_inverted_and_transmission_becomes_optical_density():
    grey = wires().astype(float)
    (bright,) = read_images(grey, Preparation("od"))
    (dark,) = read_images(255 - grey, Preparation("tem"))
    assert abs(dark.pixels.astype(int) - bright.pixels).max() <= 1  # halves are rounded to even
    counts = 1e4 * np.exp(-grey / 50)
    region = {"region": [0, 0, 96, 64]}
    (density,) = read_images(counts, Preparation("transmission", incident=region))
    assert abs(density.pixels.astype(int) - bright.pixels).max() <= 1


def test_contrast_is_stretched_unless_it_is_to_stay():
    faint = (wires() // 4).astype(np.uint8)
    (stretched,) = read_images(faint, Preparation())
    (as_is,) = read_images(faint, Preparation(stretch=False))
    assert (np.percentile(stretched.pixels, [1, 99]) > np.percentile(faint, [1, 99])).any()
    assert stretched.pixels.max() == 255
    assert (as_is.pixels == faint).all()


def test_colour_images_become_one_channel():
    grey = wires()
    (plain,) = read_images(grey, Preparation("transmission"))
    (colour,) = read_images(np.dstack([grey] * 3), Preparation("transmission"))
    assert (plain.pixels == colour.pixels).all()


def test_a_scan_over_energies_is_one_image_and_a_stack_is_many(tmp_path):
    path = tmp_path / "scan.nxs"
    write_nexus(path)
    (mean,) = read_images(path, Preparation("transmission"))
    (single,) = read_images(path, Preparation("transmission", energy_ev=527.0))
    assert mean.page is None
    assert (mean.pixels != single.pixels).any()
    write_stack(tmp_path / "stack.tif", [wires(0), wires(1)], pixel_size_nm=SIZE_NM)
    pages = read_images(tmp_path / "stack.tif", Preparation())
    assert [(page.page, page.pixel_size_nm) for page in pages] == [(0, SIZE_NM), (1, SIZE_NM)]
    with pytest.raises(InputError, match=r"stack\.tif: the file names no photon energies"):
        read_images(tmp_path / "stack.tif", Preparation(energy_ev=527.0))


@pytest.mark.parametrize("modality", MODALITIES)
def test_pages_without_contrast_are_left_out_of_a_stack(tmp_path, modality):
    pages = np.stack([np.zeros(wires().shape), 20.0 + wires(0), np.full(wires().shape, np.nan)])
    pages = np.concatenate([pages, 20.0 + wires(1)[None], np.full((1, *wires().shape), 7.0)])
    np.save(tmp_path / "stack.npy", pages.astype(np.float32))
    first, second = read_images(tmp_path / "stack.npy", Preparation(modality))
    assert (first.page, second.page, first.pages) == (1, 3, 5)
    said = "every pixel has the same value on page 1, 3, 5 of 5; left out"
    assert said in first.remarks and said not in second.remarks
    np.save(tmp_path / "alone.npy", pages[[1]].astype(np.float32))
    (alone,) = read_images(tmp_path / "alone.npy", Preparation(modality))
    np.testing.assert_array_equal(first.pixels, alone.pixels)
    np.save(tmp_path / "empty.npy", np.ones((3, 20, 20)))
    with pytest.raises(InputError, match="every pixel has the same value"):
        read_images(tmp_path / "empty.npy", Preparation(modality))


@pytest.mark.parametrize("modality", MODALITIES)
def test_an_image_without_contrast_is_one_line(modality):
    with pytest.raises(InputError, match="every pixel has the same value, [07]; no image"):
        read_images(np.full((20, 20), 7, np.uint8), Preparation(modality))


@pytest.mark.parametrize("modality", MODALITIES)
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_an_image_without_numbers_is_one_line(modality, value):
    with pytest.raises(InputError, match="finite|no picture|intensity"):
        read_images(np.full((20, 20), value), Preparation(modality))


def test_a_doubtful_pixel_size_is_named_and_gives_way_to_the_users(tmp_path):
    write_stack(tmp_path / "a.tif", [wires(0)], pixel_size_nm=1000)
    (image,) = read_images(tmp_path / "a.tif", Preparation())
    assert image.pixel_size_nm == (1000, 1000) and "converters" in image.pixel_size_doubt
    assert image.remarks == image.size_remarks == (image.pixel_size_doubt,)
    (image,) = read_images(tmp_path / "a.tif", Preparation(pixel_size_nm=(6, 6)))
    assert image.pixel_size_nm == (6, 6) and image.pixel_size_doubt is None and not image.remarks


def test_a_users_pixel_size_with_a_wrong_unit_is_questioned():
    (image,) = read_images(wires(0), Preparation(pixel_size_nm=(6e6, 6e6)))
    assert image.pixel_size_nm == (6e6, 6e6) and "is the unit right?" in image.pixel_size_doubt


@pytest.mark.parametrize("size", [(0, 6), (6, -1), (float("nan"), 6), (6, float("inf"))])
def test_a_pixel_size_that_is_none_is_refused(size):
    with pytest.raises(InputError, match="not above zero"):
        Preparation(pixel_size_nm=size)


@pytest.mark.parametrize("modality", MODALITIES)
@pytest.mark.parametrize("value", [0, np.nan])
def test_lines_not_scanned_are_neither_bright_nor_dark(tmp_path, modality, value):
    counts = np.random.default_rng(0).poisson(1000 * np.exp(-wires() / 200)).astype(np.float32)
    write_tiff(tmp_path / "whole.tif", counts)
    stopped = np.full((counts.shape[0] + 40, counts.shape[1]), value, np.float32)
    stopped[: len(counts)] = counts
    write_tiff(tmp_path / "stopped.tif", stopped)
    (whole,) = read_images(tmp_path / "whole.tif", Preparation(modality))
    (found,) = read_images(tmp_path / "stopped.tif", Preparation(modality))
    assert found.picture_px == counts.size
    height = len(counts)
    assert abs(found.pixels[:height].astype(int) - whole.pixels).max() <= 4
    rest = found.pixels[height:]
    assert np.ptp(rest) == 0
    low, high = np.percentile(whole.pixels, [25, 75])
    assert low <= rest[0, 0] <= high
    assert any("lines not scanned" in remark for remark in found.remarks)


def test_a_part_of_complex_numbers(tmp_path):
    wave = np.exp(1j * wires() / 255) * (1 + np.arange(wires().shape[1]))
    np.save(tmp_path / "a.npy", wave)
    (phase,) = read_images(tmp_path / "a.npy", Preparation())
    (amplitude,) = read_images(tmp_path / "a.npy", Preparation(complex_part="amplitude"))
    bright = wires() > 128
    assert phase.pixels[bright].mean() > phase.pixels[~bright].mean() + 100
    assert np.corrcoef(amplitude.pixels.mean(axis=0), np.arange(wave.shape[1]))[0, 1] > 0.99
    np.save(tmp_path / "plain.npy", wires().astype(complex))
    with pytest.raises(InputError, match=r"plain\.npy: .* --complex amplitude takes"):
        read_images(tmp_path / "plain.npy", Preparation())
    with pytest.raises(InputError, match="complex part 'real' is none of phase, amplitude"):
        Preparation(complex_part="real")


def test_a_particle_that_a_rim_cuts_is_cut_and_one_across_a_dead_line_is_not():
    page = np.random.default_rng(5).normal(80, 5, (96, 128)).astype(np.float32)
    page[:, 100:] = np.nan  # the rim of an aligned image
    page[50, :100] = np.nan  # a dead line
    (image,) = read_images(page, Preparation("sem"))
    assert image.blank is not None
    truth = np.zeros(page.shape, bool)
    truth[:, 100:] = True
    np.testing.assert_array_equal(image.blank, truth)

    def found(rows: slice, columns: slice) -> dict:
        mask = np.zeros(page.shape, bool)
        mask[rows, columns] = True
        return {
            **{"image_id": 1, "category_id": 1, "score": 0.9, "segmentation": encode_mask(mask)},
            "bbox": [0, 0, 1, 1],
        }

    results = [
        found(slice(20, 26), slice(40, 100)),  # up to the rim
        found(slice(40, 60), slice(60, 66)),  # across the dead line
    ]
    result = Segmentation(
        *(image.pixels, results, None, "a.tif", None, 1.0, CATEGORIES),
        {"blank": encode_mask(image.blank)},
    )
    assert result.measures.set_index("id")["touches_border"].to_dict() == {1: True, 2: False}


def test_of_a_complex_array_the_phase_or_amplitude_is_taken():
    thick = np.random.default_rng(0).random((40, 60))
    wave = np.exp(-thick - 0.5j * thick)
    for part, sign in (("phase", -1), ("amplitude", -1)):
        (image,) = read_images(wave, Preparation(complex_part=part))
        assert image.complex
        assert sign * np.corrcoef(image.pixels.ravel(), thick.ravel())[0, 1] > 0.95


@pytest.mark.parametrize("colours", [(), (3,)])
def test_what_an_array_has_masked_is_left_out(colours):
    values = np.random.default_rng(0).integers(100, 200, (40, 60, *colours)).astype(np.uint16)
    mask = np.zeros(values.shape, bool)
    mask[10:20, 30:50] = True
    (plain,) = read_images(np.where(mask, np.uint16(150), values), Preparation())
    values[mask] = 60000
    (image,) = read_images(np.ma.masked_array(values, mask), Preparation())
    where = ~mask.reshape(40, 60, -1).any(axis=2)
    np.testing.assert_array_equal(image.left_out, ~where)
    assert image.picture_px == where.sum()
    assert np.abs(image.pixels.astype(int) - plain.pixels)[where].max() <= 1


@pytest.mark.parametrize(
    ("array", "says"),
    [
        (np.full((20, 20), None), "type object"),
        (np.full((20, 20), "a"), "numbers are expected"),
        (np.zeros((0, 0)), "at least 8"),
        (np.zeros(50), r"shape \(50,\) is no image"),
        (np.zeros((5, 40, 60)), r"shape \(5, 40, 60\) is no image"),
    ],
)
def test_arrays_that_are_no_image_are_one_line(array, says):
    with pytest.raises(InputError, match=says) as error:
        read_images(array, Preparation())
    assert "\n" not in str(error.value)
