// SPDX-License-Identifier: MIT
//
// The other half of the harness: shaders, descriptor sets, pipelines and render targets in few words.
#include "harness.h"
#include "paint.h"

VkShaderModule shader_new(struct gpu *gpu, const uint32_t *code, size_t size)
{
   VkShaderModuleCreateInfo info = {VK_STRUCTURE_TYPE_SHADER_MODULE_CREATE_INFO, .codeSize = size, .pCode = code};
   VkShaderModule module;
   VK(vkCreateShaderModule(gpu->device, &info, NULL, &module));
   return module;
}

#define MAX_BINDINGS 8

static void bound_write(struct gpu *gpu, VkDescriptorSet set, uint32_t count, const struct binding *bindings)
{
   VkDescriptorBufferInfo buffers[MAX_BINDINGS];
   VkDescriptorImageInfo images[MAX_BINDINGS];
   VkWriteDescriptorSet writes[MAX_BINDINGS];
   for (uint32_t i = 0; i < count; i++) {
      const struct binding *b = &bindings[i];
      buffers[i] = (VkDescriptorBufferInfo){b->buffer ? b->buffer->handle : VK_NULL_HANDLE, 0, VK_WHOLE_SIZE};
      images[i] = (VkDescriptorImageInfo){b->sampler, b->view, b->layout};
      writes[i] = (VkWriteDescriptorSet){VK_STRUCTURE_TYPE_WRITE_DESCRIPTOR_SET,
                                         .dstSet = set,
                                         .dstBinding = i,
                                         .descriptorCount = 1,
                                         .descriptorType = b->type,
                                         .pBufferInfo = b->buffer ? &buffers[i] : NULL,
                                         .pImageInfo = b->buffer ? NULL : &images[i]};
   }
   vkUpdateDescriptorSets(gpu->device, count, writes, 0, NULL);
}

static void bound_allocate(struct gpu *gpu, struct bound *bound, uint32_t count, const struct binding *bindings)
{
   VkDescriptorPoolSize sizes[MAX_BINDINGS];
   for (uint32_t i = 0; i < count; i++)
      sizes[i] = (VkDescriptorPoolSize){bindings[i].type, 1};
   VkDescriptorPoolCreateInfo pool = {VK_STRUCTURE_TYPE_DESCRIPTOR_POOL_CREATE_INFO, .maxSets = 1,
                                      .poolSizeCount = count, .pPoolSizes = sizes};
   VK(vkCreateDescriptorPool(gpu->device, &pool, NULL, &bound->pool));
   VkDescriptorSetAllocateInfo info = {VK_STRUCTURE_TYPE_DESCRIPTOR_SET_ALLOCATE_INFO, .descriptorPool = bound->pool,
                                       .descriptorSetCount = 1, .pSetLayouts = &bound->set_layout};
   VK(vkAllocateDescriptorSets(gpu->device, &info, &bound->set));
   bound_write(gpu, bound->set, count, bindings);
}

struct bound bound_new(struct gpu *gpu, VkShaderStageFlags stages, uint32_t push, uint32_t count,
                       const struct binding *bindings)
{
   struct bound bound = {0};
   VkDescriptorSetLayoutBinding slots[MAX_BINDINGS];
   EXPECT(count <= MAX_BINDINGS);
   for (uint32_t i = 0; i < count; i++) {
      bool fragment_only = bindings[i].type == VK_DESCRIPTOR_TYPE_INPUT_ATTACHMENT;
      slots[i] = (VkDescriptorSetLayoutBinding){i, bindings[i].type, 1,
                                                fragment_only ? VK_SHADER_STAGE_FRAGMENT_BIT : stages, NULL};
   }
   VkDescriptorSetLayoutCreateInfo set = {VK_STRUCTURE_TYPE_DESCRIPTOR_SET_LAYOUT_CREATE_INFO, .bindingCount = count,
                                          .pBindings = slots};
   VK(vkCreateDescriptorSetLayout(gpu->device, &set, NULL, &bound.set_layout));
   VkPushConstantRange range = {stages, 0, push};
   VkPipelineLayoutCreateInfo layout = {VK_STRUCTURE_TYPE_PIPELINE_LAYOUT_CREATE_INFO, .setLayoutCount = 1,
                                        .pSetLayouts = &bound.set_layout, .pushConstantRangeCount = push ? 1 : 0,
                                        .pPushConstantRanges = &range};
   VK(vkCreatePipelineLayout(gpu->device, &layout, NULL, &bound.layout));
   if (count)
      bound_allocate(gpu, &bound, count, bindings);
   return bound;
}

