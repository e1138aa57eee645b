"""Writes ``extension/src/core/wire.ts``, the front end's types, from the structs of ``wire``.

``python -m parallab.wire_ts`` writes the file; ``--check`` only compares, and exits 1 when
the committed one is stale. What the fields mean stands in ``wire``; this module only translates.
"""

from __future__ import annotations

import argparse
import json
import sys
import typing
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from parallab import wire

TARGET = Path(__file__).resolve().parents[2] / "extension" / "src" / "core" / "wire.ts"

HEADER = """\
// Generated from server/parallab/wire/ by `python -m parallab.wire_ts`. Do not edit.
"""

_SIMPLE = {"string": "string", "integer": "number", "number": "number", "boolean": "boolean", "null": "null"}


def typescript(module: Any = wire) -> str:
    """The text of wire.ts: constants, named literals, then one interface a struct."""
    _, components = msgspec.json.schema_components(module.ROOTS, ref_template="{name}")
    names = _literals(module)
    parts = [HEADER, _constants(module)]
    parts += [f"export type {name} = {_union(values)};\n" for values, name in names.items()]
    parts += [_interface(name, schema, names) for name, schema in sorted(components.items())]
    return "\n".join(parts)


def _constants(module: Any) -> str:
    values = {name: value for name, value in vars(module).items() if name.isupper() and isinstance(value, str | int)}
    return "".join(f"export const {name} = {_quote(value)};\n" for name, value in values.items())


def _literals(module: Any) -> dict[frozenset[str], str]:
    """The module's Literal aliases by their values: a schema keeps the values, not the name."""
    return {
        frozenset(typing.get_args(value)): name
        for name, value in vars(module).items()
        if typing.get_origin(value) is typing.Literal
    }


def _interface(name: str, schema: Mapping[str, Any], names: Mapping[frozenset[str], str]) -> str:
    """What the server writes is complete; only a request, which forbids unknown fields, may leave out defaults."""
    request = schema.get("additionalProperties") is False
    lines = [f"/** {schema['description']} */"] if schema.get("description") else []
    properties: Mapping[str, Any] = schema["properties"]
    if not properties:
        return "\n".join([*lines, f"export type {name} = Record<string, never>;\n"])
    lines.append(f"export interface {name} {{")
    for field, of in properties.items():
        optional = "?" if request and field not in schema["required"] else ""
        lines.append(f"  readonly {field}{optional}: {_type(of, names)};")
    return "\n".join([*lines, "}\n"])


def _type(schema: Mapping[str, Any], names: Mapping[frozenset[str], str]) -> str:
    if "$ref" in schema:
        return str(schema["$ref"])
    if "anyOf" in schema:
        return " | ".join(_type(one, names) for one in schema["anyOf"])
    if "enum" in schema:
        values = frozenset(schema["enum"])
        return names.get(values) or _union(values)
    kind = schema.get("type")
    if kind == "array":
        item = _type(schema["items"], names)
        return f"readonly ({item})[]" if " " in item else f"readonly {item}[]"
    if kind == "object":
        return f"Readonly<Record<string, {_type(schema['additionalProperties'], names)}>>"
    if kind in _SIMPLE:
        return _SIMPLE[kind]
    raise ValueError(f"wire.ts cannot say {json.dumps(dict(schema))}: use a struct, list, dict or literal.")


def _union(values: frozenset[str]) -> str:
    return " | ".join(_quote(value) for value in sorted(values))


def _quote(value: str | int) -> str:
    """Single quotes, as prettier wants them, so that the generated file needs no second pass."""
    return str(value) if isinstance(value, int) else "'" + json.dumps(value)[1:-1].replace("'", "\\'") + "'"


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m parallab.wire_ts", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 when the file is stale")
    parser.add_argument("--out", type=Path, default=TARGET, help=f"the file to write, {TARGET} if not given")
    options = parser.parse_args(argv)
    text = typescript()
    if not options.check:
        options.out.parent.mkdir(parents=True, exist_ok=True)
        options.out.write_text(text, encoding="utf-8")
        return 0
    current = options.out.read_text(encoding="utf-8") if options.out.exists() else ""
    if current == text:
        return 0
    print(f"{options.out} is not what server/parallab/wire/ says: run `python -m parallab.wire_ts`.", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
