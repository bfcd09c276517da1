import pytest
import yaml

from synthwire.config.checks import check_models, resolve
from synthwire.config.models_table import read_models
from synthwire.errors import InputError

CONFIGS = ("config.yaml", "demo.yaml", "test.yaml")


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
