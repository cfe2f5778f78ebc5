# SPDX-License-Identifier: MIT
"""One model of the protocol: vk.xml (registry.py) joined with venus.xml.

It answers, for every command and struct that can travel: in which direction, in which order, how long at least, and
which structs may stand in which chain. The emitters (structs.py, commands.py, ...) only turn the answers into C.
"""
from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass, field, replace

from registry import Command, Registry, Type, Var, parse_command, parse_struct

COMMAND_LIMIT = 346             # ids 0..345
NO_ENCODING = "no encoding"
TOO_OLD = "registry too old"

# Handle types in the order of their PV_OBJECT_ numbers: the two above devices first, then those that dispatch.
FIRST_OBJECTS = ["VkInstance", "VkPhysicalDevice", "VkDevice", "VkQueue", "VkCommandBuffer"]


@dataclass
class WireCommand:
    """One id of the protocol. `command` is None where it cannot be executed, and `reason` says why."""
    id: int
    name: str
    reason: str | None
    command: Command | None
    hook: bool
    lost_hook: bool
    private: bool               # a MESA command: no host function stands behind it
    inout: str | None

    @property
    def params(self) -> list[Var]:
        return self.command.params

    @property
    def result(self) -> str:
        return self.command.result


@dataclass
class WireExtension:
    number: int
    name: str
    spec: int
    guest_side: bool
    known: bool                 # the registry has it, or it is one of the private ones


@dataclass
class UnionArm:
    tag: str                    # C expression
    var: Var
    only_null: bool = False


@dataclass
class Uses:
    """Where a struct travels: towards the renderer (in), or asked for and sent back (out)."""
    full_in: set[str] = field(default_factory=set)
    out: set[str] = field(default_factory=set)


