# SPDX-License-Identifier: MIT
"""Emits the tables of the host driver's functions: every command of vulkan_core.h, by level."""
from __future__ import annotations

from model import Model
from registry import Command
from structs import NOTE

# Asked of the loader with an instance although their level says otherwise.
BOOTSTRAP = {"vkGetInstanceProcAddr": "global", "vkGetDeviceProcAddr": "instance"}


def level_of(command: Command) -> str:
    if command.name in BOOTSTRAP:
        return BOOTSTRAP[command.name]
    first = command.params[0].type if command.params else ""
    if first in ("VkInstance", "VkPhysicalDevice"):
        return "instance"
    return "device" if first in ("VkDevice", "VkQueue", "VkCommandBuffer") else "global"


def host_commands(model: Model) -> dict[str, list[tuple[Command, list[str]]]]:
    """Commands of vulkan_core.h (no platform, nothing provisional) by level, with the older names they may go by."""
    registry = model.registry
    names: set[str] = set()
    for source, provided in registry.provides.items():
        extension = registry.extensions.get(source)
        if not extension or not extension.platform:
            names |= provided
    levels: dict[str, list[tuple[Command, list[str]]]] = {"global": [], "instance": [], "device": []}
    for name, command in registry.commands.items():
        if name in names:
            aliases = [a for a in registry.aliases if registry.canonical(a) == name]
            levels[level_of(command)].append((command, aliases))
    return levels


def header(model: Model) -> str:
    lines = [NOTE + """//
// The host driver's functions, loaded per instance and per device: calls go straight to the driver. A function that the
// driver lacks is NULL. Promoted commands stand under their newest name, whichever name the driver knows.""",
             "#ifndef PV_HOST_PROCS_GEN_H", "#define PV_HOST_PROCS_GEN_H", "", "#include <vulkan/vulkan_core.h>", ""]
    for level, entries in host_commands(model).items():
        lines += [f"struct pv_{level}_procs {{", *[f"   PFN_{c.name} {c.name[2:]};" for c, _ in entries], "};", ""]
    return "\n".join(lines + [
        "void pv_load_global_procs(struct pv_global_procs *procs, PFN_vkGetInstanceProcAddr get);",
        "void pv_load_instance_procs(struct pv_instance_procs *procs, PFN_vkGetInstanceProcAddr get,",
        "                            VkInstance instance);",
        "void pv_load_device_procs(struct pv_device_procs *procs, PFN_vkGetDeviceProcAddr get, VkDevice device);",
        "", "#endif"]) + "\n"


def source(model: Model) -> str:
    lines = [NOTE, "#include <stddef.h>", "#include <string.h>", "", '#include "host/procs.gen.h"', "",
             "// Each entry: the names of one function, newest first, each with its NUL, and one more NUL.",
             "// The tables are in the order of the structs' fields, which are all of one size.", ""]
    for level, entries in host_commands(model).items():
        lines.append(f"static const char *const {level}_names[] = {{")
        for command, aliases in entries:
            lines.append("   " + " ".join(f'"{name}\\0"' for name in [command.name, *aliases]) + ",")
        size = f"{len(entries)} * sizeof(PFN_vkVoidFunction)"
        lines += ["};", f'_Static_assert(sizeof(struct pv_{level}_procs) == {size}, "only functions");', ""]
    for level, getter, argument in (("global", "PFN_vkGetInstanceProcAddr get", "NULL"),
                                    ("instance", "PFN_vkGetInstanceProcAddr get, VkInstance instance", "instance"),
                                    ("device", "PFN_vkGetDeviceProcAddr get, VkDevice device", "device")):
        lines += [f"void pv_load_{level}_procs(struct pv_{level}_procs *procs, {getter})", "{",
                  "   PFN_vkVoidFunction *slot = (PFN_vkVoidFunction *)(void *)procs;",
                  f"   for (size_t i = 0; i < sizeof {level}_names / sizeof {level}_names[0]; i++) {{",
                  "      PFN_vkVoidFunction found = NULL;",
                  f"      for (const char *name = {level}_names[i]; *name && !found; name += strlen(name) + 1)",
                  f"         found = get({argument}, name);",
                  "      memcpy(&slot[i], &found, sizeof found);", "   }", "}", ""]
    return "\n".join(lines)