void bound_free(struct gpu *gpu, struct bound *bound)
{
   vkDestroyDescriptorPool(gpu->device, bound->pool, NULL);
   vkDestroyPipelineLayout(gpu->device, bound->layout, NULL);
   vkDestroyDescriptorSetLayout(gpu->device, bound->set_layout, NULL);
   *bound = (struct bound){0};
}

VkPipeline compute_new(struct gpu *gpu, VkPipelineLayout layout, VkShaderModule module,
                       const VkSpecializationInfo *spec)
{
   VkComputePipelineCreateInfo info = {VK_STRUCTURE_TYPE_COMPUTE_PIPELINE_CREATE_INFO,
                                       .stage = {VK_STRUCTURE_TYPE_PIPELINE_SHADER_STAGE_CREATE_INFO,
                                                 .stage = VK_SHADER_STAGE_COMPUTE_BIT, .module = module,
                                                 .pName = "main", .pSpecializationInfo = spec},
                                       .layout = layout};
   VkPipeline pipeline;
   VK(vkCreateComputePipelines(gpu->device, VK_NULL_HANDLE, 1, &info, NULL, &pipeline));
   vkDestroyShaderModule(gpu->device, module, NULL);
   return pipeline;
}

static VkPrimitiveTopology topology(const struct graphics *desc)
{
   if (desc->points)
      return VK_PRIMITIVE_TOPOLOGY_POINT_LIST;
   if (desc->patches)
      return VK_PRIMITIVE_TOPOLOGY_PATCH_LIST;
   if (desc->lines)
      return desc->strip ? VK_PRIMITIVE_TOPOLOGY_LINE_STRIP : VK_PRIMITIVE_TOPOLOGY_LINE_LIST;
   return desc->strip ? VK_PRIMITIVE_TOPOLOGY_TRIANGLE_STRIP : VK_PRIMITIVE_TOPOLOGY_TRIANGLE_LIST;
}

static uint32_t fill_stages(const struct graphics *desc, VkPipelineShaderStageCreateInfo stages[7])
{
   const struct {
      VkShaderStageFlagBits stage;
      VkShaderModule module;
      const VkSpecializationInfo *spec;
   } all[] = {{VK_SHADER_STAGE_TASK_BIT_EXT, desc->task, NULL},
              {VK_SHADER_STAGE_MESH_BIT_EXT, desc->mesh, NULL},
              {VK_SHADER_STAGE_VERTEX_BIT, desc->vert, desc->spec},
              {VK_SHADER_STAGE_TESSELLATION_CONTROL_BIT, desc->tesc, NULL},
              {VK_SHADER_STAGE_TESSELLATION_EVALUATION_BIT, desc->tese, NULL},
              {VK_SHADER_STAGE_GEOMETRY_BIT, desc->geom, NULL},
              {VK_SHADER_STAGE_FRAGMENT_BIT, desc->frag, desc->spec}};
   uint32_t count = 0;
   for (size_t i = 0; i < COUNT(all); i++) {
      if (all[i].module)
         stages[count++] = (VkPipelineShaderStageCreateInfo){VK_STRUCTURE_TYPE_PIPELINE_SHADER_STAGE_CREATE_INFO,
                                                             .stage = all[i].stage, .module = all[i].module,
                                                             .pName = "main", .pSpecializationInfo = all[i].spec};
   }
   return count;
}

