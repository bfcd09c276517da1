"""How threads wait for one another."""

from __future__ import annotations

import os


def wait_passively() -> None:
    """Let OpenMP's threads sleep while they wait, in this process and in those that it starts, and
    let NumPy's products run in one thread.

    Where cores are shared with other work, threads that wait by spinning take the time that the
    thread they wait for needs. OpenBLAS's always spin, and NumPy's products of a particle's few
    thousand pixels take longer with them: measuring particles took four times the processor time
    beside other work. Both read their variables when they are loaded, so that this must come
    before NumPy, PyTorch and numba; what a user has set stays.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
