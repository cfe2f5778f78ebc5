# SPDX-License-Identifier: MIT
"""Emits what core/ runs: a thunk per command, the default actions, and the protocol as data."""
from __future__ import annotations

import depends
from commands import arrays_of, is_create, is_new
from emit import indent
from host import level_of
from model import COMMAND_LIMIT, Model, WireCommand
from registry import Var
from structs import NOTE

# Their default action would need more than the host's function; core/ has hooks for all of them.
OWN_ACTION = ("VkInstance", "VkDevice")

# What the host sees whatever the guest said. A deferred operation would go on reading arguments that are gone by then,
# so the host does at once what a guest would like to see deferred.
FIXED_ARGUMENTS = {"pAllocator": "NULL", "deferredOperation": "VK_NULL_HANDLE"}


def has_call(model: Model, command: WireCommand) -> bool:
    """True if the command has a default action: a host function of a known device or instance."""
    if command.private or level_of(command.command) == "global":
        return False
    made = new_handle(model, command) if is_create(command) else destroyed(command)
    return not made or made.type not in OWN_ACTION


def new_handle(model: Model, command: WireCommand) -> Var | None:
    return next((p for p in command.params if is_new(model, p)), None)


def destroyed(command: WireCommand) -> Var | None:
    """The object that a destroy command of one object takes."""
    names = [p.name for p in command.params]
    if not command.name.startswith(("vkDestroy", "vkFree")) or names[-1] != "pAllocator":
        return None
    victim = command.params[-2]
    return victim if not victim.pointers else None


def forgiving(command: WireCommand) -> bool:
    return command.name.startswith(("vkDestroy", "vkFree"))


def prototype(verb: str, command: WireCommand) -> str:
    return f"void pv_{verb}_{command.name}(struct pv_exec *x, struct pv_args_{command.name} *a)"


# --- default actions -------------------------------------------------------------------------------------------------


def call_code(model: Model, command: WireCommand) -> list[str]:
    level = level_of(command.command)
    kind, owner = ("instance", "inst") if level == "instance" else ("device", "dev")
    lines = [f"struct pv_{kind} *{owner} = a->{command.params[0].name}_ref.owner;"]
    function = f"{owner}->vk.{command.name[2:]}"
    arguments = ", ".join(FIXED_ARGUMENTS.get(p.name) or f"a->{p.name}" for p in command.params)
    if destroyed(command):
        victim = destroyed(command)
        return lines + [f"bool there = pv_exec_unfile(x, PV_OBJECT_{victim.type}, a->{victim.name}_ref.id);",
                        f"if (there && a->{command.params[0].name} && {function})", f"   {function}({arguments});"]
    new = new_handle(model, command) if is_create(command) else None
    file = ""
    if new:
        lines += [f"if (!pv_exec_claim(x, (uint32_t)a->asked_{new.name}, a->ids_{new.name}))", "   return;"]
        file = (f"pv_exec_file(x, PV_OBJECT_{new.type}, {owner}, (uint32_t)a->asked_{new.name}, a->ids_{new.name}, %s, "
                f"a->ret, {'true' if new.lens else 'false'});")
    result = "a->ret = " if command.result != "void" else ""
    refuse = f"{result if command.result == 'VkResult' else ''}pv_exec_refuse(x);"
    lines += [f"if (!{function}) {{", f"   {refuse}", *([f"   {file % 'NULL'}"] if file else []), "   return;", "}",
              f"{result}{function}({arguments});"]
    if command.result == "VkResult":
        lines.append("pv_exec_result(x, a->ret);")
    if file:
        lines.append(file % f"(const uint64_t *)a->{new.name}")
    return lines


