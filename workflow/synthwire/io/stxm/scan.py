"""What a reader of STXM scans gives."""

from __future__ import annotations

import numpy as np

Scan = tuple[np.ndarray, tuple[float, float] | None, tuple[float, ...] | None]
NANOMETRES = {"m": 1e9, "mm": 1e6, "um": 1e3, "µm": 1e3, "μm": 1e3, "micron": 1e3, "nm": 1.0}
