// SPDX-License-Identifier: MIT
//
// The drivers that masks imitate, in what matters to a renderer: memory, file descriptors, and what is commonly
// missing.
#include "host/mask.h"

#define HOST_ALLOCATION VK_EXTERNAL_MEMORY_HANDLE_TYPE_HOST_ALLOCATION_BIT_EXT
#define OPAQUE_FD       VK_EXTERNAL_MEMORY_HANDLE_TYPE_OPAQUE_FD_BIT

#define LOCAL    VK_MEMORY_PROPERTY_DEVICE_LOCAL_BIT
#define COHERENT (VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT | VK_MEMORY_PROPERTY_HOST_COHERENT_BIT)
#define CACHED   VK_MEMORY_PROPERTY_HOST_CACHED_BIT

#define NO_SPARSE                                                                                                      \
   .sparseBinding = VK_TRUE, .sparseResidencyBuffer = VK_TRUE, .sparseResidencyImage2D = VK_TRUE,                      \
   .sparseResidencyImage3D = VK_TRUE, .sparseResidency2Samples = VK_TRUE, .sparseResidency4Samples = VK_TRUE,          \
   .sparseResidency8Samples = VK_TRUE, .sparseResidency16Samples = VK_TRUE, .sparseResidencyAliased = VK_TRUE

// What no driver on Metal has.
#define NOT_ON_METAL                                                                                                   \
   "VK_KHR_external_memory_fd", "VK_KHR_external_semaphore_fd", "VK_KHR_external_fence_fd",                            \
       "VK_EXT_external_memory_dma_buf", "VK_EXT_image_drm_format_modifier", "VK_EXT_queue_family_foreign",            \
       "VK_EXT_physical_device_drm", "VK_EXT_transform_feedback", "VK_EXT_primitives_generated_query",                 \
       "VK_EXT_conditional_rendering", "VK_EXT_device_generated_commands", "VK_AMDX_*", "VK_ANDROID_*", "VK_NV_*"

static const char *const not_moltenvk[] = {NOT_ON_METAL,
                                           "VK_KHR_acceleration_structure",
                                           "VK_KHR_ray_*",
                                           "VK_KHR_pipeline_library",
                                           "VK_KHR_shader_clock",
                                           "VK_KHR_compute_shader_derivatives",
                                           "VK_EXT_attachment_feedback_loop_*",
                                           "VK_EXT_border_color_swizzle",
                                           "VK_EXT_custom_border_color",
                                           "VK_EXT_descriptor_buffer",
                                           "VK_EXT_graphics_pipeline_library",
                                           "VK_EXT_legacy_vertex_attributes",
                                           "VK_EXT_mesh_shader",
                                           "VK_EXT_multi_draw",
                                           "VK_EXT_mutable_descriptor_type",
                                           "VK_EXT_nested_command_buffer",
                                           "VK_EXT_non_seamless_cube_map",
                                           "VK_EXT_pageable_device_local_memory",
                                           "VK_EXT_pipeline_library_group_handles",
                                           "VK_EXT_provoking_vertex",
                                           "VK_EXT_shader_object",
                                           "VK_EXT_vertex_input_dynamic_state",
                                           NULL};

static const char *const not_kosmickrisp[] = {NOT_ON_METAL,
                                              "VK_KHR_acceleration_structure",
                                              "VK_KHR_ray_*",
                                              "VK_KHR_pipeline_library",
                                              "VK_EXT_descriptor_buffer",
                                              "VK_EXT_graphics_pipeline_library",
                                              "VK_EXT_mesh_shader",
                                              "VK_EXT_shader_object",
                                              NULL};

static const char *const not_nvidia[] = {"VK_EXT_external_memory_dma_buf", "VK_AMDX_*", "VK_ANDROID_*", NULL};

static const char *const all_extensions[] = {"VK_*", NULL};
// Without this one nothing could be mapped at all, which would be another test.
static const char *const bare[] = {"VK_EXT_external_memory_host", NULL};

const struct pv_mask pv_masks[] = {
   {.name = "moltenvk",
    .hidden = not_moltenvk,
    .portability = true,
    .off = {.geometryShader = VK_TRUE,
            .logicOp = VK_TRUE,
            .depthBounds = VK_TRUE,
            .wideLines = VK_TRUE,
            .pipelineStatisticsQuery = VK_TRUE,
            .shaderFloat64 = VK_TRUE,
            .shaderCullDistance = VK_TRUE,
            .shaderStorageImageMultisample = VK_TRUE,
            .shaderResourceResidency = VK_TRUE,
            .variableMultisampleRate = VK_TRUE,
            NO_SPARSE},
    .handles = HOST_ALLOCATION,
    .import_alignment = 16384,
    .type_count = 2,
    .types = {{LOCAL, 0}, {LOCAL | COHERENT | CACHED, 0}},
    .importable = 1u << 1,
    .heap_count = 1,
    .heaps = {{100, VK_MEMORY_HEAP_DEVICE_LOCAL_BIT}}},
   {.name = "kosmickrisp",
    .api_version = VK_API_VERSION_1_3,
    .hidden = not_kosmickrisp,
    .off = {.geometryShader = VK_TRUE,
            .tessellationShader = VK_TRUE,
            .depthBounds = VK_TRUE,
            .wideLines = VK_TRUE,
            .pipelineStatisticsQuery = VK_TRUE,
            .shaderFloat64 = VK_TRUE,
            NO_SPARSE},
    .handles = HOST_ALLOCATION,
    .import_alignment = 16384,
    .type_count = 1,
    .types = {{LOCAL | COHERENT | CACHED, 0}},
    .importable = 1u << 0,
    .heap_count = 1,
    .heaps = {{100, VK_MEMORY_HEAP_DEVICE_LOCAL_BIT}}},
   {.name = "nvidia",
    .hidden = not_nvidia,
    .sync_fds = true,
    .handles = HOST_ALLOCATION | OPAQUE_FD,
    .type_count = 5,
    .types = {{0, 1}, {LOCAL, 0}, {COHERENT, 1}, {COHERENT | CACHED, 1}, {LOCAL | COHERENT, 0}},
    .importable = 1u << 2 | 1u << 3,
    .heap_count = 2,
    .heaps = {{60, VK_MEMORY_HEAP_DEVICE_LOCAL_BIT}, {40, 0}}},
   {.name = "vulkan11",
    .api_version = VK_API_VERSION_1_1,
    .hidden = all_extensions,
    .kept = bare,
    .off = {NO_SPARSE},
    .handles = HOST_ALLOCATION,
    .importable = ~0u},
   {0},
};
