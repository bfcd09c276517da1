"""Reading and checking the configuration and the model table, before any work starts."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import pandas as pd
import yaml
from referencing import Registry
from referencing.jsonschema import DRAFT202012

from synthwire import dataset, imaging, structures
from synthwire.authors_layout import list_split
from synthwire.errors import InputError
from synthwire.imaging import scene_number
from synthwire.weights import bundled

INITIAL_WEIGHTS = ("coco", "base", "bundled", "scratch")
ROW_SECTIONS = (
    "architecture",
    "training",
    "prediction",
)  # what a row of the model table can change


@cache
def _schemas(folder: Path) -> dict[str, dict]:
    schemas = {
        path.name: yaml.safe_load(path.read_text(encoding="utf-8"))
        for path in sorted(folder.glob("*.schema.yaml"))
    }
    for schema in schemas.values():
        # A referenced schema that names its dialect would be checked by jsonschema's own class,
        # which fills in no defaults.
        schema.pop("$schema", None)
    return schemas


def _registry(folder: Path) -> Registry:
    return Registry().with_resources(
        (name, DRAFT202012.create_resource(schema)) for name, schema in _schemas(folder).items()
    )


def _fill_defaults(validator_class):
    """Extend a jsonschema validator so that validation writes the schema's defaults."""
    check_properties = validator_class.VALIDATORS["properties"]

    def fill(validator, properties, instance, schema):
        if validator.is_type(instance, "object"):
            for name, subschema in properties.items():
                if "default" in subschema:
                    instance.setdefault(name, deepcopy(subschema["default"]))
        yield from check_properties(validator, properties, instance, schema)

    return jsonschema.validators.extend(validator_class, {"properties": fill})


_Validator = _fill_defaults(jsonschema.Draft202012Validator)


def validate(instance: dict, schema_name: str, schemas: Path, source: str) -> dict:
    """Fill `instance` with the schema's defaults and check it; returns it.

    schemas: the folder config/schemas; source: what the message calls the file. InputError names
    the field that is wrong and what would be right.
    """
    return _validate(
        instance, {**_schemas(schemas)[schema_name], "$id": schema_name}, schemas, source
    )


def _validate(instance: dict, schema: dict, schemas: Path, source: str) -> dict:
    validator = _Validator(schema, registry=_registry(schemas))
    errors = sorted(validator.iter_errors(instance), key=lambda error: list(map(str, error.path)))
    if errors:
        raise InputError(f"{source}: {_explain(jsonschema.exceptions.best_match(errors))}")
    return instance


def section_defaults(section: str, schemas: Path) -> dict:
    """The defaults of one section of the configuration, such as `prediction`."""
    settings: dict = {}
    schema = _schemas(schemas)["config.schema.yaml"]["properties"][section]
    _Validator(schema, registry=_registry(schemas)).validate(settings)
    return settings


def _explain(error: jsonschema.ValidationError) -> str:
    field = ".".join(str(part) for part in error.absolute_path) or "top level"
    if error.validator == "additionalProperties":
        known = list(error.schema.get("properties", {}))
        unknown = next(key for key in error.instance if key not in known)
        close = difflib.get_close_matches(str(unknown), known, n=1)
        path = ".".join([*map(str, error.absolute_path), str(unknown)])
        hint = f"did you mean '{close[0]}'?" if close else f"known here: {', '.join(known)}"
        return f"{path}: unknown key; {hint}"
    if error.validator == "required":
        missing = next(key for key in error.validator_value if key not in error.instance)
        path = ".".join([*map(str, error.absolute_path), missing])
        return f"{path}: missing"
    if error.validator == "type":
        wanted = error.validator_value
        wanted = " or ".join(wanted) if isinstance(wanted, list) else wanted
        return f"{field}: {error.instance!r} is not of type {wanted}"
    description = error.schema.get("description") if isinstance(error.schema, Mapping) else None
    return f"{field}: {error.message}" + (
        f" ({' '.join(description.split())})" if description else ""
    )


