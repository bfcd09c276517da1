from pathlib import Path

import pytest
import yaml

from synthwire.config import checks, models_table
from synthwire.config.checks import check_models, resolve
from synthwire.config.models_table import read_models
from synthwire.errors import InputError

CONFIGS = ("config.yaml", "laptop.yaml", "demo.yaml", "test.yaml")
BEYOND = "config/models_beyond.tsv"
COLUMNS = ["model", "epochs", "dataset_size", "learning_rate", "roi_head", "iou_thr", "nms"]


@pytest.fixture
def small(root):
    """The test configuration as written, without its defaults."""
    return yaml.safe_load((root / "config" / "test.yaml").read_text())


@pytest.mark.parametrize("name", CONFIGS)
def test_our_own_configurations_are_sound(root, name):
    config = resolve(yaml.safe_load((root / "config" / name).read_text()), name)
    models = read_models(root / config["models"]["table"], config["models"]["select"])
    check_models(config, models)


def test_defaults_are_the_papers(root):
    config = resolve(yaml.safe_load((root / "config" / "config.yaml").read_text()))
    assert config["structures"]["domain"] == [512, 512, 200]
    assert config["structures"]["scenes"] == 1250
    assert config["dataset"]["validation_fraction"] == 0.2
    assert config["compression"]["blur_sigma_px"] == 2
    training = config["training"]
    assert (training["gpus"], training["images_per_batch"]) == (4, 32)
    assert training["initial_weights"] == "coco"
    assert training["augmentation"] == {
        "brightness": [0.7, 1.2],
        "contrast": [0.7, 1.2],
        "flip_probability": 0.5,
        "scale": None,
        "copy_paste_wires": 0,
    }
    assert config["evaluation"]["accuracy_score"] == 0.7
    assert config["evaluation"]["area_limits_px"] == [32**2, 96**2]


def test_resolving_leaves_the_given_mapping_alone(small):
    before = yaml.safe_dump(small)
    resolve(small)
    assert yaml.safe_dump(small) == before


def changed(config: dict, path: str, value) -> dict:
    *parents, last = path.split(".")
    section = config
    for parent in parents:
        section = section.setdefault(parent, {})
    section[last] = value
    return config


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("trainig", {}, r"trainig: unknown key; did you mean 'training'\?"),
        ("training.base.iteration", 3, r"training.base.iteration: unknown key; did you mean"),
        ("figures.attached", "sen", r"figures.attached: no image set 'sen'; there are"),
        ("figures.pixel_colours", "red", r"figures.pixel_colours: 'red' is not one of"),
        ("training.min_size_px", [-1], r"training.min_size_px.0: -1 is less than the minimum of 0"),
        ("seed", "one", r"seed: 'one' is not of type integer"),
        ("name", "../up", r"name: '../up' does not match"),
        ("compression.divisor", "area", r"compression.divisor: 'area' is not one of"),
        ("structures.scenes", 0, r"structures.scenes: 0 is less than the minimum of 1"),
        ("training.initial_weights", "no.pth", r"initial_weights: 'no.pth' is neither coco"),
        ("training.coco_weights_file", "no.pkl", r"coco_weights_file: no file 'no.pkl'"),
        ("tables.table3", "tem", r"tables.table3: no image set 'tem'; there are simulated_"),
        ("architecture.norm", "FrozenBN", r"needs architecture.norm BN, SyncBN or GN"),
        ("image_sets.synthetic", {"source": "file"}, r"synthetic"),
        (
            "image_sets.mine",
            {"source": "file", "image": "none.png", "label": "Mine"},
            r"image_sets.mine: no file 'none.png'",
        ),
    ],
)
def test_a_lie_in_the_config_is_one_line_that_names_it(small, path, value, message):
    with pytest.raises(InputError, match=message) as caught:
        resolve(changed(small, path, value), "own.yaml")
    assert str(caught.value).startswith("own.yaml: ")
    assert "\n" not in str(caught.value)


def test_a_table_needs_a_set_with_outlines(small, tmp_path):
    image = tmp_path / "image.png"
    image.touch()
    entry = {"source": "file", "image": str(image), "label": "Mine"}
    small["image_sets"]["mine"] = entry
    resolve(small)
    small["tables"]["table4"] = "mine"
    with pytest.raises(InputError, match=r"tables.table4: image set 'mine' has no annotations"):
        resolve(small)


def test_a_missing_section_is_named(small):
    del small["tables"]
    with pytest.raises(InputError, match="tables: missing"):
        resolve(small)


# -- rows of the model table that go beyond the paper ---------------------------------------------


@pytest.fixture(scope="module")
def config(root):
    return resolve(yaml.safe_load((root / "config" / "test.yaml").read_text()))


@pytest.fixture
def table(tmp_path):
    """Writes a model table whose rows are like row 08, with further columns."""

    def write(*rows: dict) -> str:
        columns = list(dict.fromkeys(name for row in rows for name in row))
        lines = ["\t".join([*COLUMNS, *columns])]
        for number, row in enumerate(rows, start=8):
            lines.append(
                "\t".join([f"{number:02d}", "500", "1000", "0.02", "256", "0.6", "0.7"])
                + "".join(f"\t{row.get(name, '')}" for name in columns)
            )
        path = tmp_path / "models.tsv"
        path.write_text("\n".join(lines) + "\n")
        return str(path)

    return write


def check(config, path):
    models = models_table.read_models(path)
    checks.check_changes(config, models)
    return models


