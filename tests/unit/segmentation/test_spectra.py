"""Spectra of particles: simulated stacks of wires with two known spectra."""

import json
import shutil
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import tifffile
from scipy.ndimage import gaussian_filter, shift
from segmentation_cases import rectangles
from stxm_scans import write_sdf

from synthwire import cli
from synthwire.errors import InputError
from synthwire.io.files import write_json
from synthwire.io.masks import encode_mask
from synthwire.segmentation.scans import DRIFT_COLUMNS, UNLIKE, read_scan
from synthwire.segmentation.spectra import (
    components,
    long_table,
    particle_spectra,
    spectra_of_result,
)

ENERGIES = np.linspace(510, 560, 60)
PHOTONS = 4000.0  # of I₀ in a pixel and energy, as STXM counts them


def two_spectra():
    """Optical densities of a poorer and a richer phase over an absorption edge."""
    edge = 0.3 + 0.5 / (1 + np.exp(-(ENERGIES - 518) / 0.8))
    first = edge + 0.6 * np.exp(-(((ENERGIES - 519) / 1.2) ** 2))
    second = edge + 0.6 * np.exp(-(((ENERGIES - 530) / 2.0) ** 2))
    return first, second


def simulated(rng):
    """(masks, density, spectra): optical densities of `counts_of` the specimen, at `PHOTONS`."""
    masks, spectra = specimen()
    return masks, -np.log(counts_of(rng, masks, spectra, PHOTONS) / PHOTONS), spectra


def specimen():
    """(masks, spectra): two crossing wires, a third wholly on one of them, a fourth apart."""
    masks = np.zeros((4, 80, 100), bool)
    masks[0, 30:44, 5:95] = True
    masks[1, 5:75, 40:54] = True
    masks[2, 33:41, 60:90] = True  # on the first
    masks[3, 60:72, 60:95] = True
    first, second = two_spectra()
    return masks, np.stack([first, second, second, first])


def counts_of(rng, masks, spectra, photons, drift=None, blur=0.7):
    """Photons (energies, height, width) that a scan counts."""
    counts = []
    for number, density in enumerate(np.tensordot(spectra.T, masks.astype(float), axes=1)):
        seen = gaussian_filter(np.exp(-density), blur)
        if drift is not None:
            seen = shift(seen, drift[number], order=1, mode="nearest")
        counts.append(rng.poisson(photons * seen))
    return np.maximum(counts, 1 if drift is None else 0)


def rms(found, true):
    return np.sqrt(np.mean((found - true) ** 2)) / np.sqrt(np.mean(true**2))


def test_known_spectra_come_back_outside_overlaps_and_inside():
    masks, density, true = simulated(np.random.default_rng(0))
    found = particle_spectra(density, ENERGIES, masks, np.arange(1, 5))
    assert found.unmixed.tolist() == [False, False, True, False]
    for number in (0, 1, 3):
        assert rms(found.density[number], true[number]) < 0.02
    assert rms(found.density[2], true[2]) < 0.05
    assert found.overlap_px[2] > 50 > found.own_px[2]
    # what two wires are known to absorb adds up to what is seen where they cross
    crossing = masks[0] & masks[1]
    crossing[:32] = crossing[42:] = False
    crossing[:, :42] = crossing[:, 52:] = False
    seen = density[:, crossing].mean(axis=1)
    assert rms(found.density[0] + found.density[1], seen) < 0.05


def test_a_drifting_scan_of_few_photons_gives_the_known_spectra(tmp_path, capsys):
    """192 photons a pixel and energy are the virtual STXM's 50,000 over 260 energies."""
    rng = np.random.default_rng(3)
    masks, spectra = specimen()
    drift = np.cumsum(rng.normal(0, 0.1, (len(ENERGIES), 2)), axis=0)
    drift -= drift[0]
    counts = counts_of(rng, masks, spectra, 192, drift)
    write_stack_of_energies(tmp_path / "scan.nxs", counts, ENERGIES)
    scan = read_scan(tmp_path / "scan.nxs", transmission=True)
    assert np.sqrt(np.mean((scan.drift[["down_px", "right_px"]] - drift) ** 2)) < 0.2
    left, top, width, height = scan.region
    seen = masks[:, top : top + height, left : left + width]
    found = [
        {"image_id": 1, "category_id": 1, "score": 1.0, "segmentation": encode_mask(mask)}
        | {"bbox": [0.0, 0.0, 1.0, 1.0]}
        for mask in seen
    ]
    image = np.where(seen.any(axis=0), 200, 20).astype(np.uint8)
    result = replace(rectangles((1, 1, 9, 9)), image=image, results=found, measures=None)
    result = replace(result, info={**result.info, "modality": "transmission"})
    result.select(remove_nested=False).save(tmp_path / "result")
    arguments = ["spectra", str(tmp_path / "scan.nxs"), "--result", str(tmp_path / "result")]
    assert cli.main([*arguments, "-o", str(tmp_path / "out")]) == 0
    said = capsys.readouterr()
    assert "1 unmixed from overlaps; drift up to " in said.out and not said.err
    table = pd.read_csv(tmp_path / "out" / "spectra.csv")
    values = table["optical_density"].to_numpy().reshape(4, -1)
    for number, limit in enumerate((0.02, 0.02, 0.05, 0.02)):
        assert rms(values[number], spectra[number]) < limit
    report = pd.read_csv(tmp_path / "out" / "drift.csv")
    assert list(report.columns) == list(DRIFT_COLUMNS) and len(report) == len(ENERGIES)
    assert (report["likeness"].iloc[1:] > 0.5).all()