def resolve(config: dict, schemas: Path, source: str = "config") -> dict:
    """A config with all defaults filled in and everything checked that needs no computation.

    The given mapping stays as it is. InputError on the first thing that is wrong.
    """
    config = validate(deepcopy(config), "config.schema.yaml", schemas, source)
    try:
        config["structures"] = structures.resolve_settings(config["structures"])
        structures.check_settings(config["structures"])
        imaging.check_domains(config["imaging"]["domains"])
    except InputError as error:
        raise InputError(f"{source}: {error}") from None
    shown = {f"tables.{table}": images for table, images in config["tables"].items()}
    if config["figures"]["attached"] is not None:
        shown["figures.attached"] = config["figures"]["attached"]
    for field, images in shown.items():
        if images not in config["image_sets"]:
            raise InputError(
                f"{source}: {field}: no image set '{images}'; there are "
                f"{', '.join(config['image_sets'])}"
            )
        entry = config["image_sets"][images]
        if entry["source"] == "file" and entry["annotations"] is None:
            raise InputError(
                f"{source}: {field}: image set '{images}' has no annotations to "
                "compare with; name them in its field annotations, or show another set"
            )
    _check_copy_paste(config["training"], config["imaging"], source)
    weights = config["training"]["initial_weights"]
    if weights not in INITIAL_WEIGHTS and not Path(weights).is_file():
        raise InputError(
            f"{source}: training.initial_weights: '{weights}' is neither "
            f"{', '.join(INITIAL_WEIGHTS)} nor a file"
        )
    if weights == "bundled":
        _check_bundled(config["architecture"], schemas, f"{source}: training.initial_weights")
    _resolve_evaluated(config, schemas, source)
    file = config["training"]["coco_weights_file"]
    if file is not None and not Path(file).is_file():
        raise InputError(f"{source}: training.coco_weights_file: no file '{file}'")
    architecture = config["architecture"]
    if weights in ("base", "scratch") and (
        architecture["norm"] == "FrozenBN" or architecture["freeze_at"] > 0
    ):
        raise InputError(
            f"{source}: training.initial_weights '{weights}' starts from random numbers, which "
            "needs architecture.norm BN, SyncBN or GN and architecture.freeze_at 0"
        )
    for key, entry in config["image_sets"].items():
        for path in files_of(entry):
            if not Path(path).is_file():
                raise InputError(f"{source}: image_sets.{key}: no file '{path}'")
    return config


def _check_copy_paste(training: Mapping, imaging_settings: Mapping, source: str) -> None:
    if "copy_paste_wires" in training["augmentation"] and imaging_settings["domains"]:
        raise InputError(
            f"{source}: training.augmentation.copy_paste_wires: the densities of wires add up in "
            "optical-density images alone; take imaging.domains or this, not both"
        )


def _check_bundled(architecture: Mapping, schemas: Path, source: str) -> None:
    """InputError where the bundled model is not of this architecture."""
    own = section_defaults("architecture", schemas) | bundled().card["architecture"]
    for field in sorted({*own, *architecture}):
        if own.get(field) != architecture.get(field):
            raise InputError(
                f"{source}: the bundled weights fit their own architecture only, whose {field} is "
                f"{own.get(field)}, not {architecture.get(field)}; take the section architecture "
                "from their card, resources/weights/bundled.json"
            )


def _resolve_evaluated(config: dict, schemas: Path, source: str) -> None:
    """Fill in what the entries of models.evaluated leave open, and check them."""
    for name, entry in config["models"]["evaluated"].items():
        where = f"{source}: models.evaluated.{name}"
        if entry["weights"] == "bundled":
            card = bundled().card
            entry["architecture"] = card["architecture"] | entry["architecture"]
            entry["nms"] = card["nms_threshold"]
        elif not Path(entry["weights"]).is_file():
            raise InputError(f"{where}.weights: '{entry['weights']}' is neither bundled nor a file")
        reference = {"$ref": "config.schema.yaml#/properties/architecture"}
        merged = {"architecture": deepcopy(config["architecture"] | entry["architecture"])}
        _validate(merged, {"properties": {"architecture": reference}}, schemas, where)


