"""The graph of the rules."""

from __future__ import annotations

import itertools
import re

import pytest
import standin_results as standin

from synthwire.errors import InputError
from synthwire.study import rule_graph


def test_rule_graph_of_snakemakes_dot():
    dot = """digraph snakemake_dag {
        graph[bgcolor=white, margin=0];
        0[label = "all", color = "0.07 0.6 0.85", style="rounded"];
        1[label = "predict\\nmodel: 01", color = "0.1 0.6 0.85", style="rounded"];
        1 -> 0
    }"""
    assert rule_graph.parse_dot(dot) == [("predict", "all")]
    svg = rule_graph.draw_rule_graph(rule_graph.parse_dot(dot))
    assert svg.count("<rect") == 2 and svg.count('class="edge"') == 1


def test_rule_graph_draws_no_arrow_that_a_longer_path_says():
    svg = rule_graph.draw_rule_graph([("a", "b"), ("b", "c"), ("a", "c")])
    assert svg.count('class="edge"') == 2
    assert rule_graph.draw_rule_graph([]) == ""
    with pytest.raises(InputError, match="cycle through a, b"):
        rule_graph.draw_rule_graph([("a", "b"), ("b", "a")])


def test_rules_with_the_same_neighbours_share_a_box():
    edges = [("a", "fig_12"), ("a", "fig_9"), ("fig_9", "b"), ("fig_12", "b"), ("a", "c")]
    svg = rule_graph.draw_rule_graph(edges)
    assert svg.count("<rect") == 4 and svg.count('class="edge"') == 3
    assert re.findall(r"<text[^>]*>(\w+)<", svg[svg.index("fig_") - 60 :])[:2] == [
        "fig_9",
        "fig_12",
    ]


def test_rules_stand_below_what_they_read_and_boxes_do_not_overlap():
    svg = rule_graph.draw_rule_graph(standin.EDGES)
    boxes, places = [], {}
    for group in re.findall(r'<g class="node">(.*?)</g>', svg):
        numbers = re.search(r'x="([\d.]+)" y="([\d.]+)" width="([\d.]+)" height="([\d.]+)"', group)
        x, y, width, height = map(float, numbers.groups())
        boxes.append((x, y, x + width, y + height))
        places |= dict.fromkeys(re.findall(r"<text[^>]*>(\w+)<", group), (y, y + height))
    assert set(places) == {node for edge in standin.EDGES for node in edge}
    for start, end in standin.EDGES:
        assert places[start][1] < places[end][0]
    for one, other in itertools.combinations(boxes, 2):
        apart_across = one[2] < other[0] or other[2] < one[0]
        assert apart_across or one[3] < other[1] or other[3] < one[1]
