"""Arguments become options."""

from __future__ import annotations

from synthwire import cli
from synthwire.cli.arguments import batch_options
from synthwire.cli.program import make_parser
from synthwire.segmentation.options import Preparation, Selection


def options(*arguments):
    return batch_options(make_parser().parse_args([*arguments]))


def test_options_become_settings(tmp_path):
    plain = options("segment", "a.png", "--out", "o")
    assert (plain.preparation, plain.selection) == (Preparation(), Selection())
    assert (plain.model, plain.scale, plain.device) == (None, None, "auto")
    full = options(
        *("segment", "a.png", "--out", "o", "-m", "transmission", "--i0", "1,2,30,40"),
        *("-p", "6.6x7.8nm", "--energy", "527", "--no-stretch", "-t", "0.5", "--min-area", "9nm2"),
        *("--keep-nested", "--exclude-border", "--model", "m", "--scale", "2", "--device", "cpu"),
        *("--complex", "amplitude"),
    )
    assert full.preparation == Preparation(
        "transmission", (6.6, 7.8), {"region": [1, 2, 30, 40]}, 527.0, "amplitude", stretch=False
    )
    assert full.selection == Selection(
        0.5, min_area_nm2=9.0, remove_nested=False, exclude_border=True
    )
    assert (full.model, full.scale, full.device) == ("m", 2.0, "cpu")
    (tmp_path / "empty.png").write_bytes(b"")
    image = str(tmp_path / "empty.png")
    for text, incident in (("97.5", {"percentile": 97.5}), (image, {"image": image})):
        given = options("segment", "a.png", "-o", "o", "-m", "transmission", "--i0", text)
        assert given.preparation.incident == incident


def test_an_i0_for_images_without_one_is_a_mistake(tmp_path, capsys):
    (tmp_path / "a.png").write_bytes(b"something")
    image, out = str(tmp_path / "a.png"), tmp_path / "out"
    assert cli.main(["segment", image, "--out", str(out), "--i0", "95"]) == 1
    assert "--i0 goes with --modality transmission" in capsys.readouterr().err
    assert not out.exists()
