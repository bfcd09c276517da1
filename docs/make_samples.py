"""Make the web app's sample images with their true outlines: python docs/make_samples.py

Writes {key}.tif (uint8, with its pixel size) and {key}.json (COCO) for each entry of
workflow/synthwire/webapp/samples/samples.yaml beside it. The same entries give the same bytes.
"""

from __future__ import annotations

from pathlib import Path

import yaml

from synthwire.datasets.image_sets.simulated import simulate_page
from synthwire.io.coco import categories_of
from synthwire.io.files import write_json
from synthwire.io.stacks import write_stack
from synthwire.schema import validate
from synthwire.structures.settings import resolve_settings
from synthwire.webapp.assets import SAMPLES


def make_sample(key: str, sample: dict, folder: Path) -> None:
    """Take one sample's image and write it with its outlines."""
    entry = validate(
        sample["image_set"],
        "image_set.schema.yaml",
        f"{key}.image_set",
    )
    entry["structures"] = resolve_settings(entry["structures"])
    page = simulate_page(key, entry, sample["seed"], 0)
    name = f"{key}.tif"
    write_stack(folder / name, page.image[None], pixel_size_nm=page.record["pixel_size_nm"])
    write_json(
        folder / f"{key}.json",
        {
            "images": [{**page.record, "file_name": name}],
            "categories": categories_of(["nanowire"]),
            "annotations": [
                {field: value for field, value in item.items() if field != "visible"}
                for item in page.annotations
            ],
        },
    )


def main() -> None:
    samples = yaml.safe_load((SAMPLES / "samples.yaml").read_text(encoding="utf-8"))
    for key, sample in samples.items():
        make_sample(key, sample, SAMPLES)


if __name__ == "__main__":
    main()
