"""The one reader of the schemas: checks a mapping, and fills in the defaults that stand there."""

from __future__ import annotations

import difflib
import math
from collections.abc import Iterator, Mapping
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import yaml
from referencing import Registry
from referencing.jsonschema import DRAFT202012

from synthwire.errors import InputError

FOLDER = Path(__file__).parent
# Of libyaml where PyYAML was built with it: it takes an eighth of the time.
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@cache
def _schemas() -> dict[str, dict]:
    schemas = {
        path.name: yaml.load(path.read_text(encoding="utf-8"), _Loader)
        for path in sorted(FOLDER.glob("*.schema.yaml"))
    }
    for schema in schemas.values():
        # A referenced schema that names its dialect would be checked by jsonschema's own class,
        # which fills in no defaults.
        schema.pop("$schema", None)
    return schemas


@cache
def _registry() -> Registry:
    return Registry().with_resources(
        (name, DRAFT202012.create_resource(schema)) for name, schema in _schemas().items()
    )


def _fill_defaults(validator_class: Any) -> Any:
    """Extend a jsonschema validator so that validation writes the schema's defaults."""
    check_properties = validator_class.VALIDATORS["properties"]

    def fill(
        validator: Any, properties: Mapping[str, Mapping], instance: Any, schema: Mapping
    ) -> Iterator[jsonschema.ValidationError]:
        if validator.is_type(instance, "object"):
            for name, subschema in properties.items():
                if "default" in subschema:
                    instance.setdefault(name, deepcopy(subschema["default"]))
        yield from check_properties(validator, properties, instance, schema)

    return jsonschema.validators.extend(validator_class, {"properties": fill})


def _is_number(_: Any, instance: Any) -> bool:
    """As in JSON, which has no NaN and no infinity; YAML has, and no limit would refuse NaN.

    Whole numbers beyond 10^308 are none, either: no computation holds them.
    """
    if not isinstance(instance, int | float) or isinstance(instance, bool):
        return False
    try:
        return math.isfinite(instance)
    except OverflowError:
        return False


def _is_integer(checker: Any, instance: Any) -> bool:
    return _is_number(checker, instance) and instance == int(instance)


_Validator = _fill_defaults(
    jsonschema.validators.extend(
        jsonschema.Draft202012Validator,
        type_checker=jsonschema.Draft202012Validator.TYPE_CHECKER.redefine_many(
            {"number": _is_number, "integer": _is_integer}
        ),
    )
)


def validate(instance: dict, schema_name: str, source: str, *, within: str = "") -> dict:
    """Fill `instance` with a schema's defaults and check it; returns it.

    schema_name: file in this folder; source: what the message calls the file, if it is to; within:
    the field that holds the instance. InputError names the field that is wrong and what would be
    right.
    """
    schema = {**_schemas()[schema_name], "$id": schema_name}
    return _validate(instance, schema, source, within)


def validate_section(section: str, settings: Mapping, source: str) -> dict:
    """A section of the configuration, such as `prediction`, filled and checked; as a copy."""
    reference = {"$ref": f"config.schema.yaml#/properties/{section}"}
    whole = {section: deepcopy(dict(settings))}
    return _validate(whole, {"properties": {section: reference}}, source)[section]


def section_defaults(section: str) -> dict:
    """The defaults of one section of the configuration."""
    return validate_section(section, {}, "")


def _validate(instance: dict, schema: dict, source: str, within: str = "") -> dict:
    validator = _Validator(schema, registry=_registry())
    errors = sorted(validator.iter_errors(instance), key=lambda error: list(map(str, error.path)))
    if errors:
        problem = _explain(jsonschema.exceptions.best_match(errors), within)
        raise InputError(f"{source}: {problem}" if source else problem)
    return instance


def _explain(error: jsonschema.ValidationError, within: str) -> str:
    place = [*([within] if within else []), *map(str, error.absolute_path)]
    field = ".".join(place) or "top level"
    if error.validator == "additionalProperties":
        known = list(error.schema.get("properties", {}))
        unknown = next(key for key in error.instance if key not in known)
        close = difflib.get_close_matches(str(unknown), known, n=1)
        path = ".".join([*place, str(unknown)])
        hint = f"did you mean '{close[0]}'?" if close else f"known here: {', '.join(known)}"
        return f"{path}: unknown key; {hint}"
    if error.validator == "required":
        missing = next(key for key in error.validator_value if key not in error.instance)
        path = ".".join([*place, missing])
        return f"{path}: missing"
    if error.validator == "type":
        wanted = error.validator_value
        wanted = " or ".join(wanted) if isinstance(wanted, list) else wanted
        return f"{field}: {error.instance!r} is not of type {wanted}"
    description = error.schema.get("description") if isinstance(error.schema, Mapping) else None
    return f"{field}: {error.message}" + (
        f" ({' '.join(description.split())})" if description else ""
    )
