"""Figures: what they show must be what is stored, and nothing may overlap."""

from __future__ import annotations

import itertools
import json

import numpy as np
import pandas as pd
import pytest
import standin_results as standin
import tifffile
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.colors import to_rgb
from scipy.stats import gaussian_kde

from synthwire.datasets import annotated_images
from synthwire.errors import InputError
from synthwire.figures import (
    conditions,
    feature_maps,
    gallery,
    hyperparameters,
    loss_curves,
    particle_statistics,
)
from synthwire.figures.instance_quality import draw_instance_quality
from synthwire.figures.kit import overlay, sources, style
from synthwire.figures.kit.volume import render_volume
from synthwire.figures.methods import draw_methods
from synthwire.figures.overview import draw_overview
from synthwire.figures.precision_recall import draw_precision_recall, interpolated_precision
from synthwire.figures.prediction import (
    crowded_window,
    draw_prediction,
    find_picture,
    median_image,
    paint_classes,
)
from synthwire.figures.synthesis import draw_synthesis
from synthwire.io.files import read_json
from synthwire.particles import distribution
from synthwire.particles.distances import compare_distributions
from synthwire.structures.shapes import SHAPES


@pytest.fixture(scope="session")
def results(tmp_path_factory):
    return standin.make_results(tmp_path_factory.mktemp("results"), size=96, scenes=3)


def image_set(results, key):
    return annotated_images.read_image_set(results / "microscopy" / key)


def evaluation(results, model, key):
    return read_json(results / "evaluation" / model / f"{key}.json")


def synthetic(results):
    return annotated_images.read_synthetic(results / "dataset/val.json", results / "images", 12.0)


# -- style -----------------------------------------------------------------------------------


@given(st.floats(1e-3, 1e7))
def test_scale_bar_length_is_round_and_fits(target):
    length = style.round_length(target)
    assert target / 2.5 <= length <= target * (1 + 1e-6)
    digits = f"{length:.6e}".rstrip("0")
    assert digits[0] in "125" and float(digits.split("e")[0].rstrip(".") or 1) in (1, 2, 5)


def test_scale_bar_spans_the_right_number_of_pixels():
    _, axes = style.image_grid([[1.0]], width_mm=60)
    ax, pixels = axes[0][0], np.zeros((100, 200), dtype=np.uint8)
    style.show_image(ax, pixels)
    length = style.scale_bar(ax, pixels, [50.0, 8.0])  # the bar lies across: 8 nm a pixel
    x = ax.lines[0].get_xdata()
    assert length == 200 and (x[1] - x[0]) * 200 * 8 == pytest.approx(length)
    assert ax.texts[0].get_text() == "200 nm"
    assert ax.get_xlim() == (0, 200) and ax.get_ylim() == (100, 0)


@pytest.mark.parametrize("bright", ["left", "right"])
def test_scale_bar_lies_in_the_darker_corner(bright):
    _, axes = style.image_grid([[1.0]], width_mm=60)
    pixels = np.zeros((80, 80), dtype=np.uint8)
    pixels[70:, slice(0, 40) if bright == "left" else slice(40, 80)] = 255
    style.scale_bar(axes[0][0], pixels, 10.0)
    x = axes[0][0].lines[0].get_xdata()
    assert min(x) > 0.5 if bright == "left" else max(x) < 0.5


def test_scale_bar_says_when_the_pixel_size_is_assumed_and_is_absent_when_unknown():
    _, axes = style.image_grid([[1.0, 1.0]])
    pixels = np.zeros((90, 90), dtype=np.uint8)
    assert style.scale_bar(axes[0][0], pixels, 100.0, assumed=True) == 2000
    assert axes[0][0].texts[0].get_text() == "2 µm (assumed)"
    assert style.scale_bar(axes[0][1], pixels, None) is None
    assert not axes[0][1].lines and not axes[0][1].texts


def test_save_writes_the_same_bytes_each_time(tmp_path, results):
    metrics = {"01": loss_curves.read_metrics(results / "models/01/metrics.json")}
    for name in ("one", "two"):
        style.save(loss_curves.draw_loss_curves(metrics), tmp_path / name / "fig_training")
    names = sorted(path.name for path in (tmp_path / "one").iterdir())
    assert names == [f"fig_training.{suffix}" for suffix in ("csv", "json", "pdf", "png", "svg")]
    for name in names:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


