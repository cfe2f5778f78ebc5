# SPDX-License-Identifier: MIT
"""Turns variables (struct members or parameters) into C that reads or writes them.

Reader and Writer walk the variables in wire order and gather neighbours of fixed length into a *run*: one bounds check,
then loads or stores at constant offsets. An array's prefix still belongs to the run, its elements start the next one.

`part` is the partial form of output structs in a request: what shapes the answer travels, the answer itself does not.
"""
from __future__ import annotations

import re
from dataclasses import replace

from model import Model, identifiers
from registry import Type, Var

MAX_RUN = 4096                  # PV_READER_ZEROS


def c_type(var: Var) -> str:
    """The C type an element of this variable has, without const."""
    return "uint8_t" if var.type == "void" else var.type


def declare(var: Var) -> str:
    """The variable as a field of a struct of ours. Array parameters become real arrays."""
    text = var.declaration
    if var.dims and text.startswith("const "):
        text = text[6:]
    return f"{text}{'' if text.endswith('*') else ' '}{var.name}{''.join(f'[{d}]' for d in var.dims)}"


def length(expression: str, base: str, siblings: list[Var]) -> str:
    """A length expression of the registry in C, as uint64_t; a NULL pointer on the way counts as 0."""
    pointers = {v.name for v in siblings if v.pointers}
    if "->" in expression or "[i]." in expression:
        first = identifiers(expression)[0]
        return f"({base}{first} ? {base}{expression} : 0)"
    names = {v.name for v in siblings}

    def in_c(match: re.Match[str]) -> str:
        name = match.group()
        if name in pointers:
            return f"({base}{name} ? (uint64_t)*{base}{name} : 0)"
        return f"(uint64_t){base}{name}" if name in names else name

    return re.sub(r"[A-Za-z_]\w*", in_c, expression)


class Coder:
    """What Reader and Writer share: a list of C lines and the pending run."""

    def __init__(self, model: Model, base: str, siblings: list[Var]):
        self.model = model
        self.base = base
        self.siblings = siblings
        self.counts = model.counts(siblings)
        self.lines: list[str] = []
        self.run: list[str] = []
        self.run_size = 0
        self.names = 0

    def name(self, letter: str) -> str:
        self.names += 1
        return f"{letter}{self.names}"

    def at(self, size: int) -> str:
        """Reserves `size` bytes in the run; the expression of their address."""
        if self.run_size and self.run_size + size > MAX_RUN:
            self.flush()
        if not self.run_size:
            self.run_name = self.name("p")
        offset = self.run_size
        self.run_size += size
        return f"{self.run_name} + {offset}" if offset else self.run_name

    def flush(self) -> None:
        raise NotImplementedError

    def say(self, *lines: str) -> None:
        self.flush()
        self.lines += lines

    def text(self) -> list[str]:
        self.flush()
        return self.lines

    def length(self, var: Var, level: int = 0) -> str:
        return length(var.lens[level], self.base, self.siblings)

    def element(self, var: Var) -> Type | None:
        return None if var.type == "void" else self.model.type(var.type)

    def is_bytes(self, var: Var) -> bool:
        """True if an array of these is copied as it is."""
        return var.type == "void" or self.element(var).kind == "scalar" or self.model.plain(var.type)

    def part_empty(self, name: str) -> bool:
        """True if the partial form of a struct has no bytes at all."""
        found = self.model.type(name)
        if found.kind == "scalar":
            return True
        if found.kind != "struct" or found.stype:
            return False
        members = self.model.members(found)
        if self.model.counts(members):
            return False
        return all(self.model.shape(m) == "value" and self.part_empty(m.type)
                   or self.model.shape(m) == "fixed" and self.model.type(m.type).kind == "scalar" for m in members)


