"""Tables: which rows stand in them, and the published numbers."""

from __future__ import annotations

import math

import pytest
from table_settings import IMAGE_SETS, PUBLISHED, SHOWN

from synthwire.errors import InputError
from synthwire.study.headlines import headlines
from synthwire.study.study import AP_COLUMNS, HYPERPARAMETERS, Study, read_published_table
from synthwire.study.tables import build_tables


def test_the_published_numbers_are_those_of_the_paper():
    table = read_published_table(PUBLISHED / "table1.tsv").set_index("model")
    assert len(table) == 20
    assert table.loc["12", "ap_segm"] == 90.487
    # the paper's text: about 86.6 accuracy and AP50 around 62 for the best on ptychography,
    # 30/21 on STXM without large particles, around 13 on SEM
    tables = {
        n: read_published_table(PUBLISHED / f"table{n}.tsv").set_index("model") for n in (2, 3, 4)
    }
    assert tables[2].loc["13", ["accuracy", "ap50_segm"]].tolist() == [86.6, 62.519]
    assert tables[3].loc["03", ["ap_bbox", "ap_segm"]].tolist() == [30.51, 21.36]
    assert tables[3][["apl_bbox", "apl_segm"]].isna().all(axis=None)
    assert tables[4]["ap_segm"].round().tolist() == [13, 13, 13]
    for table in tables.values():
        assert list(table.columns) == ["accuracy", *AP_COLUMNS]


def test_table_1_lists_all_models_and_the_base(tables):
    frame = tables["table1"].frame
    assert list(frame.columns) == [
        *("model", *HYPERPARAMETERS),
        *("ap_bbox", "ap_segm", "paper_ap_bbox", "paper_ap_segm"),
        *("difference_ap_bbox", "difference_ap_segm"),
        *("ap_bbox_low", "ap_bbox_high", "ap_segm_low", "ap_segm_high"),
    ]
    assert frame["model"].tolist() == ["base", *(f"{n:02d}" for n in range(1, 21))]
    base, last = frame.iloc[0], frame.iloc[-1]
    assert last["difference_ap_segm"] == pytest.approx(20 - 89.74)
    assert (last["ap_segm_low"], last["ap_segm_high"]) == (17, 23)
    assert math.isnan(base["epochs"]) and math.isnan(base["paper_ap_segm"])
    assert (base["ap_segm"], last["ap_segm"], last["paper_ap_segm"]) == (40, 20, 89.74)
    assert "**40.0** [37.0, 43.0]" in tables["table1"].display["AP segm"].tolist()
    assert "−69.7" in tables["table1"].display["AP segm, difference"].tolist()
    assert "95 % bootstrap intervals over 20 blocks" in tables["table1"].caption
    assert len(tables["table1"].footnotes) == 2  # the paper's slip; what the base is
    assert sum("^a^" in cell for cell in tables["table1"].display["AP segm, paper"]) == 2


def test_published_numbers_stand_only_beside_the_published_hyperparameters(evaluations, models):
    models = models.copy()
    models.loc[models["model"] == "07", "learning_rate"] = 0.05
    tables = build_tables(Study(evaluations, models, PUBLISHED, {}, IMAGE_SETS))
    frame = tables["table1"].frame.set_index("model")
    assert math.isnan(frame.loc["07", "paper_ap_segm"])
    assert frame.loc["08", "paper_ap_segm"] == 90.254


def test_captions_say_where_trainings_start_and_how_images_are_looked_at(evaluations, models):
    told = Study(evaluations, models, PUBLISHED, SHOWN, IMAGE_SETS, "Start.", "Looks.")
    captions = {name: table.caption for name, table in build_tables(told).items()}
    assert captions["table1"].endswith("in bold. Start. Looks.")
    assert captions["table2"].endswith("in bold. Looks.")
    silent = Study(evaluations, models, PUBLISHED, SHOWN, IMAGE_SETS)
    assert build_tables(silent)["table1"].caption.endswith("in bold.")


def test_rows_of_an_image_table(tables):
    frame = tables["table2"].frame
    assert list(zip(frame["model"], frame["selection"], strict=True)) == [
        ("20", "ours"),
        ("19", "ours+paper"),
        ("18", "ours"),
        ("14", "paper"),
        ("13", "paper"),
        ("01", "validation"),  # best on the synthetic images, worst on these
    ]
    assert frame["ap_segm"].tolist() == [20, 19, 18, 14, 13, 1]
    by_model = frame.set_index("model")
    assert by_model.loc["19", "paper_ap_bbox"] == 41.809
    assert math.isnan(by_model.loc["20", "paper_ap_bbox"])
    assert list(frame.columns) == [
        "model",
        "selection",
        *("accuracy", *AP_COLUMNS),
        *(f"paper_{column}" for column in ("accuracy", *AP_COLUMNS)),
        *(f"difference_{column}" for column in ("accuracy", *AP_COLUMNS)),
        *(f"{column}_{end}" for column in ("accuracy", *AP_COLUMNS) for end in ("low", "high")),
        *(f"{key}_to_first" for key in ("difference", "low", "high", "p")),
    ]
    assert by_model.loc["19", "difference_ap_segm"] == pytest.approx(19 - 41.719)
    assert (by_model.loc["18", "ap_segm_low"], by_model.loc["18", "ap_segm_high"]) == (15, 21)


