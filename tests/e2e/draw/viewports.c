// SPDX-License-Identifier: MIT
//
// Viewports and scissors: several at once, chosen by the vertex shader together with a layer, upside down, partly
// outside, with swapped depth ranges, fixed in the pipeline, and with their number set by command.
#include "paint.h"

#include "flat_frag.h"
#include "viewports_vert.h"

#define SIZE  64
#define VIEWS 4

static const VkViewport viewports[VIEWS] = {
   {4, 4, 24, 20, 0, 1}, {32, 60, 28, -30, 0, 1}, {-10.5f, 30.25f, 40, 40, 1, 0}, {20, -20, 70.75f, 50, 0.25f, 0.5f}};
static const VkRect2D scissors[VIEWS] = {
   {{0, 0}, {SIZE, SIZE}}, {{35, 33}, {20, 25}}, {{0, 32}, {24, 32}}, {{30, 0}, {34, 20}}};

enum { FIXED, SET, COUNTED, WAYS };
static const char *const names[WAYS] = {"fixed", "set", "counted"};

static VkPipeline pipeline_new(struct gpu *gpu, const struct graphics *desc, int way)
{
   struct pipe pipe;
   pipe_fill(&pipe, desc);
   pipe.viewport.viewportCount = pipe.viewport.scissorCount = way == COUNTED ? 0 : VIEWS;
   if (way == FIXED) {
      pipe.viewport.pViewports = viewports;
      pipe.viewport.pScissors = scissors;
      pipe.dynamic.dynamicStateCount = 0;
   } else if (way == COUNTED) {
      pipe.states[0] = VK_DYNAMIC_STATE_VIEWPORT_WITH_COUNT;
      pipe.states[1] = VK_DYNAMIC_STATE_SCISSOR_WITH_COUNT;
   }
   return pipe_new(gpu, &pipe);
}

static void set(VkCommandBuffer cmd, int way)
{
   if (way == SET) {
      vkCmdSetViewport(cmd, 2, 2, viewports + 2);
      vkCmdSetViewport(cmd, 0, 2, viewports);
      vkCmdSetScissor(cmd, 0, 1, scissors);
      vkCmdSetScissor(cmd, 1, 3, scissors + 1);
   } else if (way == COUNTED) {
      vkCmdSetViewportWithCount(cmd, VIEWS, viewports);
      vkCmdSetScissorWithCount(cmd, VIEWS, scissors);
   }
}

static void picture(struct gpu *gpu, const struct canvas *canvas, const struct bound *bound, VkPipeline pipeline,
                    int way)
{
   VkClearValue clear[2] = {{.color = {{0, 0, 0, 1}}}, {.depthStencil = {1, 0}}};
   VkRenderPassBeginInfo begin = {
      VK_STRUCTURE_TYPE_RENDER_PASS_BEGIN_INFO, .renderPass = canvas->pass, .framebuffer = canvas->framebuffer,
      .renderArea = {{0, 0}, {SIZE, SIZE}},     .clearValueCount = 2,       .pClearValues = clear};
   struct quad quad = {{-0.9375f, -0.875f, 0.8125f, 0.75f}, {0, 0, 1, 1}, {0, 0.5f, 1, 0}};
   VkCommandBuffer cmd = cmd_begin(gpu);
   vkCmdBeginRenderPass(cmd, &begin, VK_SUBPASS_CONTENTS_INLINE);
   vkCmdBindPipeline(cmd, VK_PIPELINE_BIND_POINT_GRAPHICS, pipeline);
   set(cmd, way);
   vkCmdPushConstants(cmd, bound->layout, QUAD_STAGES, 0, sizeof(quad), &quad);
   vkCmdDraw(cmd, 4, VIEWS, 0, 0);
   vkCmdEndRenderPass(cmd);
   cmd_submit(gpu, cmd);
   image_result_all(gpu, &canvas->color[0], VK_IMAGE_ASPECT_COLOR_BIT, 4, names[way]);
   image_result_all(gpu, &canvas->depth, VK_IMAGE_ASPECT_DEPTH_BIT, 4, names[way]);
}

int main(int argc, char **argv)
{
   struct gpu gpu;
   gpu_open(&gpu, argc, argv,
            &(struct want){.core.multiViewport = VK_TRUE,
                           .v12.shaderOutputViewportIndex = VK_TRUE,
                           .v12.shaderOutputLayer = VK_TRUE,
                           .api = VK_API_VERSION_1_3});
   struct canvas canvas =
       canvas_new(&gpu, &(struct canvas_info){.width = SIZE,
                                              .height = SIZE,
                                              .layers = 2,
                                              .count = 1,
                                              .formats = {VK_FORMAT_R8G8B8A8_UNORM},
                                              .depth = depth_format(&gpu, 1, (VkFormat[]){VK_FORMAT_D32_SFLOAT})});
   struct bound bound = bound_new(&gpu, QUAD_STAGES, sizeof(struct quad), 0, NULL);
   struct graphics desc = {.vert = SHADER(&gpu, viewports_vert),
                           .frag = SHADER(&gpu, flat_frag),
                           .layout = bound.layout,
                           .pass = canvas.pass,
                           .strip = true,
                           .depth_test = true,
                           .depth_write = true,
                           .depth_op = VK_COMPARE_OP_ALWAYS};
   for (int way = 0; way < WAYS; way++) {
      VkPipeline pipeline = pipeline_new(&gpu, &desc, way);
      picture(&gpu, &canvas, &bound, pipeline, way);
      vkDestroyPipeline(gpu.device, pipeline, NULL);
   }
   modules_free(&gpu, &desc);
   bound_free(&gpu, &bound);
   canvas_free(&gpu, &canvas);
   return gpu_close(&gpu);
}
