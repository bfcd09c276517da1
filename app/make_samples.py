"""Make the web app's sample images with their true outlines: python app/make_samples.py

Writes app/samples/{key}.tif (uint8, with its pixel size) and {key}.json (COCO) for each entry of
app/samples/samples.yaml. The same entries give the same bytes.
"""

from __future__ import annotations

from pathlib import Path

import yaml
from synthwire.configuration import validate
from synthwire.files import write_json
from synthwire.images import write_stack
from synthwire.microscopy import simulate_page
from synthwire.optics import categories_of
from synthwire.structures import resolve_settings

ROOT = Path(__file__).resolve().parents[1]
SAMPLES = ROOT / "app" / "samples"


def make_sample(key: str, sample: dict, folder: Path) -> None:
    """Take one sample's image and write it with its outlines."""
    entry = validate(
        sample["image_set"],
        "image_set.schema.yaml",
        ROOT / "config" / "schemas",
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
