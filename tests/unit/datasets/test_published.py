import hashlib
import os
from pathlib import Path

import numpy as np
import pooch
import pytest
import requests
from PIL import Image

from synthwire.datasets.image_sets import (
    FOLDER_VARIABLE,
    prepare_image_set,
    published_image,
    published_images,
)
from synthwire.errors import InputError
from synthwire.io.files import read_json
from synthwire.io.masks import decode_mask
from synthwire.io.stacks import read_stack
from synthwire.schema import validate

RESOURCES = Path(__file__).parents[3] / "resources"
REAL = os.environ.get(FOLDER_VARIABLE)
needs_real_images = pytest.mark.skipif(
    not REAL, reason=f"{FOLDER_VARIABLE} does not name the folder of published images"
)


def test_wrong_file_in_the_folder_names_both_hashes(tmp_path):
    (tmp_path / "STXM.png").write_bytes(b"another image")
    expected = published_images(RESOURCES).loc["stxm", "sha256"]
    found = hashlib.sha256(b"another image").hexdigest()
    with pytest.raises(InputError, match=f"STXM.png.*{expected}.*{found}.*SYNTHWIRE_MICROSCOPY"):
        published_image("stxm", tmp_path, RESOURCES)
    with pytest.raises(InputError, match=r"SEM_\.png: no such file"):
        published_image("sem", tmp_path, RESOURCES)


@pytest.fixture
def cache(tmp_path, monkeypatch) -> Path:
    monkeypatch.setattr(pooch, "os_cache", lambda name: tmp_path / "cache")
    return tmp_path / "cache"


def serve(monkeypatch, content: bytes) -> None:
    """Have every download give these bytes."""
    monkeypatch.setattr(
        pooch.HTTPDownloader,
        "__call__",
        lambda self, url, file, pooch, **more: Path(file).write_bytes(content),
    )


def test_refused_download_is_one_line_that_names_the_way_out(cache, monkeypatch):
    def refuse(*args, **kwargs):
        raise requests.ConnectionError("a proxy\nsaid no")

    monkeypatch.setattr(requests.Session, "request", refuse)
    with pytest.raises(InputError, match=r"Ptychography\.png.*refused.*SYNTHWIRE_MICROSCOPY"):
        published_image("ptychography", None, RESOURCES)


def test_wrong_download_is_refused_and_forgotten(cache, monkeypatch):
    serve(monkeypatch, b"half an image")
    with pytest.raises(InputError, match="SHA-256"):
        published_image("stxm", None, RESOURCES)
    assert not (cache / "STXM.png").exists()


def test_a_wrong_file_in_the_cache_is_downloaded_anew(cache, tmp_path, monkeypatch):
    image = b"the image"
    (tmp_path / "published_images.tsv").write_text(
        "key\tfile\turl\tbytes\tsha256\n"
        f"stxm\tSTXM.png\thttps://example.org/STXM.png\t9\t{hashlib.sha256(image).hexdigest()}\n"
    )
    cache.mkdir()
    (cache / "STXM.png").write_bytes(b"half an image")
    serve(monkeypatch, image)
    assert published_image("stxm", None, tmp_path).read_bytes() == image


@pytest.mark.parametrize(
    ("key", "shape", "outlines", "sure"),
    [
        ("ptychography", (531, 449), 32, 25),
        ("stxm", (531, 449), 108, 75),
        ("sem", (953, 1279), 170, 114),
    ],
)
@needs_real_images
def test_published_images_go_in_unchanged(tmp_path, key, shape, outlines, sure):
    chosen = {"source": "published", "published": key, "label": key, "kind": key}
    chosen |= {"pixel_size_nm": 6, "pixel_size_assumed": True}
    chosen = validate(chosen, "image_set.schema.yaml", "test")
    prepare_image_set(
        key, chosen, tmp_path / key, seed=0, microscopy_folder=REAL, resources=RESOURCES
    )
    (page,) = read_stack(tmp_path / key / "image.tif")
    file = published_images(RESOURCES).loc[key, "file"]
    original = np.array(Image.open(Path(REAL) / file))
    assert page.shape == shape
    np.testing.assert_array_equal(page, original if original.ndim == 2 else original[..., 0])
    data = read_json(tmp_path / key / "annotations.json")
    assert len(data["annotations"]) == outlines
    assert sum(item["iscrowd"] == 0 for item in data["annotations"]) == sure
    for item in data["annotations"][:5]:
        mask = decode_mask(item["segmentation"])
        assert mask.shape == shape
        low = np.percentile(page, 20)
        assert page[mask].mean() > low