static VkPipelineColorBlendAttachmentState blend_state(const struct graphics *desc)
{
   return (VkPipelineColorBlendAttachmentState){.blendEnable = desc->blend,
                                                .srcColorBlendFactor = VK_BLEND_FACTOR_SRC_ALPHA,
                                                .dstColorBlendFactor = VK_BLEND_FACTOR_ONE_MINUS_SRC_ALPHA,
                                                .colorBlendOp = VK_BLEND_OP_ADD,
                                                .srcAlphaBlendFactor = VK_BLEND_FACTOR_ONE,
                                                .dstAlphaBlendFactor = VK_BLEND_FACTOR_ONE_MINUS_SRC_ALPHA,
                                                .alphaBlendOp = VK_BLEND_OP_ADD,
                                                .colorWriteMask = desc->no_color ? 0 : 0xf};
}

static void fill_vertices(struct pipe *p, const struct graphics *desc)
{
   p->stream = (VkVertexInputBindingDescription){0, desc->stride, VK_VERTEX_INPUT_RATE_VERTEX};
   p->input = (VkPipelineVertexInputStateCreateInfo){
      VK_STRUCTURE_TYPE_PIPELINE_VERTEX_INPUT_STATE_CREATE_INFO, .pNext = desc->input_next,
      .vertexBindingDescriptionCount = desc->stride ? 1 : 0,     .pVertexBindingDescriptions = &p->stream,
      .vertexAttributeDescriptionCount = desc->attribute_count,  .pVertexAttributeDescriptions = desc->attributes};
   p->assembly =
       (VkPipelineInputAssemblyStateCreateInfo){VK_STRUCTURE_TYPE_PIPELINE_INPUT_ASSEMBLY_STATE_CREATE_INFO,
                                                .topology = topology(desc), .primitiveRestartEnable = desc->restart};
   p->tessellation = (VkPipelineTessellationStateCreateInfo){VK_STRUCTURE_TYPE_PIPELINE_TESSELLATION_STATE_CREATE_INFO,
                                                             .patchControlPoints = desc->patch_points};
}

static void fill_rasterisation(struct pipe *p, const struct graphics *desc)
{
   p->viewport =
       (VkPipelineViewportStateCreateInfo){VK_STRUCTURE_TYPE_PIPELINE_VIEWPORT_STATE_CREATE_INFO,
                                           .pNext = desc->viewport_next, .viewportCount = 1, .scissorCount = 1};
   p->raster = (VkPipelineRasterizationStateCreateInfo){VK_STRUCTURE_TYPE_PIPELINE_RASTERIZATION_STATE_CREATE_INFO,
                                                        .pNext = desc->raster_next,
                                                        .depthClampEnable = desc->depth_clamp,
                                                        .polygonMode = desc->wireframe ? VK_POLYGON_MODE_LINE
                                                                                       : VK_POLYGON_MODE_FILL,
                                                        .cullMode = desc->cull,
                                                        .lineWidth = 1};
   p->multisample = (VkPipelineMultisampleStateCreateInfo){
      VK_STRUCTURE_TYPE_PIPELINE_MULTISAMPLE_STATE_CREATE_INFO, .pNext = desc->multisample_next,
      .rasterizationSamples = desc->samples ? desc->samples : VK_SAMPLE_COUNT_1_BIT,
      .sampleShadingEnable = desc->sample_shading, .minSampleShading = 1};
}