def test_panels_of_one_row_are_equally_high_and_keep_the_pictures_aspect():
    figure, rows = style.image_grid([[0.8, 1.5, 1.0]])
    boxes = [ax.get_window_extent() for ax in rows[0]]
    assert np.ptp([box.height for box in boxes]) < 1e-6
    for box, aspect in zip(boxes, (0.8, 1.5, 1.0), strict=True):
        assert box.width / box.height == pytest.approx(aspect)
    assert boxes[-1].x1 == pytest.approx(figure.bbox.x1)


# -- sources ---------------------------------------------------------------------------------


def test_image_set_pages_follow_their_annotations(results):
    pictures = image_set(results, "simulated_stxm")
    stack = tifffile.imread(results / "microscopy/simulated_stxm/image.tif")
    assert [picture.page for picture in pictures] == [0, 1, 2]
    for picture, page in zip(pictures, stack, strict=True):
        assert np.array_equal(picture.pixels, page)
        assert len(picture.masks(ignored=True)) == 2


def test_missing_image_and_wrong_size_are_one_line(results, tmp_path):
    data = read_json(results / "dataset/val.json")
    data["images"][0]["file_name"] = "scene_99999.png"
    (tmp_path / "val.json").write_text(json.dumps(data))
    with pytest.raises(InputError, match=r"no shard holds scene_99999\.png"):
        annotated_images.read_synthetic(tmp_path / "val.json", results / "images")
    data = read_json(results / "dataset/val.json")
    data["images"][0]["width"] += 1
    (tmp_path / "val.json").write_text(json.dumps(data))
    with pytest.raises(InputError, match="96 × 96 pixels, but its annotations are for 97 × 96"):
        _ = annotated_images.read_synthetic(tmp_path / "val.json", results / "images")[0].pixels


def test_best_model_leaves_out_what_has_no_value():
    evaluations = {
        "01": {"segm": {"ap": None}},
        "02": {"segm": {"ap": 31.0}},
        "03": {"segm": {"ap": 31.0}},
    }
    assert sources.best_model(evaluations) == "02"
    with pytest.raises(InputError, match=r"segm\.ap"):
        sources.best_model({"01": {"segm": {"ap": None}}})


# -- overlay ---------------------------------------------------------------------------------


def test_outline_runs_along_the_pixels_edges():
    mask = np.zeros((20, 30), dtype=bool)
    mask[4:7, 11:21] = True
    (line,) = overlay.contours(mask)
    assert line.min(axis=0).tolist() == [11, 4] and line.max(axis=0).tolist() == [21, 7]
    mask[:] = True
    (line,) = overlay.contours(mask)
    assert line.min(axis=0).tolist() == [0, 0] and line.max(axis=0).tolist() == [30, 20]
    assert overlay.contours(np.zeros((5, 5), dtype=bool)) == []


def test_crossing_instances_have_different_colours():
    rng = np.random.default_rng(5)
    masks = [standin.bar_mask(rng, 80, 80, 0.6) for _ in range(14)]
    colours = overlay.choose_colours(masks)
    for (a, one), (b, other) in itertools.combinations(zip(masks, colours, strict=True), 2):
        if (a & b).any():
            assert one != other
    assert overlay.choose_colours([]) == []


def test_blending_leaves_other_pixels_and_mixes_crossings():
    pixels = np.full((4, 4), 100, dtype=np.uint8)
    left, top = np.zeros((2, 4, 4), dtype=bool)
    left[:, 0] = top[0] = True
    image = overlay.blend_instances(pixels, [left, top], ["#FF0000", "#0000FF"], opacity=0.5)
    assert (image[1:, 1:] == 100).all()
    assert image[2, 0].tolist() == [178, 50, 50]
    assert image[0, 0].tolist() == [114, 50, 114]


# -- volume ----------------------------------------------------------------------------------


