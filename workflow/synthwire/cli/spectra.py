"""synthwire spectra: the spectrum of each particle of a scan over photon energies."""

from __future__ import annotations

import argparse
from pathlib import Path

from synthwire.cli.arguments import parse_incident
from synthwire.cli.terminal import Commands, add_command, complain, count

DESCRIPTION = """\
Spectrum of each particle, from a scan over photon energies and what 'synthwire segment' found in
it. NeXus and SDF name the energies; those of wires.tif stand in the labels of its pages or, a row
a page, in wires_energies.txt beside it. Drift and I₀ are handled as there. The mean is over the
pixels that are one particle's alone, without edges; overlaps are unmixed, since optical densities
add.
"""
RESULTS = """\
what lies in DIR afterwards:
  spectra.csv          optical density of each particle at each energy, and its spread
  composition.csv      particles.csv with mean optical density and loadings of the components
  drift.csv            drift at each energy, the page's contrast, its likeness to the one before
  components.csv       mean spectrum and principal components of the spectra's shapes
  spectra_figure.pdf   figure of spectra, their map, and composition against width

example:
  synthwire spectra scan.hdr --result results/scan --out results/scan_spectra
"""


def add_to(commands: Commands) -> None:
    """Add the command to the program's."""
    parser = add_command(
        commands,
        "spectra",
        "STACK --result DIR --out DIR [options]",
        summary="spectrum of each particle of a scan over photon energies",
        description=DESCRIPTION,
        epilog=RESULTS,
        run=run,
    )
    parser.add_argument("stack", type=Path, metavar="STACK", help="the scan")
    parser.add_argument(
        "--result", type=Path, required=True, metavar="DIR", help="results of its image"
    )
    parser.add_argument("-o", "--out", type=Path, required=True, metavar="DIR", help="folder")
    parser.add_argument(
        "--i0",
        type=parse_incident,
        default={},
        metavar="I0",
        help="for transmission, where I₀ comes from, as segment takes it (default: the pixels away "
        "from all particles, at each energy)",
    )


def run(options: argparse.Namespace) -> int:
    """Measure the spectra and write them."""
    from synthwire.figures.kit import style  # here, as below: --help need not wait
    from synthwire.figures.spectra import draw_spectra
    from synthwire.segmentation import scans, spectra
    from synthwire.segmentation.summary import write_table

    found, table, masks, drift, doubts = spectra.spectra_of_result(
        options.stack, options.result, options.i0
    )
    for doubt in doubts:
        complain(doubt)
    parts, loadings = spectra.components(found)
    composition = table.merge(loadings, on="id")
    rows = spectra.long_table(found)
    write_table(options.out / "spectra.csv", rows)
    write_table(options.out / "components.csv", parts)
    write_table(options.out / "drift.csv", drift)
    write_table(options.out / "composition.csv", composition)
    style.save(draw_spectra(rows, composition, masks), options.out / "spectra_figure")
    without = int(loadings["mean_od"].isna().sum())
    if without:
        complain(f"{count(without, 'particle')} without a spectrum: others cover every pixel")
    unlike = drift["energy_ev"][drift["likeness"] < scans.UNLIKE]
    if len(unlike):
        complain(
            f"drift is uncertain at {len(unlike)} of {len(drift)} energies, from {unlike.min():g} "
            f"to {unlike.max():g} eV: a page has little in common with the one before (drift.csv)"
        )
    energies = found.energies_ev
    print(
        f"{count(len(found.ids), 'particle')}, {len(energies)} energies from {energies[0]:g} to "
        f"{energies[-1]:g} eV; {int(found.unmixed.sum())} unmixed from overlaps; drift up to "
        f"{drift[['down_px', 'right_px']].abs().max(axis=None):.1f} px"
    )
    print(options.out / "spectra.csv")
    return 0
