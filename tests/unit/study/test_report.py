"""The report opens offline and tells what the results hold."""

from __future__ import annotations

import itertools
import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import standin_results as standin

from synthwire.datasets import annotated_images
from synthwire.errors import InputError
from synthwire.figures import loss_curves
from synthwire.figures.kit import style
from synthwire.figures.overview import draw_overview
from synthwire.figures.prediction import draw_prediction
from synthwire.io.files import read_json
from synthwire.study import report, rule_graph, run_times

CAPTIONS = Path(__file__).parents[3] / "workflow" / "report"


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    folder = standin.make_results(tmp_path_factory.mktemp("results"), size=96, scenes=2)
    standin.make_tables(folder)
    standin.make_benchmarks(folder)
    sets = {
        key: annotated_images.read_image_set(folder / f"microscopy/{key}")
        for key in ("stxm", "sem")
    }
    style.save(
        draw_overview([pictures[0] for pictures in sets.values()]), folder / "figures" / "fig1"
    )
    stored = read_json(folder / "evaluation/03/stxm.json")
    predictions = read_json(folder / "predictions/03/stxm.json")
    style.save(draw_prediction(sets["stxm"][0], predictions, "03", stored), folder / "figures/fig6")
    metrics = {"01": loss_curves.read_metrics(folder / "models/01/metrics.json")}
    style.save(loss_curves.draw_loss_curves(metrics), folder / "figures/fig_training")
    return folder


@pytest.fixture(scope="module")
def page(results):
    return report.build_report(
        results,
        standin.make_config(),
        captions=CAPTIONS,
        rule_graph=standin.EDGES,
        provenance={"git_commit": "0123abc", "versions": {"numpy": "2", "detectron2": None}},
    )


class Links(HTMLParser):
    def __init__(self):
        super().__init__()
        self.targets, self.ids, self.open = [], [], []

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        self.targets += [(tag, attributes[k]) for k in ("src", "href") if k in attributes]
        self.ids += [attributes["id"]] if "id" in attributes else []
        if tag not in {"meta", "img", "br", "link", "path", "rect"}:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        attributes = dict(attributes)
        self.ids += [attributes["id"]] if "id" in attributes else []

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_the_page_needs_nothing_from_outside_and_its_links_lead_somewhere(page):
    links = Links()
    links.feed(page)
    assert links.open == [] and len(set(links.ids)) == len(links.ids)
    for tag, target in links.targets:
        if target.startswith("#"):
            assert target[1:] in links.ids, target
        elif tag == "a" and not target.startswith("data:"):
            assert target == f"https://doi.org/{report.PAPER_DOI}"
        else:
            assert target.startswith("data:")
    assert "@import" not in page and "url(" not in page.replace("url(#arrow)", "")


def test_the_page_shows_tables_figures_times_and_provenance(page, results):
    text = re.sub(r"data:[^\"]+", "", page)
    for words in (
        "Table 1.",
        "Supplementary Table 1.",
        "Figure 1.",
        "Figure 6.",
        "Figure: training",
    ):
        assert f'<span class="label">{words.rstrip(".")}.</span>' in text
    assert "0123abc" in text and "detectron2 not installed" in text
    assert "train_model" in text and "pixels of doubtful outlines alone are ignored" in text
    best = pd.read_csv(results / "tables/table3.csv", dtype={"model": str})
    row = best.loc[best["ap_segm"].idxmax()]
    chosen = best.loc[best["selection"] == "validation"].iloc[0]
    assert (
        f"<td>STXM</td><td>{row['model']}</td><td>{row['ap_segm']:.1f}</td>"
        f'<td class="number">{row["ap_bbox"]:.1f}</td>'
        f'<td class="number">{row["accuracy"]:.1f}</td>'
        f'<td>{chosen["model"]}</td><td class="number">{chosen["ap_segm"]:.1f}</td>' in text
    )
    facts = read_json(results / "figures/fig6.json")
    assert f"{facts['accuracy']:.1f} %" in text


def test_charts_are_embedded_as_vectors_and_pictures_as_pixels(results):
    assert report.embedded_picture(results / "figures/fig_training").startswith("data:image/svg")
    assert report.embedded_picture(results / "figures/fig6").startswith("data:image/png")
    assert report.embedded_picture(results / "figures/fig99") is None


def test_names_from_the_configuration_cannot_inject_markup(results):
    config = standin.make_config(name="<script>alert(1)</script>")
    config["image_sets"]["stxm"]["label"] = "<b>STXM</b>"
    page = report.build_report(results, config, captions=CAPTIONS)
    assert "<script>" not in page and "<b>STXM" not in page


def test_nothing_to_report_is_said(tmp_path):
    with pytest.raises(InputError, match="there is nothing to report"):
        report.build_report(tmp_path, standin.make_config(), captions=CAPTIONS)


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


def test_benchmarks_are_summed_by_rule(tmp_path):
    for name, seconds in (("train_model/01", 60.0), ("train_model/02", 30.0), ("report", 2.0)):
        path = tmp_path / f"{name}.tsv"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"s\th:m:s\tmax_rss\n{seconds}\t0:00:01\t-\n")
    table = run_times.summarise_benchmarks(
        run_times.read_benchmarks(tmp_path), ["train_model", "report"]
    ).set_index("rule")
    assert list(table.index) == ["train_model", "report"]
    assert table.loc["train_model", ["jobs", "total_s", "median_s", "longest_s"]].tolist() == [
        2,
        90.0,
        45.0,
        60.0,
    ]
    assert np.isnan(table.loc["report", "max_rss_mb"])


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.44, "0.4 s"),
        (42.4, "42 s"),
        (59.6, "1 min 00 s"),
        (185, "3 min 05 s"),
        (7440, "2 h 04 min"),
    ],
)
def test_durations(seconds, text):
    assert run_times.duration(seconds) == text


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("0.02", True),
        ("**64.0**/52.6", True),
        ("48.116<sup>a</sup>/32.782<sup>a</sup>", True),
        ("28.6 [19.6, 45.8]", True),
        ("−36.9", True),
        ("NaN/NaN", True),
        ("", True),
        ("ours", False),
        ("42.3 > 21.8", False),
        ("median 89.9", False),
    ],
)
def test_numbers_are_told_from_words(text, number):
    assert report.is_number(text) is number


def test_the_verdict_marks_each_claim(page):
    for status in ("holds", "not-tested"):
        assert f'<td class="status {status}"><strong>' in page


def test_markdown_table_keeps_its_caption_and_notes(results):
    table = report.read_markdown_table(results / "tables/table2.md")
    assert table.columns[0] == "No." and len(table.rows) >= 2
    assert table.caption.startswith("Models on X-ray ptychography")
    assert any("not the paper's own" in note for note in table.notes)
    assert report.inline_html("**3.1**/<x>") == "<strong>3.1</strong>/&lt;x&gt;"