def test_models_are_tested_against_the_best(tables):
    frame = tables["table2"].frame.set_index(["model", "selection"])
    assert frame.loc[("20", "ours"), "p_to_first"] == 1
    worst = frame.loc[("01", "validation")]
    assert worst["difference_to_first"] == -19
    assert worst["low_to_first"] < -19 < worst["high_to_first"] < 0
    assert worst["p_to_first"] < 0.02
    near = frame.loc[("18", "ours")]
    assert near["low_to_first"] < 0 < near["high_to_first"]
    values = tables["table2"].display["Values"].tolist()
    assert values[:2] == ["ours", "interval"] and {"paper", "difference"} < set(values)
    assert any("paired bootstrap" in note for note in tables["table2"].footnotes)


def test_evaluations_without_intervals(evaluations, models):
    for sets in evaluations.values():
        for found in sets.values():
            del found["uncertainty"]
    tables = build_tables(Study(evaluations, models, PUBLISHED, SHOWN, IMAGE_SETS))
    assert "**40.0**" in tables["table1"].display["AP segm"].tolist()
    assert "interval" not in tables["table2"].display["Values"].tolist()
    assert "p" not in tables["table2"].display
    assert "bootstrap" not in "".join([tables["table2"].caption, *tables["table2"].footnotes])


def test_a_users_own_image_is_not_the_papers(evaluations, models):
    sets = {**IMAGE_SETS, "sem": {"label": "my SEM image", "source": "file"}}
    tables = build_tables(Study(evaluations, models, PUBLISHED, SHOWN, sets))
    full = tables["supplementary_table1"].frame
    assert full.loc[full["images"] == "sem", "paper_ap_segm"].isna().all()
    assert any("not the same measurement" in note for note in tables["table4"].footnotes)


def test_simulated_images_are_told_from_the_papers(tables):
    assert "X-ray ptychography" in tables["table2"].caption
    assert any("outlines are not the paper's own" in note for note in tables["table2"].footnotes)
    assert "simulated STXM" in tables["table3"].caption
    assert any("not the same measurement" in note for note in tables["table3"].footnotes)
    assert tables["table3"].frame.set_index("model").loc["03", "paper_ap_bbox"] == 30.51
    full = tables["supplementary_table1"].frame
    stxm = full[full["images"] == "simulated_stxm"]
    assert stxm["paper_ap_segm"].isna().all()
    ptychography = full[full["images"] == "ptychography"].set_index("model")
    assert ptychography.loc["13", "paper_ap_segm"] == 42.327


def test_the_misprint_of_table_4_is_marked(tables):
    assert any("misprint" in note for note in tables["table4"].footnotes)
    marked = [cell for cell in tables["table4"].display["AP50"] if "23.1^" in cell]
    assert set(marked) == {"51.8/23.1^a^"}


def test_full_table_has_all_models_on_all_image_sets(tables):
    frame = tables["supplementary_table1"].frame
    assert len(frame) == 22 * 4
    assert frame["model"].unique().tolist()[-1] == "watershed"
    assert {"ap_segm_score70", "ap_segm_500", "apl_bbox_score70", "ap_segm_unnested"} <= set(
        frame.columns
    )
    assert frame.loc[frame["images"] == "synthetic", "paper_ap_segm"].notna().sum() == 20
    assert (frame["ap_segm_low"] == frame["ap_segm"] - 3).all()
    assert (frame["ap_segm_overlap_0_0.05"] == frame["ap_segm"]).all()
    assert (frame["ap_segm_overlap_0_0.05_high"] == frame["ap_segm"] + 2).all()
    assert {"pq", "f1_iou50", "boundary_f1", "relative_count_error"} <= set(frame.columns)


def test_fewer_models_than_the_paper(evaluations, models):
    few = {model: evaluations[model] for model in ("base", "01", "02", "03")}
    tables = build_tables(
        Study(few, models[models["model"].isin(few)], PUBLISHED, SHOWN, IMAGE_SETS)
    )
    assert tables["table2"].frame["model"].tolist() == ["03", "02", "01", "01"]
    assert tables["table2"].frame["paper_accuracy"].isna().all()


def test_a_model_from_elsewhere_stands_beside_the_rows_and_is_not_the_best_of_them(
    evaluations, models
):
    evaluations["shipped"] = evaluations["watershed"]  # better on real images than every row
    tables = build_tables(Study(evaluations, models, PUBLISHED, SHOWN, IMAGE_SETS))
    frame = tables["table2"].frame
    assert frame[["model", "selection"]].iloc[-1].tolist() == ["shipped", "elsewhere"]
    assert "elsewhere: weights from elsewhere" in tables["table2"].footnotes[-2]
    config = {
        "tables": {f"table{number}": images for number, images in SHOWN.items()},
        "image_sets": IMAGE_SETS,
    }
    rows = headlines({name: table.frame for name, table in tables.items()}, config)
    assert rows[1]["model"] == frame["model"].iloc[0] != "shipped"


def test_an_image_set_that_nobody_evaluated_is_named(evaluations, models):
    with pytest.raises(InputError, match=r"table 2: .* 'neutron'"):
        build_tables(Study(evaluations, models, PUBLISHED, {2: "neutron"}, IMAGE_SETS))
