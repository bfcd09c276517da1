"""An image of a labelled volume with its masks, for training and test sets alike.

The paper compresses every structure to an optical-density image (`compression`). Models beyond the
paper learn from several imaging domains: for each scene one of them is drawn, and a virtual
microscope whose settings are drawn as well takes the image (domain randomisation, Tobin et al.,
IROS 2017, arXiv:1703.06907). The simulated test images are taken by the same microscopes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from scipy import ndimage

from synthwire.errors import InputError
from synthwire.imaging.captions import draw_captions
from synthwire.imaging.compression import density_image
from synthwire.imaging.grounds import draw_ground
from synthwire.imaging.microscopes import MICROSCOPES, acquire, check_parameters, draw
from synthwire.imaging.projection import View, tilt
from synthwire.runtime.seeds import Stage, generator

OPTICAL_DENSITY = "optical_density"  # the domain of the paper
EVEN: Mapping = {"share": 0}  # ground
RING_PX = 4  # how far about a particle its ground reaches


class Domain(NamedTuple):
    """How an image is taken.

    microscope: a name in MICROSCOPES, or OPTICAL_DENSITY.
    parameters: of the microscope, each a number or a pair to draw from; of OPTICAL_DENSITY,
        config["compression"].
    ground: unevenness of what the particles lie on, as in `grounds.draw_ground`.
    caption_share: of the images with text or bars drawn into them.
    tilt_deg: of the beam from the normal, a number or a pair to draw from; the direction is random.
    invert: dark on bright becomes bright on dark.
    minimum_visible: share of a particle in sight, below which an opaque one cannot be learnt.
    minimum_contrast: difference in grey, of the full scale, below which it cannot either.
    """

    microscope: str
    parameters: Mapping
    ground: Mapping
    caption_share: float
    tilt_deg: float | Sequence[float]
    invert: bool
    minimum_visible: float
    minimum_contrast: float


class Picture(NamedTuple):
    """One structure as one domain shows it.

    image: uint8 (Y, X); view: what the beam met, with the amodal masks of labels 1…N; learnable:
    bool (N,), which of them the image shows well enough to be learnt.
    """

    domain: Domain
    image: np.ndarray
    view: View
    learnable: np.ndarray


def take_picture(
    labels: np.ndarray, voxel_size_nm: float | None, domain: Domain, rng: np.random.Generator
) -> Picture:
    """Image of a labelled volume (Z, Y, X), and what of it can be learnt.

    voxel_size_nm is not needed for OPTICAL_DENSITY. Everything random comes from `rng`: tilt,
    azimuth of the tilt, the ground, then the microscope's settings and noise, and captions.
    """
    microscope = domain.microscope
    if microscope == OPTICAL_DENSITY:
        view = View.of(labels)
        image = density_image(view, domain.parameters)
    else:
        if voxel_size_nm is None:
            raise InputError(f"{microscope} needs the voxel size of the volume")
        tilt_deg = draw(domain.tilt_deg, rng)
        view = View.of(tilt(labels, tilt_deg, rng.uniform(0, 180)))
        ground = draw_ground(view.top.shape, voxel_size_nm, domain.ground, rng)
        view = replace(view, ground=ground)
        image = acquire(microscope, view, voxel_size_nm, rng, domain.parameters)
    if domain.invert:
        image = 255 - image
    captioned = domain.caption_share > 0 and rng.random() < domain.caption_share
    learnable = np.any(view.masks, axis=(1, 2))
    if domain.minimum_visible > 0 and is_opaque(microscope):
        visible = np.bincount(view.top.ravel(), minlength=len(view.masks) + 1)[1:]
        learnable &= visible >= domain.minimum_visible * view.masks.sum(axis=(1, 2))
    if domain.minimum_contrast > 0:
        learnable &= contrasts(image, view.masks) >= 255 * domain.minimum_contrast
    if captioned:
        image = draw_captions(image, rng)
    return Picture(domain, image, view, learnable)


def is_opaque(microscope: str) -> bool:
    """Whether a domain's image shows the topmost particle alone."""
    return microscope != OPTICAL_DENSITY and MICROSCOPES[microscope].opaque


def take_training_picture(
    labels: np.ndarray,
    voxel_size_nm: float | None,
    compression: Mapping,
    domains: Sequence[Mapping],
    seed: int,
    scene: int,
) -> Picture:
    """Picture of a labelled volume (Z, Y, X) by one of `domains`, drawn for this scene.

    compression: config["compression"]; domains: config["imaging"]["domains"], none of which means
    the paper's compression. The result depends on the arguments alone. InputError when a virtual
    microscope is to image a volume whose voxel size nobody knows.
    """
    rng = generator(seed, Stage.IMAGING, scene)
    domain = _draw_domain(domains, compression, rng)
    if domain.microscope != OPTICAL_DENSITY and voxel_size_nm is None:
        raise InputError(
            f"imaging.domains: {domain.microscope} needs the voxel size, which scene {scene}'s "
            'file does not give; write {"voxel_size_nm": …} into its ImageDescription'
        )
    return take_picture(labels, voxel_size_nm, domain, rng)


def _draw_domain(
    domains: Sequence[Mapping], compression: Mapping, rng: np.random.Generator
) -> Domain:
    if not domains:
        return Domain(OPTICAL_DENSITY, compression, EVEN, 0, 0, False, 0, 0)
    shares = np.array([domain["share"] for domain in domains], dtype=float)
    chosen = domains[int(rng.choice(len(domains), p=shares / shares.sum()))]
    domain = Domain(**{field: chosen[field] for field in Domain._fields})
    if domain.microscope == OPTICAL_DENSITY:
        return domain._replace(parameters=compression)
    return domain


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


def check_domains(domains: Sequence[Mapping]) -> None:
    """InputError when a domain sets what its microscope lacks."""
    for number, domain in enumerate(domains):
        if domain["microscope"] == OPTICAL_DENSITY:
            uneven = domain["ground"]["share"] > 0
            if domain["parameters"] or domain["tilt_deg"] != 0 or uneven:
                raise InputError(
                    f"imaging.domains.{number}: {OPTICAL_DENSITY} is the paper's compression, set "
                    "in the section compression; it has no parameters, no tilt and no ground"
                )
            continue
        try:
            check_parameters(domain["microscope"], domain["parameters"])
        except InputError as error:
            raise InputError(f"imaging.domains.{number}: {error}") from None
