#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The generator's model against the facts of the protocol: counts, ids, masks, sizes, chains.

    test_model.py GEN_FOLDER VK_XML...
"""
from __future__ import annotations

import pathlib
import sys
import unittest

GEN = pathlib.Path(sys.argv[1])
sys.path.insert(0, str(GEN))

from depends import condition  # noqa: E402
from emit import length  # noqa: E402
from model import NO_ENCODING, TOO_OLD, Model  # noqa: E402

MODELS = [Model(path, str(GEN / "venus.xml")) for path in sys.argv[2:]]

MASK_ALL = """
2001c001 30402000 005f6bef c25660c0 f0bb6919 a2658e0c 41310562 f0e47a0f 9625b474 0800054d 30b70a5a c6000233 5002073b
000800ca 008d0150 08198004 00c2e001 01288007 20000090 00000020 00000008"""
MASK_309 = """
2001c001 30402000 005f6bef c25660c0 f0bb2819 a2658e0c 41310562 f0e47a0f 9625b474 0800054d 30b70a5a c6000233 5002072b
000800ca 008d0150 08198004 00c2e001 00288007 20000080"""
NEWER_THAN_309 = {
    "VK_EXT_descriptor_heap", "VK_KHR_shader_bfloat16", "VK_KHR_shader_untyped_pointers", "VK_EXT_shader_float8",
    "VK_KHR_shader_fma", "VK_KHR_robustness2", "VK_EXT_shader_uniform_buffer_unsized_array"}
NEVER_ON_THE_WIRE = {
    "vkGetInstanceProcAddr", "vkGetDeviceProcAddr", "vkMapMemory", "vkMapMemory2", "vkUpdateDescriptorSetWithTemplate",
    "vkCmdPushDescriptorSetWithTemplate", "vkCmdPushDescriptorSetWithTemplate2", "vkGetMemoryFdKHR",
    "vkGetMemoryFdPropertiesKHR", "vkImportFenceFdKHR", "vkGetFenceFdKHR", "vkImportSemaphoreFdKHR",
    "vkGetSemaphoreFdKHR",
    "vkCopyMemoryToImage", "vkCopyImageToMemory", "vkBuildAccelerationStructuresKHR",
    "vkCopyAccelerationStructureToMemoryKHR", "vkCopyMemoryToAccelerationStructureKHR", "vkWriteSamplerDescriptorsEXT",
    "vkWriteResourceDescriptorsEXT"}


def words(text: str) -> list[int]:
    found = [int(word, 16) for word in text.split()]
    return found + [0] * (32 - len(found))


class EveryRegistry(unittest.TestCase):
    def test_commands_are_numbered_without_gaps_but_one(self) -> None:
        for model in MODELS:
            self.assertEqual([c.id for c in model.commands], [n for n in range(346) if n != 195])

    def test_twenty_commands_have_no_encoding(self) -> None:
        for model in MODELS:
            self.assertEqual({c.name for c in model.commands if c.reason == NO_ENCODING}, NEVER_ON_THE_WIRE)

    def test_all_others_are_executed_or_newer_than_the_registry(self) -> None:
        for model in MODELS:
            too_old = {c.name for c in model.commands if c.reason == TOO_OLD}
            self.assertEqual(len(model.commands), 345)
            self.assertEqual(len(model.executable), 325 - len(too_old))
            if model.registry.version == (1, 4, 309):
                self.assertEqual(len(model.executable), 316)
            if model.registry.version >= (1, 4, 340):
                self.assertEqual(too_old, set())

    def test_mask_says_what_can_be_decoded(self) -> None:
        for model in MODELS:
            if model.registry.version == (1, 4, 309):
                self.assertEqual(model.mask(), words(MASK_309))
                self.assertEqual({e.name for e in model.extensions if not e.known}, NEWER_THAN_309)
            if model.registry.version >= (1, 4, 340):
                self.assertEqual(model.mask(), words(MASK_ALL))

    def test_extensions_have_the_registrys_numbers(self) -> None:
        for model in MODELS:
            self.assertEqual(len(model.extensions), 187)
            for extension in model.extensions:
                found = model.registry.extensions.get(extension.name)
                if found:
                    self.assertEqual(extension.number, found.number, extension.name)
            self.assertEqual(sum(e.guest_side for e in model.extensions), 3)

    def test_specs_are_those_of_the_oldest_registry(self) -> None:
        for model in MODELS:
            if model.registry.version == (1, 4, 309):
                for extension in model.extensions:
                    found = model.registry.extensions.get(extension.name)
                    if found and found.spec:
                        self.assertEqual(extension.spec, found.spec, extension.name)

    def test_aliases_lead_to_their_command(self) -> None:
        for model in MODELS:
            for element in model.venus.find("commands"):
                for alias in filter(None, (element.get("aliases") or "").split(",")):
                    if alias in model.registry.aliases:
                        self.assertEqual(model.registry.canonical(alias), model.registry.canonical(element.get("name")))

    def test_excluded_structs_are_in_no_chain(self) -> None:
        excluded = {"VkImageSwapchainCreateInfoKHR", "VkBindImageMemorySwapchainInfoKHR", "VkImportMemoryFdInfoKHR",
                    "VkPhysicalDeviceLayeredApiPropertiesListKHR"}
        for model in MODELS:
            for name, links in model.chains.items():
                self.assertFalse(excluded & {link.name for link in links}, name)

    def test_private_structs_stand_behind_their_roots(self) -> None:
        for model in MODELS:
            def links(root: str) -> set[str]:
                return {link.name for link in model.chains[root]}
            self.assertIn("VkImportMemoryResourceInfoMESA", links("VkMemoryAllocateInfo"))
            self.assertIn("VkDeviceQueueTimelineInfoMESA", links("VkDeviceQueueInfo2"))
            self.assertEqual(links("VkRingCreateInfoMESA"), {"VkRingMonitorInfoMESA", "VkRingPriorityInfoMESA"})
            self.assertEqual(links("VkMemoryResourcePropertiesMESA"), {"VkMemoryResourceAllocationSizePropertiesMESA"})

    def test_chain_tables_are_sorted(self) -> None:
        for model in MODELS:
            for links in model.chains.values():
                values = [model.stype_value(link) for link in links]
                self.assertEqual(values, sorted(set(values)))

    def test_structs_do_not_contain_themselves(self) -> None:
        """Chains alone recurse, and they count their depth."""
        for model in MODELS:
            done: set[str] = set()
            for name in model.structs:
                self.walk(model, name, [], done)

    def walk(self, model: Model, name: str, path: list[str], done: set[str]) -> None:
        self.assertNotIn(name, path)
        if name in done:
            return
        struct = model.type(name)
        for var in ([a.var for a in model.arms(struct)] if struct.kind == "union" else model.members(struct)):
            if model.known(var.type) and model.kind(var) in ("struct", "union"):
                self.walk(model, model.type(var.type).name, path + [name], done)
        done.add(name)

    def test_sizes(self) -> None:
        for model in MODELS:
            self.assertEqual(model.least("VkPhysicalDeviceLimits"), 540)
            self.assertEqual(model.least("VkGraphicsPipelineCreateInfo"), 132)
            self.assertEqual(model.least("VkPhysicalDeviceMemoryProperties2", True), 12 + 16)
            self.assertEqual(model.least("VkPhysicalDeviceProperties", True), 0)
            self.assertTrue(model.plain("VkBufferCopy"))
            self.assertFalse(model.plain("VkMemoryRequirements"))   # C pads it
            self.assertFalse(model.plain("VkImageBlit"))            # prefixes
            self.assertFalse(model.plain("VkDescriptorBufferInfo"))  # a handle
            self.assertIsNone(model.fixed_size("VkBufferCreateInfo"))

    def test_ignored_arrays_may_be_left_out(self) -> None:
        ignored = {"VkBufferCreateInfo": ["pQueueFamilyIndices"], "VkImageCreateInfo": ["pQueueFamilyIndices"],
                   "VkPhysicalDeviceImageDrmFormatModifierInfoEXT": ["pQueueFamilyIndices"],
                   "VkFramebufferCreateInfo": ["pAttachments"],
                   "VkWriteDescriptorSet": ["pImageInfo", "pBufferInfo", "pTexelBufferView"],
                   "VkCommandBufferBeginInfo": ["pInheritanceInfo"],
                   "VkGraphicsPipelineCreateInfo": [
                       "pVertexInputState", "pInputAssemblyState", "pTessellationState", "pViewportState",
                       "pRasterizationState", "pMultisampleState", "pDepthStencilState", "pColorBlendState",
                       "pDynamicState"]}
        for model in MODELS:
            for struct, names in ignored.items():
                for member in model.type(struct).members:
                    if member.name in names:
                        self.assertTrue(model.may_omit(member), f"{struct}.{member.name}")

    def test_hooks_are_marked_on_commands_that_exist(self) -> None:
        for model in MODELS:
            for command in model.commands:
                self.assertFalse(command.hook and command.reason == NO_ENCODING, command.name)
                self.assertFalse(command.lost_hook and not command.hook, command.name)

    def test_object_types_keep_their_numbers(self) -> None:
        for model in MODELS:
            self.assertEqual(model.objects[:3], ["VkInstance", "VkPhysicalDevice", "VkDevice"])
            self.assertLess(len(model.objects), 256)
            self.assertIn("VkAccelerationStructureKHR", model.objects)

    def test_dependencies_become_c(self) -> None:
        granted = {"VK_KHR_deferred_host_operations"}
        for model in MODELS:
            self.assertEqual(condition(model.registry, "VK_KHR_external_memory_fd", set()), "true")     # core 1.1
            self.assertEqual(condition(model.registry, "VK_EXT_external_memory_dma_buf", set()),
                             'has(list, "VK_KHR_external_memory_fd")')
            self.assertEqual(condition(model.registry, "VK_EXT_mesh_shader", set()),
                             'has(list, "VK_KHR_spirv_1_4") || version >= VK_API_VERSION_1_2')
            self.assertEqual(condition(model.registry, "VK_KHR_acceleration_structure", granted),
                             '(has(list, "VK_EXT_descriptor_indexing") && '
                             'has(list, "VK_KHR_buffer_device_address")) || version >= VK_API_VERSION_1_2')
            alone = condition(model.registry, "VK_KHR_acceleration_structure", set())
            self.assertEqual(alone.count('has(list, "VK_KHR_deferred_host_operations")'), 2)
            self.assertNotIn("false", [condition(model.registry, e.name, granted) for e in model.extensions])

    def test_lengths_become_c(self) -> None:
        model = MODELS[0]
        params = next(c for c in model.executable if c.name == "vkAllocateCommandBuffers").params
        self.assertEqual(length("pAllocateInfo->commandBufferCount", "a->", params),
                         "(a->pAllocateInfo ? a->pAllocateInfo->commandBufferCount : 0)")
        members = model.type("VkPipelineMultisampleStateCreateInfo").members
        self.assertEqual(length("(rasterizationSamples + 31) / 32", "v->", members),
                         "((uint64_t)v->rasterizationSamples + 31) / 32")


if __name__ == "__main__":
    if not MODELS:
        sys.exit("usage: test_model.py GEN_FOLDER VK_XML...")
    unittest.main(argv=sys.argv[:1])