static void fill_output(struct pipe *p, const struct graphics *desc)
{
   p->depth = (VkPipelineDepthStencilStateCreateInfo){VK_STRUCTURE_TYPE_PIPELINE_DEPTH_STENCIL_STATE_CREATE_INFO,
                                                      .depthTestEnable = desc->depth_test,
                                                      .depthWriteEnable = desc->depth_write,
                                                      .depthCompareOp = desc->depth_op,
                                                      .stencilTestEnable = desc->stencil,
                                                      .front = desc->stencil_op,
                                                      .back = desc->stencil_op};
   for (size_t i = 0; i < COUNT(p->attachments); i++)
      p->attachments[i] = blend_state(desc);
   uint32_t colors = desc->color_count ? desc->color_count : 1;
   EXPECT(colors <= COUNT(p->attachments));
   p->blend = (VkPipelineColorBlendStateCreateInfo){
      VK_STRUCTURE_TYPE_PIPELINE_COLOR_BLEND_STATE_CREATE_INFO, .pNext = desc->blend_next, .flags = desc->blend_flags,
      .attachmentCount = desc->depth_only ? 0 : colors, .pAttachments = p->attachments};
}

void pipe_dynamic(struct pipe *pipe, uint32_t count, const VkDynamicState *states)
{
   EXPECT(pipe->dynamic.dynamicStateCount + count <= COUNT(pipe->states));
   for (uint32_t i = 0; i < count; i++)
      pipe->states[pipe->dynamic.dynamicStateCount++] = states[i];
}

void pipe_fill(struct pipe *pipe, const struct graphics *desc)
{
   uint32_t stage_count = fill_stages(desc, pipe->stages);
   fill_vertices(pipe, desc);
   fill_rasterisation(pipe, desc);
   fill_output(pipe, desc);
   pipe->dynamic = (VkPipelineDynamicStateCreateInfo){VK_STRUCTURE_TYPE_PIPELINE_DYNAMIC_STATE_CREATE_INFO,
                                                      .pDynamicStates = pipe->states};
   pipe_dynamic(pipe, 2, (VkDynamicState[]){VK_DYNAMIC_STATE_VIEWPORT, VK_DYNAMIC_STATE_SCISSOR});
   pipe_dynamic(pipe, desc->dynamic_count, desc->dynamic);
   pipe->info = (VkGraphicsPipelineCreateInfo){VK_STRUCTURE_TYPE_GRAPHICS_PIPELINE_CREATE_INFO,
                                               .pNext = desc->next,
                                               .flags = desc->flags,
                                               .stageCount = stage_count,
                                               .pStages = pipe->stages,
                                               .pVertexInputState = &pipe->input,
                                               .pInputAssemblyState = &pipe->assembly,
                                               .pTessellationState = desc->patches ? &pipe->tessellation : NULL,
                                               .pViewportState = &pipe->viewport,
                                               .pRasterizationState = &pipe->raster,
                                               .pMultisampleState = &pipe->multisample,
                                               .pDepthStencilState = &pipe->depth,
                                               .pColorBlendState = &pipe->blend,
                                               .pDynamicState = &pipe->dynamic,
                                               .layout = desc->layout,
                                               .renderPass = desc->pass,
                                               .subpass = desc->subpass};
}

VkPipeline pipe_new(struct gpu *gpu, const struct pipe *pipe)
{
   VkPipeline pipeline;
   VK(vkCreateGraphicsPipelines(gpu->device, VK_NULL_HANDLE, 1, &pipe->info, NULL, &pipeline));
   return pipeline;
}

void modules_free(struct gpu *gpu, const struct graphics *desc)
{
   const VkShaderModule modules[] = {desc->task, desc->mesh, desc->vert, desc->tesc,
                                     desc->tese, desc->geom, desc->frag};
   for (size_t i = 0; i < COUNT(modules); i++)
      vkDestroyShaderModule(gpu->device, modules[i], NULL);
}

VkPipeline graphics_new(struct gpu *gpu, const struct graphics *desc)
{
   struct pipe pipe;
   VkPipeline pipeline;
   pipe_fill(&pipe, desc);
   VK(vkCreateGraphicsPipelines(gpu->device, desc->cache, 1, &pipe.info, NULL, &pipeline));
   if (!desc->keep_modules)
      modules_free(gpu, desc);
   return pipeline;
}