def drop_code(model: Model, command: WireCommand) -> list[str]:
    lines: list[str] = []
    victim = destroyed(command)
    new = new_handle(model, command) if is_create(command) else None
    for param in command.params:
        if param.pointers and arrays_of(model, command, param):
            lines += [f"if (a->{param.name})", f"   *a->{param.name} = 0;"]
    if command.result == "VkResult":
        lines.append("a->ret = VK_ERROR_DEVICE_LOST;")
    if victim and victim.type not in OWN_ACTION:
        lines.append(f"pv_exec_unfile(x, PV_OBJECT_{victim.type}, a->{victim.name}_ref.id);")
    if new and command.result == "VkResult":
        first = command.params[0]
        owner = f"a->{first.name}_ref.owner" if model.kind(first) == "handle" and new.type not in OWN_ACTION else "NULL"
        lines += [f"if (pv_exec_claim(x, (uint32_t)a->asked_{new.name}, a->ids_{new.name}))",
                  f"   pv_exec_file(x, PV_OBJECT_{new.type}, {owner}, (uint32_t)a->asked_{new.name},",
                  f"                a->ids_{new.name}, NULL, VK_ERROR_DEVICE_LOST, {'true' if new.lens else 'false'});"]
    return lines


def lost_meanwhile(model: Model, command: WireCommand) -> list[str]:
    """What was made and then could not be filed was not made."""
    if not is_create(command) or not new_handle(model, command) or command.result != "VkResult":
        return []
    return ["      if (pv_exec_lost(x) && a.ret >= 0)", "         a.ret = VK_ERROR_DEVICE_LOST;"]


def thunk_code(model: Model, command: WireCommand) -> list[str]:
    name = command.name
    act = f"pv_hook_{name}(x, &a);" if command.hook else f"pv_call_{name}(x, &a);"
    drop = f"pv_hook_{name}(x, &a);" if command.lost_hook else f"pv_drop_{name}(x, &a);"
    return [f"static void thunk_{name}(struct pv_exec *x)", "{", f"   struct pv_args_{name} a;",
            f"   pv_dec_{name}(&x->in, &a);",
            f"   switch (pv_exec_admit(x, {'true' if forgiving(command) else 'false'})) {{",
            "   case PV_ADMIT_STOP:", "      return;", "   case PV_ADMIT_GO:", f"      {act}", "      break;",
            "   case PV_ADMIT_LOST:", f"      {drop}", "      break;", "   }",
            "   struct pv_writer *w = wants_reply(x) ? pv_exec_reply(x) : NULL;", "   if (w) {",
            *lost_meanwhile(model, command),
            f"      pv_enc_reply_{name}(w, &a);", "      pv_exec_reply_commit(x);", "   }", "}", ""]


def check(model: Model) -> None:
    for command in model.executable:
        if not command.hook and not has_call(model, command):
            raise ValueError(f"{command.name} has neither a hook nor a host function of a device or instance")


def hooks_header(model: Model) -> str:
    check(model)
    lines = [NOTE + """//
// Per command X: pv_hook_X is hand-written in core/ (hook="1" in venus.xml; the link fails without it), pv_call_X is
// the default action (the host's function, with filing of what it made or destroyed), pv_drop_X is what happens in a
// context that is lost. Reply values go into the arguments.""",
             "#ifndef PV_CORE_HOOKS_GEN_H", "#define PV_CORE_HOOKS_GEN_H", "", '#include "core/exec.h"',
             '#include "wire/commands.gen.h"', ""]
    lines += [prototype("hook", c) + ";" for c in model.executable if c.hook] + [""]
    lines += [prototype("call", c) + ";" for c in model.executable if has_call(model, c)] + [""]
    lines += [prototype("drop", c) + ";" for c in model.executable]
    return "\n".join(lines + ["", "#endif"]) + "\n"


def thunks_source(model: Model) -> str:
    lines = [NOTE, '#include "core/context.h"', '#include "core/hooks.gen.h"', "",
             "static inline bool wants_reply(const struct pv_exec *x)", "{",
             "   return (x->flags & PV_CMD_REPLY) && x->state == PV_EXEC_RUN;", "}", ""]
    for command in model.executable:
        if has_call(model, command):
            lines += [prototype("call", command), "{", *indent(call_code(model, command)), "}", ""]
        lines += [prototype("drop", command), "{", *indent(drop_code(model, command)), "}", ""]
        lines += thunk_code(model, command)
    lines += [f"_Static_assert(PV_CMD_LIMIT == {COMMAND_LIMIT}, \"core/exec.h and gen/model.py agree\");", "",
              "const pv_thunk pv_thunks[PV_CMD_LIMIT] = {"]
    lines += [f"   [PV_CMD_{c.name}] = thunk_{c.name}," for c in model.executable]
    return "\n".join(lines + ["};"]) + "\n"


