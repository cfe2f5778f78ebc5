#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes what the describer must know of vk.xml, so that no format, no struct and no query can be forgotten.

describe.gen.h, describe.gen.c: every format; the shape of every struct that a query returns, member by member; every
struct that may extend one of them, with what provides it. And a check: each query that the protocol can carry (by
gen/venus.xml) is called somewhere in the describer's sources, or this program fails.
"""
from __future__ import annotations

import argparse
import re
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[3] / "gen"))
from registry import Registry, Type, Var  # noqa: E402

# Structs that can be extended, and the list that their extensions go to.
EXTENDED = {"VkPhysicalDeviceFeatures2": "features", "VkPhysicalDeviceProperties2": "properties",
            "VkFormatProperties2": "format", "VkImageFormatProperties2": "image_format",
            "VkQueueFamilyProperties2": "queue_family", "VkPhysicalDeviceMemoryProperties2": "memory",
            "VkMemoryRequirements2": "requirements", "VkDescriptorSetLayoutSupport": "layout_support"}
# Structs that stand for themselves.
PLAIN = ("VkPhysicalDeviceFeatures", "VkPhysicalDeviceProperties", "VkFormatProperties", "VkImageFormatProperties",
         "VkQueueFamilyProperties", "VkPhysicalDeviceMemoryProperties", "VkSparseImageFormatProperties",
         "VkMemoryRequirements", "VkSparseImageMemoryRequirements", "VkExternalBufferProperties",
         "VkExternalFenceProperties", "VkExternalSemaphoreProperties", "VkDescriptorSetLayoutSupport",
         "VkPhysicalDeviceToolProperties", "VkMultisamplePropertiesEXT", "VkPhysicalDeviceFragmentShadingRateKHR",
         "VkCooperativeMatrixPropertiesKHR", "VkSubresourceLayout", "VkAccelerationStructureBuildSizesInfoKHR")
# Other queries of the protocol: why they are not described.
LEFT_OUT = {
    "vkGetDeviceQueue": "returns a handle",
    "vkGetDeviceQueue2": "returns a handle",
    "vkGetDeviceMemoryOpaqueCaptureAddress": "an address",
    "vkGetDeviceMemoryCommitment": "changes as the device works",
    "vkGetPhysicalDeviceDescriptorSizeEXT": "newer than the registry these programs are built with",
    "vkGetDeviceGroupPeerMemoryFeatures": "about two devices of one group",
}
QUERY = re.compile(r"vk(GetPhysicalDevice|Enumerate|GetDevice|Get\w*(Requirements|Support|Granularity|BuildSizes|"
                   r"SubresourceLayout|ModifierProperties))\w*")


class Shapes:
    """The structs to be described, each after those that it contains."""

    def __init__(self, registry: Registry) -> None:
        self.registry = registry
        self.lines: dict[str, str] = {}

    def kind(self, var: Var) -> tuple[str, str]:
        """How to print one element of a member, and the shape it has if it is a struct. Empty: not at all."""
        type_ = self.registry.types[self.registry.canonical(var.type)]
        if type_.kind == "struct":
            self.add(type_)
            return "STRUCT", f"&shape_{type_.name}"
        if type_.kind != "scalar" or var.bitfield:
            return "", ""
        if var.type == "char":
            return ("TEXT", "NULL") if var.dims else ("", "")
        if var.type == "VkBool32":
            return "BOOL", "NULL"
        if var.type in ("float", "double"):
            return "FLOAT", "NULL"
        if "Flag" in var.type:
            return "HEX", "NULL"
        return ("BYTES", "NULL") if var.type == "uint8_t" and var.dims else ("NUMBER", "NULL")

    def member(self, type_: Type, var: Var) -> str | None:
        if var.name in ("sType", "pNext"):
            return None
        kind, nested = self.kind(var)
        if not kind or (var.pointers and not var.lens) or var.pointers > 1:
            return None
        target = self.registry.canonical(var.type)
        length = var.lens[0] if var.lens and any(m.name == var.lens[0] for m in type_.members) else None
        count = " * ".join(var.dims) if var.dims else "1"
        return (f'   {{"{var.name}", {kind}, offsetof({type_.name}, {var.name}), sizeof({target}), {count}, {nested}, '
                f'{f"offsetof({type_.name}, {length})" if length else "NO_LENGTH"}, '
                f'{"true" if var.pointers else "false"}}},')

    def add(self, type_: Type) -> None:
        if type_.name in self.lines:
            return
        self.lines[type_.name] = ""  # keeps its place behind what it contains
        members = [line for var in type_.members if (line := self.member(type_, var))]
        if any(self.registry.types[self.registry.canonical(var.type)].kind == "union" for var in type_.members):
            sys.exit(f"{type_.name} has a union: teach the describer to print it")
        # By number: the headers hide the names of provisional ones.
        stype = self.registry.stypes[type_.stype] if type_.stype else "VK_STRUCTURE_TYPE_MAX_ENUM"
        del self.lines[type_.name]
        self.lines[type_.name] = "\n".join(
            [f"static const struct member members_{type_.name}[] = {{", *members, "   {0},", "};",
             f'const struct shape shape_{type_.name} = {{"{type_.name}", (VkStructureType){stype}, sizeof({type_.name}), '
             f"members_{type_.name}}};"])


def providers(registry: Registry, name: str) -> list[str]:
    """Versions ("1.2") and extensions that have a type; only those which are in the portable headers."""
    found = []
    for source, provided in registry.provides.items():
        if name not in provided:
            continue
        version = re.search(r"_(\d)_(\d)$", source) if source in registry.core else None
        if version:
            found.append(f"{version[1]}.{version[2]}")
        elif source in registry.extensions and not registry.extensions[source].platform:
            found.append(source)
    return found


def extending(registry: Registry, shapes: Shapes) -> list[str]:
    lines = []
    for base, label in EXTENDED.items():
        lines.append(f"const struct extending extending_{label}[] = {{")
        for type_ in registry.types.values():
            if base not in type_.extends or not type_.stype or not (sources := providers(registry, type_.name)):
                continue
            shapes.add(type_)
            lines.append(f'   {{&shape_{type_.name}, "{" ".join(sources)}"}},')
        lines += ["   {0},", "};"]
    return lines


def write(registry: Registry, path: str, out: Path) -> None:
    shapes = Shapes(registry)
    for name in PLAIN:
        shapes.add(registry.types[registry.canonical(name)])
    lists = extending(registry, shapes)
    formats = [element.get("name") for element in ElementTree.parse(path).getroot().iter("format")
               if element.get("blockSize")]
    head = "// SPDX-License-Identifier: MIT\n// Generated by tests/e2e/describe/generate.py from vk.xml.\n"
    out.joinpath("describe.gen.h").write_text(
        head + "#ifndef DESCRIBE_GEN_H\n#define DESCRIBE_GEN_H\n\n#include \"describe.h\"\n\n"
        + "".join(f"extern const struct shape shape_{name};\n" for name in shapes.lines)
        + "".join(f"extern const struct extending extending_{label}[];\n" for label in EXTENDED.values())
        + "\n#endif\n", encoding="utf-8")
    out.joinpath("describe.gen.c").write_text(
        head + '#include "describe.gen.h"\n\n' + "\n\n".join(shapes.lines.values()) + "\n\n" + "\n".join(lists)
        + "\n\nconst struct named_format all_formats[] = {\n"
        + "".join(f'   {{{name}, "{name}"}},\n' for name in formats) + "   {0},\n};\n", encoding="utf-8")


def missing(venus: Path, sources: list[Path]) -> list[str]:
    """Queries of the protocol that no source calls."""
    text = "\n".join(source.read_text(encoding="utf-8") for source in sources)
    names = {command.get("name") for command in ElementTree.parse(venus).getroot().iter("command")
             if command.get("encoding") != "none"}
    called = set(re.findall(r"\bvk\w+", text))
    return sorted(name for name in names if QUERY.fullmatch(name) and name not in called | LEFT_OUT.keys())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--registry", required=True, help="vk.xml")
    parser.add_argument("--venus", required=True, type=Path, help="gen/venus.xml")
    parser.add_argument("--out", required=True, type=Path, help="folder")
    parser.add_argument("sources", nargs="+", type=Path, help="the describer's own")
    options = parser.parse_args()
    if gone := missing(options.venus, options.sources):
        sys.exit(f"the describer does not call {', '.join(gone)}")
    write(Registry(options.registry), options.registry, options.out)


if __name__ == "__main__":
    main()
