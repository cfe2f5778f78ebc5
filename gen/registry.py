# SPDX-License-Identifier: MIT
"""The Vulkan registry (vk.xml) as plain objects.

Only what concerns a 64-bit Vulkan host is kept: other API variants (Vulkan SC) are dropped and aliases are resolved, so
that every name that comes out of here is canonical. venus.xml describes its own structs and commands in the same
notation and is read by the same functions.
"""
from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass, field

Element = ElementTree.Element

# Scalars as the wire has them: bytes in C.
BASE_SIZES = {"char": 1, "int8_t": 1, "uint8_t": 1, "int16_t": 2, "uint16_t": 2, "int32_t": 4, "uint32_t": 4, "int": 4,
              "float": 4, "int64_t": 8, "uint64_t": 8, "double": 8, "size_t": 8}


@dataclass
class Var:
    """A struct member, a union member or a parameter."""
    name: str
    type: str
    const: bool
    pointers: int
    dims: list[str]             # fixed array dimensions, as C expressions
    lens: list[str]             # one per pointer level that is an array
    optional: bool              # the pointer itself may be NULL
    optional_items: bool        # of an array of handles: elements may be null
    noautovalidity: bool
    selector: str | None        # for a union: the member that says which arm holds
    selection: list[str]        # for a union's arm: the selector's values that mean it
    values: str | None          # sType: the enumerator
    bitfield: bool
    declaration: str            # C, without the name's array part


@dataclass
class Type:
    name: str
    kind: str                   # scalar, handle, struct, union, other
    size: int = 0               # scalar
    dispatchable: bool = False  # handle
    members: list[Var] = field(default_factory=list)
    extends: list[str] = field(default_factory=list)

    @property
    def stype(self) -> str | None:
        first = self.members[0] if self.kind == "struct" and self.members else None
        return first.values if first and first.name == "sType" else None


@dataclass
class Command:
    name: str
    result: str                 # C type
    params: list[Var]


@dataclass
class Extension:
    name: str
    number: int
    spec: int
    platform: str | None
    kind: str | None        # "instance" or "device"
    depends: str | None     # an expression, see depends.py
    promoted: str | None    # the core version or extension that it became


def for_vulkan(element: Element) -> bool:
    """True unless the element is meant for another API only."""
    api = element.get("api")
    return api is None or "vulkan" in api.split(",")


def text_of(element: Element) -> str:
    """All text but that of comments."""
    parts = [element.text or ""]
    for child in element:
        if child.tag != "comment":
            parts.append(text_of(child))
        parts.append(child.tail or "")
    return "".join(parts)


def is_typedef(element: Element) -> bool:
    """True if a base type or bitmask is another name of a scalar."""
    return element.find("type") is not None and "*" not in text_of(element)


def parse_var(element: Element) -> Var:
    name = element.find("name").text
    text = " ".join(text_of(element).split())
    head, _, tail = text.rpartition(name) if not re.search(rf"\b{name}\b\s*[\[:]", text) else re.split(
        rf"(\b{name}\b)(?=\s*[\[:])", text, maxsplit=1)
    lens = element.get("altlen") or element.get("len") or ""
    optional = (element.get("optional") or "").split(",")
    return Var(name=name, type=element.find("type").text, const=head.startswith("const "), pointers=head.count("*"),
               dims=re.findall(r"\[\s*(\w+)\s*\]", tail), lens=[part.strip() for part in lens.split(",") if part],
               optional=optional[0] == "true", optional_items=optional[1:] == ["true"],
               noautovalidity=element.get("noautovalidity") == "true", selector=element.get("selector"),
               selection=[s for s in (element.get("selection") or "").split(",") if s], values=element.get("values"),
               bitfield=tail.lstrip().startswith(":"),
               declaration=re.sub(r"\s*\*", " *", head.strip()).replace("struct ", ""))


def parse_struct(element: Element) -> Type:
    members = [parse_var(m) for m in element.findall("member") if for_vulkan(m)]
    extends = [s for s in (element.get("structextends") or "").split(",") if s]
    return Type(element.get("name"), element.get("category"), members=members, extends=extends)


def parse_command(element: Element) -> Command:
    proto = element.find("proto")
    return Command(proto.find("name").text, proto.find("type").text,
                   [parse_var(p) for p in element.findall("param") if for_vulkan(p)])


