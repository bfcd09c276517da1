import hashlib
import http.server
import threading

import pytest

from synthwire.errors import InputError
from synthwire.io.files import read_json, sha256, write_json
from synthwire.learning import weights
from synthwire.learning.weights import (
    WEIGHTS_VARIABLE,
    bundled,
    carries_its_hash,
    fetch_coco_weights,
)
from synthwire.schema import section_defaults


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv(WEIGHTS_VARIABLE, str(tmp_path))
    (tmp_path / "bundled.pth").write_bytes(b"weights")
    write_json(
        tmp_path / "bundled.json",
        {
            "name": "tiny",
            "architecture": {},
            "prediction": {},
            "nms_threshold": 0.7,
            "categories": [],
            "sha256": sha256(tmp_path / "bundled.pth"),
        },
    )
    return tmp_path


def test_the_bundled_model_is_found_with_its_card(folder):
    found = bundled()
    assert found.weights == folder / "bundled.pth"
    assert found.card["name"] == "tiny"


def test_settings_younger_than_the_card_have_the_schemas_defaults(folder):
    card = read_json(folder / "bundled.json")
    card |= {"architecture": {"depth": 18}, "prediction": {"detections": 9}}
    write_json(folder / "bundled.json", card)
    found = bundled().card
    assert found["architecture"] == section_defaults("architecture") | {"depth": 18}
    assert found["architecture"]["mask_head"] == "convolutions"
    assert found["prediction"] == section_defaults("prediction") | {"detections": 9}
    write_json(folder / "bundled.json", {**card, "architecture": {"dept": 18}})
    with pytest.raises(InputError, match=r"bundled\.json: architecture\.dept: unknown key"):
        bundled()


def test_a_bundled_model_that_is_not_whole_is_refused(folder):
    card = (folder / "bundled.json").read_text()
    (folder / "bundled.json").write_text(card.replace("nms_threshold", "nms"))
    with pytest.raises(InputError, match=r"bundled\.json: the field 'nms_threshold' is missing"):
        bundled()
    (folder / "bundled.json").write_text(card)
    (folder / "bundled.pth").write_bytes(b"other weights")
    with pytest.raises(
        InputError, match=r"bundled\.pth: not the file that bundled\.json describes"
    ):
        bundled()
    (folder / "bundled.pth").unlink()
    with pytest.raises(InputError, match=r"bundled\.pth: no such file"):
        bundled()


def test_the_name_carries_the_first_digits_of_the_hash(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"weights")
    for kind in ("sha256", "md5"):
        digits = hashlib.new(kind, b"weights").hexdigest()[:6]
        assert carries_its_hash(path, f"model_final_{digits}.pkl")
    assert not carries_its_hash(path, "model_final_f10217.pkl")


def test_a_local_file_that_is_not_the_published_one_is_refused(tmp_path):
    local = tmp_path / "mine.pkl"
    local.write_bytes(b"something else")
    with pytest.raises(InputError, match=r"mine\.pkl: not the published file"):
        fetch_coco_weights(tmp_path / "out" / "model_final_f10217.pkl", local)
    assert list((tmp_path / "out").iterdir()) == []


@pytest.fixture
def server(tmp_path):
    """Address of a web server on this machine, and the folder that it serves."""

    class Handler(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *arguments):
            super().__init__(*arguments, directory=str(tmp_path))

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as served:
        threading.Thread(target=served.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{served.server_port}", tmp_path
        served.shutdown()


def test_a_download_is_the_published_file_or_none(server, monkeypatch):
    address, folder = server
    name = f"model_final_{hashlib.sha256(b'weights').hexdigest()[:6]}.pkl"
    monkeypatch.setattr(weights, "COCO_WEIGHTS_URL", f"{address}/{name}")
    output = folder / "out" / name
    with pytest.raises(InputError, match=r"the download was refused \(404 .*coco_weights_file$"):
        fetch_coco_weights(output)
    (folder / name).write_bytes(b"an error page")
    with pytest.raises(InputError, match=f"{name}: not the published file"):
        fetch_coco_weights(output)
    assert list((folder / "out").iterdir()) == []
    (folder / name).write_bytes(b"weights")
    fetch_coco_weights(output)
    assert output.read_bytes() == b"weights"