def test_volume_is_seen_the_same_way_round_as_its_projection():
    labels = np.zeros((10, 40, 40), dtype=np.uint8)
    labels[:4, 30:36, 4:10] = 1  # near the viewer, left
    labels[:4, 4:10, 30:36] = 2  # far, right
    image = render_volume(labels, {1: "#FF0000", 2: "#0000FF"}, width_px=120, azimuth_deg=90)
    red = np.argwhere((image[..., 0] > 90) & (image[..., 2] < 60)).mean(axis=0)
    blue = np.argwhere((image[..., 2] > 90) & (image[..., 0] < 60)).mean(axis=0)
    assert red[1] < blue[1] and red[0] > blue[0]


def test_upper_particle_hides_the_lower_one_and_casts_a_shadow():
    labels = np.zeros((30, 40, 40), dtype=np.uint8)
    labels[:3, 15:25, 15:25] = 1
    labels[20:23, 10:30, 10:30] = 2
    image = render_volume(
        labels, {1: "#FF0000", 2: "#00FF00"}, width_px=100, elevation_deg=89.9, azimuth_deg=90
    ).astype(int)
    red = (image[..., 0] > image[..., 1] + 40) & (image[..., 0] > image[..., 2] + 40)
    assert not red.any()
    grey = (np.ptp(image, axis=2) < 4) & (image[..., 0] < 200)
    assert grey.sum() > 50  # shadow on the substrate beside it


def test_empty_volume_is_bare_substrate():
    image = render_volume(np.zeros((5, 20, 20), dtype=np.uint8), {}, width_px=60)
    assert set(np.unique(image[15:20, 28:32])) == {236}


# -- statistics ------------------------------------------------------------------------------


@given(
    st.lists(st.floats(0, 179.99), min_size=2, max_size=40),
    st.floats(0, 180),
)
def test_periodic_density_integrates_to_one_closes_and_turns(angles, turn):
    angles = np.array(angles)
    grid = np.linspace(0, 180, 721)
    density = distribution.periodic_density(angles, grid)
    assert np.trapezoid(density, grid) == pytest.approx(1, abs=1e-3)
    assert density[0] == pytest.approx(density[-1])
    turned = distribution.periodic_density((angles + turn) % 180, (grid + turn) % 180)
    assert turned == pytest.approx(density, abs=1e-9)


def test_periodic_density_of_equal_angles_is_one_narrow_peak():
    grid = np.linspace(0, 180, 721)
    density = distribution.periodic_density(np.full(7, 41.3), grid)
    assert np.trapezoid(density, grid) == pytest.approx(1, abs=1e-3)
    assert grid[density.argmax()] == pytest.approx(41.3, abs=0.3)


def test_periodic_density_joins_both_ends():
    grid = np.array([0.0, 90.0])
    density = distribution.periodic_density(np.array([177.0, 3.0, 179.0, 1.0]), grid)
    assert density[0] > 20 * density[1]


def test_the_linear_density_is_scipys():
    values = np.random.default_rng(3).lognormal(1, 0.6, 40)
    grid = np.linspace(-2, 15, 90)
    expected = gaussian_kde(values)(grid)
    np.testing.assert_allclose(
        distribution.linear_density(values, grid, None), expected, rtol=1e-9, atol=1e-15
    )


def test_linear_density_keeps_its_mass_above_the_limit():
    values = np.random.default_rng(0).exponential(2.0, 60) + 1
    grid = np.linspace(-10, 40, 20001)
    density = distribution.linear_density(values, grid, 1.0)
    assert np.trapezoid(density, grid) == pytest.approx(1, abs=1e-3)
    assert not density[grid < 1].any()
    assert not distribution.linear_density(np.array([3.0]), grid, None).any()


@pytest.mark.parametrize("log_area", [True, False])
def test_histograms_in_the_data_integrate_to_one(results, log_area):
    table = pd.read_csv(results / "statistics/03/stxm.csv")
    drawing = particle_statistics.draw_particle_statistics(table, "STXM", "03", log_area=log_area)
    bars = drawing.data[drawing.data["kind"] == "histogram"]
    for (feature, _), part in bars.groupby(["feature", "source"]):
        low, high = part["from"], part["to"]
        if feature == "area" and log_area:
            low, high = np.log10(low), np.log10(high)
        assert (part["value"] * (high - low)).sum() == pytest.approx(1)
    assert drawing.facts["annotations"] == (table["source"] == "annotation").sum()
    assert drawing.facts["area_unit"] in ("nm²", "µm²")


