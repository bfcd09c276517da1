"""Virtual scanning transmission X-ray microscope."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from synthwire.imaging.microscopes.base import Microscope
from synthwire.imaging.microscopes.signal import (
    FWHM_PER_SIGMA,
    add_ground,
    gaussian_nm,
    interpolate_cubic,
    render_density,
)
from synthwire.imaging.microscopes.striations import striated_thickness_nm
from synthwire.imaging.projection import View


@dataclass(frozen=True)
class Stxm(Microscope):
    """A focused beam stepped over the specimen; photons transmitted are counted point by point.

    Beer–Lambert transmission blurred by the beam (25 nm in the paper), sampled on a raster
    (35 nm steps), Poisson counts, a flux that drifts from scan line to scan line, OD = −ln(I/I₀),
    then the enlargement to the image's pixels that the paper applied for annotation.
    """

    attenuation_length_nm: float = 300.0
    beam_nm: float = 30.0  # FWHM of the spot
    raster_nm: float = 35.0  # geometric mean of the steps down and across
    raster_ratio: float = 1.18  # step down over step across, in image pixels: 100 × 100 points
    # became 531 × 449 pixels in the paper
    counts: float = 50_000.0  # photons per point where nothing absorbs, over all averaged energies
    striation: float = 0.15  # relative variation of thickness across a particle
    striation_nm: float = 30.0
    line_noise: float = 0.0005  # relative flux fluctuation from line to line
    haze: float = 0.12
    haze_nm: float = 100.0
    black_level: float = 0.008
    clipped_percent: float = 0.02
    gamma: float = 0.85

    def acquire(self, view: View, voxel_size_nm: float, rng: np.random.Generator) -> np.ndarray:
        thickness = striated_thickness_nm(
            view, voxel_size_nm, self.striation, self.striation_nm, rng
        )
        density = add_ground(thickness / self.attenuation_length_nm, view.ground)
        transmission = np.exp(-density)
        transmission = gaussian_nm(transmission, self.beam_nm / FWHM_PER_SIGMA, voxel_size_nm)
        shape = thickness.shape
        step = self.raster_nm / voxel_size_nm
        steps = (step * self.raster_ratio**0.5, step / self.raster_ratio**0.5)
        raster = [max(2, round(side / each)) for side, each in zip(shape, steps, strict=True)]
        points = ndimage.zoom(
            transmission, np.divide(raster, shape), order=1, mode="nearest", grid_mode=True
        )
        flux = 1 + self.line_noise * rng.standard_normal((raster[0], 1))
        counted = np.maximum(rng.poisson(self.counts * flux * points), 1)
        density = -np.log(counted / self.counts)
        rows, columns = (
            (np.arange(side) + 0.5) * each / side - 0.5
            for side, each in zip(shape, raster, strict=True)
        )
        density = interpolate_cubic(density, rows, columns)
        return render_density(density, self, voxel_size_nm, rng)