// Attachments in this order: colour, then depth, then what colour is resolved to; the last two only where there are.
static VkRenderPass target_pass(struct gpu *gpu, VkFormat color, VkFormat depth, VkSampleCountFlagBits samples)
{
   bool resolve = samples != VK_SAMPLE_COUNT_1_BIT;
   VkAttachmentDescription all[3] = {{.format = color,
                                      .samples = samples,
                                      .loadOp = VK_ATTACHMENT_LOAD_OP_CLEAR,
                                      .storeOp = VK_ATTACHMENT_STORE_OP_STORE,
                                      .finalLayout = VK_IMAGE_LAYOUT_TRANSFER_SRC_OPTIMAL}};
   uint32_t count = 1;
   VkAttachmentReference color_ref = {0, VK_IMAGE_LAYOUT_COLOR_ATTACHMENT_OPTIMAL}, depth_ref, resolve_ref;
   if (depth) {
      depth_ref = (VkAttachmentReference){count, VK_IMAGE_LAYOUT_DEPTH_STENCIL_ATTACHMENT_OPTIMAL};
      all[count] = all[0];
      all[count].format = depth;
      all[count].stencilLoadOp = VK_ATTACHMENT_LOAD_OP_CLEAR;
      all[count++].stencilStoreOp = VK_ATTACHMENT_STORE_OP_STORE;
   }
   if (resolve) {
      resolve_ref = (VkAttachmentReference){count, VK_IMAGE_LAYOUT_COLOR_ATTACHMENT_OPTIMAL};
      all[count] = all[0];
      all[count].loadOp = VK_ATTACHMENT_LOAD_OP_DONT_CARE;
      all[count++].samples = VK_SAMPLE_COUNT_1_BIT;
   }
   VkSubpassDescription subpass = {.pipelineBindPoint = VK_PIPELINE_BIND_POINT_GRAPHICS,
                                   .colorAttachmentCount = 1,
                                   .pColorAttachments = &color_ref,
                                   .pResolveAttachments = resolve ? &resolve_ref : NULL,
                                   .pDepthStencilAttachment = depth ? &depth_ref : NULL};
   VkAccessFlags any = VK_ACCESS_MEMORY_READ_BIT | VK_ACCESS_MEMORY_WRITE_BIT;
   const VkPipelineStageFlags before = VK_PIPELINE_STAGE_ALL_COMMANDS_BIT, inside = VK_PIPELINE_STAGE_ALL_GRAPHICS_BIT;
   VkSubpassDependency around[] = {{VK_SUBPASS_EXTERNAL, 0, before, inside, any, any, 0},
                                   {0, VK_SUBPASS_EXTERNAL, inside, before, any, any, 0}};
   VkRenderPassCreateInfo info = {VK_STRUCTURE_TYPE_RENDER_PASS_CREATE_INFO,
                                  .attachmentCount = count,
                                  .pAttachments = all,
                                  .subpassCount = 1,
                                  .pSubpasses = &subpass,
                                  .dependencyCount = COUNT(around),
                                  .pDependencies = around};
   VkRenderPass pass;
   VK(vkCreateRenderPass(gpu->device, &info, NULL, &pass));
   return pass;
}

static struct image target_image(struct gpu *gpu, VkFormat format, const struct target *target, VkImageUsageFlags usage,
                                 VkSampleCountFlagBits samples)
{
   VkImageCreateInfo info = {VK_STRUCTURE_TYPE_IMAGE_CREATE_INFO,
                             .imageType = VK_IMAGE_TYPE_2D,
                             .format = format,
                             .extent = {target->width, target->height, 1},
                             .mipLevels = 1,
                             .arrayLayers = 1,
                             .samples = samples,
                             .usage = usage | VK_IMAGE_USAGE_TRANSFER_SRC_BIT};
   return image_new(gpu, &info);
}