# --- the protocol as data --------------------------------------------------------------------------------------------


def protocol_header(model: Model) -> str:
    major, minor, patch = model.registry.version
    return "\n".join([NOTE + "//\n// What this build speaks of the protocol.",
                      "#ifndef PV_CORE_PROTOCOL_GEN_H", "#define PV_CORE_PROTOCOL_GEN_H", "", "#include <stdbool.h>",
                      "#include <stddef.h>", "#include <stdint.h>", "", '#include "core/exec.h"',
                      '#include "core/renderer.h"', "",
                      f"#define PV_PROTOCOL_COMMANDS   {len(model.commands)}u",
                      f"#define PV_PROTOCOL_EXTENSIONS {len(model.extensions)}u", "",
                      "// The registry this was generated from.",
                      f"#define PV_REGISTRY_VERSION VK_MAKE_API_VERSION(0, {major}, {minor}, {patch})", "",
                      "struct pv_protocol_extension {", "   uint16_t number; // of the registry",
                      "   uint32_t spec_cap;  // the newest specVersion to show",
                      "   bool guest_side;  // implemented in the guest driver: never listed for a device",
                      "   bool in_registry; // can be decoded by this build", "   const char *name;", "};", "",
                      "extern const struct pv_protocol_entry pv_protocol_table[PV_PROTOCOL_COMMANDS];",
                      "extern const struct pv_protocol_extension pv_protocol_extensions[PV_PROTOCOL_EXTENSIONS];",
                      "// The capset's vk_extension_mask1: what this build can decode.",
                      "extern const uint32_t pv_protocol_mask[32];", "// By command id; NULL for a hole.",
                      "extern const char *const pv_command_names[PV_CMD_LIMIT];", "",
                      "// Whether all that the registry wants beside pv_protocol_extensions[index] is there: on a device",
                      "// of this core version, whose extensions `has` knows.",
                      "bool pv_protocol_complete(size_t index, uint32_t version,",
                      "                          bool (*has)(const void *list, const char *name), const void *list);",
                      "", "#endif"]) + "\n"


def complete_code(model: Model) -> list[str]:
    """The registry's dependencies. What guest drivers do themselves is there in any case."""
    granted = {e.name for e in model.extensions if e.guest_side}
    lines = ["bool pv_protocol_complete(size_t index, uint32_t version, bool (*has)(const void *, const char *),",
             "                          const void *list)", "{", "   switch (index) {"]
    for index, extension in enumerate(model.extensions):
        condition = depends.condition(model.registry, extension.name, granted)
        if condition != "true":
            lines += [f"   case {index}: // {extension.name}", f"      return {condition};"]
    return lines + ["   default:", "      return true;", "   }", "}"]


def protocol_source(model: Model) -> str:
    lines = [NOTE, '#include "core/protocol.gen.h"', '#include "wire/venus.gen.h"', "",
             "const struct pv_protocol_entry pv_protocol_table[PV_PROTOCOL_COMMANDS] = {"]
    lines += ['   {%d, "%s", %s},' % (c.id, c.name, f'"{c.reason}"' if c.reason else "NULL") for c in model.commands]
    lines += ["};", "", "const struct pv_protocol_extension pv_protocol_extensions[PV_PROTOCOL_EXTENSIONS] = {"]
    lines += ['   {%d, %d, %s, %s, "%s"},' % (e.number, e.spec, str(e.guest_side).lower(), str(e.known).lower(), e.name)
              for e in model.extensions]
    lines += ["};", "", "const uint32_t pv_protocol_mask[32] = {"]
    words = [f"0x{word:08x}" for word in model.mask()]
    lines += ["   " + ", ".join(words[i:i + 8]) + "," for i in range(0, 32, 8)]
    lines += ["};", "", "const char *const pv_command_names[PV_CMD_LIMIT] = {"]
    lines += [f'   [PV_CMD_{c.name}] = "{c.name}",' for c in model.commands]
    return "\n".join(lines + ["};", ""] + complete_code(model)) + "\n"