def files_of(entry: Mapping) -> list[str]:
    """The user's files that one item of config["image_sets"] names."""
    if entry["source"] != "file":
        return []
    images = entry["image"]
    incident = (entry.get("optical_density") or {}).get("incident")
    return [
        *([images] if isinstance(images, str) else images),
        *([entry["annotations"]] if entry["annotations"] else []),
        *([incident["image"]] if isinstance(incident, Mapping) and incident.get("image") else []),
    ]


def read_models(
    paths: str | Path | Sequence[str | Path], schemas: Path, select: Iterable[str] | None = None
) -> pd.DataFrame:
    """The model table, or several one after another, indexed by model name.

    Columns are those of the schema; `weights_of`, which is the row itself where the table says
    nothing; and `changes`: what a row changes in the config for itself, as
    {section: {field: value}}, from columns named `section.field` whose cell is not empty.
    InputError names the row and the field, a model that stands twice, and a selected model that
    the tables lack.
    """
    rows = []
    for path in [paths] if isinstance(paths, str | Path) else paths:
        rows += _read_rows(Path(path), schemas)
    table = pd.DataFrame(rows).set_index("model", drop=False)
    source = paths if isinstance(paths, str | Path) else ", ".join(map(str, paths))
    twice = table.index[table.index.duplicated()]
    if len(twice):
        raise InputError(f"{source}: model {twice[0]} stands twice; each row needs its own name")
    if select is not None:
        missing = [name for name in select if name not in table.index]
        if missing:
            raise InputError(
                f"models.select: no model {missing[0]} in {source}; "
                f"there are {', '.join(table.index)}"
            )
        table = table.loc[list(select)]
    return table


def _read_rows(path: Path, schemas: Path) -> list[dict]:
    if not path.is_file():
        raise InputError(f"models.table: no file '{path}'")
    text = pd.read_csv(path, sep="\t", dtype=str, keep_default_na=False, comment="#")
    rows = []
    for number, cells in enumerate(text.to_dict("records"), start=2):
        source = f"{path}: line {number} (model {cells.get('model', '')})"
        row: dict[str, Any] = {}
        changes: dict[str, dict] = {}
        for column, cell in cells.items():
            section, _, field = column.partition(".")
            if column == "weights_of":
                row[column] = cell or cells["model"]
            elif not field:
                row[column] = cell if column == "model" else _number(cell)
            elif section not in ROW_SECTIONS:
                raise InputError(
                    f"{path}: column {column}: a row may change {', '.join(ROW_SECTIONS)} alone"
                )
            elif cell:
                _set(changes.setdefault(section, {}), field, _value(cell, f"{source}: {column}"))
        row = validate(row, "models.schema.yaml", schemas, source)
        rows.append({"weights_of": row["model"], **row, "changes": changes})
    if not rows:
        raise InputError(f"{path}: no rows")
    return rows


def _value(cell: str, source: str) -> Any:
    try:
        return yaml.safe_load(cell)
    except yaml.YAMLError:
        raise InputError(f"{source}: '{cell}' is no YAML value; a list is [1, 2]") from None


def _set(section: dict, field: str, value: Any) -> None:
    """Set a field that may lie deeper: `augmentation.flip_probability`."""
    *folders, name = field.split(".")
    for folder in folders:
        section = section.setdefault(folder, {})
    section[name] = value


def with_changes(settings: Mapping, changes: Mapping) -> dict:
    """A section of the config with a row's changes in it; neither argument is changed."""
    merged = dict(settings)
    for name, value in changes.items():
        inner = merged.get(name)
        nested = isinstance(value, Mapping) and isinstance(inner, Mapping)
        merged[name] = with_changes(inner, value) if nested else value
    return merged


def _number(text: str) -> Any:
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


