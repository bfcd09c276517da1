"""What numbers are taken from of a result that was saved: its outlines, and its table of them."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
from pandas.api.types import is_bool_dtype, is_numeric_dtype

from synthwire.errors import InputError
from synthwire.io.coco import read_coco

NUMBERS = (
    "id", "orientation_deg", "aspect_ratio", "tortuosity", "taper",
    *(f"{measure}_{unit}" for measure in ("line_length", "mean_width", "fwhm")
      for unit in ("px", "nm")),
)  # fmt: skip


def read_saved(folder: Path) -> tuple[dict, pd.DataFrame]:
    """coco.json and particles.csv of one image's result.

    InputError in one line where one of them is missing or damaged, lacks what other versions write,
    or is not of the other one.
    """
    data = read_coco(folder / "coco.json")
    path = folder / "particles.csv"
    if not isinstance(data.get("info"), dict):
        raise InputError(f"{folder / 'coco.json'}: 'info' is missing; segment again")
    try:
        table = pd.read_csv(path)
    except (OSError, ValueError) as error:  # pandas' own errors are of the latter kind
        raise InputError(f"{path}: no table ({str(error).strip()})") from None
    kinds = dict.fromkeys(NUMBERS, ("numbers", is_numeric_dtype))
    for name, (what, is_right) in {
        **kinds,
        "touches_border": ("True or False", is_bool_dtype),
    }.items():
        if name not in table:
            raise InputError(f"{path}: column '{name}' is missing; segment again")
        if len(table) and not is_right(table[name]):
            raise InputError(f"{path}: column '{name}': {what} in each row is expected")
    shape = [data["images"][0].get(side) for side in ("height", "width")]
    masks = {item["id"]: item["segmentation"] for item in data["annotations"]}
    if not set(table["id"]) <= set(masks) or any(rle["size"] != shape for rle in masks.values()):
        raise InputError(f"{path}: is not of coco.json; segment again")
    return data, table
