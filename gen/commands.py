# SPDX-License-Identifier: MIT
"""Emits the command codec: requests and replies, the renderer's half and the client's."""
from __future__ import annotations

from emit import Reader, Writer, c_type, declare, indent
from model import Model, WireCommand
from registry import Var
from structs import DEC, ENC, ENC_PART, NOTE, op_code, prototypes


def is_create(command: WireCommand) -> bool:
    return command.name.startswith(("vkCreate", "vkAllocate")) and any(
        p.pointers == 1 and not p.const and p.type != "void" for p in command.params)


def is_new(model: Model, param: Var) -> bool:
    """A handle that the command gives out: the guest chose its id."""
    return model.is_out(param) and model.kind(param) == "handle"


def wants_ids(model: Model, command: WireCommand, param: Var) -> bool:
    """A handle array whose ids core/ needs beside the host's handles: it files or removes them."""
    return is_new(model, param) or (param.pointers == 1 and model.kind(param) == "handle"
                                    and command.name.startswith("vkFree"))


def is_out_array(model: Model, param: Var) -> bool:
    return model.is_out(param) and model.shape(param) in ("array", "blob") or is_new(model, param)


def count_of(model: Model, command: WireCommand, param: Var) -> Var | None:
    """The in/out count that belongs to an out array, if it is a pointer."""
    if not is_out_array(model, param) or not param.lens:
        return None
    return next((p for p in command.params if p.name == param.lens[0] and p.pointers), None)


def arrays_of(model: Model, command: WireCommand, count: Var) -> list[Var]:
    return [p for p in command.params if count_of(model, command, p) is count]


def travels_back(model: Model, command: WireCommand, param: Var) -> bool:
    """An out scalar whose value is in the request as well: a count, or what venus.xml calls inout."""
    return param.name == command.inout or bool(arrays_of(model, command, param))


# --- arguments -------------------------------------------------------------------------------------------------------


def arguments(model: Model, command: WireCommand) -> list[str]:
    lines = [f"struct pv_args_{command.name} {{"]
    for param in command.params:
        lines.append(f"   {declare(param)};")
        if model.kind(param) == "handle" and not param.pointers:
            lines.append(f"   struct pv_ref {param.name}_ref;")
        if wants_ids(model, command, param):
            lines.append(f"   uint64_t *ids_{param.name};")
        if is_out_array(model, param):
            lines.append(f"   uint64_t asked_{param.name};")
    if command.result != "void":
        lines.append(f"   {command.result} ret;")
    if not command.params and command.result == "void":
        lines.append("   char none;")
    return lines + ["};", ""]


# --- request, read ---------------------------------------------------------------------------------------------------


def read_request(model: Model, command: WireCommand) -> list[str]:
    out = Reader(model, "a->", command.params, command.name, in_place=True)
    start = ["r->owner = NULL;", "r->owned = false;"]
    if any((p.type, m.name) in model.keeps for p in command.params if model.kind(p) == "struct"
           for m in model.type(p.type).members):
        start.append("r->kept = r->kept_before = (struct pv_ref){0};")
    out.lines += start
    for index, param in enumerate(command.params):
        read_param(model, command, out, param, index == 0)
    if command.result != "void":
        out.say("a->ret = 0;")
    return [f"void pv_dec_{command.name}(struct pv_reader *r, struct pv_args_{command.name} *a)", "{",
            *indent(out.text()), "}", ""]


def read_param(model: Model, command: WireCommand, out: Reader, param: Var, first: bool) -> None:
    shape, kind, name = model.shape(param), model.kind(param), param.name
    if kind == "handle" and shape == "value":
        how = "pv_dispatch" if first else "pv_handle_ref"
        load = f"pv_load64({out.at(8)})" if first else out.id_at(param, out.at(8))
        out.run.append(f"a->{name} = ({param.type})(uintptr_t){how}(r, {load}, PV_OBJECT_{param.type}, "
                       f"&a->{name}_ref);")
    elif kind == "handle" and shape in ("array", "pointer"):
        read_handles(model, command, out, param)
    elif not model.is_out(param):
        out.read(param)
    elif shape == "pointer":
        read_out_pointer(model, command, out, param)
    else:
        count = out.array(param, True)
        out.say(f"a->asked_{name} = {count};")


