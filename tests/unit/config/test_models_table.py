import pytest

from synthwire.config.models_table import describe_changes, read_models, with_changes
from synthwire.errors import InputError

HEADER = "model\tepochs\tdataset_size\tlearning_rate\troi_head\tiou_thr\tnms\n"


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ("01\t250\t-5\t0.02\t256\t0.6\t0.7\n", r"line 2 \(model 01\): dataset_size: -5 is less"),
        ("01\tmany\t250\t0.02\t256\t0.6\t0.7\n", r"line 2 .*epochs: 'many' is not of type integer"),
        ("base\t1\t250\t0.02\t256\t0.6\t0.7\n", r"line 2 \(model base\): model"),
        ("01\t1\t250\t0.02\t256\t0.6\t0.7\n" * 2, r"model 01 stands twice"),
        ("", r"no rows"),
    ],
)
def test_a_bad_row_of_the_model_table_is_named(tmp_path, rows, message):
    path = tmp_path / "models.tsv"
    path.write_text(HEADER + rows)
    with pytest.raises(InputError, match=message):
        read_models(path)


def test_an_unknown_column_and_an_unknown_selection_are_named(tmp_path, root):
    path = tmp_path / "models.tsv"
    path.write_text(HEADER.replace("epochs", "epoch") + "01\t250\t250\t0.02\t256\t0.6\t0.7\n")
    with pytest.raises(InputError, match=r"epoch: unknown key; did you mean 'epochs'\?"):
        read_models(path)
    with pytest.raises(InputError, match=r"models.select: no model 77"):
        read_models(root / "config" / "models.tsv", ["01", "77"])


def test_selected_rows_keep_their_order(root):
    table = read_models(root / "config" / "models.tsv", ["12", "03"])
    assert list(table.index) == ["12", "03"]
    assert table.loc["12", "epochs"] == 750


def test_changes_of_a_row_are_laid_over_a_section_and_said_in_words(tmp_path):
    path = tmp_path / "models.tsv"
    columns = "training.augmentation.scale\tarchitecture.depth"
    row = "30\t1\t250\t0.02\t256\t0.6\t0.7"
    path.write_text(
        f"{HEADER.strip()}\t{columns}\n{row}\t[0.5, 2]\t18\n{row.replace('30', '31')}\t\t\n"
    )
    table = read_models(path)
    changes = table.loc["30", "changes"]
    assert changes == {
        "training": {"augmentation": {"scale": [0.5, 2]}},
        "architecture": {"depth": 18},
    }
    assert table.loc["31", "changes"] == {}
    section = {"augmentation": {"flip_probability": 0.5, "scale": None}, "gpus": 4}
    merged = with_changes(section, changes["training"])
    assert merged == {"augmentation": {"flip_probability": 0.5, "scale": [0.5, 2]}, "gpus": 4}
    assert section["augmentation"]["scale"] is None
    assert (
        describe_changes(changes) == "training.augmentation.scale [0.5, 2], architecture.depth 18"
    )
