"""Virtual scanning electron microscope."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from synthwire.imaging.microscopes.base import Microscope
from synthwire.imaging.microscopes.signal import gaussian_nm, gaussian_px, quantise, smooth_field
from synthwire.imaging.microscopes.striations import striations
from synthwire.imaging.projection import View


@dataclass(frozen=True)
class Sem(Microscope):
    """Secondary electrons from the top surface.

    Yield rises with surface tilt as 1/cosᵐθ and where the surface is convex within the escape
    range (edge effect); electrons from places that look up to tall neighbours are caught
    (shadowing); particles that hold their charge streak along the scan line (Goldstein et al.,
    Scanning Electron Microscopy and X-Ray Microanalysis, 4th ed., ch. 3 and 9).
    """

    substrate: float = 0.335  # grey of the bare substrate
    particle: float = 0.65  # grey of a flat particle surface
    particle_spread: float = 0.12  # relative, from particle to particle
    opacity_nm: float = 80.0  # thickness over which a particle hides what lies below
    tilt_exponent: float = 0.3
    edge: float = 0.05  # gain in grey at sharp convex edges
    edge_nm: float = 50.0  # range over which edges shine
    shadow: float = 0.05  # loss in grey of the ground beside tall particles
    shadow_nm: float = 150.0
    striation_nm: float = 30.0  # height of the ridges along a particle, standard deviation
    striation_width_nm: float = 40.0
    mottle: float = 0.06  # grain of the surface, relative to the particle's grey
    mottle_nm: float = 25.0
    rounding_nm: float = 60.0  # radius to which corners are rounded
    blur_nm: float = 20.0  # standard deviation of the probe
    noise: float = 0.028  # standard deviation, of the full scale, at the grey of the substrate
    noise_px: float = 0.35  # correlation of the noise, in pixels: the detector's bandwidth
    charging: float = 0.01  # streaks along the scan line beside particles
    drift: float = 0.012  # slow change of the background
    drift_nm: float = 3000.0
    opaque: ClassVar[bool] = True

    def acquire(self, view: View, voxel_size_nm: float, rng: np.random.Generator) -> np.ndarray:
        height, top = view.height * float(voxel_size_nm), view.top
        covered = top > 0
        surface = height.copy()
        base = np.full(height.shape, self.substrate)
        if view.ground is not None:
            base *= np.maximum(1 + view.ground, 0.0)
        ridges = striations(view, self.striation_width_nm, voxel_size_nm, rng)
        for label, box, field, _ in ridges:
            own = top[box] == label
            surface[box][own] += self.striation_nm * field[own]
            bright = self.particle * np.exp(self.particle_spread * rng.standard_normal())
            hidden = 1 - np.exp(-height[box][own] / self.opacity_nm)
            base[box][own] += (bright - base[box][own]) * hidden
        # Voxel steps are no facets: the surface is smoothed over a voxel at least before its slope.
        surface = gaussian_px(surface, max(self.rounding_nm / voxel_size_nm, 1.0))
        slope = np.hypot(*np.gradient(surface, voxel_size_nm))
        cosine = 1 / np.sqrt(1 + np.minimum(slope, 3.0) ** 2)
        mottle = 1 + self.mottle * smooth_field(height.shape, self.mottle_nm / voxel_size_nm, rng)
        grey = np.where(covered, base * mottle * cosine**-self.tilt_exponent, base)
        convexity = surface - gaussian_nm(surface, self.edge_nm, voxel_size_nm)
        grey = grey + self.edge * np.clip(convexity / self.edge_nm, -0.5, 1.5) * covered
        neighbours = gaussian_nm(height, self.shadow_nm, voxel_size_nm)
        grey = grey - self.shadow * np.clip((neighbours - height) / self.shadow_nm, 0.0, 2.0)
        coverage = covered.astype(float)
        streaks = gaussian_px(coverage, (0.0, 0.1 * grey.shape[1]))
        grey = grey + self.charging * streaks * rng.standard_normal((grey.shape[0], 1))
        grey = grey + self.drift * smooth_field(grey.shape, self.drift_nm / voxel_size_nm, rng)
        grey = np.maximum(gaussian_nm(grey, self.blur_nm, voxel_size_nm), 0.0)
        noise = smooth_field(grey.shape, self.noise_px, rng)
        return quantise(grey + self.noise * np.sqrt(grey / self.substrate) * noise)