def read_handles(model: Model, command: WireCommand, out: Reader, param: Var) -> None:
    name, kind = param.name, model.type(param.type).name
    if not wants_ids(model, command, param):
        out.read(param)
        return
    count = out.name("n")
    want = out.length(param) if param.lens else "1"
    omit = "true" if model.may_omit(param) else "false"
    out.say_in_run(f"uint64_t {count} = pv_array(r, pv_load64({out.at(8)}), {want}, {omit}, 8);")
    out.say(f"a->ids_{name} = pv_copy(r, {count}, 8);")
    if is_new(model, param):
        out.say(f"a->{name} = pv_new_handles(r, {count}, a->ids_{name});", f"a->asked_{name} = {count};")
    else:
        needed = "false" if model.may_be_null(param) else "true"
        out.say(f"a->{name} = pv_resolve_all(r, {count}, a->ids_{name}, PV_OBJECT_{kind}, {needed});")


def read_out_pointer(model: Model, command: WireCommand, out: Reader, param: Var) -> None:
    if model.kind(param) != "scalar":
        out.read(param, True)
        return
    present, omit = out.name("n"), "true" if model.may_omit(param) else "false"
    out.say_in_run(f"uint64_t {present} = pv_present(r, pv_load64({out.at(8)}), {omit});")
    out.say(f"a->{param.name} = pv_zero_room(r, {present}, sizeof *a->{param.name});")
    if travels_back(model, command, param):
        size = model.scalar_size(param.type)
        out.say(f"if (a->{param.name})", "   " + out.scalar(f"*a->{param.name}", param.type, f"pv_take(r, {size})"))


# --- reply, written --------------------------------------------------------------------------------------------------


def put_result(model: Model, command: WireCommand) -> list[str]:
    if command.result == "void":
        return []
    return ["pv_put_u32(w, (uint32_t)a->ret);" if model.type(command.result).size == 4 else
            "pv_put_u64(w, (uint64_t)a->ret);"]


def write_reply(model: Model, command: WireCommand) -> list[str]:
    lines = [f"pv_put_u32(w, PV_CMD_{command.name});", *put_result(model, command)]
    lengths: dict[str, str] = {}
    values: dict[str, str] = {}
    for param in command.params:
        arrays = arrays_of(model, command, param) if param.pointers else []
        if arrays:      # never more than was asked for, whatever the host says
            lines.append(f"uint64_t n_{param.name} = a->{param.name} ? *a->{param.name} : 0;")
            lines += [line for array in arrays for line in (
                f"if (a->{array.name} && n_{param.name} > a->asked_{array.name})",
                f"   n_{param.name} = a->asked_{array.name};")]
            values[param.name] = f"n_{param.name}"
    for param in command.params:
        if is_out_array(model, param):
            count = count_of(model, command, param)
            lengths[param.name] = f"n_{count.name}" if count else f"a->asked_{param.name}"
    out = Writer(model, "a->", command.params, lengths)
    out.values = values
    for param in command.params:
        if is_new(model, param):
            out.say(f"uint64_t n_{param.name} = a->{param.name} ? {lengths[param.name]} : 0;" if param.lens else
                    f"uint64_t n_{param.name} = a->{param.name} != NULL;", f"pv_put_u64(w, n_{param.name});",
                    f"pv_put_bytes(w, a->ids_{param.name}, n_{param.name} * 8);")
        elif model.is_out(param):
            out.write(param)
    return [f"void pv_enc_reply_{command.name}(struct pv_writer *w, const struct pv_args_{command.name} *a)", "{",
            *indent(lines + out.text()), "}", ""]


