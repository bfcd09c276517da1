"""Areas of Fiji ROIs: composites with curves, wide lines, whole pixels of sub-pixel rectangles."""

import io
import zipfile

import numpy as np
import pytest
import tifffile
from outline_cases import SHAPE, SQUARE, masks_of, read, square
from roifile import ROI_OPTIONS, ROI_SUBTYPE, ROI_TYPE, ImagejRoi

from synthwire.errors import InputError
from synthwire.io.outlines.fiji_shapes import rings_of_path, spline_through
from synthwire.io.outlines.reading import read_outlines


def archive(path, *rois: ImagejRoi | bytes, more: dict[str, bytes] | None = None) -> None:
    with zipfile.ZipFile(path, "w") as file:
        for number, roi in enumerate(rois, start=1):
            content = roi if isinstance(roi, bytes) else roi.tobytes()
            file.writestr(f"{number:04d}.roi", content)
        for name, content in (more or {}).items():
            file.writestr(name, content)


def polygon(**more) -> ImagejRoi:
    roi = ImagejRoi.frompoints(np.array(SQUARE), name="wire", **more)
    roi.roitype = ROI_TYPE.POLYGON
    return roi


def circle(x: float, y: float, radius: float) -> list[float]:
    """A circle's path of four cubic curves."""
    reach = radius * 4 / 3 * (np.sqrt(2) - 1)
    path = [0, x + radius, y]
    for turn in range(4):
        cos, sin = np.round(np.cos(turn * np.pi / 2)), np.round(np.sin(turn * np.pi / 2))
        for along, aside in ((radius, reach), (reach, radius), (0, radius)):
            path += ([3] if along == radius else []) + [
                x + along * cos - aside * sin, y + along * sin + aside * cos
            ]  # fmt: skip
    return [*path, 4]


def composite(path: list[float]) -> ImagejRoi:
    return ImagejRoi(
        roitype=ROI_TYPE.RECT, left=0, top=0, right=50, bottom=40, shape_roi_size=len(path),
        multi_coordinates=np.array(path, dtype=np.float32), name="composite",
    )  # fmt: skip


def test_composites_with_curves(tmp_path):
    box = [0, 5, 6, 1, 15, 6, 1, 15, 20, 1, 5, 20, 4]
    arch = [0, 20, 30, 2, 25, 20, 30, 30, 4]  # under a parabola: two thirds of its box of 10 by 5
    archive(tmp_path / "a.zip", composite(box + circle(35, 15, 9)), composite(arch))
    united, parabola = masks_of(read(tmp_path / "a.zip"))
    assert (united & square()).sum() == square().sum()
    assert (united & ~square()).sum() == pytest.approx(np.pi * 81, rel=0.03)
    assert parabola.sum() == pytest.approx(100 / 3, rel=0.15)


def test_curves_are_right_to_a_fraction_of_a_pixel():
    (ring,) = rings_of_path(circle(0, 0, 100))
    assert np.abs(np.hypot(*ring.T) - 100).max() < 0.03
    for bad in ([7], [1, 2, 3], [0, 1], [0, 1, 1, 3, 2, 2]):
        with pytest.raises(ValueError, match="path"):
            rings_of_path(bad)


def line(kind: ROI_TYPE, points: list, width: int) -> ImagejRoi:
    if kind == ROI_TYPE.LINE:
        (x1, y1), (x2, y2) = points
        return ImagejRoi(roitype=kind, x1=x1, y1=y1, x2=x2, y2=y2, stroke_width=width)
    roi = ImagejRoi.frompoints(np.array(points, dtype=float))
    roi.roitype, roi.stroke_width = kind, width
    return roi


def test_lines_of_a_width_are_wires_and_others_are_named(tmp_path):
    bent = [[5, 30], [25, 30], [25, 10]]
    archive(
        tmp_path / "a.zip",
        line(ROI_TYPE.LINE, [[5, 5], [45, 5]], 4),
        line(ROI_TYPE.POLYLINE, bent, 6),
        line(ROI_TYPE.LINE, [[30, 20], [45, 35]], 4),
        line(ROI_TYPE.FREELINE, bent, 0),
        ImagejRoi(roitype=ROI_TYPE.RECT, subtype=ROI_SUBTYPE.TEXT, right=9, bottom=9),
    )
    found = read(tmp_path / "a.zip")
    straight, corner, slanted = (mask.sum() for mask in masks_of(found))
    bent_mask = masks_of(found)[1]
    assert bent_mask[31, 26] and not bent_mask[32, 27]  # round on the outside of the bend
    assert straight == 160
    assert corner == pytest.approx(2 * 20 * 6 + np.pi * 9 / 4, abs=9)  # and a round joint
    assert slanted == pytest.approx(4 * 15 * np.sqrt(2), rel=0.1)  # corners on pixel centres
    assert "a line without a width" in found.remarks[0] and "kind text" in found.remarks[1]


def test_a_line_of_many_points_is_no_longer_than_its_ends(tmp_path):
    points = [[20.0 + step, 30.0] for step in range(21)]
    archive(tmp_path / "a.zip", line(ROI_TYPE.FREELINE, points, 12))
    (mask,) = masks_of(read(tmp_path / "a.zip"))
    assert mask.sum() == 240 and mask[24:36, 20:40].all()


