"""A result corrected by hand: its steps, their undoing, its files, what it refuses."""

from __future__ import annotations

import contextlib
import io
import json
import zipfile

import hypothesis
import numpy as np
import pandas as pd
import pytest
import tifffile
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from PIL import Image
from pycocotools import mask as coco_mask
from roifile import ImagejRoi

from synthwire.errors import InputError
from synthwire.io.masks import decode_mask, encode_mask
from synthwire.segmentation import correction
from synthwire.segmentation.correction import Correction, take_apart
from synthwire.segmentation.options import Selection
from synthwire.segmentation.result import Segmentation
from synthwire.segmentation.result_files import is_whole, proposals_json, save_proposals

SHAPE = (60, 90)


def box(top: int, left: int, height: int, width: int) -> np.ndarray:
    mask = np.zeros(SHAPE, dtype=bool)
    mask[top : top + height, left : left + width] = True
    return mask


MASKS = [box(5, 5, 8, 70), box(20, 10, 6, 30), box(20, 42, 6, 30), box(40, 10, 6, 40)]
SCORES = [0.95, 0.9, 0.75, 0.4]


def found() -> Segmentation:
    image = np.random.default_rng(0).integers(0, 255, SHAPE, dtype=np.uint8)
    results = [
        {
            "image_id": 1,
            "category_id": 1,
            "bbox": [float(side) for side in coco_mask.toBbox(encode_mask(mask))],
            "score": score,
            "segmentation": encode_mask(mask),
        }
        for mask, score in zip(MASKS, SCORES, strict=True)
    ]
    categories = [{"id": 1, "name": "nanowire"}]
    return Segmentation(image, results, (5.0, 5.0), "a.tif", None, 1.0, categories, {})


def corrected() -> tuple[Segmentation, Correction]:
    """One split, two merged, one kept, one drawn, one with another end, one removed: in turn."""
    history, result = Correction(), found()
    for make in (
        lambda now: correction.split(now, 1, [(30, 0), (30, 20)]),
        lambda now: correction.merge(now, [2, 3]),
        lambda _: correction.keep([4]),
        lambda now: correction.draw_line(now, [(10, 55), (60, 55)], 4),
        lambda now: correction.move_end(now, 8, (70, 55)),
        lambda _: correction.remove([5]),
    ):
        history = history.do(make(history.apply(result)))
    return history.apply(result), history


def mask(result: Segmentation, number: int) -> np.ndarray:
    return decode_mask(result.results[number - 1]["segmentation"])


def test_each_step_makes_what_it_says():
    result, _ = corrected()
    assert result.ids == (4, 6, 7, 9)
    np.testing.assert_array_equal(mask(result, 5) | mask(result, 6), MASKS[0])
    np.testing.assert_array_equal(mask(result, 7), MASKS[1] | MASKS[2])
    np.testing.assert_array_equal(mask(result, 8), box(53, 10, 4, 50))
    assert mask(result, 9)[:, :69].any(axis=0).sum() == 59
    kinds = {4: "kept", 5: "split", 6: "split", 7: "merged", 8: "drawn", 9: "reshaped"}
    assert result.by_hand == kinds


def test_what_is_added_is_measured_as_what_was_found():
    result, _ = corrected()
    anew = Segmentation(
        *(result.image, result.results, result.pixel_size_nm, "a.tif", None, 1.0),
        *(result.categories, {}),
    )
    pd.testing.assert_frame_equal(result.measures, anew.measures)
    drawn = result.measures.set_index("id").loc[8]
    assert (drawn["length_nm"], drawn["width_nm"]) == (pytest.approx(250), pytest.approx(20))


def test_undo_and_redo_go_back_and_forth_one_step_at_a_time():
    _, history = corrected()
    results = []
    while history.steps:
        results.append(history.apply(found()).ids)
        history = history.undo()
    assert history.undo() == history
    assert history.apply(found()).ids == found().ids
    for ids in reversed(results):
        history = history.redo()
        assert history.apply(found()).ids == ids
    assert history.redo() == history
    assert history.undo().do(correction.keep([5])).undone == ()


