"""The report opens offline and tells what the results hold."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

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
from synthwire.study import report, report_figures
from synthwire.study.table_files import read_table

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
    assert report_figures.embed_picture(results / "figures/fig_training").startswith(
        "data:image/svg"
    )
    assert report_figures.embed_picture(results / "figures/fig6").startswith("data:image/png")
    assert report_figures.embed_picture(results / "figures/fig99") is None


def test_names_from_the_configuration_cannot_inject_markup(results):
    config = standin.make_config(name="<script>alert(1)</script>")
    config["image_sets"]["stxm"]["label"] = "<b>STXM</b>"
    page = report.build_report(results, config, captions=CAPTIONS)
    assert "<script>" not in page and "<b>STXM" not in page


def test_nothing_to_report_is_said(tmp_path):
    with pytest.raises(InputError, match="there is nothing to report"):
        report.build_report(tmp_path, standin.make_config(), captions=CAPTIONS)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("0.02", True),
        ("**64.0**/52.6", True),
        ("48.116^a^/32.782^a^", True),
        ("28.6 [19.6, 45.8]", True),
        ("−36.9", True),
        ("–/–", True),
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


def test_a_table_keeps_its_caption_and_notes(results):
    table = read_table(results / "tables/table2")
    assert table.display.columns[0] == "No." and len(table.display) >= 2
    assert table.caption.startswith("Models on X-ray ptychography")
    assert any("not the paper's own" in note for note in table.footnotes)
    assert report.inline_html("**3.1**/<x>") == "<strong>3.1</strong>/&lt;x&gt;"
