"""The photon energies of a TIFF's pages, wherever they stand."""

import numpy as np
import pytest
import tifffile

from synthwire.io.files import MemoryFile
from synthwire.io.recordings.formats import companions_among, read_recording
from synthwire.segmentation.places import find_images, fingerprint

EV = (705.25, 708.1, 710.0)


def pages(count=3):
    return np.random.default_rng(1).uniform(0.1, 1, (count, 20, 24)).astype(np.float32)


@pytest.fixture
def stack(tmp_path):
    path = tmp_path / "wires.tif"
    tifffile.imwrite(path, pages(), photometric="minisblack")
    return path


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("wires_energies.txt", "705.25\n708.1\n710\n"),
        ("wires_energies.csv", "energy (eV),I0\n705.25,1200\n708.1,1210\n710.0,1190\n"),
        ("wires_energy.dat", "# eV\n705.25\t1e4\n708.1\t1e4\n\n710\t1e4\n"),
        ("wires_energies.txt", "705,25\n708,1\n710,0\n"),
        ("wires_energies.csv", "E [eV];I0\n705,25;1200\n708,1;1210\n710,0;1190\n"),
        ("wires_energies.txt", "Energy, keV\n0.70525\n0.7081\n0.71\n"),
        ("wires.txt", "705.25\n708.1\n710\n"),
    ],
)
def test_a_text_beside_the_file(stack, name, text):
    beside = stack.with_name(name)
    assert read_recording(stack).energies_ev is None
    before = fingerprint(stack)
    beside.write_text(text)
    assert read_recording(stack).energies_ev == pytest.approx(EV)
    assert fingerprint(stack) != before  # a batch makes its results anew
    assert find_images([stack, beside], stack.parent / "out") == ([stack], [])
    files = [MemoryFile(file.name, file.read_bytes()) for file in (stack, beside)]
    together = companions_among(files[0], files)
    assert [file.name for file in together] == [name]
    uploaded = MemoryFile(stack.name, stack.read_bytes(), beside=tuple(together))
    assert read_recording(uploaded).energies_ev == pytest.approx(EV)


@pytest.mark.parametrize("text", ["", "705\n708\n", "none\n"])
def test_a_text_that_does_not_fit_is_said_and_not_used(stack, text):
    stack.with_name("wires_energies.txt").write_text(text)
    found = read_recording(stack)
    assert found.energies_ev is None
    assert "wires_energies.txt has" in found.remarks[0] and "3 pages" in found.remarks[0]


@pytest.mark.parametrize(
    "text",
    [
        "0 0.5 0.5 0.1 0.1\n0 0.2 0.2 0.1 0.1\n0 0.7 0.7 0.1 0.1\n",  # outlines
        "1\n2\n3\n",
        "705\n700\n710\n",
        "notes\n705\n",
    ],
)
def test_a_text_of_the_files_name_may_be_anything_else(stack, text):
    stack.with_name("wires.txt").write_text(text)
    found = read_recording(stack)
    assert found.energies_ev is None and not found.remarks


@pytest.mark.parametrize("label", ["{:g} eV", "wires E={:.2f}eV, 3 ms", "energy: {:g} EV"])
def test_the_labels_of_imagejs_slices(tmp_path, label):
    path = tmp_path / "wires.tif"
    labels = [label.format(energy) for energy in EV]
    tifffile.imwrite(path, pages(), imagej=True, metadata={"axes": "ZYX", "Labels": labels})
    assert read_recording(path).energies_ev == pytest.approx(EV)


def test_the_names_of_omes_channels(tmp_path):
    path = tmp_path / "wires.ome.tif"
    names = [f"{energy / 1000} keV" for energy in EV]
    tifffile.imwrite(path, pages(), metadata={"axes": "CYX", "Channel": {"Name": names}})
    assert read_recording(path).energies_ev == pytest.approx(EV)


def test_what_each_page_says_of_itself(tmp_path):
    path = tmp_path / "wires.tif"
    with tifffile.TiffWriter(path) as file:
        for page, energy in zip(pages(), EV, strict=True):
            file.write(
                page, description=f"photon energy {energy} eV", metadata=None,
                contiguous=False, photometric="minisblack",
            )  # fmt: skip
    assert read_recording(path).energies_ev == pytest.approx(EV)


@pytest.mark.parametrize("labels", [["1 s", "2 s", "3 s"], ["5 eV"] * 3, ["705 eV", "", "710 eV"]])
def test_labels_that_name_no_energy_of_each_slice_name_none(tmp_path, labels):
    path = tmp_path / "wires.tif"
    tifffile.imwrite(path, pages(), imagej=True, metadata={"axes": "ZYX", "Labels": labels})
    assert read_recording(path).energies_ev is None
