"""From labelled volumes to the training images and masks of one shard.

The paper compresses every structure to an optical-density image (`optics`). Models beyond the paper
learn from several imaging domains: for each scene one of them is drawn, and a virtual microscope
whose settings are drawn as well takes the image (domain randomisation, Tobin et al., IROS 2017,
arXiv:1703.06907).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from scipy import ndimage

from synthwire.errors import InputError
from synthwire.imaging import projection
from synthwire.imaging.compression import compress
from synthwire.imaging.microscopes import registry
from synthwire.imaging.projection import project
from synthwire.runtime.seeds import Stage, generator

OPTICAL_DENSITY = "optical_density"  # the domain of the paper
OPAQUE = ("sem",)  # microscopes that see the topmost particle only
RING_PX = 4  # how far about a particle its ground reaches


class Picture(NamedTuple):
    """One structure as one domain shows it.

    image: uint8 (Y, X); masks: bool (N, Y, X), amodal, those of labels 1…N, of which `shown` (N,)
    says which the image shows well enough to be learnt; domain: its name.
    """

    image: np.ndarray
    masks: np.ndarray
    shown: np.ndarray
    domain: str


def take_picture(
    labels: np.ndarray,
    voxel_size_nm: float | None,
    settings: Mapping,
    domains: Sequence[Mapping],
    seed: int,
    scene: int,
) -> Picture:
    """Image and masks of a labelled volume (Z, Y, X) by one of `domains`, drawn for this scene.

    settings: config["compression"]; domains: config["imaging"]["domains"], none of which means
    the paper's compression. The result depends on the arguments alone. InputError when a virtual
    microscope is to image a volume whose voxel size nobody knows.
    """
    rng = generator(seed, Stage.IMAGING, scene)
    domain = _draw_domain(domains, rng)
    microscope = domain["microscope"]
    if microscope != OPTICAL_DENSITY:
        if voxel_size_nm is None:
            raise InputError(
                f"imaging.domains: {microscope} needs the voxel size, which scene {scene}'s file "
                'does not give; write {"voxel_size_nm": …} into its ImageDescription'
            )
        tilt_deg = registry.draw(domain["tilt_deg"], rng)
        labels = projection.tilt(labels, tilt_deg, rng.uniform(0, 180))
    thickness, masks, pile_height = project(labels)
    if microscope == OPTICAL_DENSITY:
        image = compress(
            thickness,
            divisor=settings["divisor"],
            pile_height=pile_height,
            blur_sigma=settings["blur_sigma_px"],
        )
    else:
        image = registry.acquire(microscope, labels, voxel_size_nm, rng, domain["parameters"])
    if domain["invert"]:
        image = 255 - image
    shown = masks.any(axis=(1, 2))
    if microscope in OPAQUE:
        tops = projection.top_labels(labels)
        visible = np.bincount(tops.ravel(), minlength=len(masks) + 1)[1:]
        shown &= visible >= domain["minimum_visible"] * masks.sum(axis=(1, 2))
    if domain["minimum_contrast"] > 0:
        shown &= contrasts(image, masks) >= 255 * domain["minimum_contrast"]
    return Picture(image, masks, shown, microscope)


def contrasts(image: np.ndarray, masks: np.ndarray) -> np.ndarray:
    """How far each particle's grey stands out from the empty ground about it: (N,), in grey levels.

    image: uint8 (Y, X); masks: bool (N, Y, X). Only pixels that no other particle covers speak for
    a particle. One without such pixels, or without empty ground within RING_PX, is compared by its
    whole mask and with the whole ground; one of saturated pixels alone has no contrast at all.
    """
    covered = masks.sum(axis=0, dtype=np.uint16)
    ground = covered == 0
    everywhere = float(np.median(image[ground])) if ground.any() else 0.0
    found = np.zeros(len(masks))
    for number, mask in enumerate(masks):
        rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
        if not rows.size:
            continue
        box = tuple(
            slice(max(0, along[0] - RING_PX), along[-1] + RING_PX + 1) for along in (rows, columns)
        )
        own = mask[box] & (covered[box] == 1)
        near = ground[box] & ndimage.binary_dilation(mask[box], iterations=RING_PX)
        values = image[box][own] if own.any() else image[box][mask[box]]
        if not own.any() and values.min() == 255:
            continue
        base = float(np.median(image[box][near])) if near.any() else everywhere
        found[number] = abs(float(values.mean()) - base)
    return found


def _draw_domain(domains: Sequence[Mapping], rng: np.random.Generator) -> Mapping:
    if not domains:
        return {"microscope": OPTICAL_DENSITY, "invert": False, "minimum_contrast": 0}
    shares = np.array([domain["share"] for domain in domains], dtype=float)
    return domains[int(rng.choice(len(domains), p=shares / shares.sum()))]


def check_domains(domains: Sequence[Mapping]) -> None:
    """InputError when a domain names a parameter that its microscope lacks."""
    for number, domain in enumerate(domains):
        if domain["microscope"] == OPTICAL_DENSITY:
            if domain["parameters"] or domain["tilt_deg"] != 0:
                raise InputError(
                    f"imaging.domains.{number}: {OPTICAL_DENSITY} is the paper's compression, set "
                    "in the section compression; it has no parameters and no tilt"
                )
            continue
        try:
            registry.check_parameters(domain["microscope"], domain["parameters"])
        except InputError as error:
            raise InputError(f"imaging.domains.{number}: {error}") from None
