"""What may explain an image: structures and a virtual microscope, as a point of the unit cube.

A candidate is a vector of numbers from 0 to 1, one a `Parameter`, so that any optimiser with bounds
can search among them. `Space` turns it into what a run's configuration holds. The bounds go
beyond those that the bundled model was trained within (config/bundled.yaml).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from synthwire.imaging.grounds import GROUNDS

# Lengths are told as if pixels and voxels were as large as in the bundled model's training, since
# grounds and microscopes have their extents in nm.
VOXEL_NM = 8.0
HEIGHT_VOXELS = 640  # of a domain, in which piles of the densest are not too high
CLUSTERS = (1, 4)  # places in a field of a training image about which particles gather
LEAST_SHARE = 0.05  # of the particles, below which a shape is left out
RARE = 3.0  # exponent by which 2 of 5 random candidates have less of it than LEAST_SHARE
TRUNCATION = 2.5  # standard deviations of a logarithm, beyond which no size is drawn


@dataclass(frozen=True)
class Parameter:
    """One number that is fitted, from low to high, evenly in its logarithm where `log`.

    rare: of what most specimens have none or little of, so that the low end takes more room.
    above: name of another parameter of the same microscope, which this one exceeds: low is then the
    least share of the way from that one's value up to high.
    """

    name: str
    low: float
    high: float
    log: bool = False
    rare: bool = False
    above: str = ""

    def value(self, unit: float, base: float = 0.0) -> float:
        """The value at a place from 0 to 1 between the ends; base: of the parameter `above`."""
        if self.above:
            return float(base + (self.low + (1 - self.low) * unit) * (self.high - base))
        if self.log:
            return float(self.low * (self.high / self.low) ** unit)
        if self.rare:
            unit = unit**RARE
        return float(self.low + (self.high - self.low) * unit)

    def unit(self, value: float) -> float:
        """The place from 0 to 1 of a value; the nearer end's where it lies outside."""
        value = min(max(value, self.low), self.high)
        if self.log:
            return math.log(value / self.low) / math.log(self.high / self.low)
        unit = (value - self.low) / (self.high - self.low)
        return unit ** (1 / RARE) if self.rare else unit


STRUCTURE = (
    Parameter("count_per_um2", 0.1, 40, log=True),
    Parameter("width_nm", 32, 400, log=True),  # the median
    Parameter("width_sigma", 0.05, 0.8),  # of the logarithm, as the next but one
    Parameter("aspect_ratio", 1.5, 60, log=True),  # of the medians
    Parameter("length_sigma", 0.1, 0.9),
    Parameter("thickness_ratio", 0.15, 1),
    Parameter("curved_share", 0, 1),
    Parameter("bundle_share", 0, 0.7, rare=True),
    Parameter("grain_share", 0, 0.7, rare=True),
    Parameter("cluster_share", 0, 1),
)
# How far the truth may lie from what a network's finds say of it, in the logarithm where the
# parameter is even in it: on a strange ground a network finds a third of what is there, and takes
# the ground for wide particles.
TOLERANCES = {"count_per_um2": 1.0, "width_nm": 0.4, "width_sigma": 0.15, "aspect_ratio": 0.4}
GROUND = (
    Parameter("kind", 0, 1.5 * len(GROUNDS)),  # beyond the kinds, a third: an even ground
    Parameter("contrast", 0.01, 0.7, log=True),
)
MICROSCOPES: Mapping[str, tuple[Parameter, ...]] = {
    "ptychography": (
        Parameter("attenuation_length_nm", 60, 2000, log=True),
        Parameter("resolution_nm", 8, 120, log=True),
        Parameter("striation", 0, 0.4),
        Parameter("haze", 0, 0.8),
        Parameter("haze_nm", 50, 900, log=True),
        Parameter("noise", 0.001, 0.15, log=True),
        Parameter("black_level", 0, 0.3),
        Parameter("clipped_percent", 0.01, 20, log=True),
        Parameter("gamma", 0.4, 1.6, log=True),
    ),
    "stxm": (
        Parameter("attenuation_length_nm", 60, 2000, log=True),
        Parameter("beam_nm", 8, 120, log=True),
        Parameter("raster_nm", 8, 80, log=True),
        Parameter("striation", 0, 0.4),
        Parameter("haze", 0, 0.8),
        Parameter("haze_nm", 50, 900, log=True),
        Parameter("counts", 100, 100_000, log=True),
        Parameter("line_noise", 0.0005, 0.05, log=True),
        Parameter("black_level", 0, 0.3),
        Parameter("clipped_percent", 0.01, 20, log=True),
        Parameter("gamma", 0.4, 1.6, log=True),
    ),
    "sem": (
        Parameter("substrate", 0.04, 0.8),
        Parameter("particle", 0.1, 1.15, above="substrate"),
        Parameter("particle_spread", 0.01, 0.4),
        Parameter("opacity_nm", 10, 400, log=True),
        Parameter("tilt_exponent", 0, 1.2),
        Parameter("edge", 0, 0.5),
        Parameter("edge_nm", 15, 120, log=True),
        Parameter("shadow", 0, 0.3),
        Parameter("striation_nm", 0, 60),
        Parameter("mottle", 0, 0.3),
        Parameter("mottle_nm", 10, 80, log=True),
        Parameter("rounding_nm", 10, 150, log=True),
        Parameter("blur_nm", 3, 60, log=True),
        Parameter("noise", 0.003, 0.2, log=True),
        Parameter("noise_px", 0.1, 2),
        Parameter("charging", 0, 0.1),
        Parameter("drift", 0, 0.2),
    ),
    "tem": (
        Parameter("mean_free_path_nm", 30, 2000, log=True),
        Parameter("resolution_nm", 3, 90, log=True),
        Parameter("ground", 0.35, 1),
        Parameter("film", 0, 0.2),
        Parameter("film_nm", 10, 160, log=True),
        Parameter("counts", 4, 4000, log=True),
    ),
}
KINDS: Mapping[str, tuple[str, ...]] = {  # microscopes that may have taken images of a modality
    "od": ("ptychography", "stxm", "sem"),
    "transmission": ("stxm", "ptychography"),
    "sem": ("sem",),
    "tem": ("tem",),
}