struct target target_new(struct gpu *gpu, uint32_t width, uint32_t height, VkFormat color, VkFormat depth,
                         VkSampleCountFlagBits samples)
{
   struct target t = {width, height};
   VkImageView views[3];
   uint32_t count = 0;
   t.color = target_image(gpu, color, &t, VK_IMAGE_USAGE_COLOR_ATTACHMENT_BIT, samples);
   views[count++] = t.color.view;
   if (depth) {
      t.depth = target_image(gpu, depth, &t, VK_IMAGE_USAGE_DEPTH_STENCIL_ATTACHMENT_BIT, samples);
      views[count++] = t.depth.view;
   }
   if (samples != VK_SAMPLE_COUNT_1_BIT) {
      t.resolve = target_image(gpu, color, &t, VK_IMAGE_USAGE_COLOR_ATTACHMENT_BIT, VK_SAMPLE_COUNT_1_BIT);
      views[count++] = t.resolve.view;
   }
   t.pass = target_pass(gpu, color, depth, samples);
   VkFramebufferCreateInfo info = {VK_STRUCTURE_TYPE_FRAMEBUFFER_CREATE_INFO,
                                   .renderPass = t.pass,
                                   .attachmentCount = count,
                                   .pAttachments = views,
                                   .width = width,
                                   .height = height,
                                   .layers = 1};
   VK(vkCreateFramebuffer(gpu->device, &info, NULL, &t.framebuffer));
   return t;
}

void target_begin(VkCommandBuffer cmd, const struct target *target, const float color[4], VkSubpassContents contents)
{
   VkClearValue clear[2] = {{.color = {{color[0], color[1], color[2], color[3]}}}, {.depthStencil = {1, 0}}};
   VkRenderPassBeginInfo begin = {
      VK_STRUCTURE_TYPE_RENDER_PASS_BEGIN_INFO, .renderPass = target->pass,
      .framebuffer = target->framebuffer,       .renderArea = {{0, 0}, {target->width, target->height}},
      .clearValueCount = COUNT(clear),          .pClearValues = clear};
   vkCmdBeginRenderPass(cmd, &begin, contents);
   if (contents == VK_SUBPASS_CONTENTS_INLINE)
      target_view(cmd, target);
}

void target_view(VkCommandBuffer cmd, const struct target *target)
{
   VkViewport viewport = {0, 0, (float)target->width, (float)target->height, 0, 1};
   VkRect2D scissor = {{0, 0}, {target->width, target->height}};
   vkCmdSetViewport(cmd, 0, 1, &viewport);
   vkCmdSetScissor(cmd, 0, 1, &scissor);
}

void target_free(struct gpu *gpu, struct target *target)
{
   vkDestroyFramebuffer(gpu->device, target->framebuffer, NULL);
   vkDestroyRenderPass(gpu->device, target->pass, NULL);
   image_free(gpu, &target->color);
   image_free(gpu, &target->depth);
   image_free(gpu, &target->resolve);
}

VkFormat depth_format(struct gpu *gpu, uint32_t count, const VkFormat *formats)
{
   for (uint32_t i = 0; i < count; i++) {
      VkFormatProperties props;
      vkGetPhysicalDeviceFormatProperties(gpu->physical, formats[i], &props);
      if (props.optimalTilingFeatures & VK_FORMAT_FEATURE_DEPTH_STENCIL_ATTACHMENT_BIT)
         return formats[i];
   }
   skip("no depth format of the kind");
}

VkSampler sampler_new(struct gpu *gpu, VkFilter filter, VkSamplerMipmapMode mip, VkSamplerAddressMode address)
{
   VkSamplerCreateInfo info = {VK_STRUCTURE_TYPE_SAMPLER_CREATE_INFO,
                               .magFilter = filter,
                               .minFilter = filter,
                               .mipmapMode = mip,
                               .addressModeU = address,
                               .addressModeV = address,
                               .addressModeW = address,
                               .maxLod = VK_LOD_CLAMP_NONE,
                               .borderColor = VK_BORDER_COLOR_FLOAT_OPAQUE_WHITE};
   VkSampler sampler;
   VK(vkCreateSampler(gpu->device, &info, NULL, &sampler));
   return sampler;
}
