"""Tables of pixel sizes: a row an image."""

from pathlib import Path

import pytest

from synthwire.errors import InputError
from synthwire.segmentation.size_table import read_sizes

A, B = Path("scans/one/a.tif"), Path("scans/two/b.tif")


def table(folder, text, encoding="utf-8"):
    path = folder / "sizes.csv"
    path.write_bytes(text.encode(encoding))
    return path


@pytest.mark.parametrize(
    "text",
    [
        "file,pixel_size\na.tif,6nm\nb.tif,6.6x7.8nm\n",
        "file;pixel_size\r\na.tif;6,0 nm/px\r\nb.tif;6,6 x 7,8 nm\r\n",
        "sep=;\r\nfile;pixel_size\r\na.tif;6nm\r\nb.tif;6.6x7.8nm\r\n",
        "File\tPixel_Size\tdate\na.tif\t0.006\u00b5m\tMay\nb.tif\t6.6\u00d77.8 NM\tMay\n",
        "# of May\n\nFilename,Pixel size (nm)\na.tif,6,\nb.tif,6.6x7.8nm,,\n",
        "Image name;;px_size [nm/px];\na.tif;;6,0;\nb.tif;;6,6x7,8nm;\n",
        "image;Pixel Size [µm]\na.tif;0,006\nb.tif;6,6x7,8nm\n",
        'file,pixel_size\n"a.tif","6,0nm"\n\n b.tif , 6.6x7.8nm\n,\n',
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_tables_as_spreadsheets_write_them(tmp_path, text, encoding):
    sizes = read_sizes(table(tmp_path, text, encoding)).match([A, B])
    assert sizes == {A: (6, 6), B: (6.6, 7.8)}


@pytest.mark.parametrize(
    ("column", "cell", "size"),
    [
        ("pixel_size_nm", "6.5", 6.5),
        ("pixel_size_nm", "6.5 nm", 6.5),
        ("pixel_size_nm", "0.0065um", 6.5),  # a unit in the row goes before the column's
        ("pixel_size_um", "0.0065", 6.5),
        ("Pixel_Size_\u00b5m", "0.0065", 6.5),
    ],
)
def test_the_unit_may_stand_in_the_name_of_the_column(tmp_path, column, cell, size):
    sizes = read_sizes(table(tmp_path, f"file,{column}\na.tif,{cell}\n"))
    assert sizes.match([A]) == {A: (size, size)}


@pytest.mark.parametrize(
    "name", ["a.tif", "A.TIF", "one/a.tif", "one\\\\a.tif", "a", "a.png", "scans/one/a.tif"]
)
def test_names_match_as_those_of_outlines_do(tmp_path, name):
    sizes = read_sizes(table(tmp_path, f"file,pixel_size\n{name},6nm\n"))
    assert sizes.match([A, B]) == {A: (6, 6)}
    assert sizes.get(A) == (6, 6) and sizes.get(B) is None


def test_equal_names_in_two_folders_need_their_folders(tmp_path):
    images = [Path("one/a.tif"), Path("two/a.tif")]
    both = read_sizes(table(tmp_path, "file,pixel_size\none/a.tif,6nm\ntwo/a.tif,3nm\n"))
    assert both.match(images) == {images[0]: (6, 6), images[1]: (3, 3)}
    one = read_sizes(table(tmp_path, "file,pixel_size\na.tif,6nm\n"))
    with pytest.raises(InputError, match=r"a\.tif fits two images: .*write the folders"):
        one.match(images)


def test_what_fits_nothing_is_named(tmp_path):
    sizes = read_sizes(table(tmp_path, "file,pixel_size\na.tif,6nm\nc.tif,6nm\nd.tif,6nm\n"))
    idle, without = sizes.remarks([A, B])
    assert idle.endswith("sizes.csv: no image for c.tif, d.tif")
    assert without.endswith(f"sizes.csv: no row for {B}")
    assert read_sizes(table(tmp_path, "file,pixel_size\na.tif,6nm\n")).remarks([A]) == []


def test_a_row_without_a_size_leaves_the_image_to_its_own(tmp_path):
    sizes = read_sizes(table(tmp_path, "file,pixel_size\na.tif,\nb.tif,6nm\n"))
    assert sizes.match([A, B]) == {B: (6, 6)} and sizes.remarks([A, B]) == []


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "the columns file and pixel_size.* not an empty file"),
        ("file,pixel_size\n", "no rows"),
        ("PK\x03\x04\0\0\0\0", "no text; save the table as CSV"),
        ("file,pixel_size_x,pixel_size_y\n", "the columns file and pixel_size"),
        ("name,pixel_size\na.tif,6nm\n", "the columns file and pixel_size.* not name, pixel_size"),
        ("file,size\na.tif,6nm\n", "the columns file and pixel_size"),
        ("file,pixel_size,pixel_size_nm\na.tif,6nm,6\n", "the columns file and pixel_size"),
        ("file,pixel_size_px\na.tif,6\n", "pixel_size_px: 'px' is no unit of length"),
        (
            "file,pixel_size\na.tif,6\n",
            r"line 2, a\.tif: pixel size '6': a length .* with its unit",
        ),
        ("file,pixel_size\n\na.tif,wide\n", r"line 3, a\.tif: pixel size 'wide'"),
        ("file,pixel_size\na.tif,0nm\n", r"line 2, a\.tif: .*above zero"),
        ("file,pixel_size_nm\na.tif,0\n", r"line 2, a\.tif: a pixel size of 0 is not above zero"),
        ("file,pixel_size_nm\na.tif,-6\n", r"line 2, a\.tif: '-6' is no length"),
        ("file;pixel_size_nm\na.tif;1,000\n", r"line 2, a\.tif: '1,000' may be 1000 or 1\.000"),
        ("file,pixel_size_nm\na.tif,6,5\n", "line 2: 3 cells for 2 columns, or a decimal comma"),
        ("file,pixel_size\n,6nm\n", "line 2: no name"),
        ("file,pixel_size\na.tif,6nm\na.tif,7nm\n", r"line 3: another size for a\.tif"),
    ],
)
def test_faults_name_the_row(tmp_path, text, message):
    with pytest.raises(InputError, match=rf"sizes\.csv: {message}") as error:
        read_sizes(table(tmp_path, text))
    assert "\n" not in str(error.value)


def test_a_table_that_is_not_there(tmp_path):
    with pytest.raises(InputError, match=r"none\.csv: cannot be read"):
        read_sizes(tmp_path / "none.csv")
    with pytest.raises(InputError, match="cannot be read"):
        read_sizes(tmp_path)


def test_a_decimal_comma_that_may_have_cut_a_size_is_asked_about(tmp_path):
    path = tmp_path / "sizes.csv"
    path.write_text("file,pixel_size_nm,note\na.tif,6,5\nb.tif,7,25\n")
    said = read_sizes(path).remarks([Path("a.tif"), Path("b.tif")])
    assert len(said) == 1 and 'if 6,5 is meant, write "6,5"' in said[0]
    path.write_text("file,pixel_size_nm,magnification\na.tif,6,20000\nb.tif,7,50\n")
    assert read_sizes(path).remarks([Path("a.tif"), Path("b.tif")]) == []
    path.write_text("file,pixel_size_nm,note\na.tif,6,5,\n")
    with pytest.raises(InputError, match="line 2: 4 cells for 3 columns, or a decimal comma"):
        read_sizes(path)
    path.write_text("file,pixel_size_nm,note\na.tif,6,good,\n")
    assert read_sizes(path).sizes == {"a.tif": (6.0, 6.0)}