def test_every_file_says_what_was_done_by_hand():
    result, history = corrected()
    files = result.as_files()
    coco = json.loads(files["coco.json"])
    assert [item["id"] for item in coco["annotations"]] == [4, 6, 7, 9]
    marks = {item["id"]: item["attributes"]["by_hand"] for item in coco["annotations"]}
    assert marks == {4: "kept", 6: "split", 7: "merged", 9: "reshaped"}
    table = pd.read_csv(io.BytesIO(files["particles.csv"]))
    assert dict(zip(table["id"], table["by_hand"], strict=True)) == marks
    with tifffile.TiffFile(io.BytesIO(files["labels.tif"])) as labels:
        assert json.loads(labels.pages[0].description)["by_hand"] == {
            str(number): kind for number, kind in marks.items()
        }
    with zipfile.ZipFile(io.BytesIO(files["rois.zip"])) as rois:
        for number, kind in marks.items():
            roi = ImagejRoi.frombytes(rois.read(f"{number:04d}.roi"))
            assert roi.properties["by_hand"] == kind
    again = Segmentation.from_coco(
        json.loads(files["proposals.json"]),
        np.asarray(Image.open(io.BytesIO(files["image.png"]))),
        result.selection,
    )
    assert again.as_files() == files
    bare, read = take_apart(again)
    assert read == history
    assert bare.results == found().results
    assert read.apply(bare).as_files() == files


def test_a_step_that_is_saved_leaves_the_folder_whole(tmp_path):
    result, _ = corrected()
    folder = found().save(tmp_path / "a")
    save_proposals(folder, proposals_json(result))
    assert is_whole(folder)


def test_a_result_that_was_only_chosen_from_is_a_history_too():
    result = found().select(removed_ids=(1,), kept_ids=(4,))
    bare, history = take_apart(result)
    assert bare.ids == found().ids
    assert history.apply(bare).ids == result.ids


def test_a_history_of_another_result_is_refused():
    result, _ = corrected()
    data = result.coco(everything=True)
    fewer = {**data, "annotations": data["annotations"][1:]}
    with pytest.raises(InputError, match="the correction is of another result"):
        take_apart(Segmentation.from_coco(fewer, result.image, Selection()))


@pytest.mark.parametrize(
    "data",
    [{}, {"steps": 3, "undone": []}, {"steps": [{"kind": "eaten"}], "undone": []}, {"steps": [[]]}],
)
def test_what_is_no_history_is_refused(data):
    with pytest.raises(InputError, match="no correction by hand"):
        Correction.from_json(data)


def test_what_cannot_be_done_loses_nothing():
    result, history = corrected()
    for step in (
        lambda: correction.split(result, 7, [(0, 0), (1, 1)]),
        lambda: correction.merge(result, [7]),
        lambda: correction.move_end(result, 99, (1, 1)),
        lambda: correction.leave_out(result, [(80, 50), (85, 50), (85, 55)]),
    ):
        with pytest.raises(InputError):
            step()
    assert history.apply(found()).ids == result.ids


def test_a_region_leaves_out_what_mostly_lies_in_it():
    result = found()
    step = correction.leave_out(result, [(0, 15), (45, 15), (45, 59), (0, 59)])
    assert step.removed == (2,)


def test_the_least_sure_come_first():
    assert correction.most_uncertain(found()) == [3, 2, 1, 4]
    result = Correction().do(correction.keep([3])).apply(found())
    assert correction.most_uncertain(result)[-1] == 3


class Histories(RuleBasedStateMachine):
    """Whatever is done, undone and done again: a history says the same as its file."""

    @initialize()
    def start(self):
        self.history = Correction()

    @property
    def now(self) -> Segmentation:
        return self.history.apply(found())

    @rule(number=st.integers(1, 4), keep=st.booleans())
    def choose(self, number, keep):
        self.history = self.history.do(
            correction.keep([number]) if keep else correction.remove([number])
        )

    @rule(x=st.floats(0, 90), y=st.floats(0, 60), width=st.floats(2, 9))
    def draw(self, x, y, width):
        step = correction.draw_line(self.now, [(45, 30), (x, y + 0.5)], width)
        self.history = self.history.do(step)

    @precondition(lambda self: self.now.ids)
    @rule(data=st.data(), x=st.floats(0, 90))
    def split(self, data, x):
        number = data.draw(st.sampled_from(self.now.ids))
        with contextlib.suppress(InputError):  # where the stroke does not cross it
            self.history = self.history.do(correction.split(self.now, number, [(x, -1), (x, 61)]))

    @rule()
    def undo(self):
        self.history = self.history.undo()

    @rule()
    def redo(self):
        self.history = self.history.redo()

    @invariant()
    def it_is_read_as_it_was_written(self):
        if not hasattr(self, "history"):
            return
        result = self.now
        text = json.dumps(result.info["correction"])
        assert Correction.from_json(json.loads(text)) == self.history
        assert set(result.ids) <= set(result.measures["id"])
        bare, history = take_apart(result)
        assert history.apply(bare).ids == result.ids


TestHistories = Histories.TestCase
TestHistories.settings = hypothesis.settings(max_examples=15, stateful_step_count=10, deadline=None)