def test_statistics_without_predictions_are_still_drawn(results, tmp_path):
    table = pd.read_csv(results / "statistics/03/sem.csv")
    drawing = particle_statistics.draw_particle_statistics(
        table[table["source"] == "annotation"], "SEM", "03"
    )
    assert drawing.facts["predictions"] == 0 and drawing.facts["area_unit"] == "px"
    assert drawing.facts["centres"]["area"]["prediction"] is None
    style.save(drawing, tmp_path / "fig9")


# -- prediction ------------------------------------------------------------------------------


def test_median_image_is_neither_best_nor_worst():
    rows = [(1, 90.0), (2, None), (3, 10.0), (4, 50.0), (5, 60.0)]
    listed = {"per_image": [{"image_id": i, "accuracy": a} for i, a in rows]}
    assert median_image(listed) == 4
    with pytest.raises(InputError, match="no image has an accuracy"):
        median_image({"per_image": [{"image_id": 1, "accuracy": None}]})


def test_prediction_states_the_accuracy_that_was_evaluated(results):
    pictures = image_set(results, "simulated_stxm")
    stored = evaluation(results, "03", "simulated_stxm")
    predictions = read_json(results / "predictions/03/simulated_stxm.json")
    for row in stored["per_image"]:
        picture = find_picture(pictures, row["image_id"])
        facts = draw_prediction(picture, predictions, "03", stored).facts
        assert facts["accuracy"] == pytest.approx(row["accuracy"])
        assert facts["instances"] == row["predictions"]
        assert facts["pixels"]["fn"] == row["fn"]


@pytest.mark.parametrize("name", ["safe", "paper"])
def test_pixel_colours(name):
    colours = style.PIXEL_COLOURS[name]
    image = paint_classes(np.arange(5, dtype=np.uint8)[None], colours)
    expected = [colours.background, colours.true_positive, colours.false_positive]
    expected += [colours.false_negative, colours.ignored]
    assert image[0] / 255 == pytest.approx(np.array([to_rgb(c) for c in expected]), abs=2e-3)


def test_unknown_pixel_colours_are_refused(results):
    picture = image_set(results, "sem")[0]
    with pytest.raises(InputError, match="'rainbow' is not one of 'safe', 'paper'"):
        draw_prediction(picture, [], "01", {}, pixel_colours="rainbow")


def test_crowded_window_holds_the_crossing(results):
    masks = np.zeros((2, 90, 120), dtype=bool)
    masks[0, 70:76] = masks[1, :, 95:101] = True
    annotations = tuple(
        standin.make_annotation(k + 1, 1, standin.encode_mask(mask)) for k, mask in enumerate(masks)
    )
    picture = annotated_images.AnnotatedImage(results, 0, 1, 120, 90, "two bars", annotations)
    x, y, width, height = crowded_window(picture)
    assert (width, height) == (40, 30)
    assert x <= 95 and x + width >= 101 and y <= 70 and y + height >= 76


@pytest.mark.parametrize("shape", SHAPES)
def test_gallery_shows_every_shape(shape):
    exhibit = gallery.make_exhibit(shape, gallery.shape_settings(shape, count=3, side=96))
    assert exhibit.labels.any() and exhibit.voxel_size_nm == 6


def test_gallery_counts_what_the_volume_holds():
    labels = np.zeros((6, 40, 40), dtype=np.uint8)
    labels[:3, 5:10, 5:30], labels[3:5, 2:36, 12:16] = 2, 5  # a gap in the numbers
    drawing = gallery.draw_gallery([gallery.Exhibit("two", labels, 10.0)])
    (row,) = drawing.data.to_dict("records")
    assert row["particles"] == 2 and row["pile_height_voxels"] == 5
    assert row["filled_percent"] == pytest.approx(100 * (3 * 125 + 2 * 136) / 9600)
    with pytest.raises(InputError, match="no shape 'blob'"):
        gallery.shape_settings("blob")
    with pytest.raises(InputError, match="gallery is empty"):
        gallery.draw_gallery([])


# -- curves ----------------------------------------------------------------------------------