class Reader(Coder):
    """Lines that fill base-><member> from `struct pv_reader *r`."""

    def __init__(self, model: Model, base: str, siblings: list[Var], owner: str = "", in_place: bool = False):
        super().__init__(model, base, siblings)
        self.owner = owner      # name of the struct or command, for keep marks
        self.in_place = in_place    # arrays may stay among the command's bytes

    def flush(self) -> None:
        if self.run_size:
            self.lines.append(f"const uint8_t *{self.run_name} = pv_take(r, {self.run_size});")
            self.lines += self.run
        self.run, self.run_size = [], 0

    # --- single values -----------------------------------------------------------------------------------------------

    def scalar(self, target: str, type_name: str, address: str) -> str:
        if self.model.type(type_name).size < 4:
            return f"{target} = ({type_name})pv_load32({address});"
        place = target[1:] if target.startswith("*") else f"&{target}"
        return f"memcpy({place}, {address}, {self.model.type(type_name).size});"

    def handle(self, var: Var, address: str, raw: bool) -> str:
        target, name = self.base + var.name, self.element(var).name
        if raw:
            return f"{target} = ({name})(uintptr_t)pv_load64({address});"
        kept = "pv_kept_handle" if (self.owner, var.name) in self.model.keeps else "pv_handle"
        return f"{target} = ({name})(uintptr_t){kept}(r, {self.id_at(var, address)}, PV_OBJECT_{name});"

    def id_at(self, var: Var, address: str) -> str:
        """The id of a handle, null refused where Vulkan wants an object."""
        load = f"pv_load64({address})"
        return load if self.model.may_be_null(var) else f"pv_needed(r, {load})"

    def value(self, var: Var, part: bool) -> None:
        found, target = self.element(var), self.base + var.name
        if found.kind == "scalar":
            if not part or var.name in self.counts:
                self.run.append(self.scalar(target, var.type, self.at(self.model.scalar_size(var.type))))
        elif found.kind == "handle":
            self.run.append(self.handle(var, self.at(8), part))
        elif part:
            if not self.part_empty(var.type):
                self.say(f"pv_dec_part_{found.name}(r, &{target});")
        elif found.kind == "union" and var.selector:
            self.say(f"pv_dec_{found.name}(r, (int32_t){self.base}{var.selector}, &{target});")
        elif found.kind == "struct" and self.model.fixed_size(var.type) is not None:
            self.run.append(f"pv_load_{found.name}(r, {self.at(self.model.fixed_size(var.type))}, &{target});")
        else:
            self.say(f"pv_dec_{found.name}(r, &{target});")

    def fixed(self, var: Var, part: bool) -> None:
        found, target, count = self.element(var), self.base + var.name, self.model.dimension(var)
        if found.kind == "scalar" and part:
            return
        prefix = f"pv_fixed(r, pv_load64({self.at(8)}), {count});"
        self.run.append(prefix)
        if found.kind == "scalar":
            self.run.append(f"memcpy({target}, {self.at((count * found.size + 3) // 4 * 4)}, {count * found.size});")
        elif found.kind == "handle":
            start = self.at(8 * count)
            one = replace(var, name=f"{var.name}[i]")
            self.run += [f"for (uint32_t i = 0; i < {count}; i++)", f"   {self.handle(one, f'{start} + 8 * i', part)}"]
        elif not part and self.model.fixed_size(var.type) is not None:
            size = self.model.fixed_size(var.type)
            start = self.at(size * count)
            self.run += [f"for (uint32_t i = 0; i < {count}; i++)",
                         f"   pv_load_{found.name}(r, {start} + {size} * i, &{target}[i]);"]
        elif not part or not self.part_empty(var.type):
            call = f"pv_dec_{'part_' if part else ''}{found.name}(r, &{target}[i]);"
            self.say(f"for (uint32_t i = 0; i < {count}; i++)", f"   {call}")

    # --- pointers ----------------------------------------------------------------------------------------------------

    def prefix(self, var: Var, least: int, level: int = 0) -> str:
        """Reads and checks an array's prefix; the name of the count."""
        count = self.name("n")
        omit = "true" if self.model.may_omit(var) else "false"
        address = self.at(8)
        want = self.length(var, level)
        self.say_in_run(f"uint64_t {count} = pv_array(r, pv_load64({address}), {want}, {omit}, {least});")
        return count

    def say_in_run(self, line: str) -> None:
        self.run.append(line)
        self.flush()

    def least(self, var: Var, part: bool) -> int:
        if var.type == "void":
            return 0 if part else 1
        found = self.element(var)
        if found.kind == "scalar":
            return 0 if part else found.size
        return self.model.least(var.type, part)

    def array(self, var: Var, part: bool) -> str:
        """The name of the count that was read."""
        count = self.prefix(var, self.least(var, part))
        target = self.base + var.name
        if part and (var.type == "void" or self.element(var).kind == "scalar" or self.part_empty(var.type)):
            self.say(f"{target} = pv_zero_room(r, {count}, sizeof({c_type(var)}));")
        elif not part and self.is_bytes(var):
            self.say(f"{target} = {self.plain_elements(var, count)};")
        else:
            self.elements(var, count, target, part)
        return count

    def plain_elements(self, var: Var, count: str) -> str:
        """An array that is copied as it is, or left where it is: hooks do not change a command's own arrays."""
        if self.in_place and var.const:
            return f"pv_bytes(r, {count}, sizeof({c_type(var)}), _Alignof({c_type(var)}))"
        return f"pv_copy(r, {count}, sizeof({c_type(var)}))"

    def elements(self, var: Var, count: str, target: str, part: bool, index: str = "i") -> None:
        """Room for `count` elements, each decoded on its own."""
        array, found = self.name("a"), self.element(var)
        room = "pv_zero_room" if part else "pv_room"
        self.say(f"{found.name} *{array} = {room}(r, {count}, sizeof *{array});", f"{target} = {array};")
        size = None if part else self.model.fixed_size(var.type)
        if size is not None:
            source = self.name("q")
            self.say(f"const uint8_t *{source} = pv_skip(r, {count} * {size});")
            if found.kind == "handle":
                one, listed = self.id_at(var, f"{source} + 8 * {index}"), "pv_handle"
                if (self.owner, var.name) in self.model.keeps:
                    self.say(f"pv_keep_list(r, {count});")
                    listed = "pv_listed_handle"
                step = f"{array}[{index}] = ({found.name})(uintptr_t){listed}(r, {one}, PV_OBJECT_{found.name});"
            else:
                step = f"pv_load_{found.name}(r, {source} + {size} * {index}, &{array}[{index}]);"
        else:
            step = f"pv_dec_{'part_' if part else ''}{found.name}(r, &{array}[{index}]);"
        self.say(f"for (uint64_t {index} = 0; {array} && {index} < {count}; {index}++)", f"   {step}")

    def pointer(self, var: Var, part: bool) -> None:
        found, target, present, item = self.element(var), self.base + var.name, self.name("n"), self.name("a")
        omit = "true" if self.model.may_omit(var) else "false"
        self.say_in_run(f"uint64_t {present} = pv_present(r, pv_load64({self.at(8)}), {omit});")
        room = "pv_zero_room" if part else "pv_room"
        self.say(f"{found.name} *{item} = {room}(r, {present}, sizeof *{item});", f"{target} = {item};")
        if part and (found.kind == "scalar" or self.part_empty(var.type)):
            return
        if found.kind == "scalar":
            step = self.scalar(f"*{item}", var.type, f"pv_take(r, {self.model.scalar_size(var.type)})")
        elif not part and found.kind == "struct" and self.model.fixed_size(var.type) is not None:
            step = f"pv_load_{found.name}(r, pv_take(r, {self.model.fixed_size(var.type)}), {item});"
        else:
            step = f"pv_dec_{'part_' if part else ''}{found.name}(r, {item});"
        self.say(f"if ({item})", f"   {step}")

    def string(self, var: Var) -> None:
        omit = "true" if self.model.may_omit(var) else "false"
        self.say_in_run(f"{self.base}{var.name} = pv_string(r, pv_load64({self.at(8)}), {omit});")

    def strings(self, var: Var) -> None:
        count, array = self.prefix(var, 8), self.name("a")
        self.say(f"const char **{array} = pv_room(r, {count}, sizeof *{array});", f"{self.base}{var.name} = {array};",
                 f"for (uint64_t i = 0; {array} && i < {count}; i++)",
                 f"   {array}[i] = pv_string(r, pv_load64(pv_take(r, 8)), false);")

    def arrays(self, var: Var) -> None:
        count, array = self.prefix(var, 8), self.name("a")
        self.say(f"const {c_type(var)} **{array} = pv_room(r, {count}, sizeof *{array});",
                 f"{self.base}{var.name} = {array};", f"for (uint64_t i = 0; {array} && i < {count}; i++) {{")
        inner = Reader(self.model, self.base, self.siblings)
        inner.names = self.names
        number = inner.prefix(replace(var, optional=False, noautovalidity=False), self.least(var, False), 1)
        if self.is_bytes(var):
            inner.say(f"{array}[i] = pv_copy(r, {number}, sizeof({c_type(var)}));")
        else:
            inner.elements(var, number, f"{array}[i]", False, "j")
        self.say(*["   " + line for line in inner.text()], "}")
        self.names = inner.names

    def null(self, var: Var) -> None:
        self.run += [f"pv_null(r, pv_load64({self.at(8)}));", f"{self.base}{var.name} = NULL;"]

    def read(self, var: Var, part: bool = False) -> None:
        shape = self.model.shape(var)
        if shape in ("array", "blob"):
            self.array(var, part)
        elif shape in ("value", "fixed", "pointer"):
            getattr(self, shape)(var, part)
        elif part:
            raise ValueError(f"no partial form for {var}")
        else:
            getattr(self, shape)(var)


