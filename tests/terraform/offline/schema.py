"""The schema of hashicorp/google, out of the wheel that binds it for the CDK.

Terraform's registry has the provider itself, which needs a network to fetch and a cloud to run.
The wheel holds, for each resource type, JavaScript that was generated from the provider's schema:
every argument with its type, whether it is required, and its blocks.
"""

from __future__ import annotations

import json
import re
import tarfile
import zipfile
from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Block = dict[str, Any]

_PRIMITIVES = {"String": "string", "Number": "number", "Boolean": "bool"}
_CLASS = re.compile(r"^class (\w+) extends cdktn\.(\w+) \{$(.*?)^\}$", re.M | re.S)
_ATTRIBUTE = re.compile(
    r"^    // (\w+) - computed: (\w+), optional: (\w+), required: (\w+)\n"
    r"(.*?)(?=^    // \w+ - computed:|^    // =====|\Z)",
    re.M | re.S,
)
_NESTED = re.compile(r"new (?:\w+\.)?(\w+)\(this, \"\w+\"(?:, (true|false))?\)")
_GETTER = re.compile(
    r"this\.get(String|Number|Boolean)?"
    r"(List|Map|NumberList|StringMap|NumberMap|BooleanMap|)Attribute\("
)
_TO_HCL = re.compile(
    r"^function (\w+)ToHclTerraform\(struct\) \{.*?const attrs = \{(.*?)^    \};", re.M | re.S
)
_SYNTHESIZED = re.compile(
    r"synthesizeHclAttributes\(\) \{\s+const attrs = \{(.*?)^        \};", re.M | re.S
)
_ENTRY = re.compile(
    r"^ +(\w+): \{\n.*?isBlock: (true|false),\s+type: \"(\w+)\",\s+storageClassType: \"\w+\"",
    re.M | re.S,
)
_INTERFACE = re.compile(r"^export interface (\w+) (?:extends [\w.]+ )?\{$(.*?)^\}$", re.M | re.S)
_POSSIBLE = re.compile(
    r"/\*\*((?:(?!\*/).)*?Possible values: (\[[^\]]*\])(?:(?!\*/).)*?#(\w+) (?:(?!\*/).)*?)\*/",
    re.S,
)
_FILE = re.compile(r"package/lib/([\w-]+)/(?:index-structs/\w+|index)(\.js|\.d\.ts)")
_KINDS = {
    "TerraformResource": "resource",
    "TerraformDataSource": "data",
    "TerraformProvider": "provider",
}
_SHAPES = {"ComplexList": "List", "ComplexMap": "Map", "ComplexObject": "OutputReference"}
_COLLECTIONS: Mapping[str, tuple[str, str]] = {
    "List": ("list", "string"),
    "NumberList": ("list", "number"),
    "StringMap": ("map", "string"),
    "NumberMap": ("map", "number"),
    "BooleanMap": ("map", "bool"),
}


@dataclass(frozen=True)
class Nested:
    """How HCL writes a part: as a block or not, and as a list, a set or one alone."""

    is_block: bool
    nesting: str