def test_pages_that_share_nothing_are_known(tmp_path):
    rng = np.random.default_rng(0)
    noise = rng.normal(1, 0.1, (3, 60, 80))
    noise[:, 30:, :] += 5  # so that no page seems to have moved
    noise[1] = rng.normal(1, 0.1, (60, 80))
    write_stack_of_energies(tmp_path / "scan.nxs", noise)
    scan = read_scan(tmp_path / "scan.nxs", transmission=False)
    assert (scan.drift["likeness"].iloc[1:] < UNLIKE).all()


def test_the_first_component_tells_the_phases_apart():
    masks, density, _ = simulated(np.random.default_rng(1))
    parts, table = components(particle_spectra(density, ENERGIES, masks, np.arange(1, 5)))
    loading = table["component_1"].to_numpy()
    assert np.sign(loading[0]) == np.sign(loading[3]) != np.sign(loading[1])
    assert abs(loading[1] - loading[2]) < 0.1 * abs(loading[0] - loading[1])
    assert parts.groupby("component")["share"].first()[1] > 0.95


def test_energies_come_in_order_and_particles_that_are_hidden_have_none():
    masks, density, _ = simulated(np.random.default_rng(2))
    back = particle_spectra(density[::-1], ENERGIES[::-1], masks, np.arange(1, 5))
    ahead = particle_spectra(density, ENERGIES, masks, np.arange(1, 5))
    assert np.array_equal(back.energies_ev, ENERGIES)
    assert np.allclose(back.density, ahead.density)
    thin = masks[:2].copy()
    thin[1] = False
    thin[1, 3, 3:6] = True  # no pixel that is no edge
    found = particle_spectra(density, ENERGIES, thin, np.array([1, 2]))
    assert np.isnan(found.density[1]).all() and np.isfinite(found.density[0]).all()
    assert len(long_table(found)) == 2 * len(ENERGIES)


def test_the_command_joins_spectra_with_measures(tmp_path, capsys):
    result = rectangles((10, 5, 24, 75), (34, 5, 48, 75))
    result.save(tmp_path / "result")
    mask = result.masks
    level = np.array([[0.3, 0.6], [1.0, 2.0], [0.5, 1.0]])  # one shape: no drift is seen
    density = np.tensordot(level, mask.astype(float), axes=1)
    write_stack_of_energies(tmp_path / "scan.nxs", density)
    arguments = ["spectra", str(tmp_path / "scan.nxs"), "--result", str(tmp_path / "result")]
    assert cli.main([*arguments, "-o", str(tmp_path / "out")]) == 0
    said = capsys.readouterr()
    assert "2 particles, 3 energies from 527 to 531 eV" in said.out
    assert "image.png, of 'a.png'; is it the scan of that?" in said.err  # it shows something else
    table = pd.read_csv(tmp_path / "out" / "spectra.csv")
    values = table["optical_density"].to_numpy().reshape(2, 3)
    assert values == pytest.approx(level.T, abs=1e-6)
    joined = pd.read_csv(tmp_path / "out" / "composition.csv")
    assert {"mean_width_px", "mean_od", "component_1"} <= set(joined)
    assert (tmp_path / "out" / "spectra_figure.pdf").exists()


def write_stack_of_energies(path, density, energies=(527.0, 529.0, 531.0)):
    import h5py

    with h5py.File(path, "w") as file:
        group = file.create_group("entry1/counter0")
        file["entry1"].attrs["NX_class"] = "NXentry"
        group.attrs["NX_class"], group.attrs["signal"] = "NXdata", "data"
        group["data"] = density
        group["energy"] = np.array(energies)
        group["energy"].attrs["units"] = "eV"


def textured(result, levels):
    """Optical densities of a result's particles on a ground that shows that nothing has moved."""
    ground = np.random.default_rng(0).normal(0, 0.05, result.masks.shape[1:])
    return np.tensordot(np.array(levels), result.masks.astype(float), axes=1) + ground


