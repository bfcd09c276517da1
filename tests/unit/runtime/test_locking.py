import subprocess
import sys

import pytest

from synthwire.errors import InputError
from synthwire.runtime.locking import LOCK, alone_in

HOLD = (
    "import sys; from pathlib import Path; from synthwire.runtime.locking import alone_in\n"
    "with alone_in(Path(sys.argv[1])):\n"
    "    print('in', flush=True); sys.stdin.read()\n"
)


def test_another_process_is_refused_by_name_and_a_killed_one_is_not_in_the_way(tmp_path):
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={"SLURM_JOB_ID": "17"},
    )
    with holder:
        assert holder.stdout.readline() == b"in\n"
        refused = rf"SLURM job 17 \(process {holder.pid} on .*at work"
        with pytest.raises(InputError, match=refused), alone_in(tmp_path):
            pass
        holder.kill()
    with alone_in(tmp_path):
        pass
    with alone_in(tmp_path):
        assert "SLURM" not in (tmp_path / LOCK).read_text()


def test_readers_share_a_folder_and_keep_writers_out(tmp_path):
    refused = pytest.raises(InputError, match="at work")
    with alone_in(tmp_path, shared=True), alone_in(tmp_path, shared=True), refused:
        alone_in(tmp_path).__enter__()
    with alone_in(tmp_path), refused, alone_in(tmp_path, shared=True):
        pass
