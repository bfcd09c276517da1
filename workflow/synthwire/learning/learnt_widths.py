"""How wide the particles are that a network learns from, as it sees them."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from synthwire.io.coco import annotations_by_image
from synthwire.particles.widths import widths_px


def learnt_widths(data: Mapping, training: Mapping) -> dict[str, float]:
    """Median width in pixels of the particles of a training, and how far the widths spread.

    particle_width_px: the median; particle_width_log_sd: standard deviation of the natural
    logarithm. Both after the resize and the random enlargement of the images (learning/data.py);
    nothing where there is no particle. data: COCO data set; training: its settings.
    """
    items = annotations_by_image(data)
    logs = []
    for image in data["images"]:
        widths = widths_px([item for item in items[image["id"]] if not item["iscrowd"]])
        factors = _resizes(image["height"], image["width"], training)
        logs.append(np.log(np.outer(factors, widths[widths > 0])).ravel())
    together = np.concatenate(logs) if logs else np.zeros(0)
    if not together.size:
        return {}
    low, high = np.log(training["augmentation"].get("scale") or (1.0, 1.0))
    variance = np.var(together) + (high - low) ** 2 / 12  # of what is uniform from low to high
    return {
        "particle_width_px": round(float(np.exp(np.median(together) + (low + high) / 2)), 2),
        "particle_width_log_sd": round(float(np.sqrt(variance)), 3),
    }


def _resizes(height: int, width: int, training: Mapping) -> np.ndarray:
    """How many times an image may be enlarged by the resize, each with the same probability."""
    sizes = np.array(training["min_size_px"], dtype=float)
    if not sizes.size or sizes.min() == 0:
        return np.ones(1)
    return np.minimum(sizes / min(height, width), training["max_size_px"] / max(height, width))