@dataclass(frozen=True)
class Space:
    """The candidates for images of one modality: a choice of microscopes, and all their numbers.

    microscopes: names in MICROSCOPES; width_nm: the median width that structures start from, which
    is fitted within a factor of 2. order: (mean, standard deviation) of the azimuth in degrees
    where particles are aligned, else None.
    """

    microscopes: tuple[str, ...]
    width_nm: float
    order: tuple[float, float] | None = None

    @property
    def structure(self) -> tuple[Parameter, ...]:
        """STRUCTURE with the width's own bounds."""
        width = Parameter("width_nm", self.width_nm / 2, self.width_nm * 2, log=True)
        return tuple(width if item.name == width.name else item for item in STRUCTURE)

    @property
    def size(self) -> int:
        """Numbers of a candidate; the microscopes share the last of them."""
        most = max(len(MICROSCOPES[name]) for name in self.microscopes)
        return len(STRUCTURE) + len(GROUND) + 1 + most

    def parts(self, candidate: np.ndarray) -> tuple[dict, dict, str, dict]:
        """Values of the structure and of the ground, the microscope's name, and its values."""
        at = len(STRUCTURE)
        structure = _values(self.structure, candidate[:at])
        ground = _values(GROUND, candidate[at : at + len(GROUND)])
        at += len(GROUND)
        chosen = min(int(candidate[at] * len(self.microscopes)), len(self.microscopes) - 1)
        microscope = self.microscopes[chosen]
        return structure, ground, microscope, _values(MICROSCOPES[microscope], candidate[at + 1 :])

    def population(
        self, candidate: np.ndarray, name: str = "wires", *, area: float = 1.0
    ) -> dict[str, Any]:
        """An entry of config["structures"]["populations"].

        area: of the domain over that of a training image, so that gathered particles are as dense.
        """
        values = self.parts(candidate)[0]
        curved, bundle = values["curved_share"], values["bundle_share"]
        grain = values["grain_share"]
        wires = (1 - bundle) * (1 - grain)
        shapes = [
            (wires * (1 - curved) / 2, "cylinder"),
            (wires * (1 - curved) / 2, {"kind": "irregular", "variation": 0.12, "tip": 0.3}),
            (wires * curved, "curved"),
            (bundle * (1 - grain), {"kind": "bundle", "most": 5, "skew": 4}),
            (grain, {"kind": "irregular", "variation": 0.2, "roughness": 0.1}),
        ]
        width, ratio = values["width_nm"], values["aspect_ratio"]
        particles = []
        for number, (share, shape) in enumerate(shapes):
            if share < LEAST_SHARE:
                continue
            is_grain = number == len(shapes) - 1
            length = width * (min(ratio, 2.0) if is_grain else ratio)
            particles.append(
                {
                    "share": _short(share),
                    "shape": shape,
                    "length_nm": _lognormal(length, 0.3 if is_grain else values["length_sigma"]),
                    "width_nm": _lognormal(width, values["width_sigma"]),
                    "thickness_ratio": {
                        "distribution": "uniform",
                        "low": _short(0.6 * values["thickness_ratio"]),
                        "high": _short(min(1.0, 1.4 * values["thickness_ratio"])),
                    },
                    **self._azimuth(),
                }
            )
        gathered = values["cluster_share"]
        return {
            "name": name,
            "count_per_um2": _lognormal(values["count_per_um2"], 0.35),
            "clusters": {
                "distribution": "uniform",
                "low": round(area * CLUSTERS[0]),
                "high": round(area * CLUSTERS[1]),
            },
            "cluster_share": _short(gathered),
            "cluster_radius_nm": {"distribution": "uniform", "low": 150, "high": 450},
            "particles": particles,
        }

    def _azimuth(self) -> dict:
        if self.order is None:
            return {}
        mean, std = self.order
        return {"azimuth_deg": {"distribution": "normal", "mean": _short(mean), "std": _short(std)}}

    def domain(self, candidate: np.ndarray, spread: float = 0.0) -> dict[str, Any]:
        """An entry of config["imaging"]["domains"].

        spread: how far each value is drawn anew for each image, relative, to both sides; 0 for the
        value itself.
        """
        _, ground, microscope, values = self.parts(candidate)
        kinds = list(GROUNDS)
        kind = int(ground["kind"])
        uneven = kind < len(kinds)
        contrast = ground["contrast"]
        numbers = dict(
            zip(values, candidate[len(STRUCTURE) + len(GROUND) + 1 :].tolist(), strict=False)
        )
        parameters: dict[str, Any] = {
            item.name: _around(item, numbers[item.name], values.get(item.above, 0.0), spread)
            for item in MICROSCOPES[microscope]
        }
        return {
            "microscope": microscope,
            "parameters": parameters,
            "ground": {
                "share": 1,
                "contrast": [_short(contrast * (1 - spread)), _short(contrast * (1 + spread))],
                "kinds": [kinds[kind]],
            }
            if uneven
            else {"share": 0},
            "invert": microscope == "tem",
            "minimum_contrast": 0.03,
        }

    def near(self, structure: Mapping[str, float], candidate: np.ndarray) -> np.ndarray:
        """A candidate with some values of its structure set."""
        result = candidate.copy()
        for place, item in enumerate(self.structure):
            if item.name in structure:
                result[place] = item.unit(structure[item.name])
        return result

    def unlikeliness(self, structure: Mapping[str, float], candidate: np.ndarray) -> float:
        """How far a structure is from a measured one, root mean square, in TOLERANCES."""
        values = self.parts(candidate)[0]
        differences = [
            (
                math.log(values[item.name] / structure[item.name])
                if item.log
                else values[item.name] - structure[item.name]
            )
            / TOLERANCES[item.name]
            for item in self.structure
            if item.name in structure and item.name in TOLERANCES
        ]
        return float(np.sqrt(np.mean(np.square(differences)))) if differences else 0.0

    def on_even_ground(self, candidate: np.ndarray) -> np.ndarray:
        """A candidate without a texture of the ground."""
        result = candidate.copy()
        result[len(STRUCTURE)] = 1.0
        return result