def test_the_rows_beyond_the_paper_are_valid_and_change_one_thing_each(root, config):
    paths = [root / "config" / "models.tsv", root / BEYOND]
    models = check(config, paths)
    alone = models_table.read_models(paths[0])
    for name, row in alone.iterrows():
        assert models.loc[name, COLUMNS].tolist() == row[COLUMNS].tolist()
        assert row["changes"] == {}
        assert row["weights_of"] == name
    eighth = models.loc["08", COLUMNS[1:]].tolist()
    beyond = models.drop(alone.index)
    assert len(beyond) >= 7
    for _, row in beyond.iterrows():
        assert row[COLUMNS[1:]].tolist() == eighth
        assert len(row["changes"]) == 1
    assert [name for name, row in beyond.iterrows() if row["weights_of"] != name] == [
        "26",
        "27",
        "30",
    ]


def test_rows_of_other_seeds_repeat_the_papers(root):
    tables = [root / "config" / name for name in ("models.tsv", "models_seeds.tsv")]
    models = models_table.read_models(tables)
    again = models[models["model"].str.len() > 2]
    assert len(again) == 2 * 9
    for name, row in again.iterrows():
        assert row[COLUMNS[1:]].tolist() == models.loc[name[:2], COLUMNS[1:]].tolist()


def test_the_overlay_selects_rows_that_exist(root):
    settings = {}
    for name in ("demo.yaml", "beyond.yaml", "beyond_domains.yaml"):
        overlay = yaml.safe_load((root / "config" / name).read_text())
        settings = models_table.with_changes(settings, overlay)
        if name != "demo.yaml":
            resolved = checks.resolve(settings)
            tables = [root / path for path in resolved["models"]["table"]]
            models = models_table.read_models(tables, resolved["models"]["select"])
            if resolved["imaging"]["domains"]:
                assert list(models.index) == ["08"]
            checks.check_changes(resolved, models)


def test_the_bundled_model_goes_on_from_a_training_of_its_own_network(root):
    """Not from the demo, whose trainings start from the bundled model."""
    demo, straight, before, bundled = (
        yaml.safe_load((root / "config" / f"{name}.yaml").read_text())
        for name in ("demo", "straight", "bundled_first", "bundled")
    )
    before = models_table.with_changes(bundled, before)
    assert bundled["architecture"] == before["architecture"]
    own = f"results/{before['name']}/models/small/model_final.pth"
    assert bundled["training"]["initial_weights"] == own
    makefile = (root / "Makefile").read_text(encoding="utf-8")
    assert f"{own} --configfile config/bundled.yaml config/bundled_first.yaml" in makefile
    first = checks.resolve(models_table.with_changes(demo, straight))
    start = f"results/{first['name']}/models/{first['models']['select'][0]}/model_final.pth"
    assert first["training"]["initial_weights"] == "scratch"
    assert before["training"]["initial_weights"] == start
    assert f"{start} --configfile config/demo.yaml config/straight.yaml" in makefile
    for field, value in bundled["architecture"].items():
        assert first["architecture"][field] == value, field


def test_changes_go_as_deep_as_the_fields_do(config, table):
    path = table(
        {"architecture.anchor_aspect_ratios": "[0.125, 1, 8]"},
        {"training.augmentation.scale": "[0.5, 2]"},
    )
    models = check(config, path)
    first, second = models["changes"]
    assert first == {"architecture": {"anchor_aspect_ratios": [0.125, 1, 8]}}
    told = models_table.describe_changes(second)
    assert told == "training.augmentation.scale [0.5, 2]"
    assert models_table.describe_changes({}) == ""
    merged = models_table.with_changes(config["training"], second["training"])
    assert merged["augmentation"] == {**config["training"]["augmentation"], "scale": [0.5, 2]}
    assert config["training"]["augmentation"]["scale"] is None


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([{"architecture.mask_resolutin_px": "56"}], "model 08: .*did you mean 'mask_resolution"),
        ([{"architecture.mask_head": "points"}], "model 08: architecture.mask_head"),
        ([{"structures.scenes": "3"}], "a row may change architecture, training, prediction alone"),
        ([{"architecture.anchor_aspect_ratios": "[1, 2"}], "line 2 .* is no YAML value"),
        ([{"weights_of": "12"}], "model 08: weights_of: '12' is no model"),
        (
            [{}, {"weights_of": "08", "architecture.mask_resolution_px": "56"}],
            "model 09: architecture differs from that of model 08",
        ),
    ],
)
def test_what_makes_no_sense_is_refused(config, table, rows, message):
    with pytest.raises(InputError, match=message):
        check(config, table(*rows))


def test_weights_are_shared_by_rows_of_the_same_hyperparameters_alone(config, table):
    path = table({}, {"weights_of": "08", "prediction.mask_nms": "soft"})
    assert check(config, path)["weights_of"].tolist() == ["08", "08"]
    *lines, last = Path(path).read_text().splitlines()
    Path(path).write_text("\n".join([*lines, last.replace("0.02", "0.01")]) + "\n")
    with pytest.raises(InputError, match=r"model 09: learning_rate is 0.01, but model 08"):
        check(config, path)


def test_densities_add_up_in_optical_density_images_alone(config, table):
    path = table({"training.augmentation.copy_paste_wires": "3"})
    check(config, path)
    varied = {**config, "imaging": {"domains": [{"microscope": "sem"}]}}
    with pytest.raises(InputError, match="not both"):
        check(varied, path)