class Registry:
    def __init__(self, path: str):
        root = ElementTree.parse(path).getroot()
        self.types: dict[str, Type] = {}
        self.commands: dict[str, Command] = {}
        self.aliases: dict[str, str] = {}            # of types and commands
        self.constants: dict[str, int] = {}          # API constants with an integer value
        self.stypes: dict[str, int] = {}
        self.extensions: dict[str, Extension] = {}
        self.provides: dict[str, set[str]] = {}      # extension or core version -> canonical types and commands
        self.core: list[str] = []                    # names of core versions
        self.version: tuple[int, int, int] = (0, 0, 0)
        self._origins: list[tuple[str, str | None]] = []  # enumerator, the extension or core version it comes from
        self._read_types(root)
        self._read_enums(root)
        self._read_commands(root)
        self._read_features(root)

    def canonical(self, name: str) -> str:
        while name in self.aliases:
            name = self.aliases[name]
        return name

    def _read_types(self, root: Element) -> None:
        bits64 = {e.get("name") for e in root.findall("enums") if e.get("bitwidth") == "64"}
        typedefs: dict[str, str] = {}
        for element in root.find("types").findall("type"):
            if not for_vulkan(element):
                continue
            category = element.get("category")
            name = element.get("name") or (element.findtext("name") or "")
            if element.get("alias"):
                self.aliases[name] = element.get("alias")
            elif category in ("struct", "union"):
                self.types[name] = parse_struct(element)
            elif category == "handle":
                self.types[name] = Type(name, "handle", dispatchable=element.findtext("type") == "VK_DEFINE_HANDLE")
            elif category == "enum":
                self.types[name] = Type(name, "scalar", 8 if name in bits64 else 4)
            elif category in ("basetype", "bitmask") and is_typedef(element):
                typedefs[name] = element.findtext("type")
            elif category == "define" and name == "VK_HEADER_VERSION":
                self.header = int(text_of(element).split()[-1])
            elif category == "define" and name == "VK_HEADER_VERSION_COMPLETE":
                major, minor = re.search(r"\(0, (\d+), (\d+),", text_of(element)).groups()
                self.version = (int(major), int(minor), self.header)
            elif category is None and name in BASE_SIZES:
                self.types[name] = Type(name, "scalar", BASE_SIZES[name])
            elif name:
                self.types.setdefault(name, Type(name, "other"))
        for name, target in typedefs.items():
            while target in typedefs:
                target = typedefs[target]
            if target in BASE_SIZES:
                self.types[name] = Type(name, "scalar", BASE_SIZES[target])

    def _read_enums(self, root: Element) -> None:
        for group in root.findall("enums"):
            for enum in group.findall("enum"):
                self._origins.append((enum.get("name"), None))
                value = enum.get("value")
                if group.get("name") == "API Constants" and value and re.fullmatch(r"\d+", value):
                    self.constants[enum.get("name")] = int(value)
                elif group.get("name") == "VkStructureType" and value:
                    self.stypes[enum.get("name")] = int(value)
        for group in root.findall("feature") + root.findall("extensions/extension"):
            for enum in group.iter("enum"):
                self._origins.append((enum.get("name"), group.get("name")))
                if enum.get("extends") != "VkStructureType" or enum.get("alias"):
                    continue
                if enum.get("value"):
                    self.stypes[enum.get("name")] = int(enum.get("value"))
                elif enum.get("offset"):
                    number = int(enum.get("extnumber") or group.get("number"))
                    self.stypes[enum.get("name")] = 1000000000 + (number - 1) * 1000 + int(enum.get("offset"))

    def _read_commands(self, root: Element) -> None:
        for element in root.find("commands").findall("command"):
            if not for_vulkan(element):
                continue
            if element.get("alias"):
                self.aliases[element.get("name")] = element.get("alias")
            else:
                command = parse_command(element)
                self.commands[command.name] = command

    def _read_features(self, root: Element) -> None:
        for feature in root.findall("feature"):
            if for_vulkan(feature):
                self.core.append(feature.get("name"))
                self.provides[feature.get("name")] = self._provided(feature)
        for element in root.findall("extensions/extension"):
            if "vulkan" not in element.get("supported").split(","):
                continue
            name = element.get("name")
            spec = next((e.get("value") for e in element.iter("enum")
                         if e.get("name", "").endswith("_SPEC_VERSION")), "0")
            self.extensions[name] = Extension(name, int(element.get("number")), int(spec) if spec.isdigit() else 0,
                                              element.get("platform"), element.get("type"), element.get("depends"),
                                              element.get("promotedto"))
            self.provides[name] = self._provided(element)

    def _provided(self, group: Element) -> set[str]:
        return {self.canonical(item.get("name")) for require in group.findall("require") if for_vulkan(require)
                for item in require if item.tag in ("type", "command")}

    def enumerators(self, sources: set[str]) -> set[str]:
        """Enumerators that exist with these core versions and extensions."""
        return {name for name, origin in self._origins if origin is None or origin in sources}