# --- the client's half -----------------------------------------------------------------------------------------------


def write_request(model: Model, command: WireCommand) -> list[str]:
    out = Writer(model, "a->", command.params)
    out.run += [f"pv_store32({out.at(4)}, PV_CMD_{command.name});", f"pv_store32({out.at(4)}, flags);"]
    for param in command.params:
        if not model.is_out(param):
            out.write(param)
        elif is_new(model, param):
            write_new(model, out, param)
        else:
            out.write(param, True)
            scalar = model.shape(param) == "pointer" and model.kind(param) == "scalar"
            if scalar and travels_back(model, command, param):
                put = "pv_put_u32(w, (uint32_t)" if model.type(param.type).size == 4 else "pv_put_u64(w, "
                out.say(f"if (a->{param.name})", f"   {put}*a->{param.name});")
    return [request_writer(command), "{", *indent(out.text()), "}", ""]


def request_writer(command: WireCommand) -> str:
    return (f"void pv_enc_{command.name}(struct pv_writer *w, uint32_t flags, "
            f"const struct pv_args_{command.name} *a)")


def write_new(model: Model, out: Writer, param: Var) -> None:
    count = out.prefix(param, f"a->{param.name}", out.length(param) if param.lens else "1")
    out.elements(param, count, f"a->{param.name}", False)


def read_reply(model: Model, command: WireCommand) -> list[str]:
    lines = ["uint32_t id = pv_load32(pv_take(r, 4));", f"if (id != PV_CMD_{command.name})",
             '   pv_reader_fail(r, "reply to another command", id);']
    sizes = Reader(model, "a->", command.params)
    for param in command.params:
        if is_out_array(model, param):
            want = sizes.length(param) if param.lens else "1"
            lines.append(f"uint64_t most_{param.name} = a->{param.name} ? {want} : UINT64_MAX;")
    if command.result != "void":
        lines.append(sizes.scalar("a->ret", command.result, f"pv_take(r, {model.scalar_size(command.result)})"))
    for param in command.params:
        if model.is_out(param):
            lines += read_back(model, param)
    return [f"void pv_dec_reply_{command.name}(struct pv_reader *r, struct pv_args_{command.name} *a)", "{",
            *indent(lines), "}", ""]


def read_back(model: Model, param: Var) -> list[str]:
    name, kind, shape = param.name, model.kind(param), model.shape(param)
    if is_out_array(model, param):
        least = 8 if kind == "handle" else 1 if kind == "void" else model.type(param.type).size if kind == "scalar" \
            else model.least(param.type)
        lines = [f"a->asked_{name} = pv_reply_array(r, pv_load64(pv_take(r, 8)), most_{name}, {least});",
                 f"if (!a->{name})", f"   a->{name} = pv_zero_room(r, a->asked_{name}, sizeof({c_type(param)}));"]
        if kind == "handle":
            return lines + [f"a->ids_{name} = pv_copy(r, a->asked_{name}, 8);", f"if (a->ids_{name} && a->{name})",
                            f"   memcpy(a->{name}, a->ids_{name}, a->asked_{name} * 8);"]
        if kind in ("void", "scalar"):
            return lines + [f"pv_copy_to(r, a->{name}, a->asked_{name} * sizeof({c_type(param)}));"]
        return lines + [f"for (uint64_t i = 0; a->{name} && i < a->asked_{name}; i++)",
                        f"   pv_dec_{param.type}(r, &a->{name}[i]);"]
    assert shape == "pointer", param
    if kind == "scalar":
        step = Reader(model, "", []).scalar(f"*a->{name}", param.type, f"pv_take(r, {model.scalar_size(param.type)})")
    else:
        step = f"pv_dec_{model.type(param.type).name}(r, a->{name});"
    return [f"if (pv_load64(pv_take(r, 8))) {{", f"   if (!a->{name})",
            f"      a->{name} = pv_zero_room(r, 1, sizeof *a->{name});", f"   if (a->{name})", f"      {step}", "}"]