def parts_of(config: Mapping) -> tuple[int, int]:
    """Numbers of training and validation images: generated, of given volumes, or given images.

    InputError when a folder is missing or does not hold what it should.
    """
    section = config["dataset"]
    if section["volumes"] and section["authors_layout"]:
        raise InputError("dataset: either volumes or authors_layout, not both")
    if section["authors_layout"]:
        folders = section["authors_layout"]
        return len(list_split(folders["train"])), len(list_split(folders["validation"]))
    scenes = config["structures"]["scenes"]
    if section["volumes"]:
        scenes = _count_volumes(Path(section["volumes"]))
    return dataset.part_sizes(scenes, section["validation_fraction"])


def _count_volumes(folder: Path) -> int:
    present = sorted(scene_number(path) for path in folder.glob("scene_*.tif"))
    if not present:
        raise InputError(f"dataset.volumes: no scene_00000.tif and so on in the folder '{folder}'")
    for expected, number in enumerate(present):
        if number != expected:
            raise InputError(
                f"dataset.volumes: {folder}/scene_{expected:05d}.tif is missing; volumes are "
                "numbered from 0 without gaps"
            )
    return len(present)


def check_models(config: Mapping, models: pd.DataFrame) -> None:
    """InputError when a row asks for more training images than there are, or names clash."""
    twice = [name for name in config["models"]["evaluated"] if name in models.index]
    if twice:
        raise InputError(
            f"models.evaluated.{twice[0]}: the model table has a row of this name; take another"
        )
    sizes = models["dataset_size"].to_dict()
    if config["training"]["initial_weights"] == "base":
        sizes["base"] = config["training"]["base"]["dataset_size"]
    section = config["dataset"]
    part = f"dataset.validation_fraction = {section['validation_fraction']}"
    if section["authors_layout"]:
        origin = f"dataset.authors_layout.train = {section['authors_layout']['train']}"
    elif section["volumes"]:
        origin = f"dataset.volumes = {section['volumes']}, {part}"
    else:
        origin = f"structures.scenes = {config['structures']['scenes']}, {part}"
    dataset.check_sizes(*parts_of(config), section["size_factor"], sizes, origin)


def describe_changes(changes: Mapping) -> str:
    """A row's changes in words: "architecture.mask_resolution_px 56"; empty for none."""

    def fields(path: str, value: Any) -> Iterator[str]:
        if isinstance(value, Mapping):
            for name, inner in value.items():
                yield from fields(f"{path}.{name}", inner)
        else:
            yield f"{path} {value}"

    return ", ".join(text for name, value in changes.items() for text in fields(name, value))


def check_changes(config: Mapping, models: pd.DataFrame, schemas: Path) -> None:
    """InputError when what a row changes makes no valid config, or does not fit its weights.

    A row that uses another one's weights must be a row like it, but for how it predicts.
    """
    for name, row in models.iterrows():
        for section, changes in row["changes"].items():
            reference = {"$ref": f"config.schema.yaml#/properties/{section}"}
            merged = {section: deepcopy(with_changes(config[section], changes))}
            _validate(merged, {"properties": {section: reference}}, schemas, f"model {name}")
            if section == "architecture" and config["training"]["initial_weights"] == "bundled":
                _check_bundled(merged[section], schemas, f"model {name}")
            if section == "training":
                _check_copy_paste(merged[section], config["imaging"], f"model {name}")
        other = row["weights_of"]
        if other == name:
            continue
        if other not in models.index or models.loc[other, "weights_of"] != other:
            raise InputError(
                f"model {name}: weights_of: '{other}' is no model with weights of its own"
            )
        trained = models.loc[other]
        for column in models.columns.drop(["model", "weights_of", "changes"]):
            if row[column] != trained[column]:
                raise InputError(
                    f"model {name}: {column} is {row[column]}, but model {other}, whose weights it "
                    f"uses, has {trained[column]}"
                )
        for section in ("architecture", "training"):
            if row["changes"].get(section) != trained["changes"].get(section):
                raise InputError(
                    f"model {name}: {section} differs from that of model {other}, whose weights it "
                    "uses; it can change how it predicts alone"
                )
