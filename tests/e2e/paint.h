// SPDX-License-Identifier: MIT
//
// What graphics programs need beyond harness.h: pipelines of which every state can be changed, several attachments and
// layers, grids of small pictures in one, results with all levels and layers.
#ifndef E2E_PAINT_H
#define E2E_PAINT_H

#include "harness.h"

// Everything graphics_new hands to the driver, to be changed between pipe_fill and pipe_new. It points into itself and
// to what `desc` points to.
struct pipe {
   VkPipelineShaderStageCreateInfo stages[7];
   VkVertexInputBindingDescription stream;
   VkPipelineVertexInputStateCreateInfo input;
   VkPipelineInputAssemblyStateCreateInfo assembly;
   VkPipelineTessellationStateCreateInfo tessellation;
   VkPipelineViewportStateCreateInfo viewport;
   VkPipelineRasterizationStateCreateInfo raster;
   VkPipelineMultisampleStateCreateInfo multisample;
   VkPipelineDepthStencilStateCreateInfo depth;
   VkPipelineColorBlendAttachmentState attachments[8];
   VkPipelineColorBlendStateCreateInfo blend;
   VkDynamicState states[40];
   VkPipelineDynamicStateCreateInfo dynamic;
   VkGraphicsPipelineCreateInfo info;
};
void pipe_fill(struct pipe *pipe, const struct graphics *desc);
// More dynamic states.
void pipe_dynamic(struct pipe *pipe, uint32_t count, const VkDynamicState *states);
// Consumes no modules; modules_free drops those of a description.
VkPipeline pipe_new(struct gpu *gpu, const struct pipe *pipe);
void modules_free(struct gpu *gpu, const struct graphics *desc);

// The push constants of quad.vert, which draws four vertices of a strip.
#define QUAD_STAGES (VK_SHADER_STAGE_VERTEX_BIT | VK_SHADER_STAGE_FRAGMENT_BIT)
struct quad {
   float rect[4], uv[4], extra[4]; // left, top, right, bottom; the same in texture coordinates; extra.w is the depth
};
void quad_draw(VkCommandBuffer cmd, VkPipelineLayout layout, VkPipeline pipeline, const struct quad *quad);

// Viewport and scissor over square number `index` of a grid with so many columns.
void view_cell(VkCommandBuffer cmd, uint32_t index, uint32_t columns, uint32_t pixels);
void view_rect(VkCommandBuffer cmd, uint32_t x, uint32_t y, uint32_t width, uint32_t height);

// Begins commands and the target's pass; ends both, waits, and writes the picture (the resolved one, if there is one).
VkCommandBuffer paint_begin(struct gpu *gpu, const struct target *target, const float color[4]);
void paint_end(struct gpu *gpu, const struct target *target, VkCommandBuffer cmd, const char *name);

// Several colour attachments, layers and a depth attachment behind one framebuffer; everything is cleared at the start
// and left in TRANSFER_SRC_OPTIMAL.
struct canvas_info {
   uint32_t width, height, layers; // layers: 0 is one
   uint32_t count;
   VkFormat formats[8], depth; // depth: may be VK_FORMAT_UNDEFINED
   VkSampleCountFlagBits samples;
   VkImageUsageFlags usage; // besides attachment and transfer source
};
struct canvas {
   struct canvas_info info;
   struct image color[8], depth;
   VkRenderPass pass;
   VkFramebuffer framebuffer;
};
struct canvas canvas_new(struct gpu *gpu, const struct canvas_info *info);
// `clear`: one value per colour attachment; depth becomes 1, stencil 0.
void canvas_begin(VkCommandBuffer cmd, const struct canvas *canvas, const VkClearColorValue *clear);
void canvas_free(struct gpu *gpu, struct canvas *canvas);

// Like image_result, but with every level and layer, one after another.
void image_result_all(struct gpu *gpu, const struct image *image, VkImageAspectFlags aspect, uint32_t texel,
                      const char *name);

// Level 0 and layer 0 of the depth aspect; bits that a copy leaves undefined are cleared.
void depth_result(struct gpu *gpu, const struct image *image, const char *name);

// A view of a range, or (NULL) of every level and layer.
VkImageView view_new(struct gpu *gpu, const struct image *image, VkImageViewType type, VkFormat format,
                     const VkImageSubresourceRange *range);

// Numbers as a section of text, for names and flags of formats and the like.
void result_text(struct gpu *gpu, const char *name, const char *format, ...) __attribute__((format(printf, 3, 4)));

VkFormatFeatureFlags format_features(struct gpu *gpu, VkFormat format);

#endif
