"""Pages of the site that stand nowhere under docs/: made from the code, or kept elsewhere.

mkdocs calls the functions `on_…` (mkdocs.yml, `hooks`).
"""

from __future__ import annotations

import ast
import os
import posixpath
import re
import tomllib
from pathlib import Path

import settings_page
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).parents[1]
LIBRARY = ROOT / "workflow" / "synthwire"

# Pages that are files of the repository, by their address in the site.
PAGES = {
    "changelog.md": "CHANGELOG.md",
    "config.md": "config/README.md",
    "contributing.md": "CONTRIBUTING.md",
    "model.md": "workflow/synthwire/learning/bundled/README.md",
    "presets.md": "workflow/synthwire/structures/presets/README.md",
    "results.md": "results/README.md",
}
# Where a link to a file or a folder of the repository leads within the site.
PLACES = {file: page for page, file in PAGES.items()} | {
    "workflow/synthwire": "api/index.md",
    "workflow/synthwire/schema": "settings.md",
    "workflow/synthwire/cli": "commands.md",
}
TOP = "synthwire"  # the library's own files, beside its rooms

API_INDEX = """\
# API

```python
from synthwire import segment

result = segment("wires.tif", pixel_size_nm=6)
particles = result.particles
```

Three names are made for users and stay:

| name | is |
|---|---|
| [`segment`][synthwire.segmentation.apply.segment] | find the particles of one image |
| [`load_model`][synthwire.segmentation.models.load_model] | a model, to use it for many images |
| [`Segmentation`][synthwire.segmentation.result.Segmentation] | what was found |

The rest of the library serves the workflow, and may change between versions. It lies in rooms, each
with one subject. A room imports only from rooms further down in this table, which `make lint`
checks.

| room | subject |
|---|---|
"""


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Add the API's pages to the navigation."""
    entry = next(item for item in config.nav if "API" in item)
    entry["API"] = ["api/index.md", *({room: f"api/{room}.md"} for room in _rooms())]
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages."""
    pages = {page: _text_of(file) for page, file in PAGES.items()}
    pages |= {f"api/{room}.md": _api(room, paths) for room, paths in _rooms().items()}
    pages |= {"settings.md": settings_page.make(), "commands.md": _commands()}
    pages["api/index.md"] = _api_index()
    for address, text in pages.items():
        files.append(File.generated(config, address, content=text))
    icon = (LIBRARY / "webapp" / "icon.svg").read_bytes()
    files.append(File.generated(config, "icon.svg", content=icon))
    return files


def on_page_markdown(markdown: str, page: Page, **_) -> str:
    """Turn links to the repository's files, which a forge understands, into the site's own."""
    home = posixpath.dirname(PAGES.get(page.file.src_uri, f"docs/{page.file.src_uri}"))

    def replaced(match: re.Match) -> str:
        path, anchor = match[1], match[2] or ""
        target = posixpath.normpath(posixpath.join(home, path))
        inside = PLACES.get(target, target.removeprefix("docs/"))
        start = posixpath.dirname(page.file.src_uri)
        return f"]({posixpath.relpath(inside, start or '.')}{anchor})"

    return re.sub(r"\]\((?!\w+:|#)([^)#\s]+)(#[^)\s]*)?\)", replaced, markdown)


def _text_of(file: str) -> str:
    return (ROOT / file).read_text(encoding="utf-8")


def _rooms() -> dict[str, list[Path]]:
    """The files of each room of the library, in the order of the contract on imports."""
    contract = tomllib.loads(_text_of("pyproject.toml"))["tool"]["importlinter"]["contracts"][0]
    layers = [room for layer in contract["layers"] for room in layer.split(" | ")]
    rooms: dict[str, list[Path]] = {room: [] for room in layers if (LIBRARY / room).is_dir()}
    rooms[TOP] = []
    for path in sorted(LIBRARY.rglob("*.py")):
        place = path.relative_to(LIBRARY)
        if place.name not in ("__main__.py", "main.py") and place != Path("__init__.py"):
            room = TOP if len(place.parts) == 1 else place.parts[0]
            rooms[room].append(path)
    return rooms


def _api_index() -> str:
    """What the API has: the tool's three names, and a sentence on each room."""
    lines = []
    for room, paths in _rooms().items():
        if room == TOP:
            subject = f"Files beside the rooms: {', '.join(path.stem for path in paths)}."
        else:
            text = (LIBRARY / room / "__init__.py").read_text(encoding="utf-8")
            subject = (ast.get_docstring(ast.parse(text)) or "").partition("\n")[0]
        lines.append(f"| [{room}]({room}.md) | {subject} |")
    return API_INDEX + "\n".join(lines) + "\n"


def _api(room: str, paths: list[Path]) -> str:
    parts = [f"# {room}"]
    for path in paths:
        names = ["synthwire", *path.relative_to(LIBRARY).with_suffix("").parts]
        door = names[-1] == "__init__"
        name = ".".join(names[:-1] if door else names)
        options = "show_root_full_path: true, show_symbol_type_heading: false"
        if door:  # what it lets through is shown where it stands
            options += ", members: false"
        top = door and name.count(".") < 2
        head = "show_root_heading: false, " if top else "heading_level: 2, "
        parts.append(f"::: {name}\n    options: {{{head}{options}}}")
    return "\n\n".join(parts) + "\n"


def _commands() -> str:
    """The help of every command, and the columns of its table."""
    os.environ["COLUMNS"] = "90"
    from synthwire.cli import program
    from synthwire.segmentation import PARTICLE_COLUMNS

    parser = program.make_parser()
    commands = parser._subparsers._group_actions[0].choices
    parts = ["# The commands", f"```text\n{parser.format_help()}```"]
    parts += [f"## synthwire {n}\n\n```text\n{p.format_help()}```" for n, p in commands.items()]
    rows = "\n".join(f"| `{name}` | {text} |" for name, text in PARTICLE_COLUMNS.items())
    parts.append(f"## Columns of particles.csv\n\n| column | meaning |\n|---|---|\n{rows}")
    return "\n\n".join(parts) + "\n"
