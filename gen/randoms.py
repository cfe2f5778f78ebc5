# SPDX-License-Identifier: MIT
"""Emits fillers with random valid values for every command and struct, and the table of cases that tests/codec walks.

Valid means: what the wire demands. Counts agree with arrays, what must be there is there, chains hold only what their
root allows, unions hold the arm their selector names. Everything else is noise.
"""
from __future__ import annotations

import functools
import re

from commands import is_new, is_out_array, wants_ids
from emit import c_type, indent, length
from model import Model, WireCommand, identifiers
from registry import Type, Var
from structs import NOTE, selected


@functools.cache
def remote_lengths(model: Model) -> set[tuple[str, str]]:
    """Struct members that a command measures an array of its own by: pAllocateInfo->commandBufferCount."""
    found: set[tuple[str, str]] = set()
    for command in model.executable:
        for param in command.params:
            for text in param.lens:
                path = identifiers(text) if "->" in text or "." in text else []
                owner = next((p for p in command.params if path and p.name == path[0]), None)
                if owner:
                    found.add((model.type(owner.type).name, path[-1]))
    return found


class Filler:
    """Lines that fill base-><member> from `struct rand *g`."""

    def __init__(self, model: Model, base: str, variables: list[Var], owner: str = ""):
        self.model, self.base, self.variables = model, base, variables
        texts = [text for v in variables if v.pointers and not v.dims for text in v.lens]
        self.lengths = {name for text in texts for name in identifiers(text)}
        self.lengths |= {member for struct, member in remote_lengths(model) if struct == owner}
        self.selectors = {v.selector: self.model.type(v.type) for v in variables if v.selector}
        self.lines: list[str] = []

    def fill_all(self) -> list[str]:
        """Values first, since lengths of arrays are computed from them."""
        ordered = sorted(self.variables, key=lambda v: (v.pointers > 0 and bool(v.lens), v.selector is not None))
        for var in ordered:
            self.fill(var)
        return self.lines

    def fill(self, var: Var) -> None:
        shape, target = self.model.shape(var), self.base + var.name
        kind = self.model.kind(var)
        if shape == "null":
            self.lines.append(f"{target} = NULL;")
        elif shape in ("value", "fixed"):
            self.fill_value(var, target, kind)
        elif shape == "string":
            self.lines.append(f"{target} = rand_string(g, {self.omit(var)});")
        else:
            self.fill_pointer(var, target, kind, shape)

    def omit(self, var: Var) -> str:
        return "true" if self.model.may_omit(var) else "false"

    def fill_value(self, var: Var, target: str, kind: str) -> None:
        if var.dims and kind != "struct":
            self.lines.append(f"rand_bytes(g, {target}, sizeof {target});")
        elif var.dims:
            self.lines += [f"for (uint32_t i = 0; i < {self.model.dimension(var)}; i++)",
                           f"   rand_{self.model.type(var.type).name}(g, &{target}[i]);"]
        elif var.name in self.selectors:
            arms = [arm.tag for arm in self.model.arms(self.selectors[var.name])]
            tags = f"(const int32_t[]){{{', '.join(arms)}}}"
            self.lines.append(f"{target} = ({var.type})rand_of(g, {tags}, {len(arms)});")
        elif var.name in self.lengths and kind == "scalar":
            self.lines.append(f"{target} = ({var.type})rand_count(g);")
        elif kind in ("scalar", "handle"):
            self.lines.append(f"rand_bytes(g, &{target}, sizeof {target});")
        else:
            select = f"(int32_t){self.base}{var.selector}, " if var.selector else ""
            self.lines.append(f"rand_{self.model.type(var.type).name}(g, {select}&{target});")

    def fill_pointer(self, var: Var, target: str, kind: str, shape: str) -> None:
        element = "char *" if shape == "strings" else c_type(var)
        array = f"x_{var.name}"
        count = length(var.lens[0], self.base, self.variables) if var.lens else "1"
        if shape == "arrays":
            element = f"const {element} *"
        if shape == "strings":
            element = "const char *"
        blank = "" if element.endswith("*") else " "
        self.lines += [f"uint64_t n_{var.name} = rand_there(g, {self.omit(var)}) ? {count} : 0;",
                       f"{element}{blank}*{array} = rand_room(g, n_{var.name}, sizeof *{array});",
                       f"{target} = {array};"]
        if shape == "strings":
            self.each(var, [f"{array}[i] = rand_string(g, false);"])
        elif shape == "arrays":
            inner = length(var.lens[1], self.base, self.variables)
            body = [f"uint64_t m = {inner};", f"{c_type(var)} *y = rand_room(g, m, sizeof *y);", f"{array}[i] = y;",
                    *self.elements("y", "j", "m", kind, var)]
            self.each(var, body)
        elif var.name in self.lengths and kind == "scalar":  # a count that others are measured by
            self.each(var, [f"{array}[i] = ({var.type})rand_count(g);"])
        else:
            self.lines += self.elements(array, "i", f"n_{var.name}", kind, var)

    def each(self, var: Var, body: list[str]) -> None:
        self.lines += [f"for (uint64_t i = 0; i < n_{var.name}; i++) {{", *indent(body), "}"]

    def elements(self, array: str, index: str, count: str, kind: str, var: Var) -> list[str]:
        if kind in ("void", "scalar", "handle"):
            return [f"rand_bytes(g, {array}, {count} * sizeof *{array});"]
        return [f"for (uint64_t {index} = 0; {index} < {count}; {index}++)",
                f"   rand_{self.model.type(var.type).name}(g, &{array}[{index}]);"]