@dataclass(frozen=True)
class Module:
    """What the classes of one resource type's module say."""

    classes: Mapping[str, tuple[str, str]]
    parts: Mapping[str, Mapping[str, Nested]]
    possible: Mapping[tuple[str, str], list[str]]

    @classmethod
    def read(cls, code: str, declarations: str) -> Module:
        possible = {
            (interface[1].lower(), name): json.loads(values)
            for interface in _INTERFACE.finditer(declarations)
            if "Possible values: [" in interface[2]  # looking for them costs seconds
            for _, values, name in _POSSIBLE.findall(interface[2])
            if _is_json(values)
        }
        return cls(
            classes={found[1]: (found[2], found[3]) for found in _CLASS.finditer(code)},
            parts={found[1].lower(): _parts(found[2]) for found in _TO_HCL.finditer(code)},
            possible=possible,
        )

    def types(self) -> Iterator[tuple[str, str, Block]]:
        """The kind, the name and the schema of each type that the module defines."""
        for name, (parent, body) in self.classes.items():
            if kind := _KINDS.get(parent):
                type_name = re.search(r'tfResourceType = "(\w+)"', body)
                synthesized = _SYNTHESIZED.search(body)
                if type_name:
                    parts = _parts(synthesized[1]) if synthesized else {}
                    yield kind, type_name[1], self._block(name, parts)

    def _block(self, name: str, parts: Mapping[str, Nested], above: tuple[str, ...] = ()) -> Block:
        block: Block = {"attributes": {}, "block_types": {}}
        interface = name.removesuffix("OutputReference").lower()
        if not name.endswith("OutputReference"):
            interface += "config"
        for key, computed, optional, required, rest in _ATTRIBUTE.findall(self.classes[name][1]):
            flags = (("computed", computed), ("optional", optional), ("required", required))
            attribute: Block = {flag: True for flag, said in flags if said == "true"}
            nested = _NESTED.search(rest)
            if nested and nested[1] in self.classes:
                self._add_nested(block, key, attribute, (nested, parts.get(key), (*above, name)))
                continue
            if (interface, key) in self.possible:
                attribute["enum"] = self.possible[(interface, key)]
            attribute["type"] = _type(nested, rest, parts.get(key))
            block["attributes"][key] = attribute
        return block

    def _add_nested(
        self,
        block: Block,
        key: str,
        attribute: Block,
        where: tuple[re.Match[str], Nested | None, tuple[str, ...]],
    ) -> None:
        nested, part, above = where
        shape = _SHAPES[self.classes[nested[1]][0]]
        base = nested[1].removesuffix(shape)
        reference = f"{base}OutputReference"
        inner: Block = {"attributes": {}, "block_types": {}}
        if reference in self.classes and reference not in above:
            inner = self._block(reference, self.parts.get(base.lower(), {}), above)
        if part is None or not part.is_block:
            kind = "set" if nested[2] == "true" else "list"
            block["attributes"][key] = {**attribute, "type": [kind, _object(inner)]}
            return
        added: Block = {
            "nesting_mode": "single" if part.nesting == "struct" else part.nesting,
            "block": inner,
        }
        if added["nesting_mode"] != "single":
            if attribute.get("required"):
                added["min_items"] = 1
            if shape != "List":
                added["max_items"] = 1
        block["block_types"][key] = added


def read_schema(wheel: Path, wanted: Iterable[tuple[str, str]]) -> Block:
    """The schema of the provider, and those of `("resource", "google_…")`, `("data", "google_…")`.

    A type that the provider does not have is left out.
    """
    directories = {"provider"}
    for kind, type_name in wanted:
        name = type_name.replace("_", "-")
        directories.add(f"data-{name}" if kind == "data" else name.removeprefix("google-"))
    code: dict[tuple[str, str], list[str]] = {}
    for directory, suffix, text in _files(wheel, directories):
        code.setdefault((directory, suffix), []).append(text)
    schema: Block = {"resource": {}, "data": {}, "provider": {}}
    for directory in sorted({directory for directory, _ in code}):
        module = Module.read(
            "\n".join(code[(directory, ".js")]), "\n".join(code.get((directory, ".d.ts"), []))
        )
        for kind, type_name, block in module.types():
            schema[kind][type_name] = block
    return schema


def _files(wheel: Path, directories: Container[str]) -> Iterator[tuple[str, str, str]]:
    """The directory, the suffix and the text of each file in these directories."""
    with zipfile.ZipFile(wheel) as outer:
        (archive,) = (name for name in outer.namelist() if name.endswith(".jsii.tgz"))
        with outer.open(archive) as stream, tarfile.open(fileobj=stream, mode="r|gz") as packed:
            for member in packed:
                found = _FILE.fullmatch(member.name)
                if found and found[1] in directories and (content := packed.extractfile(member)):
                    yield found[1], found[2], content.read().decode()


def _parts(text: str) -> Mapping[str, Nested]:
    return {found[1]: Nested(found[2] == "true", found[3]) for found in _ENTRY.finditer(text)}


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def _type(nested: re.Match[str] | None, rest: str, part: Nested | None) -> Any:
    if nested:  # StringMap, StringMapList and the like
        kind = nested[1]
        primitive = "number" if "Number" in kind else "bool" if "Boolean" in kind else "string"
        if kind.endswith("MapList"):
            return ["list", ["map", primitive]]
        return ["list", ["list", primitive]] if kind.endswith("ListList") else ["map", primitive]
    getter = _GETTER.search(rest)
    if getter is None and part is not None and part.nesting == "map":  # the provider's own
        return ["map", "string"]
    kind = f"{getter[1] or ''}{getter[2]}" if getter else "String"
    if kind in _COLLECTIONS:
        collection, primitive = _COLLECTIONS[kind]
        is_set = "Fn.tolist(" in rest or (part is not None and part.nesting == "set")
        return ["set" if is_set and collection == "list" else collection, primitive]
    return _PRIMITIVES[kind]


def _object(block: Block) -> Any:
    members = {name: attribute["type"] for name, attribute in block["attributes"].items()}
    members |= {
        name: ["list", _object(nested["block"])] for name, nested in block["block_types"].items()
    }
    return ["object", members]
