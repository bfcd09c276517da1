"""The workflow starts from the root's Snakefile, from workflow/Snakefile, and as a module."""

from __future__ import annotations

from collections import Counter

import pytest

MODULE = """
module synthwire:
    snakefile: "{snakefile}"
    config: config

use rule * from synthwire
"""


@pytest.fixture
def whole(workflow):
    """The jobs of a whole run, by rule, from the root's Snakefile."""
    return workflow.planned() - Counter(["all"])


def test_the_snakefile_in_workflow_plans_the_same(workflow, root, whole):
    workflow.snakefile = root / "workflow" / "Snakefile"
    assert whole.total() > 40
    assert workflow.planned() - Counter(["default"]) == whole
    assert workflow.planned("all") - Counter(["all"]) == whole


def test_as_a_module_it_plans_the_same(workflow, root, whole, tmp_path):
    workflow.snakefile = tmp_path / "Snakefile"
    workflow.snakefile.write_text(MODULE.format(snakefile=root / "workflow" / "Snakefile"))
    assert workflow.planned() - Counter(["default"]) == whole


def test_without_a_configuration_it_is_the_papers_run(workflow, root):
    workflow.snakefile = root / "workflow" / "Snakefile"
    assert workflow.planned(configs=())["train_model"] == 20
