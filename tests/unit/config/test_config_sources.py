"""Configuration files and model tables that are wrong, or damaged: one line that says where."""

from __future__ import annotations

import re

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from synthwire.config.models_table import read_models
from synthwire.config.sources import check_keys
from synthwire.errors import InputError
from synthwire.schema import validate_section

HEAD = "model\tepochs\tdataset_size\tlearning_rate\troi_head\tiou_thr\tnms"
ROW = "01\t10\t250\t0.02\t512\t0.7\t0.7"


def test_a_key_that_stands_twice_is_named_with_its_lines(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text(
        "seed: 1\ntraining:\n  device: cpu\n  augmentation: {flip: 1}\n  device: cuda\n"
    )
    with pytest.raises(InputError, match=r"mine\.yaml: training\.device stands twice, in lines 3"):
        check_keys([path])
    path.write_text('{"seed": 1, "models": [{"a": 1, "a": 2}]}')
    with pytest.raises(InputError, match=r"models\.0\.a stands twice"):
        check_keys([path])
    path.write_bytes(b"seed: \xff")
    with pytest.raises(InputError, match=r"mine\.yaml: no YAML"):
        check_keys([path])


@given(st.dictionaries(st.text(), st.integers() | st.lists(st.integers())))
def test_keys_that_differ_are_let_through(tmp_path_factory, content):
    path = tmp_path_factory.getbasetemp() / "hypothesis.yaml"
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    check_keys([path])


def test_the_projects_own_configurations_say_everything_once(root):
    check_keys(sorted((root / "config").glob("*.yaml")))


@pytest.mark.parametrize("number", [".nan", ".inf", "-.inf"])
def test_numbers_are_finite(number):
    value = yaml.safe_load(number)
    with pytest.raises(InputError, match=r"training\.learning_rate_factor: .* not of type number"):
        validate_section("training", {"learning_rate_factor": value}, "config")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "empty"),
        ("# nothing\n", "empty"),
        (HEAD, "no rows"),
        (f'{HEAD}\n"{ROW}', "line 2: quotes that do not end"),
        (f"# told\n{HEAD}\n\n{ROW}\t7", "line 4: 8 cells, where there are 7 columns"),
        (f"{HEAD}\n{ROW[:-4]}", "line 2: 6 cells"),
        (f"{HEAD}\tmodel\n{ROW}\t01", "column 'model' stands twice"),
        (f"{HEAD}\n{ROW.replace('0.02', 'nan')}", r"line 2 (model 01): learning_rate: nan"),
        (f"{HEAD}\n{ROW.replace('0.02', '1e999')}", r"line 2 (model 01): learning_rate: inf"),
        (f"{HEAD}\n{ROW[:-3]}nan", r"line 2 (model 01): nms: nan"),
        (f"{HEAD}\n{ROW}".replace("\t", ";"), "no column 'model' in line 1"),
    ],
)
def test_a_wrong_table_is_named_with_its_line(tmp_path, text, message):
    path = tmp_path / "mine.tsv"
    path.write_text(text)
    with pytest.raises(InputError, match=r"mine\.tsv: .*" + re.escape(message)):
        read_models(path)


def test_a_table_is_read_in_whatever_encoding_a_spreadsheet_saves(tmp_path):
    for encoding in ("utf-8", "utf-8-sig", "utf-16"):
        (tmp_path / "mine.tsv").write_bytes(f"{HEAD}\r\n{ROW}\r\n".encode(encoding))
        assert list(read_models(tmp_path / "mine.tsv").index) == ["01"]


@given(st.binary(max_size=300))
def test_no_bytes_are_a_traceback(tmp_path_factory, content):
    path = tmp_path_factory.getbasetemp() / "hypothesis.tsv"
    for start in (b"", HEAD.encode() + b"\n"):
        path.write_bytes(start + content)
        with pytest.raises(InputError, match=r"hypothesis\.tsv: "):
            read_models(path)
    with pytest.raises(InputError):
        check_keys([path.with_name("none.yaml")])
