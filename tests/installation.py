"""What an installation must be able to do: run by its own python, from an empty folder.

The test of the wheel and `make release` run it; nothing of the checkout is imported.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

NOT_NEEDED = ("torch", "torchvision", "detectron2", "snakemake", "onnx", "numba", "h5py")


def run(*arguments: str, code: int = 0, **variables: str) -> str:
    """Run `synthwire` as a user does; what it prints, complaints included."""
    program = Path(sys.executable).with_name("synthwire")
    done = subprocess.run(
        [str(program), *arguments],
        env={**os.environ, **variables},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == code, f"{arguments}: exit code {done.returncode}\n{done.stdout}"
    assert "Traceback" not in done.stdout, done.stdout
    return done.stdout


def check_tool() -> dict:
    """The command line and Python, on a sample; what is missing is said in one line."""
    import synthwire
    from synthwire import segment
    from synthwire.learning.weights import WEIGHTS_VARIABLE
    from synthwire.schema import validate
    from synthwire.structures.settings import resolve_settings
    from synthwire.webapp.assets import SAMPLES

    sample = SAMPLES / "optical-density.tif"
    assert run("--version") == f"synthwire {synthwire.__version__}\n"
    assert "doi = {10.1038/s41524-022-00767-x}" in run("--version", "--cite")
    run("segment", str(sample), "--out", "found")
    shutil.copytree("found", "again")
    run("compare", "found", "again", "--out", "compared")
    written = json.loads(Path("found/optical-density/coco.json").read_text(encoding="utf-8"))
    result = segment(sample)
    assert len(result.particles) == len(written["annotations"]) > 10
    assert result.masks.shape[1:] == result.image.shape
    Path("scan.h5").write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(100))
    nowhere = {WEIGHTS_VARIABLE: str(Path.cwd())}
    for arguments, variables, words in (
        (["segment", "scan.h5", "-o", "none"], {}, "pip install 'synthwire[formats]' brings it"),
        (["compare", "found", "found", "-o", "none"], {}, "the same folder twice"),
        (["app"], {}, "pip install 'synthwire[app]' brings it"),
        (["export-model", "bundled"], {}, "is portable already"),
        (["segment", str(sample), "-o", "none"], nowhere, "lacks the bundled model"),
    ):
        said = run(*arguments, code=1, **variables)
        assert words in said, said
    files = [
        module.__file__
        for name, module in list(sys.modules.items())
        if name.partition(".")[0] == "synthwire" and getattr(module, "__file__", None)
    ]
    return {
        "model_sha256": written["info"]["model_sha256"],
        "evaluation": validate({}, "evaluation.schema.yaml", "evaluation"),
        "preset": resolve_settings({"preset": "paper"}),
        "files": files,
    }


def check_app() -> dict:
    """The app with its first sample."""
    from streamlit.testing.v1 import AppTest

    from synthwire.webapp.assets import SCRIPT

    app = AppTest.from_file(str(SCRIPT), default_timeout=300).run()
    assert not app.exception, app.exception
    assert not app.error, app.error
    assert any(item.label == "Particles" and int(item.value) > 0 for item in app.metric), app.metric
    return {}


if __name__ == "__main__":
    assert not [name for name in NOT_NEEDED if find_spec(name)], "not an empty environment"
    print(json.dumps({"tool": check_tool, "app": check_app}[sys.argv[1]]()))
