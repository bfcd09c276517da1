"""The page of all settings, from the schemas in workflow/synthwire/schema.

One table a section: field, type, default, meaning. That stands in the schemas and nowhere else.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import yaml

SCHEMAS = Path(__file__).parents[1] / "workflow" / "synthwire" / "schema"
HEAD = "| field | type | default | meaning |\n|---|---|---|---|"
# Definitions that have a table of their own, linked from wherever they are used.
OWN_TABLE = {
    "distribution": "Distributions",
    "population": "Populations",
    "particle": "Particles",
    "variants": "Variants",
}
# Keys that a user chooses, in a mapping of them.
CHOSEN = {"evaluated": "NAME", "variants": "KEY", "peers": "KEY"}
IMAGE_SETS = {
    "file": "Images of your own",
    "simulated": "Simulated images",
    "published": "The published images",
}


class _Schemas:
    """The schemas of the folder, whose references lead from one to another."""

    def __init__(self) -> None:
        self.files = {
            path.name: yaml.safe_load(path.read_text(encoding="utf-8"))
            for path in SCHEMAS.glob("*.schema.yaml")
        }

    def follow(self, schema: dict, file: str) -> tuple[dict, str, str]:
        """A schema with what it refers to, the file of that, and the name of its definition."""
        name = ""
        while "$ref" in schema:
            target, _, path = schema["$ref"].partition("#/")
            file = target or file
            found = self.files[file]
            for key in filter(None, path.split("/")):
                found = found[key]
                name = key
            schema = {**found, **{key: schema[key] for key in schema if key != "$ref"}}
        return schema, file, name


def make() -> str:
    """The page as Markdown."""
    schemas = _Schemas()
    whole = schemas.files["config.schema.yaml"]
    parts = [
        "# Every setting",
        "A configuration is checked before anything runs: an unknown field, or a value that is "
        "not allowed, ends the run with one line that names it. *required* stands where there is "
        "no default, and a field in brackets `[]` belongs to each entry of a list.",
    ]
    plain = {}
    for name, entry in whole["properties"].items():
        section, file, _ = schemas.follow(entry, "config.schema.yaml")
        if name == "image_sets":
            parts += _image_sets(schemas, section)
        elif "properties" in section:
            parts += [f"## {name}", _sentence(section)]
            preset = "the preset's" if name == "structures" else ""
            parts.append(_table(schemas, section, file, "", preset))
            if name == "structures":
                parts += _definitions(schemas, "structures.schema.yaml")
        else:
            plain[name] = entry
    top = {**whole, "properties": plain}
    parts[2:2] = ["## The run", _table(schemas, top, "config.schema.yaml", "")]
    rows = schemas.files["models.schema.yaml"]
    parts += ["## The model table", _sentence(rows), "One row a model, tabs between the columns."]
    parts.append(_table(schemas, rows, "models.schema.yaml", ""))
    notes = schemas.files["supplement.schema.yaml"]
    parts += ["## The supplement", _sentence(notes)]
    parts.append(_table(schemas, notes, "supplement.schema.yaml", ""))
    parts += _definitions(schemas, "supplement.schema.yaml")
    return "\n\n".join(parts) + "\n"


def _image_sets(schemas: _Schemas, section: dict) -> Iterator[str]:
    yield "## image_sets"
    yield _sentence(section)
    kinds = schemas.files["image_set.schema.yaml"]["$defs"]
    for kind, title in IMAGE_SETS.items():
        yield f"### {title}"
        yield f"`source: {kind}`. {_sentence(kinds[kind])}"
        fields = {key: value for key, value in kinds[kind]["properties"].items() if key != "source"}
        table = {**kinds[kind], "properties": fields}
        yield _table(schemas, table, "image_set.schema.yaml", "")


def _definitions(schemas: _Schemas, file: str) -> Iterator[str]:
    defined = schemas.files[file]["$defs"]
    for name, title in reversed(OWN_TABLE.items()):
        if name not in defined:
            continue
        schema = defined[name]
        yield f"### {title}"
        yield _sentence(schema)
        yield _table(schemas, {**schema, "required": schema.get("required", [])}, file, "")


def _table(schemas: _Schemas, schema: dict, file: str, prefix: str, absent: str = "") -> str:
    return "\n".join([HEAD, *_rows(schemas, schema, file, prefix, absent)])


def _rows(
    schemas: _Schemas, schema: dict, file: str, prefix: str, absent: str = ""
) -> Iterator[str]:
    """One row a field, those of its own fields after it."""
    for name, entry in schema["properties"].items():
        field, home, definition = schemas.follow(entry, file)
        items, list_home, of = schemas.follow(field.get("items", {}), home)
        kind = _type(field, definition, items, of)
        if name in schema.get("required", []):
            default = "*required*"
        else:
            default = _value(field["default"]) if "default" in field else absent
        inner, inner_home, path = field, home, f"{prefix}{name}."
        if definition in OWN_TABLE or of in OWN_TABLE or home != file:
            inner = {}
        elif "properties" in items:
            inner, inner_home, path = items, list_home, f"{prefix}{name}[]."
        elif f"{prefix}{name}" in CHOSEN and "additionalProperties" in field:
            inner = field["additionalProperties"]
            path = f"{prefix}{name}.{CHOSEN[prefix + name]}."
        else:  # a field that is null or a section, as an image set's absorption
            branches = [schemas.follow(branch, home)[0] for branch in field.get("oneOf", [])]
            sections = [item for item in branches if item.keys() >= {"properties", "description"}]
            inner = next(iter(sections), inner)
        meaning = _sentence(field)
        if inner.get("properties"):
            default = "" if default in ("`{}`",) else default
        yield f"| `{prefix}{name}` | {kind} | {default} | {meaning} |"
        if inner.get("properties"):
            yield from _rows(schemas, inner, inner_home, path)


def _type(field: dict, definition: str, items: dict, of: str) -> str:
    if definition in OWN_TABLE:
        return f"[{definition}](#{OWN_TABLE[definition].lower()})"
    if of in OWN_TABLE:
        return f"list of [{OWN_TABLE[of].lower()}](#{OWN_TABLE[of].lower()})"
    if "enum" in field:
        return ", ".join(_value(value) for value in field["enum"])
    if "const" in field:
        return _value(field["const"])
    if "oneOf" in field:
        kinds = [_type(branch, "", branch.get("items", {}), "") for branch in field["oneOf"]]
        return " or ".join(dict.fromkeys(kind for kind in kinds if kind))
    names = field.get("type", "object")
    texts = [_named(name, field, items) for name in ([names] if isinstance(names, str) else names)]
    return " or ".join(texts)


def _named(name: str, field: dict, items: dict) -> str:
    if name in ("number", "integer"):
        return " ".join([name, *_limits(field)])
    if name == "array":
        least, most = field.get("minItems"), field.get("maxItems")
        count = f"{least} " if least is not None and least == most else ""
        if "enum" in items:
            return f"list of {count}" + ", ".join(_value(value) for value in items["enum"])
        inner = items.get("type", "")
        inner = {"object": "entries", "integer": "integers"}.get(inner, f"{inner}s")
        return f"{count}{inner}" if count else f"list of {inner}"
    return {"object": "section", "null": "null", "boolean": "true or false"}.get(name, name)


def _limits(field: dict) -> Iterator[str]:
    for key, sign in (
        ("minimum", "≥"),
        ("exclusiveMinimum", ">"),
        ("maximum", "≤"),
        ("exclusiveMaximum", "<"),
    ):
        if key in field:
            yield f"{sign} {field[key]}"


def _value(value) -> str:
    text = value if isinstance(value, str) and value else json.dumps(value, ensure_ascii=False)
    return f"`{text}`"


def _sentence(schema: dict) -> str:
    text = " ".join(schema.get("description", "").split())
    return text.replace("|", "\\|").replace("<", "&lt;").replace("*", "\\*")
