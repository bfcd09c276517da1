"""Virtual X-ray ptychography."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from synthwire.imaging.microscopes.base import Microscope
from synthwire.imaging.microscopes.signal import (
    FWHM_PER_SIGMA,
    add_ground,
    gaussian_nm,
    render_density,
)
from synthwire.imaging.microscopes.striations import striated_thickness_nm
from synthwire.imaging.projection import View


@dataclass(frozen=True)
class Ptychography(Microscope):
    """Optical density from a coherent, diffraction-limited reconstruction of transmission.

    The exit wave exp(−t/2ℓ + iφ) of projected thickness t is blurred as a complex amplitude (the
    reconstruction's resolution is that of a coherent image), and OD = −ln|ψ|² (Shapiro et al.,
    Nat. Photonics 8, 765 (2014)). Haze is what a reconstruction leaves of the probe's wide tails:
    a share of the optical density round about, stronger here than there.
    """

    attenuation_length_nm: float = 300.0
    phase_per_absorption: float = 0.5  # δ/β: near an absorption edge both are alike
    resolution_nm: float = 34.5  # FWHM of the amplitude's point spread
    striation: float = 0.15  # relative variation of thickness across a particle
    striation_nm: float = 24.0
    haze: float = 0.2  # share of the surrounding optical density
    haze_nm: float = 250.0  # reach of the tails
    noise: float = 0.001  # of the full scale
    black_level: float = 0.01  # optical density, of the full scale, shown as black
    clipped_percent: float = 0.15  # brightest pixels shown as white
    gamma: float = 1.0

    def acquire(self, view: View, voxel_size_nm: float, rng: np.random.Generator) -> np.ndarray:
        thickness = striated_thickness_nm(
            view, voxel_size_nm, self.striation, self.striation_nm, rng
        )
        half_density = add_ground(thickness / (2 * self.attenuation_length_nm), view.ground)
        wave = np.exp(-half_density * (1 - 1j * self.phase_per_absorption))
        sigma = self.resolution_nm / FWHM_PER_SIGMA
        amplitude = gaussian_nm(wave.real, sigma, voxel_size_nm) + 1j * gaussian_nm(
            wave.imag, sigma, voxel_size_nm
        )
        density = -np.log(np.maximum(np.abs(amplitude) ** 2, 1e-6))
        return render_density(density, self, voxel_size_nm, rng, noise=self.noise)