def signature(struct: Type) -> str:
    select = "int32_t select, " if struct.kind == "union" and selected(struct) else ""
    return f"static void rand_{struct.name}(struct rand *g, {select}{struct.name} *v)"


def struct_code(model: Model, struct: Type) -> list[str]:
    if struct.kind == "union":
        return union_code(model, struct)
    body = Filler(model, "v->", model.members(struct), struct.name).fill_all()
    lines: list[str] = []
    if struct.stype:
        lines += [f"static void self_{struct.name}(struct rand *g, void *self)", "{"]
        lines += ([f"   {struct.name} *v = self;", *indent(body)] if body else []) + ["}", ""]
        body = [f"v->sType = {struct.stype};"]
        body.append(f"v->pNext = rand_chain(g, &chain_{struct.name});" if model.chain(struct) else "v->pNext = NULL;")
        body.append(f"self_{struct.name}(g, v);")
    whole = [signature(struct), "{", *indent(body), "}", ""] if struct.name in named(model) else []
    return lines + whole


@functools.cache
def named(model: Model) -> set[str]:
    """Structs that stand somewhere under a name, not only in chains."""
    variables = [p for c in model.executable for p in c.params]
    for struct in model.structs.values():
        variables += [a.var for a in model.arms(struct)] if struct.kind == "union" else model.members(struct)
    return {model.type(v.type).name for v in variables if model.known(v.type)}


def union_code(model: Model, union: Type) -> list[str]:
    body = ["memset(v, 0, sizeof *v);"]
    if not selected(union):
        arm = next(a for a in model.arms(union) if a.var.name == model.union_defaults[union.name])
        return [signature(union), "{", *indent(body + Filler(model, "v->", [arm.var]).fill_all()), "}", ""]
    body.append("switch (select) {")
    for arm in model.arms(union):
        body += [f"case {arm.tag}: {{", *indent(Filler(model, "v->", [arm.var]).fill_all()), "   break;", "}"]
    return [signature(union), "{", *indent(body + ["default:", "   break;", "}"]), "}", ""]


def chain_code(model: Model, struct: Type) -> list[str]:
    links = model.chain(struct)
    if not links:
        return []
    name = struct.name
    return [f"static const struct rand_link links_{name}[] = {{",
            *[f"   {{{link.stype}, sizeof({link.name}), self_{link.name}}}," for link in links], "};",
            f"static unsigned seen_{name}[{len(links)}];",
            f'static struct rand_root chain_{name} = {{"{name}", links_{name}, seen_{name}, {len(links)}, 0}};', ""]


def command_code(model: Model, command: WireCommand) -> list[str]:
    name = command.name
    body = Filler(model, "a->", command.params).fill_all()
    for param in command.params:
        if is_out_array(model, param):
            body.append(f"a->asked_{param.name} = n_{param.name};")
        if is_new(model, param) or wants_ids(model, command, param):
            body.append(f"a->ids_{param.name} = rand_same(g, a->{param.name}, n_{param.name} * 8);")
    if command.result != "void":
        body.append("rand_bytes(g, &a->ret, sizeof a->ret);")
    outs = [f"a->{p.name} = NULL;" for p in command.params if model.is_out(p)]
    lines = []
    for verb, tail, statements in (("fill", "struct rand *g, void *args", body), ("clear", "void *args", outs)):
        lines += [f"static void {verb}_{name}({tail})", "{"]
        lines += [f"   struct pv_args_{name} *a = args;", *indent(statements)] if statements else []
        lines += ["}", ""]
    for verb, tail, call in (("enc", "struct pv_writer *w, uint32_t flags, const void *a", "w, flags, a"),
                             ("dec", "struct pv_reader *r, void *a", "r, a"),
                             ("enc_reply", "struct pv_writer *w, const void *a", "w, a"),
                             ("dec_reply", "struct pv_reader *r, void *a", "r, a")):
        lines += [f"static void {verb}_{name}({tail})", "{", f"   pv_{verb}_{name}({call});", "}", ""]
    return lines


def source(model: Model) -> str:
    lines = [NOTE, '#include "rand.h"', '#include "wire/client.gen.h"', ""]
    lines += [signature(s) + ";" for s in model.structs.values() if s.name in named(model)] + [""]
    linked = {link.name for s in model.structs.values() for link in model.chain(s)}
    chained = [s for s in model.structs.values() if s.kind == "struct" and s.stype and s.name in linked | named(model)]
    lines += [f"static void self_{s.name}(struct rand *g, void *self);" for s in chained] + [""]
    for struct in chained:
        lines += chain_code(model, struct) if struct.name in named(model) else []
    for struct in model.structs.values():
        lines += struct_code(model, struct)
    for command in model.executable:
        lines += command_code(model, command)
    lines += ["const struct rand_case rand_cases[] = {"]
    for c in model.executable:
        verbs = ", ".join(f"{verb}_{c.name}" for verb in ("fill", "clear", "enc", "dec", "enc_reply", "dec_reply"))
        lines.append(f'   {{"{c.name}", {c.id}, sizeof(struct pv_args_{c.name}), {verbs}}},')
    roots = [s.name for s in chained if model.chain(s) and s.name in named(model)]
    lines += ["};", "const size_t rand_case_count = sizeof rand_cases / sizeof rand_cases[0];", "",
              "struct rand_root *const rand_roots[] = {", *[f"   &chain_{name}," for name in roots], "};",
              "const size_t rand_root_count = sizeof rand_roots / sizeof rand_roots[0];"]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)) + "\n"
