# SPDX-License-Identifier: MIT
"""What an extension needs beside it, as C: vk.xml says it in expressions such as "(A,VK_VERSION_1_1)+B"."""
from __future__ import annotations

import re

from registry import Registry

TOKEN = re.compile(r"[A-Za-z_][\w:]*|[()+,]")

# A condition is the ways to meet it, each a set of C expressions that must all hold.
Ways = frozenset[frozenset[str]]
ALWAYS: Ways = frozenset([frozenset()])
NEVER: Ways = frozenset()


def all_of(a: Ways, b: Ways) -> Ways:
    return shortest(x | y for x in a for y in b)


def any_of(a: Ways, b: Ways) -> Ways:
    return shortest(a | b)


def shortest(ways) -> Ways:
    """Without those that ask for more than another one."""
    ways = set(ways)
    return frozenset(w for w in ways if not any(other < w for other in ways))


def since(core: str) -> Ways:
    """Devices of a core version; the renderer takes none older than 1.1."""
    major, minor = (int(n) for n in core.split("_")[2:])
    return ALWAYS if (major, minor) <= (1, 1) else one(f"version >= VK_API_VERSION_{major}_{minor}")


def one(expression: str) -> Ways:
    return frozenset([frozenset([expression])])


class Parser:
    def __init__(self, registry: Registry, text: str, granted: set[str]):
        self.registry, self.granted = registry, granted
        self.tokens = TOKEN.findall(text)

    def expression(self) -> Ways:
        """'+' and ',' bind alike, from the left."""
        left = self.operand()
        while self.tokens and self.tokens[0] != ")":
            combine = all_of if self.tokens.pop(0) == "+" else any_of
            left = combine(left, self.operand())
        return left

    def operand(self) -> Ways:
        token = self.tokens.pop(0)
        if token != "(":
            return self.atom(token)
        inner = self.expression()
        self.tokens.pop(0)
        return inner

    def atom(self, name: str) -> Ways:
        if "::" in name or name in self.granted:    # a feature bit is the guest's to ask for
            return ALWAYS
        if re.fullmatch(r"VK_VERSION_\d_\d", name):
            return since(name)
        extension = self.registry.extensions.get(name)
        if not extension or extension.kind == "instance":
            return ALWAYS if extension else NEVER
        promoted = since(extension.promoted) if (extension.promoted or "").startswith("VK_VERSION_") else NEVER
        return any_of(promoted, one(f'has(list, "{name}")'))


def condition(registry: Registry, name: str, granted: set[str]) -> str:
    """The C condition under which a device may have `name`. `granted`: extensions that every guest has anyway."""
    extension = registry.extensions.get(name)
    if not extension or not extension.depends:
        return "true"
    ways = Parser(registry, extension.depends, granted).expression()
    if ways in (ALWAYS, NEVER):
        return "true" if ways else "false"
    terms = sorted(" && ".join(sorted(way)) for way in ways)
    return " || ".join(f"({t})" if "&&" in t and len(terms) > 1 else t for t in terms)
