"""How a drawing is written."""

from __future__ import annotations

import re

from synthwire.figures import loss_curves
from synthwire.figures.kit import layout, style


def test_save_writes_the_same_bytes_each_time(tmp_path, results):
    metrics = {"01": loss_curves.read_metrics(results / "models/01/metrics.json")}
    for name in ("one", "two"):
        style.save(loss_curves.draw_loss_curves(metrics), tmp_path / name / "fig_training")
    names = sorted(path.name for path in (tmp_path / "one").iterdir())
    assert names == [f"fig_training.{suffix}" for suffix in ("csv", "json", "pdf", "png", "svg")]
    for name in names:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


def test_a_pdf_holds_a_face_once_as_type_42(tmp_path):
    with style.context():
        figure = layout.new_figure(60, 20)
        figure.text(0.1, 0.5, "median 3 µm (2–4), −1 ≤ θ")
    style.save(style.Drawing(figure), tmp_path / "text")
    content = (tmp_path / "text.pdf").read_bytes()
    assert re.findall(rb"/Subtype /(CIDFontType2|Type3)", content) == [b"CIDFontType2"]
