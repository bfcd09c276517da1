"""How threads wait for one another."""

from __future__ import annotations

import os


def wait_passively() -> None:
    """Let OpenMP's threads sleep while they wait, in this process and in those that it starts.

    Where cores are shared with other work, threads that wait by spinning take the time that the
    thread they wait for needs. OpenMP reads the variable when it is loaded, so that this must come
    before PyTorch and numba; what a user has set stays.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
