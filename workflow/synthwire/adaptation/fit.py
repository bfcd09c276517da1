"""The search for the candidates that explain a set of fields.

Differential evolution (Storn & Price, J. Glob. Optim. 11, 341 (1997), in SciPy) minimises the
distance of statistics between synthetic and real fields. Each candidate is judged by the same few
random scenes. What is left in the last population, by weight exp(−d²/2) of its distance above the
best, stands for the spread of what explains the images: approximate Bayesian computation with the
population as sample. The training draws from it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from typing import Any

import numpy as np
from scipy.optimize import OptimizeResult, differential_evolution

from synthwire.adaptation.candidates import VOXEL_NM, Space, structures
from synthwire.adaptation.statistics import Summary, Target, summarise
from synthwire.errors import InputError
from synthwire.imaging.picture import Domain, take_picture
from synthwire.runtime.seeds import Stage, generator
from synthwire.segmentation.models import Model, load_model
from synthwire.structures.scene import generate_scene

SCENES = 2  # by which a candidate is judged
POPULATION = 40
TOGETHER = 5  # candidates of each process between two looks at the clock
MEASURED = 2 / 9  # share of the squared distance that is the structure's from what was measured
HOPELESS = 3.0  # distance of one scene from which no other is made
TRIED, TRAINED_SIDE = 4, 256  # scenes of what is kept, and their side
KEPT = 12  # of the last population, in the configuration
FAR = 20.0  # distance of a candidate that cannot be made


@dataclass(frozen=True)
class Fit:
    """What explains the images.

    candidates: (K, space.size), the best first; weights: (K,), of sum 1; distance: of the best, and
    before: the median of the first population, both in tolerances; history: the best of each
    generation; evaluations: how many candidates were judged.
    """

    space: Space
    candidates: np.ndarray
    weights: np.ndarray
    distance: float
    before: float
    history: tuple[float, ...]
    evaluations: int


def synthetic_field(
    space: Space, candidate: np.ndarray, side: int, seed: int, scene: int
) -> np.ndarray:
    """A field (side, side), uint8, of one candidate; it depends on the arguments alone.

    InputError where its structure cannot be packed.
    """
    settings = structures([space.population(candidate)], side)
    entry = space.domain(candidate)
    domain = Domain(
        entry["microscope"],
        entry["parameters"],
        {"share": 0, **entry["ground"]},
        0,
        0,
        invert=entry["invert"],
        minimum_visible=0,
        minimum_contrast=0,
    )
    labels = generate_scene(settings, seed, scene).labels
    return take_picture(labels, VOXEL_NM, domain, generator(seed, Stage.IMAGING, scene)).image


def finds_in(model: Model, fields: Iterable[np.ndarray]) -> list[list[dict]]:
    """COCO results of a network in each field, which it sees as it is."""
    return [model.predictor.at_one_size(pixels, 1) for pixels in fields]


def fit(
    real: Summary,
    space: Space,
    start: dict[str, float],
    *,
    model: str,
    side: int,
    seconds: float,
    processes: int,
    seed: int,
    progress: Callable[[float, float], None] = lambda _share, _distance: None,
) -> Fit:
    """Candidates whose fields look like the real ones.

    real: of the real fields, which are `side` wide; start: values of the structure as measured, by
    which half of the first population begins, and from which no candidate strays for nothing;
    model: that finds in the fields, as `load_model` takes it; seconds: that the search may take;
    progress: is told the share of the time that has gone, and the least distance.
    """
    target = Target(real, SCENES)
    rng = np.random.default_rng(seed)
    first = rng.random((POPULATION, space.size))
    for place in range(POPULATION // 2):
        first[place] = space.near(start, first[place])
        if place % 2:  # the simplest explanation of a texture is none
            first[place] = space.on_even_ground(first[place])
    began = time.monotonic()
    history: list[float] = []
    bounds = np.full(POPULATION, np.inf)  # what each of the next generation has to undercut
    medians: list[float] = []  # of each generation
    evaluations = 0
    with ProcessPoolExecutor(
        processes,
        mp_context=get_context("spawn"),
        initializer=_prepare,
        initargs=(model, space, target, start, side, seed),
    ) as pool:

        def judged(_function: Any, candidates: Iterable[np.ndarray]) -> list[float]:
            nonlocal evaluations
            listed = [np.asarray(item) for item in candidates]
            found: list[float] = []
            together = TOGETHER * processes
            for at in range(0, len(listed), together):
                if history and time.monotonic() - began > seconds:
                    found += [np.inf] * (len(listed) - at)  # their parents stay
                    break
                now = slice(at, at + together)
                found += pool.map(_distance, listed[now], bounds[now])
                evaluations += len(listed[now])
            medians.append(float(np.median(found)))
            return found

        def step(intermediate_result: OptimizeResult) -> bool:
            bounds[:] = intermediate_result.population_energies
            history.append(float(intermediate_result.fun))
            gone = (time.monotonic() - began) / seconds
            progress(gone, history[-1])
            return gone >= 1

        found = differential_evolution(
            _distance,
            [(0.0, 1.0)] * space.size,
            init=first,
            maxiter=10_000,
            tol=0,
            atol=0,
            mutation=(0.4, 0.9),
            recombination=0.7,
            rng=seed,
            callback=step,
            polish=False,
            updating="deferred",
            workers=judged,
        )
    order = np.array(
        [
            place
            for place in np.argsort(found.population_energies)
            if found.population_energies[place] < FAR and packs(space, found.population[place])
        ][:KEPT]
    )
    if not len(order):
        raise InputError("no synthetic structure could be made that is like the images")
    energies = np.asarray(found.population_energies)[order]
    weights = np.exp(-(energies**2 - energies[0] ** 2) / 2)
    return Fit(
        space,
        np.asarray(found.population)[order],
        weights / weights.sum(),
        float(energies[0]),
        medians[0],
        tuple(history),
        evaluations,
    )


def packs(space: Space, candidate: np.ndarray) -> bool:
    """Whether scenes of a candidate can be packed where a training needs them."""
    settings = structures([space.population(candidate)], TRAINED_SIDE)
    try:
        for scene in range(TRIED):
            generate_scene(settings, 0, scene)
    except InputError:
        return False
    return True


class _Worker:
    """What each process of the search has."""

    model: Model
    space: Space
    target: Target
    start: dict[str, float]
    side: int
    seed: int


def _prepare(
    model: str, space: Space, target: Target, start: dict[str, float], side: int, seed: int
) -> None:
    _Worker.model = load_model(model, device="cpu")
    _Worker.space, _Worker.target, _Worker.start = space, target, start
    _Worker.side, _Worker.seed = side, seed


def _distance(candidate: np.ndarray, bound: float) -> float:
    """The distance of a candidate, or less than that where it is above `bound` or HOPELESS: the
    network, which takes most of the time, is then not asked.
    """
    fields: list[np.ndarray] = []
    strayed = MEASURED * _Worker.space.unlikeliness(_Worker.start, candidate) ** 2

    def judged(finds: list[list[dict]] | None = None) -> float:
        found = _Worker.target.distance(summarise(fields, finds))
        return float(np.sqrt((1 - MEASURED) * found**2 + strayed))

    for scene in range(SCENES):
        try:
            fields.append(
                synthetic_field(_Worker.space, candidate, _Worker.side, _Worker.seed, scene)
            )
        except InputError:  # that cannot be packed
            return FAR
        distance = judged()
        if distance > HOPELESS:
            return distance
    if distance > bound:
        return distance
    return judged(finds_in(_Worker.model, fields))


def summary_of(
    space: Space,
    candidates: Sequence[np.ndarray],
    weights: Sequence[float],
    model: Model,
    *,
    side: int,
    seed: int,
    number: int,
) -> tuple[list[np.ndarray], Summary]:
    """Fields of candidates drawn by weight, and their statistics."""
    rng = np.random.default_rng(seed)
    fields: list[np.ndarray] = []
    for _ in range(number):
        chosen = candidates[int(rng.choice(len(candidates), p=weights))]
        try:
            fields.append(synthetic_field(space, chosen, side, int(rng.integers(2**31)), 0))
        except InputError:
            continue
    return fields, summarise(fields, finds_in(model, fields))
