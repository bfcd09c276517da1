import subprocess
import sys

import pytest

from synthwire.errors import InputError
from synthwire.runtime.job import job
from synthwire.runtime.provenance import Stopwatch, record


def test_a_users_mistake_is_one_line_and_exit_code_1(tmp_path, capsys):
    with pytest.raises(SystemExit) as stopped, job(tmp_path / "logs" / "job.log"):
        raise InputError("image.tif: empty\nfile")
    assert stopped.value.code == 1
    assert capsys.readouterr().err == "synthwire: image.tif: empty file\n"
    assert "image.tif: empty file" in (tmp_path / "logs" / "job.log").read_text()


def test_a_bug_keeps_its_traceback(tmp_path):
    with pytest.raises(ZeroDivisionError), job(tmp_path / "job.log"):
        _ = 1 / 0
    assert "ZeroDivisionError" in (tmp_path / "job.log").read_text()


def test_warnings_and_log_records_go_to_the_log_and_not_to_the_terminal(tmp_path):
    program = (
        "import logging, sys, warnings\n"
        "from synthwire.runtime.job import job\n"
        "with job(sys.argv[1]) as log:\n"
        "    warnings.warn('strange weights')\n"
        "    logging.getLogger('detectron2.engine').info('Starting training')\n"
        "    log.warning('no graph')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path / "job.log")], capture_output=True, text=True
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    text = (tmp_path / "job.log").read_text()
    for expected in ("strange weights", "Starting training", "no graph"):
        assert expected in text


def test_provenance_tells_versions_and_time():
    provenance = record(Stopwatch(), model="01")
    assert provenance["model"] == "01"
    assert provenance["versions"]["detectron2"] == "0.6"
    assert provenance["duration_s"] >= 0


def test_what_a_killed_job_left_of_its_outputs_is_removed_and_nothing_else(tmp_path):
    outputs = [tmp_path / "images" / "000", tmp_path / "table.csv"]
    killed = (
        "import os, sys\n"
        "from synthwire.io.files import atomic_directory, atomic_path\n"
        "with atomic_directory(sys.argv[1]) as folder, atomic_path(sys.argv[2]) as file:\n"
        "    (folder / 'scene.png').write_text('half')\n"
        "    file.write_text('half')\n"
        "    os._exit(9)\n"
    )
    others = [tmp_path / "images" / "000.1", tmp_path / "table.2.csv"]  # which are still at work
    for pair in (outputs, others):
        assert subprocess.run([sys.executable, "-c", killed, *map(str, pair)]).returncode == 9
    assert len(list(tmp_path.rglob("*.partial*"))) == 4
    with job(tmp_path / "logs" / "job.log", outputs=outputs):
        left = sorted(path.name for path in tmp_path.rglob(".*.partial*"))
        assert len(left) == 2
        assert left[0].startswith(".000.1.") and left[1].startswith(".table.2.")
        outputs[0].mkdir()
        outputs[1].write_text("whole")