def test_splines_are_drawn_as_curves(tmp_path):
    turns = np.linspace(0, np.pi, 7)
    arc = np.column_stack([30 - 20 * np.cos(turns), 30 - 20 * np.sin(turns)])
    bent = line(ROI_TYPE.POLYLINE, arc.tolist(), 4)
    corners = [[30, 10], [45, 25], [30, 40], [15, 25]]
    ring = ImagejRoi.frompoints(np.array(corners, dtype=np.float32))
    ring.roitype = ROI_TYPE.POLYGON
    for roi in (bent, ring):
        roi.options |= ROI_OPTIONS.SPLINE_FIT
    archive(tmp_path / "a.zip", bent, ring)
    along, area = (mask.sum() for mask in masks_of(read(tmp_path / "a.zip")))
    assert along == pytest.approx(4 * 20 * np.pi, rel=0.06)
    assert area == pytest.approx(np.pi * 15**2, rel=0.05)  # the corners alone enclose 450
    found = spline_through(arc, closed=False)
    assert abs(np.hypot(*(found - 30).T) - 20).max() < 0.3


def test_a_subpixel_rectangle_has_the_whole_pixels_that_imagej_counts(tmp_path):
    roi = ImagejRoi(
        roitype=ROI_TYPE.RECT, left=10, top=20, right=40, bottom=24, version=228,
        options=ROI_OPTIONS.SUB_PIXEL_RESOLUTION, xd=10.0, yd=20.6, widthd=30.0, heightd=2.8,
    )  # fmt: skip
    archive(tmp_path / "a.zip", roi.tobytes())
    (mask,) = masks_of(read(tmp_path / "a.zip"))
    assert np.unique(np.nonzero(mask)[0]).tolist() == [20, 21, 22]
    assert mask.sum() == 90


@pytest.mark.parametrize(("arc", "lost"), [(0, 0), (10, 25), (30, 150), (60, 200)])
def test_rounded_rectangles_lack_their_corners(tmp_path, arc, lost):
    roi = ImagejRoi(roitype=ROI_TYPE.RECT, left=5, top=6, right=45, bottom=26)
    roi.rounded_rect_arc_size = arc
    archive(tmp_path / "a.zip", roi)
    (mask,) = masks_of(read(tmp_path / "a.zip"))
    assert mask.sum() == pytest.approx(800 - (4 - np.pi) * lost, abs=8)
    assert mask[6:26, 25].all() and mask[15, 5:45].all() and mask[6, 5] == (arc == 0)
    np.testing.assert_array_equal(mask, np.roll(mask[::-1, ::-1], (-8, 0), (0, 1)))


def test_what_computers_put_into_archives_is_passed_over(tmp_path):
    more = {"__MACOSX/._0001.roi": b"\0\5", ".DS_Store": b"\0", "rois/": b"", "Thumbs.db": b"\0"}
    archive(tmp_path / "a.zip", polygon(), more=more)
    found = read(tmp_path / "a.zip")
    assert len(found.annotations) == 1 and not found.remarks
    archive(tmp_path / "b.zip", polygon(), b"Iout\0\1", more={"notes.txt": b"mine"})
    found = read(tmp_path / "b.zip")
    assert len(found.annotations) == 1
    assert "notes.txt: no ROI" in found.remarks[0] and "ROI 0002: no Fiji" in found.remarks[1]


def test_rois_of_another_slice_go_with_the_only_image(tmp_path):
    archive(tmp_path / "a.zip", polygon(position=4))
    found = read(tmp_path / "a.zip")
    np.testing.assert_array_equal(masks_of(found)[0], square())
    assert "slice 5: all ROIs lie on it" in found.remarks[0]
    with pytest.raises(InputError, match="lies on slice 5 of 2"):
        read_outlines(tmp_path / "a.zip", ["a.tif", "a.tif"], SHAPE)


def test_rois_that_imagej_keeps_in_a_tiff(tmp_path):
    for key, count in (("Overlays", 2), ("ROI", 1)):
        rois = [polygon().tobytes(), line(ROI_TYPE.LINE, [[5, 30], [45, 30]], 4).tobytes()][:count]
        tifffile.imwrite(
            tmp_path / "a.tif", np.zeros(SHAPE, np.uint8), imagej=True,
            metadata={key: rois if count > 1 else rois[0]},
        )  # fmt: skip
        assert [mask.sum() for mask in masks_of(read(tmp_path / "a.tif"))] == [140, 160][:count]


def test_an_archive_without_anything_is_one_line(tmp_path):
    with zipfile.ZipFile(io.BytesIO(), "w") as _, (tmp_path / "a.zip").open("wb") as file:
        zipfile.ZipFile(file, "w").close()
    with pytest.raises(InputError, match=r"a\.zip: no Fiji ROI in it"):
        read(tmp_path / "a.zip")


def test_a_selection_does_not_take_the_place_of_labels(tmp_path):
    labels = square().astype(np.uint8)
    selected = line(ROI_TYPE.LINE, [[5, 30], [45, 30]], 4).tobytes()
    tifffile.imwrite(tmp_path / "a.tif", labels, imagej=True, metadata={"ROI": selected})
    assert [mask.sum() for mask in masks_of(read(tmp_path / "a.tif"))] == [140]
    tifffile.imwrite(tmp_path / "a.tif", labels, imagej=True, metadata={"Overlays": [selected] * 2})
    found = read(tmp_path / "a.tif")
    assert [mask.sum() for mask in masks_of(found)] == [160]
    assert "not its pixels" in found.remarks[0]