def test_area_under_the_envelope_is_the_evaluated_ap50(results):
    for key in ("synthetic", "stxm", "simulated_stxm"):
        stored = evaluation(results, "02", key)
        curve = stored["precision_recall"]
        recall, envelope = (np.array(curve[name]) for name in ("recall", "envelope"))
        value = 100 * interpolated_precision(recall, envelope).mean()
        assert value == pytest.approx(stored["segm"]["ap50"], abs=1e-3)


def test_precision_recall_without_any_detection():
    empty = {"recall": [], "precision": [], "envelope": []}
    drawing = draw_precision_recall({"A": empty, "B": empty}, "01")
    assert drawing.facts["ap50"] == {"A": None, "B": None}


def test_principal_colours_tell_regions_apart():
    rng = np.random.default_rng(0)
    kinds = rng.integers(0, 3, (20, 30))
    features = rng.normal(size=(3, 16))[kinds].transpose(2, 0, 1) + rng.normal(
        0, 0.02, (16, 20, 30)
    )
    colours = feature_maps.principal_colours(features)
    means = [colours[kinds == kind].mean(axis=0) for kind in range(3)]
    assert min(np.abs(a - b).max() for a, b in itertools.combinations(means, 2)) > 0.3
    assert max(colours[kinds == kind].std(axis=0)[:2].max() for kind in range(3)) < 0.1
    assert feature_maps.magnitude(np.ones((4, 5, 6))).tolist() == np.zeros((5, 6)).tolist()
    with pytest.raises(InputError, match="level P3"):
        feature_maps.draw_feature_maps(None, {"P3": np.ones((5, 6))}, "03")


def test_diagnosis_draws_every_condition_of_every_table():
    table = standin.make_diagnosis()
    drawing = conditions.draw_conditions({"Simulated SEM": table, "Simulated STXM": table})
    assert drawing.facts == {"models": ["Simulated SEM", "Simulated STXM"], "images": 4}
    assert len(drawing.data) == 2 * len(table)
    labels = {ax.get_xlabel() for ax in drawing.figure.axes} - {""}
    assert labels == {"Noise (%)", "Blur (px)", "Tilt (°)", "Resolution (nm)"}


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


def test_only_models_that_differ_in_one_factor_are_joined():
    models = standin.model_table()
    (sizes,) = hyperparameters.comparable_groups(models, "dataset_size")
    assert sizes["model"].tolist() == ["01", "02", "03"]
    assert hyperparameters.comparable_groups(models, "roi_head") == []
    ap = pd.DataFrame({"model": models["model"], "ap": [40.0, 43, 45, 41, 39, 40]})
    drawing = hyperparameters.draw_hyperparameters(models, {"Synthetic": ap})
    assert drawing.facts["intervals"] is False
    ranges = {row["factor"]: row["mean_range"] for row in drawing.facts["effects"]}
    assert ranges == {"dataset_size": 5.0, "epochs": 1.0, "learning_rate": 1.0, "nms": 0.0}


def test_measures_carry_the_intervals_of_the_evaluation(results):
    stored = {model: evaluation(results, model, "simulated_stxm") for model in ("01", "03")}
    table = hyperparameters.collect_measures(stored).set_index("model")
    for model, result in stored.items():
        assert table.loc[model, "ap"] == result["segm"]["ap"]
        assert (
            table.loc[model, ["low", "high"]].tolist()
            == result["uncertainty"]["intervals"]["segm_ap"]
        )
    del stored["01"]["uncertainty"]
    assert hyperparameters.collect_measures(stored)["low"].isna().tolist() == [True, False]


def test_instance_quality_shows_what_was_evaluated(results):
    stored = evaluation(results, "03", "simulated_stxm")
    data = draw_instance_quality({"STXM": stored}, {"STXM": "03"}).data
    by = {against: part.set_index("level") for against, part in data.groupby("against")}
    assert len(by["iou"]) == 10 and by["iou"]["value"].iloc[0] == stored["thresholds"][0]["f1"]
    assert by["overlap"]["particles"].sum() >= stored["counts"]["ground_truth"]
    assert by["size"].loc["small", "value"] == stored["segm"]["aps"]
    assert by["size"].loc["small", "low"] <= stored["segm"]["aps"]


def test_comparison_needs_an_evaluation_of_each_method(results):
    with pytest.raises(InputError, match="no evaluation of 'Watershed'"):
        draw_methods(image_set(results, "sem")[0], {"Watershed": []}, {})


