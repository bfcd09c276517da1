"""What a rule's result depends on follows from its script's imports."""

from synthwire.runtime.imports import LIBRARY, imported_names, library_files, module_file


def files_of(script) -> set[str]:
    return {path.relative_to(LIBRARY).as_posix() for path in library_files(script)}


def write(folder, text):
    path = folder / "script.py"
    path.write_text(text)
    return path


def test_a_module_a_package_and_everything_else():
    assert module_file("synthwire.io.files") == LIBRARY / "io" / "files.py"
    assert module_file("synthwire.evaluation") == LIBRARY / "evaluation" / "__init__.py"
    assert module_file("synthwire.io.files.read_json") is None
    assert module_file("json") is None


def test_imports_are_followed_through_files_doors_and_functions(tmp_path):
    found = files_of(write(tmp_path, "from synthwire.io.coco import read_coco\n"))
    assert {"io/coco.py", "io/masks.py", "io/files.py", "errors.py", "io/__init__.py"} <= found
    assert not any(name.startswith(("learning", "figures")) for name in found)
    through_a_door = files_of(write(tmp_path, "from synthwire.evaluation import accuracy\n"))
    assert {"evaluation/pixels.py", "evaluation/matching.py"} <= through_a_door
    deep = files_of(write(tmp_path, "def f():\n    from synthwire.io import masks\n"))
    assert "io/masks.py" in deep


def test_what_type_checkers_alone_import_does_not_count(tmp_path):
    path = write(
        tmp_path,
        "from typing import TYPE_CHECKING\n"
        "import os\n"
        "if TYPE_CHECKING:\n    import torch\n"
        "def f():\n    import json\n",
    )
    assert imported_names(path) == {"typing", "os", "json"}
    assert imported_names(path, within_functions=False) == {"typing", "os"}


def test_an_edited_file_is_read_anew(tmp_path):
    import os

    path = write(tmp_path, "import os\n")
    assert imported_names(path) == {"os"}
    path.write_text("import json\n")
    os.utime(path, ns=(1, 1))
    assert imported_names(path) == {"json"}