# --- files -----------------------------------------------------------------------------------------------------------


def header(model: Model) -> str:
    lines = [NOTE + """//
// Commands on the wire. struct pv_args_vkX holds every parameter under its own name, and beside them
//   P_ref      what a by-value handle P stood for
//   ids_P      the ids of a handle array P as they are on the wire
//   asked_P    how many elements (bytes) of the output array P were asked for; a reply never has more
//   ret        the return value
//
// pv_dec_vkX reads all that follows the 8 bytes of id and flags; output parameters point to zeroed memory, their chains
// built as asked for. With a table of ids (reader.ids) handles are the host's, and new handles (of create commands)
// zero; without one they are the ids themselves. Everything is valid only if reader.why stayed NULL, and as long as the
// bytes and the arena are: an array of plain elements is left where it is. Those bytes may have to be read again, so
// nobody writes there.
//
// pv_enc_reply_vkX writes the reply from its 4-byte id on: new handles from ids_P, other handles as they are.""",
             "#ifndef PV_WIRE_COMMANDS_GEN_H", "#define PV_WIRE_COMMANDS_GEN_H", "",
             '#include "wire/structs.gen.h"', ""]
    for command in model.executable:
        lines += arguments(model, command)
    for command in model.executable:
        lines += [f"void pv_dec_{command.name}(struct pv_reader *r, struct pv_args_{command.name} *a);",
                  f"void pv_enc_reply_{command.name}(struct pv_writer *w, const struct pv_args_{command.name} *a);"]
    return "\n".join(lines + ["", "#endif"]) + "\n"


def source(model: Model) -> str:
    lines = [NOTE, '#include "wire/commands.gen.h"', ""]
    for command in model.executable:
        lines += read_request(model, command)
    for command in model.executable:
        lines += write_reply(model, command)
    return "\n".join(lines)


def client_header(model: Model) -> str:
    lines = [NOTE + """//
// The guest's half of the codec, for tests, fuzzers and benches: never part of libpearvisor.
//
// pv_enc_vkX writes a whole request, id and flags included; handles are ids cast to the handle type. pv_dec_reply_vkX
// reads the reply into the output parameters that `a` has, and into arena memory where they are NULL; the chains of
// output structs are always new, in the arena. An array of the caller's has as many elements as its length says.""",
             "#ifndef PV_WIRE_CLIENT_GEN_H", "#define PV_WIRE_CLIENT_GEN_H", "", '#include "wire/commands.gen.h"', "",
             *client_prototypes(model)]
    for command in model.executable:
        lines += [request_writer(command) + ";",
                  f"void pv_dec_reply_{command.name}(struct pv_reader *r, struct pv_args_{command.name} *a);"]
    return "\n".join(lines + ["", "#endif"]) + "\n"


def client_sets(model: Model) -> tuple[dict, dict]:
    """What only the client writes in full, what only the client reads in full."""
    return ({n: s for n, s in model.ins.items() if n not in model.outs},
            {n: s for n, s in model.outs.items() if n not in model.ins})


def client_prototypes(model: Model) -> list[str]:
    write, read = client_sets(model)
    return prototypes(ENC, model, write) + prototypes(ENC_PART, model, model.outs) + prototypes(DEC, model, read)


def client_source(model: Model) -> str:
    lines = [NOTE, '#include "wire/client.gen.h"', ""]
    for command in model.executable:
        lines += write_request(model, command) + read_reply(model, command)
    return "\n".join(lines)


def client_structs(model: Model) -> str:
    write, read = client_sets(model)
    lines = [NOTE, '#include "wire/client.gen.h"', ""]
    lines += op_code(ENC, model, write) + op_code(ENC_PART, model, model.outs) + op_code(DEC, model, read)
    return "\n".join(lines)