def test_lines_and_pages_that_a_scan_did_not_reach_are_no_intensity(tmp_path):
    result = rectangles((10, 5, 24, 75), (34, 5, 48, 75))
    result.save(tmp_path / "result")
    table = json.loads((tmp_path / "result" / "coco.json").read_text())
    table["info"]["modality"] = "transmission"
    write_json(tmp_path / "result" / "coco.json", table)
    counts = 1000 * np.exp(-textured(result, [[0.3, 0.6], [1, 2], [0.5, 1], [0.7, 0.7]]))
    counts[3] = 0
    counts[2, 55:] = 0
    write_stack_of_energies(tmp_path / "a.nxs", counts, (527.0, 529.0, 531.0, 533.0))
    found, *_, doubts = spectra_of_result(tmp_path / "a.nxs", tmp_path / "result", {})
    assert found.energies_ev.tolist() == [527, 529, 531]
    assert found.density[1] == pytest.approx([0.6, 2, 1], abs=0.03)
    assert any("1 of 4 pages are empty and left out" in line for line in doubts)
    assert any("% of the pixels are no picture" in line for line in doubts)


def copy_as_transmission(result, copy):
    shutil.copytree(result, copy)
    table = json.loads((copy / "coco.json").read_text())
    table["info"]["modality"] = "transmission"
    write_json(copy / "coco.json", table)


def test_energies_and_intensities_that_cannot_be_are_questioned(tmp_path):
    result = rectangles((10, 5, 24, 75), (34, 5, 48, 75))
    result.save(tmp_path / "od")
    copy_as_transmission(tmp_path / "od", tmp_path / "light")
    density = textured(result, [[0.3, 0.6], [1, 2], [0.5, 1]])

    def doubts_of(pages, energies, folder="od"):
        write_stack_of_energies(tmp_path / "a.nxs", pages, energies)
        return "\n".join(spectra_of_result(tmp_path / "a.nxs", tmp_path / folder, {})[-1])

    usual = doubts_of(density, (527.0, 529.0, 531.0))
    assert not any(word in usual for word in ("keV", "repeat", "are they", "zero"))
    assert "up to 0.531 eV; are they in keV?" in doubts_of(density, (0.527, 0.529, 0.531))
    assert "1 of 3 pages repeat an energy" in doubts_of(density, (527.0, 527.0, 531.0))
    counts = 1000 * np.exp(-density)
    said = doubts_of(counts, (527.0, 529.0, 531.0))
    assert "are they intensities?" in said and "is of modality od" in said
    said = doubts_of(counts - 500.0, (527.0, 529.0, 531.0), "light")
    assert "of the particles' intensities are zero or less" in said
    for energies, says in (
        ((527.0, np.nan, 531.0), r"page 2 has the photon energy nan eV"),
        ((527.0, 527.0, 527.0), "3 pages of one energy; a spectrum needs several"),
    ):
        with pytest.raises(InputError, match=says):
            doubts_of(density, energies)


def test_light_of_other_energies_or_of_one_alone_is_named(tmp_path):
    result = rectangles((10, 5, 24, 75), (34, 5, 48, 75))
    result.save(tmp_path / "od")
    copy_as_transmission(tmp_path / "od", tmp_path / "result")
    counts = 1000 * np.exp(-textured(result, [[0.3, 0.6], [1, 2], [0.5, 1]]))
    light = 1000 + np.random.default_rng(1).normal(0, 1, counts.shape)
    write_stack_of_energies(tmp_path / "a.nxs", counts)
    write_stack_of_energies(tmp_path / "light.nxs", light)
    write_stack_of_energies(tmp_path / "other.nxs", light, (600.0, 602.0, 604.0))
    tifffile.imwrite(tmp_path / "one.tif", light[0].astype(np.float32))

    def spectra(name, folder="result"):
        incident = {"image": str(tmp_path / name)}
        return spectra_of_result(tmp_path / "a.nxs", tmp_path / folder, incident)

    assert spectra("light.nxs")[0].density[1] == pytest.approx([0.6, 2, 1], abs=0.03)
    with pytest.raises(InputError, match="energies differ from the scan's by up to 73 eV"):
        spectra("other.nxs")
    assert any("one image for all energies" in line for line in spectra("one.tif")[-1])
    with pytest.raises(InputError, match="--i0 goes with transmission alone"):
        spectra("light.nxs", "od")


def test_a_table_that_is_not_of_its_outlines_is_one_line(tmp_path):
    rectangles((10, 5, 24, 75)).save(tmp_path / "result")
    write_stack_of_energies(tmp_path / "a.nxs", np.ones((3, 60, 80)))
    path = tmp_path / "result" / "particles.csv"
    path.write_text(path.read_text().replace(",", ";"))
    with pytest.raises(InputError, match=r"particles\.csv: column 'id' is missing; segment again"):
        spectra_of_result(tmp_path / "a.nxs", tmp_path / "result", {})


def test_what_does_not_fit_is_one_line(tmp_path, capsys):
    rectangles((10, 5, 24, 75)).save(tmp_path / "result")
    scan = write_sdf(tmp_path)
    say = ["--result", str(tmp_path / "result"), "-o", str(tmp_path / "out")]
    assert cli.main(["spectra", str(scan), *say]) == 1
    assert "results of another image" in capsys.readouterr().err
    single = tmp_path / "one"
    single.mkdir()
    assert cli.main(["spectra", str(write_sdf(single, np.ones((1, 12, 10)))), *say]) == 1
    assert "names no photon energies" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