class Model:
    def __init__(self, registry_path: str, venus_path: str):
        self.registry = Registry(registry_path)
        self.venus = ElementTree.parse(venus_path).getroot()
        self.private_stypes: dict[str, int] = {}
        self.private_types: list[Type] = []
        self._read_types()
        self._read_extensions()
        self._read_rules()
        self._read_commands()
        self._find_chains()
        self._find_uses()
        self._find_objects()

    # --- venus.xml ---------------------------------------------------------------------------------------------------

    def _read_types(self) -> None:
        for element in self.venus.find("types"):
            struct = parse_struct(element)
            if not all(self.known(m.type) or m.type == "void" for m in struct.members):
                continue
            self.registry.types[struct.name] = struct
            self.private_types.append(struct)
            if struct.stype:
                self.private_stypes[struct.stype] = int(element.get("stype"))

    def _read_extensions(self) -> None:
        self.extensions = [
            WireExtension(int(e.get("number")), e.get("name"), int(e.get("spec")), e.get("guest") == "1",
                          e.get("private") == "1" or e.get("name") in self.registry.extensions)
            for e in self.venus.find("extensions")]
        sources = self.registry.core + [e.name for e in self.extensions]
        self.provided: set[str] = {t.name for t in self.private_types}
        for source in sources:
            self.provided |= self.registry.provides.get(source, set())
        for element in self.venus.findall("exclude"):
            self.provided.discard(element.get("struct"))

    def _read_rules(self) -> None:
        self.keeps = {(e.get("struct"), e.get("member")) for e in self.venus.findall("keep")}
        self.checks = {e.get("struct") for e in self.venus.findall("check")}
        self.union_defaults = {e.get("name"): e.get("default") for e in self.venus.findall("union")}
        self.union_nulls = {e.get("name"): e.get("null") for e in self.venus.findall("union") if e.get("null")}
        self.lengths = {(e.get("command"), e.get("param")): e.get("len").split(",")
                        for e in self.venus.findall("length")}

    def _read_commands(self) -> None:
        self.commands: list[WireCommand] = []
        for element in self.venus.find("commands"):
            name = element.get("name")
            private = element.find("proto") is not None
            command = parse_command(element) if private else self.registry.commands.get(self.registry.canonical(name))
            reason = None
            if element.get("encoding") == "none":
                reason = NO_ENCODING
            elif not self._usable(element.get("requires"), command):
                reason = TOO_OLD
            elif element.get("decision"):
                reason = element.get("decision")
            self.commands.append(WireCommand(
                int(element.get("id")), name, reason, self._with_lengths(name, command) if not reason else None,
                element.get("hook") == "1", element.get("lost") == "hook", private, element.get("inout")))

    def _usable(self, requires: str | None, command: Command | None) -> bool:
        if not command or (requires and requires not in self.registry.extensions):
            return False
        return all(self.known(p.type) or p.type in ("void", "VkAllocationCallbacks") for p in command.params)

    def _with_lengths(self, name: str, command: Command) -> Command:
        params = [replace(p, lens=self.lengths.get((name, p.name), p.lens)) for p in command.params]
        return Command(name, command.result, params)

    @property
    def executable(self) -> list[WireCommand]:
        return [c for c in self.commands if c.command]

    def mask(self) -> list[int]:
        """vk_extension_mask1: bit n for extension number n, bit 0 saying that the mask is valid."""
        words = [0] * 32
        words[0] = 1
        for extension in self.extensions:
            if extension.known:
                words[extension.number // 32] |= 1 << (extension.number % 32)
        return words

    # --- types -------------------------------------------------------------------------------------------------------

    def known(self, name: str) -> bool:
        found = self.registry.types.get(self.registry.canonical(name))
        return found is not None and found.kind != "other"

    def type(self, name: str) -> Type:
        return self.registry.types[self.registry.canonical(name)]

    def kind(self, var: Var) -> str:
        return "void" if var.type == "void" else self.type(var.type).kind

    def stype_value(self, struct: Type) -> int:
        return self.private_stypes.get(struct.stype) or self.registry.stypes[struct.stype]

    def shape(self, var: Var) -> str:
        """How a member or parameter travels."""
        if var.name == "sType":
            return "stype"
        if var.name == "pNext":
            return "pnext"
        if var.type == "VkAllocationCallbacks" or (var.type == "void" and var.pointers == 1 and not var.lens):
            return "null"       # host memory has no encoding: the wire knows only NULL
        if var.dims:
            return "fixed"
        if var.pointers == 0:
            return "value"
        if var.pointers == 1 and var.lens == ["null-terminated"]:
            return "string"
        if var.pointers == 2 and var.lens[1:] == ["null-terminated"]:
            return "strings"
        if var.pointers == 2 and len(var.lens) == 2:
            return "arrays"
        if var.pointers == 1 and len(var.lens) == 1:
            return "blob" if var.type == "void" else "array"
        if var.pointers == 1 and not var.lens and var.type != "void":
            return "pointer"
        raise ValueError(f"no encoding for {var}")

    def members(self, struct: Type) -> list[Var]:
        """Members in wire order, without sType and pNext: a length that is declared after its array goes before it."""
        members = [m for m in struct.members if m.name not in ("sType", "pNext")]
        ordered: list[Var] = []
        for index, member in enumerate(members):
            late = [m for m in members[index + 1:] if m.name in member.lens]
            ordered += [m for m in late + [member] if m not in ordered]
        return ordered

    def counts(self, variables: list[Var]) -> set[str]:
        """Names that are the length of a dynamic sibling array."""
        return {v.lens[0] for v in variables if v.pointers and v.lens and not v.dims}

    def dimension(self, var: Var) -> int:
        """Elements of a fixed array."""
        total = 1
        for dim in var.dims:
            total *= int(dim) if dim.isdigit() else self.registry.constants[dim]
        return total

    def may_omit(self, var: Var) -> bool:
        return var.optional or var.noautovalidity

    def may_be_null(self, var: Var) -> bool:
        """True if a handle, or an element of an array of them, may be null. vk.xml gives up where it depends."""
        return var.noautovalidity or (var.optional_items if var.pointers else var.optional)

    def arms(self, union: Type) -> list[UnionArm]:
        """The arms that can travel. Tags: the selector's value, else the arm's index."""
        arms = []
        for index, var in enumerate(union.members):
            if var.selection:
                if var.pointers and self.type(var.type).name not in self.provided:
                    continue
                arms += [UnionArm(value, var) for value in var.selection if value in self._selectable()]
            else:
                arms.append(UnionArm(str(index), var, self.union_nulls.get(union.name) == var.name))
        return arms

    def _selectable(self) -> set[str]:
        if not hasattr(self, "_enumerators"):
            self._enumerators = self.registry.enumerators(set(self.registry.core) | {e.name for e in self.extensions})
        return self._enumerators

    # --- sizes -------------------------------------------------------------------------------------------------------

    def scalar_size(self, name: str) -> int:
        """On the wire, alone: small ones are widened to 4."""
        return max(4, self.type(name).size)

    def fixed_size(self, name: str) -> int | None:
        """Bytes of the full encoding of a type that always has the same length, else None."""
        found = self.type(name)
        if found.kind == "scalar":
            return self.scalar_size(name)
        if found.kind == "handle":
            return 8
        if found.kind == "union" or found.stype:
            return None
        sizes = [self.fixed_var_size(m) for m in self.members(found)]
        return None if None in sizes else sum(sizes)

    def fixed_var_size(self, var: Var) -> int | None:
        shape = self.shape(var)
        if shape == "value":
            return self.fixed_size(var.type)
        if shape == "fixed":
            return self.fixed_array_size(var)
        return None

    def fixed_array_size(self, var: Var) -> int | None:
        found, count = self.type(var.type), self.dimension(var)
        if found.kind == "scalar":
            return 8 + (count * found.size + 3) // 4 * 4
        size = self.fixed_size(var.type)
        return None if size is None else 8 + count * size

    def layout(self, name: str) -> tuple[int, int]:
        """Size and alignment in C of a fixed-size type without handles."""
        found = self.type(name)
        if found.kind == "scalar":
            return found.size, found.size
        offset, widest = 0, 1
        for member in found.members:
            size, align = self.layout(member.type)
            offset = (offset + align - 1) // align * align + size * (self.dimension(member) if member.dims else 1)
            widest = max(widest, align)
        return (offset + widest - 1) // widest * widest, widest

    def plain(self, name: str) -> bool:
        """True if C and the wire agree byte for byte: no handles, no prefixes, no small scalars, no padding."""
        found = self.type(name)
        if found.kind == "scalar":
            return found.size >= 4
        if found.kind != "struct" or found.stype or self.fixed_size(name) is None:
            return False
        if not all(self.shape(m) == "value" and self.plain(m.type) for m in found.members):
            return False
        return self.layout(name)[0] == self.fixed_size(name)

    def least(self, name: str, part: bool = False) -> int:
        """The fewest bytes one value of a type can take."""
        found = self.type(name)
        if found.kind == "scalar":
            return 0 if part else self.scalar_size(name)
        if found.kind == "handle":
            return 8
        if found.kind == "union":
            return 4 + min(8 if arm.only_null else self.least_var(arm.var, False) for arm in self.arms(found))
        members = self.members(found)
        counts = self.counts(members)
        head = 12 if found.stype else 0
        return head + sum(self.least_var(m, part and m.name not in counts) for m in members)

    def least_var(self, var: Var, part: bool) -> int:
        shape = self.shape(var)
        if shape == "value":
            return self.least(var.type, part)
        if shape != "fixed":
            return 8
        if self.type(var.type).kind == "scalar":
            return 0 if part else self.fixed_array_size(var)
        return 8 + self.dimension(var) * self.least(var.type, part)

    # --- chains, directions, objects ---------------------------------------------------------------------------------

    def _find_chains(self) -> None:
        self.chains: dict[str, list[Type]] = {}
        for struct in self.registry.types.values():
            if struct.kind != "struct" or not struct.stype or struct.name not in self.provided:
                continue
            for root in struct.extends:
                self.chains.setdefault(self.registry.canonical(root), []).append(struct)
        for links in self.chains.values():
            links.sort(key=self.stype_value)

    def chain(self, struct: Type) -> list[Type]:
        return self.chains.get(struct.name, [])

    def is_out(self, param: Var) -> bool:
        return param.pointers > 0 and not param.const

    def _find_uses(self) -> None:
        """Every struct and union that commands reach, by direction, dependencies first."""
        self.ins: dict[str, Type] = {}
        self.outs: dict[str, Type] = {}
        for command in self.executable:
            for param in command.params:
                if param.type not in ("void", "VkAllocationCallbacks"):
                    self._visit(param.type, self.outs if self.is_out(param) else self.ins)
        self.structs: dict[str, Type] = {}
        for name in list(self.ins) + list(self.outs):
            self.structs.setdefault(name, self.type(name))

    def _visit(self, name: str, found: dict[str, Type]) -> None:
        this = self.type(name)
        if this.kind not in ("struct", "union") or this.name in found:
            return
        marker = found.setdefault(this.name, this)
        variables = [a.var for a in self.arms(this) if not a.only_null] if this.kind == "union" else self.members(this)
        for var in variables:
            if var.type != "void":
                self._visit(var.type, found)
        for link in self.chain(this):
            self._visit(link.name, found)
        found.pop(this.name)    # behind what it holds, so that inline functions come in order
        found[this.name] = marker

    def _find_objects(self) -> None:
        """Handle types, in the order of their numbers."""
        provided = sorted(n for n in self.provided if self.known(n) and self.type(n).kind == "handle")
        self.objects = FIRST_OBJECTS + [n for n in provided if n not in FIRST_OBJECTS]


def identifiers(expression: str) -> list[str]:
    return re.findall(r"[A-Za-z_]\w*", expression)
