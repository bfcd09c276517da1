import pytest
import yaml
from small_structures import SMALL

from synthwire.schema import FOLDER
from synthwire.structures.checks import check_settings
from synthwire.structures.settings import presets, resolve_settings, shards


def test_shards_cover_all_scenes():
    assert shards({**SMALL, "scenes": 5, "scenes_per_shard": 2}) == {
        "000": [0, 1],
        "001": [2, 3],
        "002": [4],
    }


def test_a_field_stands_before_the_presets():
    settings = resolve_settings({"voxel_size_nm": 12})
    assert settings["preset"] == "paper"
    assert settings["voxel_size_nm"] == 12
    assert settings["domain"] == [512, 512, 200]
    assert resolve_settings(settings) == settings


@pytest.mark.parametrize("name", presets())
def test_every_preset_is_complete(name):
    check_settings({"preset": name})
    schema = yaml.safe_load((FOLDER / "structures.schema.yaml").read_text())
    assert name in schema["properties"]["preset"]["enum"]
    assert set(resolve_settings({"preset": name})) == set(schema["properties"])
