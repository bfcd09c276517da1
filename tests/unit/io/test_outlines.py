"""Outlines of any format: files of no use are one line."""

import pytest
from outline_cases import read

from synthwire.errors import InputError


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("a.json", b"{}", "nothing in it"),
        ("a.json", b"[1, 2]", "neither COCO"),
        ("a.json", b'{"shapes": [{"points": [[1]]}]}', "shape 0: no proper outline"),
        ("a.json", b'{"x": {"filename": "a.png", "regions": [{"shape_attributes": '
                   b'{"name": "rect"}}]}}', "region 0: no proper outline"),
        ("a.json", b"{", "not valid JSON"),
        ("a.tif", b"nothing", "not an image"),
    ],
)  # fmt: skip
def test_files_of_no_use_are_one_line(tmp_path, name, content, says):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=says) as error:
        read(tmp_path / name)
    assert name in str(error.value)
