"""Any image file: the right format for it, and one line for what is no image."""

import numpy as np
import pytest
import tifffile
from image_cases import GREY, RNG, one_line
from PIL import Image

from synthwire.errors import InputError
from synthwire.io.recordings import read_image


def test_png_and_jpeg_are_told_by_content_not_by_name(tmp_path):
    Image.fromarray(GREY).save(tmp_path / "a.png")
    (tmp_path / "a.png").rename(tmp_path / "a.tif")
    np.testing.assert_array_equal(read_image(tmp_path / "a.tif"), GREY)
    flat = np.full((20, 30), 77, np.uint8)
    Image.fromarray(flat).save(tmp_path / "b.jpg", quality=95)
    assert np.abs(read_image(tmp_path / "b.jpg").astype(int) - 77).max() <= 2


@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.tif"])
@pytest.mark.parametrize("kept", [0.1, 0.5, 0.9])
def test_truncated_file_is_one_line(tmp_path, name, kept):
    path = tmp_path / name
    noise = RNG.integers(0, 256, (200, 300), dtype=np.uint8)
    Image.fromarray(noise).save(path)
    content = path.read_bytes()
    path.write_bytes(content[: int(kept * len(content))])
    with pytest.raises(InputError) as error:
        read_image(path)
    assert str(path) in one_line(error)


@pytest.mark.parametrize(
    ("content", "says"),
    [(b"", "empty"), (b"hello, I am a text", "not an image"), (b"\x89PNG\r\n\x1a\n", "")],
)
def test_no_image_is_one_line(tmp_path, content, says):
    path = tmp_path / "a.png"
    path.write_bytes(content)
    with pytest.raises(InputError) as error:
        read_image(path)
    assert says in one_line(error)


def test_missing_file_and_folder(tmp_path):
    with pytest.raises(InputError, match="no such file"):
        read_image(tmp_path / "none.png")
    with pytest.raises(InputError, match="a folder"):
        read_image(tmp_path)


def test_tiny_and_huge_images_are_refused(tmp_path):
    Image.fromarray(GREY[:3]).save(tmp_path / "tiny.png")
    with pytest.raises(InputError, match="at least 8"):
        read_image(tmp_path / "tiny.png")
    bomb = bytearray()
    Image.fromarray(GREY).save(tmp_path / "huge.png")
    bomb += (tmp_path / "huge.png").read_bytes()
    bomb[16:24] = (200_000).to_bytes(4, "big") * 2  # width and height in the PNG's header
    import zlib

    bomb[29:33] = zlib.crc32(bytes(bomb[12:29])).to_bytes(4, "big")
    (tmp_path / "huge.png").write_bytes(bomb)
    with pytest.raises(InputError, match="megapixels"):
        read_image(tmp_path / "huge.png")
    tifffile.memmap(tmp_path / "huge.tif", shape=(70_000, 70_000), dtype=np.uint8)  # sparse file
    with pytest.raises(InputError, match="GiB"):
        read_image(tmp_path / "huge.tif")