def structures(populations: Sequence[Mapping], side: int) -> dict[str, Any]:
    """config["structures"] of these populations, `side` voxels wide and deep."""
    return {
        "preset": "paper",
        "domain": [side, side, HEIGHT_VOXELS],
        "voxel_size_nm": VOXEL_NM,
        "border": "cut",
        "min_visible": 0.15,
        "max_tilt_deg": 60,
        "max_attempts": 100,
        "populations": list(populations),
    }


def _values(parameters: Sequence[Parameter], units: np.ndarray) -> dict[str, float]:
    values: dict[str, float] = {}
    for item, unit in zip(parameters, units, strict=False):
        values[item.name] = item.value(float(unit), values.get(item.above, 0.0))
    return values


def _lognormal(median: float, sigma: float) -> dict[str, Any]:
    reach = math.exp(TRUNCATION * sigma)
    return {
        "distribution": "lognormal",
        "median": _short(median),
        "sigma": _short(sigma),
        "min": _short(median / reach),
        "max": _short(median * reach),
    }


def _around(item: Parameter, unit: float, base: float, spread: float) -> float | list[float]:
    if spread == 0:
        return _short(item.value(unit, base))
    places = (min(max(unit + step, 0.0), 1.0) for step in (-spread, spread))
    return [_short(item.value(place, base)) for place in places]


def _short(value: float) -> float:
    """Three digits: a fit knows no more, and people read it."""
    return float(f"{value:.3g}")
