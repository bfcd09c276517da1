"""Which sizes the evidence asks for, with a network whose answers are known: it finds rectangles
of the widths that it has learnt, parts of wider ones, and takes near wires for a single one."""

from __future__ import annotations

import math

import numpy as np
import pytest

from synthwire.io.masks import encode_mask
from synthwire.segmentation.looks import CONFIDENT, Found, look_around

CARD = {"particle_width_px": 12, "particle_width_log_sd": 0.61, "pixel_nm_range": [6.4, 10.67]}
SIDE = 640


def bar(middle: tuple[float, float], length: float, width: float, angle: float) -> np.ndarray:
    """Mask (SIDE, SIDE) of a rectangle; pixels whose middle lies in it."""
    rows, columns = np.mgrid[:SIDE, :SIDE] + 0.5
    y, x = rows - round(middle[0]), columns - round(middle[1])
    along, across = x * np.cos(angle) + y * np.sin(angle), y * np.cos(angle) - x * np.sin(angle)
    return (np.abs(along) < length / 2) & (-width / 2 < across) & (across <= width / 2)


def result(mask: np.ndarray, score: float) -> dict:
    return {"image_id": 1, "category_id": 1, "score": score, "segmentation": encode_mask(mask)}


class Network:
    """Finds bars that it sees between 3 and 50 px wide, the better the nearer to 12 px."""

    def __init__(self, bars: list[tuple[np.ndarray, float]], groups: tuple = ()) -> None:
        self.bars, self.groups = bars, groups
        self.scales: list[float] = []

    def __call__(self, scale: float) -> list[dict]:
        self.scales.append(scale)
        found = []
        for mask, width in self.bars:
            seen = scale * width
            if 3 <= seen <= 50:
                found.append(result(mask, 0.95 - 0.1 * abs(math.log(seen / 12))))
            elif seen > 50:  # a part of it, as wide as what is known
                columns = np.flatnonzero(mask.any(axis=0))
                part = mask.copy()
                part[:, int(columns.min() + 14 / scale) :] = False
                found.append(result(part, 0.55))
        for mask, at in self.groups:
            if scale == at:
                found.append(result(mask, 0.9))
        return found

    @property
    def cost(self) -> float:
        """Pixels that it saw, in those of the image."""
        return sum(scale**2 for scale in self.scales)


def wires(width: float, count: int, factor: float = 1.0) -> list[tuple[np.ndarray, float]]:
    """Wires beside each other, all enlarged by a factor about the upper left corner."""
    step = 2.2 * width
    return [
        (
            bar(
                (factor * (step * number + width), factor * 3.5 * width),
                factor * 6 * width,
                factor * width,
                0.0,
            ),
            factor * width,
        )
        for number in range(count)
    ]


def sure(found: Found) -> int:
    return sum(item["score"] >= 0.7 for item in found.results)


def look(network: Network, size: float | tuple | None = None) -> Found:
    return look_around(network, (SIDE, SIDE), size, CARD)


@pytest.mark.parametrize("factor", [0.5, 2.0, 4.0])
def test_an_image_enlarged_asks_for_a_scale_as_much_smaller(factor):
    plain = look(Network(wires(16, 4)))
    enlarged = look(Network(wires(16, 4, factor)))
    assert sure(plain) == sure(enlarged) == 4
    assert enlarged.fitting_scale == pytest.approx(plain.fitting_scale / factor, rel=0.05)


@pytest.mark.parametrize("width", [5, 8, 12, 24, 48, 80])
def test_the_fitting_scale_shows_what_is_found_as_wide_as_the_network_knows(width):
    found = look(Network(wires(width, 3)))
    assert found.fitting_scale == pytest.approx(12 / width, rel=0.05)


def test_thin_and_thick_wires_of_one_image_are_all_found_and_no_part_is_sure():
    thin = [(bar((40 + 30 * number, 80), 90, 8, 0.3), 8.0) for number in range(6)]
    thick = [(bar((150 + 250 * number, 430), 380, 110, 0.1), 110.0) for number in range(2)]
    network = Network(thin + thick)
    found = [item for item in look(network).results if item["score"] >= 0.7]
    assert len(found) == 8
    truth = {encode_mask(mask)["counts"] for mask, _ in thin + thick}
    assert {item["segmentation"]["counts"] for item in found} == truth


def test_a_group_of_wires_that_only_a_coarse_look_takes_for_one_is_not_sure():
    near = wires(12, 4)
    group = np.logical_or.reduce([mask for mask, _ in near])
    found = look(Network(near, groups=((group, 0.25),))).results
    scores = {item["segmentation"]["counts"]: item["score"] for item in found}
    assert scores[encode_mask(group)["counts"]] < CONFIDENT
    assert all(scores[encode_mask(mask)["counts"]] > 0.9 for mask, _ in near)


def test_only_thin_wires_pay_for_an_enlargement():
    plain, thin = (Network(wires(width, 4)) for width in (14, 5))
    assert look(plain).scale == 1
    assert look(thin).scale == 2
    assert plain.cost < 1.34
    assert thin.cost < 4 * 1.34  # no more than a third above one look at that scale


@pytest.mark.parametrize("size", [None, 0.01, 0.1, 0.8, 8, 60, 1000, 84667.0, (0.8, 1000)])
def test_no_pixel_size_resamples_beyond_what_is_seen(size):
    network = Network(wires(15, 5))
    found = look(network, size)
    assert sure(found) == 5
    assert 0.7 <= found.scale <= math.sqrt(2)
    assert network.cost <= 2.5 * 1.25  # of one look of a network that looks twice
    assert found.fitting_scale == pytest.approx(0.8, rel=0.05)


def test_a_pixel_size_says_where_between_the_powers_of_two_to_look():
    network = Network(wires(15, 5))
    look(network, 6)
    assert network.scales == pytest.approx([6 / 6.4 / 2**number for number in range(4)])


def test_an_image_with_nothing_in_it_has_no_fitting_scale():
    network = Network([])
    found = look(network, 1000)
    assert found.results == []
    assert found.fitting_scale is None
    assert network.cost < 2.7


def test_a_large_image_is_not_enlarged_without_bound():
    network = Network(wires(5, 5))
    assert look_around(network, (20_000, 20_000), None, CARD).scale == 1