def test_distances_above_the_panels_are_those_of_the_statistics(results):
    table = pd.read_csv(results / "statistics/01/stxm.csv")
    facts = particle_statistics.draw_particle_statistics(table, "STXM", "01").facts
    rows = compare_distributions(table).set_index("feature")
    assert facts["distances"]["orientation"]["ks"] == rows.loc["orientation_deg", "ks"]
    assert facts["distances"]["area"]["ks"] == pytest.approx(rows.loc["area_px", "ks"])


# -- every figure ----------------------------------------------------------------------------


def all_drawings(results):
    keys = ("ptychography", "stxm", "sem")
    sets = {key: image_set(results, key) for key in keys}
    yield "fig1", draw_overview([pictures[0] for pictures in sets.values()])
    picture = synthetic(results)[0]
    labels = tifffile.imread(results / "structures/000/scene_00000.tif")
    yield "fig2", draw_synthesis(labels, picture)
    sets["synthetic"] = synthetic(results)
    curves = {}
    for key, pictures in sets.items():
        stored = evaluation(results, "03", key)
        predictions = read_json(results / f"predictions/03/{key}.json")
        picture = find_picture(pictures, median_image(stored))
        yield f"prediction {key}", draw_prediction(picture, predictions, "03", stored)
        table = pd.read_csv(results / f"statistics/03/{key}.csv")
        yield (
            f"statistics {key}",
            particle_statistics.draw_particle_statistics(
                table, picture.label, "03", pixel_size_assumed=picture.pixel_size_assumed
            ),
        )
        curves[picture.label] = stored["precision_recall"]
    yield "fig12", draw_precision_recall(curves, "03")
    exhibits = [gallery.make_exhibit(n, gallery.shape_settings(n, 4, 96)) for n in list(SHAPES)[:5]]
    yield "gallery", gallery.draw_gallery(exhibits)
    yield "diagnosis", conditions.draw_conditions({"Simulated SEM": standin.make_diagnosis()})
    yield "features", feature_maps.draw_feature_maps(picture, standin.make_features(picture), "03")
    labels = {pictures[0].label: key for key, pictures in sets.items()}
    stored = {label: evaluation(results, "03", key) for label, key in labels.items()}
    yield "quality", draw_instance_quality(stored, dict.fromkeys(labels, "03"))
    predictions = {
        f"Model {model}": read_json(results / f"predictions/{model}/stxm.json")
        for model in ("01", "03")
    }
    stored = {f"Model {model}": evaluation(results, model, "stxm") for model in ("01", "03")}
    yield "comparison", draw_methods(sets["stxm"][0], predictions, stored)
    metrics = {
        model: loss_curves.read_metrics(results / f"models/{model}/metrics.json")
        for model in ("01", "02", "03")
    }
    yield "training", loss_curves.draw_loss_curves(metrics, ["03", "01"])
    for table in metrics.values():
        table[loss_curves.VALIDATION] = np.where(table["iteration"] % 100 == 99, 40.0, np.nan)
    yield "training with validation", loss_curves.draw_loss_curves(metrics, ["03", "01"])
    models = standin.model_table()
    ap = pd.DataFrame({"model": models["model"], "ap": np.linspace(38, 47, len(models))})
    paper = pd.DataFrame({"model": models["model"], "paper_ap_segm": 90.0})
    yield (
        "hyperparameters",
        hyperparameters.draw_hyperparameters(models, {"Synthetic": ap}, published=paper),
    )


def test_no_figure_has_overlapping_or_tiny_text_or_is_too_wide(results):
    for name, drawing in all_drawings(results):
        figure = drawing.figure
        assert style.texts_overlap(figure) == [], name
        width, height = figure.get_size_inches() * style.MM_PER_INCH
        assert width <= style.DOUBLE_COLUMN_MM + 1e-6 and height <= style.PAGE_HEIGHT_MM, name
        for words, size, box in style.visible_texts(figure):
            assert size >= 6, (name, words)
            assert box.x0 > -1 and box.x1 < figure.bbox.x1 + 1, (name, words)
            assert box.y0 > -1 and box.y1 < figure.bbox.y1 + 1, (name, words)
        json.dumps(drawing.facts)
        assert len(drawing.data), name