class Writer(Coder):
    """Lines that write base-><member> to `struct pv_writer *w`."""

    def __init__(self, model: Model, base: str, siblings: list[Var], lengths: dict[str, str] | None = None):
        super().__init__(model, base, siblings)
        self.lengths = lengths or {}    # C expressions that replace the registry's
        self.values: dict[str, str] = {}  # pointed-at values that are replaced

    def flush(self) -> None:
        if self.run_size:
            self.lines.append(f"uint8_t *{self.run_name} = pv_put(w, {self.run_size});")
            self.lines += [f"if ({self.run_name}) {{"] + ["   " + line for line in self.run] + ["}"]
        self.run, self.run_size = [], 0

    def scalar(self, source: str, type_name: str, address: str) -> str:
        if self.model.type(type_name).size < 4:
            return f"pv_store32({address}, {source});"
        return f"memcpy({address}, &{source}, {self.model.type(type_name).size});"

    def handle(self, source: str, address: str) -> str:
        return f"pv_store64({address}, (uint64_t)(uintptr_t){source});"

    def value(self, var: Var, part: bool) -> None:
        found, source = self.element(var), self.base + var.name
        if found.kind == "scalar":
            if not part or var.name in self.counts:
                self.run.append(self.scalar(source, var.type, self.at(self.model.scalar_size(var.type))))
        elif found.kind == "handle":
            self.run.append(self.handle(source, self.at(8)))
        elif part:
            if not self.part_empty(var.type):
                self.say(f"pv_enc_part_{found.name}(w, &{source});")
        elif found.kind == "union" and var.selector:
            self.say(f"pv_enc_{found.name}(w, (int32_t){self.base}{var.selector}, &{source});")
        elif found.kind == "struct" and self.model.fixed_size(var.type) is not None:
            self.run.append(f"pv_store_{found.name}({self.at(self.model.fixed_size(var.type))}, &{source});")
        else:
            self.say(f"pv_enc_{found.name}(w, &{source});")

    def fixed(self, var: Var, part: bool) -> None:
        found, source, count = self.element(var), self.base + var.name, self.model.dimension(var)
        if found.kind == "scalar" and part:
            return
        self.run.append(f"pv_store64({self.at(8)}, {count});")
        if found.kind == "scalar":
            size, padded = count * found.size, (count * found.size + 3) // 4 * 4
            address = self.at(padded)
            self.run.append(f"memcpy({address}, {source}, {size});")
            if padded > size:
                self.run.append(f"memset({address} + {size}, 0, {padded - size});")
        elif found.kind == "handle":
            start = self.at(8 * count)
            self.run += [f"for (uint32_t i = 0; i < {count}; i++)",
                         f"   {self.handle(f'{source}[i]', f'{start} + 8 * i')}"]
        elif not part and self.model.fixed_size(var.type) is not None:
            size = self.model.fixed_size(var.type)
            start = self.at(size * count)
            self.run += [f"for (uint32_t i = 0; i < {count}; i++)",
                         f"   pv_store_{found.name}({start} + {size} * i, &{source}[i]);"]
        elif not part or not self.part_empty(var.type):
            call = f"pv_enc_{'part_' if part else ''}{found.name}(w, &{source}[i]);"
            self.say(f"for (uint32_t i = 0; i < {count}; i++)", f"   {call}")

    def prefix(self, var: Var, source: str, amount: str) -> str:
        count = self.name("n")
        # declared before the run that stores it
        self.flush_before(f"uint64_t {count} = {source} ? {amount} : 0;")
        self.run.append(f"pv_store64({self.at(8)}, {count});")
        self.flush()
        return count

    def flush_before(self, line: str) -> None:
        """A declaration that the pending run needs; it comes before the run."""
        self.lines.append(line)

    def array(self, var: Var, part: bool) -> None:
        source = self.base + var.name
        count = self.prefix(var, source, self.lengths.get(var.name) or self.length(var))
        if part and (var.type == "void" or self.element(var).kind == "scalar" or self.part_empty(var.type)):
            return
        if not part and self.is_bytes(var):
            self.say(f"pv_put_bytes(w, {source}, {count} * sizeof({c_type(var)}));")
        else:
            self.elements(var, count, source, part)

    def elements(self, var: Var, count: str, source: str, part: bool, index: str = "i") -> None:
        found = self.element(var)
        if found.kind == "handle":
            step = f"pv_put_u64(w, (uint64_t)(uintptr_t){source}[{index}]);"
        else:
            step = f"pv_enc_{'part_' if part else ''}{found.name}(w, &{source}[{index}]);"
        self.say(f"for (uint64_t {index} = 0; {index} < {count}; {index}++)", f"   {step}")

    def pointer(self, var: Var, part: bool) -> None:
        found, source = self.element(var), self.base + var.name
        self.run.append(f"pv_store64({self.at(8)}, {source} != NULL);")
        self.flush()
        if part and (found.kind == "scalar" or self.part_empty(var.type)):
            return
        if found.kind == "scalar":
            value = self.values.get(var.name) or f"*{source}"
            if found.size == 4 and found.name not in ("float",):
                step = f"pv_put_u32(w, (uint32_t){value});"
            elif found.size == 8 and found.name not in ("double",):
                step = f"pv_put_u64(w, (uint64_t){value});"
            else:
                step = f"pv_put_bytes(w, &{value}, {found.size});"
        else:
            step = f"pv_enc_{'part_' if part else ''}{found.name}(w, {source});"
        self.say(f"if ({source})", f"   {step}")

    def string(self, var: Var) -> None:
        source = self.base + var.name
        count = self.prefix(var, source, f"strlen({source}) + 1")
        self.say(f"pv_put_bytes(w, {source}, {count});")

    def strings(self, var: Var) -> None:
        source = self.base + var.name
        count = self.prefix(var, source, self.length(var))
        self.say(f"for (uint64_t i = 0; i < {count}; i++)", f"   pv_put_string(w, {source}[i]);")

    def arrays(self, var: Var) -> None:
        source = self.base + var.name
        count = self.prefix(var, source, self.length(var))
        self.say(f"for (uint64_t i = 0; i < {count}; i++) {{")
        inner = Writer(self.model, self.base, self.siblings)
        inner.names = self.names
        number = inner.prefix(var, f"{source}[i]", self.length(var, 1))
        if self.is_bytes(var):
            inner.say(f"pv_put_bytes(w, {source}[i], {number} * sizeof({c_type(var)}));")
        else:
            inner.elements(var, number, f"{source}[i]", False, "j")
        self.say(*["   " + line for line in inner.text()], "}")
        self.names = inner.names

    def null(self, var: Var) -> None:
        self.run.append(f"pv_store64({self.at(8)}, 0);")

    def write(self, var: Var, part: bool = False) -> None:
        shape = self.model.shape(var)
        if shape in ("array", "blob"):
            self.array(var, part)
        elif shape in ("value", "fixed", "pointer"):
            getattr(self, shape)(var, part)
        elif part:
            raise ValueError(f"no partial form for {var}")
        else:
            getattr(self, shape)(var)


def indent(lines: list[str], by: str = "   ") -> list[str]:
    return [by + line if line else line for line in lines]
