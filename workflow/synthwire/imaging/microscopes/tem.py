"""Virtual transmission electron microscope, bright field."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from synthwire.imaging.microscopes.base import Microscope
from synthwire.imaging.microscopes.signal import FWHM_PER_SIGMA, gaussian_nm, quantise, smooth_field
from synthwire.imaging.projection import View


@dataclass(frozen=True)
class Tem(Microscope):
    """Bright field: mass–thickness contrast, dark particles on a bright ground.

    Electrons scattered outside the objective aperture are lost, I = I₀ exp(−t/Λ) (Reimer & Kohl,
    Transmission Electron Microscopy, 5th ed., ch. 6), counted with shot noise over a supporting
    film of uneven thickness.
    """

    mean_free_path_nm: float = 250.0
    resolution_nm: float = 6.0  # FWHM
    ground: float = 0.8  # grey of the film alone
    film: float = 0.01  # unevenness of the film, of its grey
    film_nm: float = 40.0
    counts: float = 400.0  # electrons per pixel on the film

    def acquire(self, view: View, voxel_size_nm: float, rng: np.random.Generator) -> np.ndarray:
        thickness = view.thickness * float(voxel_size_nm)
        transmitted = np.exp(-thickness / self.mean_free_path_nm)
        transmitted = transmitted * (
            1 + self.film * smooth_field(transmitted.shape, self.film_nm / voxel_size_nm, rng)
        )
        if view.ground is not None:
            transmitted = transmitted * np.exp(view.ground)
        sigma = self.resolution_nm / FWHM_PER_SIGMA
        expected = self.counts * np.maximum(gaussian_nm(transmitted, sigma, voxel_size_nm), 0.0)
        return quantise(self.ground * rng.poisson(expected) / self.counts)
