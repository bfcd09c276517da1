"""Quality of instances."""

from __future__ import annotations

from standin_results import evaluation

from synthwire.figures.instance_quality import draw_instance_quality


def test_instance_quality_shows_what_was_evaluated(results):
    stored = evaluation(results, "03", "simulated_stxm")
    data = draw_instance_quality({"STXM": stored}, {"STXM": "03"}, [1024, 9216]).data
    by = {against: part.set_index("level") for against, part in data.groupby("against")}
    assert len(by["iou"]) == 10 and by["iou"]["value"].iloc[0] == stored["thresholds"][0]["f1"]
    assert by["overlap"]["particles"].sum() >= stored["counts"]["ground_truth"]
    assert by["size"].loc["small", "value"] == stored["segm"]["aps"]
    assert by["size"].loc["small", "low"] <= stored["segm"]["aps"]
