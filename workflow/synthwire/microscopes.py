"""Virtual microscopes: grey 8-bit images of labelled volumes, for which the truth is known.

A labelled volume is (Z, Y, X), 0 where it is empty, k inside particle k; z = 0 is the substrate,
and the beam comes down along −z. The image has one pixel per voxel column, so the masks are the
volume's own projections (`optics.project`; `top_labels` for what is visible from above); to look
along a tilted beam, tilt the volume first (`tilt`). All lengths are nanometres, so that a
microscope looks the same at any voxel size; grey fractions are relative to the full scale of 255.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace

import numpy as np
from numba import njit
from scipy import interpolate, ndimage

from synthwire.errors import InputError

FWHM_PER_SIGMA = 2 * np.sqrt(2 * np.log(2))


# -- geometry -------------------------------------------------------------------------------------


@njit(cache=True, nogil=True)
def _look_down(labels, thickness, height, top, boxes):
    depth, rows, columns = labels.shape
    for z in range(depth):
        for y in range(rows):
            # Most rows are empty; this loop over one is vectorised, the next is not.
            found = labels[z, y, 0]
            for x in range(1, columns):
                found |= labels[z, y, x]
            if found == 0:
                continue
            for x in range(columns):
                label = labels[z, y, x]
                if label == 0:
                    continue
                thickness[y, x] += 1
                height[y, x] = z + 1
                top[y, x] = label
                box = boxes[label - 1]
                if box[1] == 0:  # first voxel of this particle
                    box[0], box[2], box[4] = z, y, x
                box[1] = z + 1
                box[2], box[3] = min(box[2], y), max(box[3], y + 1)
                box[4], box[5] = min(box[4], x), max(box[5], x + 1)


@dataclass(frozen=True)
class View:
    """What a beam along −z meets in a labelled volume (Z, Y, X), column by column.

    thickness: occupied voxels (Y, X); height: of the topmost occupied voxel above the substrate,
    in voxels (Y, X), 0 where empty; top: its label (Y, X), which is what a surface-sensitive beam
    sees; boxes: of labels 1…N, (start, stop) along z, y, x, six numbers, all 0 for an absent label.
    """

    thickness: np.ndarray
    height: np.ndarray
    top: np.ndarray
    boxes: np.ndarray

    @classmethod
    def of(cls, labels: np.ndarray) -> View:
        """View of a labelled volume, in one pass through it."""
        shape = labels.shape[1:]
        view = cls(
            np.zeros(shape, np.int32),
            np.zeros(shape, np.int32),
            np.zeros(shape, labels.dtype),
            np.zeros((int(labels.max(initial=0)), 6), np.int64),
        )
        if labels.size:
            _look_down(labels, view.thickness, view.height, view.top, view.boxes)
        return view


def thickness_nm(labels: np.ndarray, voxel_size_nm: float) -> np.ndarray:
    """Projected thickness (Y, X) in nm: occupied voxels along z times their size."""
    return View.of(labels).thickness * float(voxel_size_nm)


def height_nm(labels: np.ndarray, voxel_size_nm: float) -> np.ndarray:
    """Height (Y, X) in nm of the topmost occupied voxel above the substrate; 0 where empty."""
    return View.of(labels).height * float(voxel_size_nm)


def top_labels(labels: np.ndarray) -> np.ndarray:
    """Label (Y, X) of the topmost occupied voxel, which is what a surface-sensitive beam sees."""
    return View.of(labels).top


def tilt(labels: np.ndarray, tilt_deg: float, azimuth_deg: float = 0.0) -> np.ndarray:
    """The volume as a beam tilted by `tilt_deg` from the normal sees it: (Z', Y, X).

    The volume is turned about an axis parallel to the substrate, `azimuth_deg` from x, through the
    centre of the pile; projecting the result along its first axis is projecting the original
    along the tilted beam (the "angle dependencies" that the paper leaves to later work). That axis
    counts along the beam from the substrate, not from a plane across the beam: else one side of
    the field would stand on a slope of many times the pile's height. Labels are sampled at the
    nearest voxel. What leaves the field of view is lost, and where the turned volume no longer
    fills the field it is empty.
    """
    if not -80 <= tilt_deg <= 80:
        raise InputError(f"tilt_deg: {tilt_deg} is outside −80…80 degrees")
    filled = np.flatnonzero(labels.any(axis=(1, 2)))
    if tilt_deg == 0 or not filled.size:
        return labels
    labels = labels[: filled[-1] + 1]
    angle, azimuth = np.deg2rad(tilt_deg), np.deg2rad(azimuth_deg)
    axis = np.array([0.0, np.sin(azimuth), np.cos(azimuth)])  # z, y, x
    cross = np.array([[0, -axis[2], axis[1]], [axis[2], 0, -axis[0]], [-axis[1], axis[0], 0]])
    turn = (np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross).T
    # Columns: where a step along the beam, and steps across the image over the substrate, lead.
    steps = turn.copy()
    steps[:, 1:] -= np.outer(turn[:, 0], turn[0, 1:] / turn[0, 0])
    depth, height, width = labels.shape
    shape = (int(np.ceil(depth / np.cos(angle))), height, width)
    # Distances from the substrate count from the voxels' lower faces, indices from their centres.
    centre_in = (np.array(labels.shape) - 1) / 2
    centre_out = np.array([depth / np.cos(angle) - 1, height - 1, width - 1]) / 2
    return ndimage.affine_transform(
        labels,
        steps,
        offset=centre_in - steps @ centre_out,
        output_shape=shape,
        order=0,
        mode="grid-constant",
    )


@njit(cache=True, nogil=True)
def _count_along_z(labels, label, counts):
    depth, rows, columns = labels.shape
    for z in range(depth):
        for y in range(rows):
            for x in range(columns):
                if labels[z, y, x] == label:
                    counts[y, x] += 1


def striations(
    labels: np.ndarray,
    boxes: np.ndarray,
    scale_nm: float,
    voxel_size_nm: float,
    rng: np.random.Generator,
) -> Iterator[tuple[int, tuple[slice, slice], np.ndarray, np.ndarray]]:
    """(particle, box, field, voxels) of each particle: random ridges along it.

    Nanowires are bundles of lamellae, which show as lines along the wire. The field, over the
    box's pixels, has mean 0 and standard deviation 1, varies over `scale_nm` across the particle's
    long axis (that of its projection's second moments) and over twelve times that along it.
    voxels: the particle's own along z, over the same pixels. boxes: as in `View`.
    """
    for label, (z0, z1, y0, y1, x0, x1) in enumerate(boxes.tolist(), start=1):
        if z0 == z1:
            continue
        voxels = np.zeros((y1 - y0, x1 - x0), np.int32)
        _count_along_z(labels[z0:z1, y0:y1, x0:x1], label, voxels)
        rows, columns = np.nonzero(voxels)
        angle = 0.0
        if len(rows) > 2:
            (yy, xy), (_, xx) = np.cov(np.stack([rows, columns]))
            angle = 0.5 * np.arctan2(2 * xy, xx - yy)
        y, x = np.ogrid[: y1 - y0, : x1 - x0]
        across = (y * np.cos(angle) - x * np.sin(angle)) * voxel_size_nm / scale_nm
        along = (y * np.sin(angle) + x * np.cos(angle)) * voxel_size_nm / (12 * scale_nm)
        across, along = across - across.min(), along - along.min()
        size = (int(along.max()) + 2, int(across.max()) + 2)
        field = ndimage.map_coordinates(
            rng.standard_normal(size), [along, across], order=3, mode="nearest"
        )
        yield label, (slice(y0, y1), slice(x0, x1)), field, voxels


def striated_thickness_nm(
    labels: np.ndarray,
    voxel_size_nm: float,
    amount: float,
    scale_nm: float,
    rng: np.random.Generator,
) -> np.ndarray:
    """Projected thickness (Y, X) in nm of particles of uneven thickness (relative `amount`)."""
    view = View.of(labels)
    if amount <= 0:
        return view.thickness * float(voxel_size_nm)
    total = np.zeros(labels.shape[1:])
    for _, box, field, voxels in striations(labels, view.boxes, scale_nm, voxel_size_nm, rng):
        total[box] += voxels * np.maximum(1 + amount * field, 0.0)
    return total * float(voxel_size_nm)


# -- pieces shared by the microscopes -------------------------------------------------------------


def enlarged(coarse: np.ndarray, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """Cubic spline through a coarse grid at rows × columns (in its pixels, clamped to it)."""
    height, width = coarse.shape
    spline = interpolate.RectBivariateSpline(
        np.arange(height), np.arange(width), coarse, kx=min(3, height - 1), ky=min(3, width - 1)
    )
    return spline(np.clip(rows, 0, height - 1), np.clip(columns, 0, width - 1))


def gaussian_px(image: np.ndarray, sigma: float | tuple[float, float]) -> np.ndarray:
    """Gaussian blur of an image (Y, X) with a standard deviation in pixels, or one along each axis.

    The cost of a direct blur grows with its width. A wide one is done on blocks of pixels, whose
    own variance is taken off, and enlarged again; the difference is some 0.1 % of the contrast.
    """
    sigmas = np.broadcast_to(np.maximum(sigma, 0.0), 2)
    high, wide = (max(1, int(each / 4)) for each in sigmas)
    if high == wide == 1:
        return ndimage.gaussian_filter(image, sigmas, mode="nearest")
    padding = [
        (block, block + -side % block)
        for block, side in zip((high, wide), image.shape, strict=True)
    ]
    padded = np.pad(image, padding, mode="edge")
    rows, columns = padded.shape[0] // high, padded.shape[1] // wide
    blocks = padded.reshape(rows, high, columns, wide).mean(axis=(1, 3))
    rest = [
        np.sqrt(each**2 - (block**2 - 1) / 12) / block
        for each, block in zip(sigmas, (high, wide), strict=True)
    ]
    blocks = ndimage.gaussian_filter(blocks, rest, mode="nearest")
    y, x = (
        (np.arange(side) + 0.5) / block + 0.5
        for block, side in zip((high, wide), image.shape, strict=True)
    )
    return enlarged(blocks, y, x)


def gaussian_nm(image: np.ndarray, sigma_nm: float, voxel_size_nm: float) -> np.ndarray:
    """Gaussian blur of an image (Y, X) with a standard deviation in nm."""
    return gaussian_px(image, sigma_nm / voxel_size_nm)


def smooth_field(shape: tuple[int, int], scale_px: float, rng: np.random.Generator) -> np.ndarray:
    """Random field (Y, X), mean 0 and standard deviation 1, that varies over about `scale_px`."""
    # Drawn on a coarse grid and enlarged: a blur over hundreds of pixels would cost seconds.
    step = max(1.0, scale_px / 4)
    coarse = [int(np.ceil(side / step)) + 8 for side in shape]
    field = ndimage.gaussian_filter(rng.standard_normal(coarse), scale_px / step, mode="wrap")
    if step == 1:
        field = field[: shape[0], : shape[1]]
    else:
        field = enlarged(field, *(np.arange(side) / step for side in shape))
    spread = field.std()
    return (field - field.mean()) / spread if spread > 0 else field * 0.0


def haze_of(
    grey: np.ndarray, share: float, reach_px: float, rng: np.random.Generator
) -> np.ndarray:
    """Haze (Y, X): a share of what lies within `reach_px`, uneven over the field of view."""
    return (
        share
        * gaussian_px(grey, reach_px)
        * np.exp(0.8 * smooth_field(grey.shape, 2 * reach_px, rng))
    )


def shown(density: np.ndarray, clipped_percent: float) -> np.ndarray:
    """Optical density as a fraction of the value above which the brightest pixels are clipped."""
    return density / max(np.percentile(density, 100 - clipped_percent), 1e-3)


def quantise(grey: np.ndarray) -> np.ndarray:
    """uint8 image of grey values where 1.0 is full scale; what lies outside 0…1 is clipped."""
    return np.rint(255 * np.clip(grey, 0.0, 1.0)).astype(np.uint8)


def displayed(
    density: np.ndarray,
    settings: Ptychography | Stxm,
    voxel_size_nm: float,
    rng: np.random.Generator,
    *,
    noise: float = 0.0,
) -> np.ndarray:
    """uint8 image of an optical density (Y, X): haze and noise added, then the display's grey.

    noise: standard deviation, of the full scale; the rest by the microscope's settings.
    """
    grey = shown(density, settings.clipped_percent)
    grey = grey + haze_of(grey, settings.haze, settings.haze_nm / voxel_size_nm, rng)
    if noise > 0:
        grey = grey + noise * rng.standard_normal(grey.shape)
    grey = np.maximum(grey - settings.black_level, 0.0) / (1 - settings.black_level)
    return quantise(grey**settings.gamma)


# -- ptychography ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Ptychography:
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


def ptychography(
    labels: np.ndarray,
    voxel_size_nm: float,
    rng: np.random.Generator,
    settings: Ptychography | None = None,
) -> np.ndarray:
    """X-ray ptychography: uint8 optical-density image (Y, X) of a labelled volume (Z, Y, X)."""
    p = settings or Ptychography()
    thickness = striated_thickness_nm(labels, voxel_size_nm, p.striation, p.striation_nm, rng)
    half_density = thickness / (2 * p.attenuation_length_nm)
    wave = np.exp(-half_density * (1 - 1j * p.phase_per_absorption))
    sigma = p.resolution_nm / FWHM_PER_SIGMA
    amplitude = gaussian_nm(wave.real, sigma, voxel_size_nm) + 1j * gaussian_nm(
        wave.imag, sigma, voxel_size_nm
    )
    density = -np.log(np.maximum(np.abs(amplitude) ** 2, 1e-6))
    return displayed(density, p, voxel_size_nm, rng, noise=p.noise)


# -- scanning transmission X-ray microscopy -------------------------------------------------------


@dataclass(frozen=True)
class Stxm:
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


def stxm(
    labels: np.ndarray,
    voxel_size_nm: float,
    rng: np.random.Generator,
    settings: Stxm | None = None,
) -> np.ndarray:
    """STXM: uint8 optical-density image (Y, X) of a labelled volume (Z, Y, X)."""
    p = settings or Stxm()
    thickness = striated_thickness_nm(labels, voxel_size_nm, p.striation, p.striation_nm, rng)
    transmission = np.exp(-thickness / p.attenuation_length_nm)
    transmission = gaussian_nm(transmission, p.beam_nm / FWHM_PER_SIGMA, voxel_size_nm)
    shape = thickness.shape
    step = p.raster_nm / voxel_size_nm
    steps = (step * p.raster_ratio**0.5, step / p.raster_ratio**0.5)
    raster = [max(2, round(side / each)) for side, each in zip(shape, steps, strict=True)]
    points = ndimage.zoom(
        transmission, np.divide(raster, shape), order=1, mode="nearest", grid_mode=True
    )
    flux = 1 + p.line_noise * rng.standard_normal((raster[0], 1))
    counted = np.maximum(rng.poisson(p.counts * flux * points), 1)
    density = -np.log(counted / p.counts)
    rows, columns = (
        (np.arange(side) + 0.5) * each / side - 0.5
        for side, each in zip(shape, raster, strict=True)
    )
    density = enlarged(density, rows, columns)
    return displayed(density, p, voxel_size_nm, rng)


# -- scanning electron microscopy -----------------------------------------------------------------


@dataclass(frozen=True)
class Sem:
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


def sem(
    labels: np.ndarray,
    voxel_size_nm: float,
    rng: np.random.Generator,
    settings: Sem | None = None,
) -> np.ndarray:
    """SEM with a secondary-electron detector: uint8 image (Y, X) of a labelled volume (Z, Y, X)."""
    p = settings or Sem()
    view = View.of(labels)
    height, top = view.height * float(voxel_size_nm), view.top
    covered = top > 0
    surface = height.copy()
    base = np.full(height.shape, p.substrate)
    ridges = striations(labels, view.boxes, p.striation_width_nm, voxel_size_nm, rng)
    for label, box, field, _ in ridges:
        own = top[box] == label
        surface[box][own] += p.striation_nm * field[own]
        bright = p.particle * np.exp(p.particle_spread * rng.standard_normal())
        hidden = 1 - np.exp(-height[box][own] / p.opacity_nm)
        base[box][own] = p.substrate + (bright - p.substrate) * hidden
    # Voxel steps are no facets: the surface is smoothed over a voxel at least before its slope.
    surface = gaussian_px(surface, max(p.rounding_nm / voxel_size_nm, 1.0))
    slope = np.hypot(*np.gradient(surface, voxel_size_nm))
    cosine = 1 / np.sqrt(1 + np.minimum(slope, 3.0) ** 2)
    mottle = 1 + p.mottle * smooth_field(height.shape, p.mottle_nm / voxel_size_nm, rng)
    grey = np.where(covered, base * mottle * cosine**-p.tilt_exponent, base)
    convexity = surface - gaussian_nm(surface, p.edge_nm, voxel_size_nm)
    grey = grey + p.edge * np.clip(convexity / p.edge_nm, -0.5, 1.5) * covered
    neighbours = gaussian_nm(height, p.shadow_nm, voxel_size_nm)
    grey = grey - p.shadow * np.clip((neighbours - height) / p.shadow_nm, 0.0, 2.0)
    coverage = covered.astype(float)
    streaks = gaussian_px(coverage, (0.0, 0.1 * grey.shape[1]))
    grey = grey + p.charging * streaks * rng.standard_normal((grey.shape[0], 1))
    grey = grey + p.drift * smooth_field(grey.shape, p.drift_nm / voxel_size_nm, rng)
    grey = np.maximum(gaussian_nm(grey, p.blur_nm, voxel_size_nm), 0.0)
    noise = smooth_field(grey.shape, p.noise_px, rng)
    return quantise(grey + p.noise * np.sqrt(grey / p.substrate) * noise)


# -- transmission electron microscopy -------------------------------------------------------------


@dataclass(frozen=True)
class Tem:
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


def tem(
    labels: np.ndarray,
    voxel_size_nm: float,
    rng: np.random.Generator,
    settings: Tem | None = None,
) -> np.ndarray:
    """Bright-field TEM: uint8 image (Y, X), dark on bright, of a labelled volume (Z, Y, X)."""
    p = settings or Tem()
    transmitted = np.exp(-thickness_nm(labels, voxel_size_nm) / p.mean_free_path_nm)
    transmitted = transmitted * (
        1 + p.film * smooth_field(transmitted.shape, p.film_nm / voxel_size_nm, rng)
    )
    sigma = p.resolution_nm / FWHM_PER_SIGMA
    expected = p.counts * np.maximum(gaussian_nm(transmitted, sigma, voxel_size_nm), 0.0)
    return quantise(p.ground * rng.poisson(expected) / p.counts)


# -- by name --------------------------------------------------------------------------------------

MICROSCOPES = {
    "ptychography": (ptychography, Ptychography),
    "stxm": (stxm, Stxm),
    "sem": (sem, Sem),
    "tem": (tem, Tem),
}


def acquire(
    microscope: str,
    labels: np.ndarray,
    voxel_size_nm: float,
    rng: np.random.Generator,
    parameters: Mapping[str, float | list[float]] | None = None,
) -> np.ndarray:
    """uint8 image (Y, X) of a labelled volume by the microscope of that name.

    `parameters` overrides fields of the microscope's settings; a pair [low, high] is drawn anew,
    uniformly, for each image. InputError for an unknown microscope or parameter.
    """
    check_parameters(microscope, parameters or {})
    image_of, settings_type = MICROSCOPES[microscope]
    chosen = {name: draw(value, rng) for name, value in sorted((parameters or {}).items())}
    return image_of(labels, voxel_size_nm, rng, replace(settings_type(), **chosen))


def check_parameters(microscope: str, parameters: Mapping) -> None:
    """InputError when there is no such microscope, or it has no such parameter."""
    if microscope not in MICROSCOPES:
        raise InputError(f"microscope: '{microscope}' is none of {', '.join(MICROSCOPES)}")
    known = [field.name for field in fields(MICROSCOPES[microscope][1])]
    for name in sorted(parameters):
        if name not in known:
            raise InputError(f"parameters: {microscope} has no '{name}'; it has {', '.join(known)}")


def draw(value: float | Sequence[float], rng: np.random.Generator) -> float:
    """A number as it is, or one drawn uniformly between the ends of a pair [low, high]."""
    return float(rng.uniform(*value)) if isinstance(value, (list, tuple)) else float(value)


def default_parameters(microscope: str) -> dict[str, float]:
    """The settings of a microscope when nothing is overridden."""
    return asdict(MICROSCOPES[microscope][1]())
