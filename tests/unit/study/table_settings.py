"""What tables of made evaluations show."""

from __future__ import annotations

from pathlib import Path

PUBLISHED = Path(__file__).parents[3] / "resources/paper"
IMAGE_SETS = {
    "ptychography": {
        "label": "X-ray ptychography",
        "source": "published",
        "published": "ptychography",
    },
    "simulated_stxm": {"label": "simulated STXM", "source": "simulated"},
    "sem": {"label": "SEM", "source": "published", "published": "sem"},
}
SHOWN = {2: "ptychography", 3: "simulated_stxm", 4: "sem"}
