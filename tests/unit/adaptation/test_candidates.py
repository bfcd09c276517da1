"""Every point of the unit cube is a structure and a microscope that the workflow takes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synthwire.adaptation.candidates import (
    GROUND,
    KINDS,
    MICROSCOPES,
    STRUCTURE,
    Parameter,
    Space,
    structures,
)
from synthwire.imaging.microscopes import check_parameters
from synthwire.imaging.picture import check_domains
from synthwire.schema import validate_section
from synthwire.segmentation.options import MODALITIES
from synthwire.structures.settings import make_plan

ALL = [*STRUCTURE, *GROUND, *(item for items in MICROSCOPES.values() for item in items)]


@pytest.mark.parametrize("item", ALL, ids=lambda item: item.name)
def test_a_parameter_reaches_both_ends_and_comes_back(item):
    if item.above:
        assert item.value(0, 0.5) > 0.5
        assert item.value(1, 0.5) == pytest.approx(item.high)
        return
    assert item.value(0) == pytest.approx(item.low)
    assert item.value(1) == pytest.approx(item.high)
    assert [item.unit(item.value(at)) for at in (0.0, 0.3, 1.0)] == pytest.approx([0, 0.3, 1])
    assert item.unit(2 * item.high) == pytest.approx(1)


def test_a_logarithmic_parameter_is_even_in_its_logarithm():
    assert Parameter("counts", 1, 100, log=True).value(0.5) == pytest.approx(10)


def test_each_modality_has_microscopes_and_each_microscope_only_parameters_of_its_own():
    assert set(KINDS) == set(MODALITIES)
    for name, items in MICROSCOPES.items():
        check_parameters(name, {item.name: item.low for item in items})


@given(
    modality=st.sampled_from(sorted(KINDS)),
    width_nm=st.floats(20, 600),
    order=st.sampled_from([None, (35.0, 8.0)]),
    spread=st.sampled_from([0.0, 0.04]),
    data=st.data(),
)
@settings(max_examples=60)
def test_any_candidate_is_a_configuration(modality, width_nm, order, spread, data):
    space = Space(KINDS[modality], width_nm, order)
    candidate = np.array(
        data.draw(st.lists(st.floats(0, 1), min_size=space.size, max_size=space.size))
    )
    plan = make_plan(structures([space.population(candidate)], 128))
    median = plan.populations[0].classes[0].width.quantiles(np.array([0.5]))[0]
    assert width_nm / 2.2 < median < 2.2 * width_nm
    domain = space.domain(candidate, spread)
    checked = validate_section("imaging", {"domains": [domain]}, "")["domains"]
    check_domains(checked)
    assert checked[0]["microscope"] in KINDS[modality]
    assert checked[0]["invert"] == (checked[0]["microscope"] == "tem")


@given(data=st.data())
@settings(max_examples=30)
def test_particles_are_brighter_than_what_they_lie_on(data):
    space = Space(KINDS["sem"], 112)
    candidate = np.array(
        data.draw(st.lists(st.floats(0, 1), min_size=space.size, max_size=space.size))
    )
    values = space.domain(candidate, 0.04)["parameters"]
    assert values["particle"][0] > space.parts(candidate)[3]["substrate"]


def test_what_is_measured_goes_into_the_structure_alone():
    space = Space(KINDS["sem"], 112)
    candidate = np.full(space.size, 0.5)
    near = space.near({"count_per_um2": 7, "aspect_ratio": 12}, candidate)
    structure, ground, _, microscope = space.parts(near)
    assert structure["count_per_um2"] == pytest.approx(7)
    assert structure["aspect_ratio"] == pytest.approx(12)
    assert (ground, microscope) == (space.parts(candidate)[1], space.parts(candidate)[3])
