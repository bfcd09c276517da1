"""Curves of a training."""

from __future__ import annotations

import json

import pytest

from synthwire.errors import InputError
from synthwire.figures import loss_curves


def test_metrics_of_a_resumed_and_killed_training(tmp_path):
    path = tmp_path / "metrics.json"
    rows = [{"iteration": i, "total_loss": loss} for i, loss in ((19, 3.0), (39, 2.0), (19, 2.5))]
    text = "\n".join(map(json.dumps, rows))
    path.write_text(text + '\n{"iteration": 59, "total')
    assert loss_curves.read_metrics(path)["total_loss"].tolist() == [2.5, 2.0]
    rows.append({"iteration": 39, "validation/ap_segm": 31.0})  # of an iteration seen before
    path.write_text("\n".join(map(json.dumps, rows)))
    table = loss_curves.read_metrics(path).set_index("iteration")
    assert table.loc[39].to_dict() == {"total_loss": 2.0, "validation/ap_segm": 31.0}
    drawing = loss_curves.draw_loss_curves({"01": table.reset_index()})
    assert drawing.facts["last_validation_ap"] == {"01": 31.0}
    assert len(drawing.figure.axes) == 4
    path.write_text('{"iteration": 59, "total\n' + text)
    with pytest.raises(InputError, match="line 1 is not valid JSON"):
        loss_curves.read_metrics(path)
