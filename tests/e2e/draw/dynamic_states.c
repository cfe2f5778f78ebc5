// SPDX-License-Identifier: MIT
//
// Extended dynamic state 1 and 2: one pipeline that fixes hardly anything, and small squares that each change one
// state: culling, faces, topology, depth, bias, stencil, discarding, restarts, logic operations.
#include "paint.h"

#include "flat_frag.h"
#include "slope_vert.h"

#define CELL    12
#define COLUMNS 8
#define ROWS    3

enum { RESTARTED = 7 }; // the square whose indices have a gap

static const VkDynamicState states[] = {VK_DYNAMIC_STATE_CULL_MODE,
                                        VK_DYNAMIC_STATE_FRONT_FACE,
                                        VK_DYNAMIC_STATE_PRIMITIVE_TOPOLOGY,
                                        VK_DYNAMIC_STATE_DEPTH_TEST_ENABLE,
                                        VK_DYNAMIC_STATE_DEPTH_WRITE_ENABLE,
                                        VK_DYNAMIC_STATE_DEPTH_COMPARE_OP,
                                        VK_DYNAMIC_STATE_DEPTH_BOUNDS_TEST_ENABLE,
                                        VK_DYNAMIC_STATE_STENCIL_TEST_ENABLE,
                                        VK_DYNAMIC_STATE_STENCIL_OP,
                                        VK_DYNAMIC_STATE_STENCIL_REFERENCE,
                                        VK_DYNAMIC_STATE_STENCIL_COMPARE_MASK,
                                        VK_DYNAMIC_STATE_STENCIL_WRITE_MASK,
                                        VK_DYNAMIC_STATE_RASTERIZER_DISCARD_ENABLE,
                                        VK_DYNAMIC_STATE_DEPTH_BIAS_ENABLE,
                                        VK_DYNAMIC_STATE_DEPTH_BIAS,
                                        VK_DYNAMIC_STATE_PRIMITIVE_RESTART_ENABLE,
                                        VK_DYNAMIC_STATE_LINE_WIDTH,
                                        VK_DYNAMIC_STATE_BLEND_CONSTANTS,
                                        VK_DYNAMIC_STATE_LOGIC_OP_EXT};

static void defaults(struct gpu *gpu, VkCommandBuffer cmd)
{
   PROC(gpu, vkCmdSetLogicOpEXT);
   const VkStencilFaceFlags both = VK_STENCIL_FACE_FRONT_AND_BACK;
   vkCmdSetCullMode(cmd, VK_CULL_MODE_NONE);
   vkCmdSetFrontFace(cmd, VK_FRONT_FACE_COUNTER_CLOCKWISE);
   vkCmdSetPrimitiveTopology(cmd, VK_PRIMITIVE_TOPOLOGY_TRIANGLE_STRIP);
   vkCmdSetDepthTestEnable(cmd, VK_TRUE);
   vkCmdSetDepthWriteEnable(cmd, VK_TRUE);
   vkCmdSetDepthCompareOp(cmd, VK_COMPARE_OP_LESS);
   vkCmdSetDepthBoundsTestEnable(cmd, VK_FALSE);
   vkCmdSetStencilTestEnable(cmd, VK_TRUE);
   vkCmdSetStencilOp(cmd, both, VK_STENCIL_OP_KEEP, VK_STENCIL_OP_INCREMENT_AND_WRAP, VK_STENCIL_OP_INVERT,
                     VK_COMPARE_OP_ALWAYS);
   vkCmdSetStencilReference(cmd, both, 5);
   vkCmdSetStencilCompareMask(cmd, both, 0xff);
   vkCmdSetStencilWriteMask(cmd, both, 0xff);
   vkCmdSetRasterizerDiscardEnable(cmd, VK_FALSE);
   vkCmdSetDepthBiasEnable(cmd, VK_FALSE);
   vkCmdSetDepthBias(cmd, 50000, 0, 1);
   vkCmdSetPrimitiveRestartEnable(cmd, VK_FALSE);
   vkCmdSetLineWidth(cmd, 1);
   vkCmdSetBlendConstants(cmd, (float[]){0, 0, 0, 0});
   vkCmdSetLogicOpEXT_(cmd, VK_LOGIC_OP_COPY);
}

// What square `i` does otherwise.
static void change(struct gpu *gpu, VkCommandBuffer cmd, uint32_t i)
{
   PROC(gpu, vkCmdSetLogicOpEXT);
   const VkStencilFaceFlags both = VK_STENCIL_FACE_FRONT_AND_BACK;
   switch (i) {
   case 1:
      vkCmdSetCullMode(cmd, VK_CULL_MODE_FRONT_BIT);
      break;
   case 2:
      vkCmdSetCullMode(cmd, VK_CULL_MODE_BACK_BIT);
      break;
   case 3:
      vkCmdSetCullMode(cmd, VK_CULL_MODE_BACK_BIT);
      vkCmdSetFrontFace(cmd, VK_FRONT_FACE_CLOCKWISE);
      break;
   case 4:
      vkCmdSetCullMode(cmd, VK_CULL_MODE_FRONT_AND_BACK);
      break;
   case 5:
      vkCmdSetPrimitiveTopology(cmd, VK_PRIMITIVE_TOPOLOGY_TRIANGLE_LIST);
      break;
   case 6:
      vkCmdSetPrimitiveTopology(cmd, VK_PRIMITIVE_TOPOLOGY_TRIANGLE_FAN);
      break;
   case RESTARTED:
      vkCmdSetPrimitiveRestartEnable(cmd, VK_TRUE);
      break;
   case 8:
      vkCmdSetDepthTestEnable(cmd, VK_FALSE);
      break;
   case 9:
      vkCmdSetDepthWriteEnable(cmd, VK_FALSE);
      break;
   case 10:
      vkCmdSetDepthCompareOp(cmd, VK_COMPARE_OP_GREATER);
      break;
   case 11:
      vkCmdSetDepthCompareOp(cmd, VK_COMPARE_OP_NEVER);
      break;
   case 12:
      vkCmdSetStencilTestEnable(cmd, VK_FALSE);
      break;
   case 13:
      vkCmdSetStencilOp(cmd, VK_STENCIL_FACE_FRONT_BIT, VK_STENCIL_OP_ZERO, VK_STENCIL_OP_REPLACE,
                        VK_STENCIL_OP_REPLACE, VK_COMPARE_OP_GREATER);
      break;
   case 14:
      vkCmdSetStencilReference(cmd, both, 0xf0);
      break;
   case 15:
      vkCmdSetStencilWriteMask(cmd, both, 0x0e);
      break;
   case 16:
      vkCmdSetRasterizerDiscardEnable(cmd, VK_TRUE);
      break;
   case 17:
      vkCmdSetDepthBiasEnable(cmd, VK_TRUE);
      break;
   case 18:
      vkCmdSetLogicOpEXT_(cmd, VK_LOGIC_OP_XOR);
      break;
   case 19:
      vkCmdSetLogicOpEXT_(cmd, VK_LOGIC_OP_OR_REVERSE);
      break;
   case 20:
      vkCmdSetLogicOpEXT_(cmd, VK_LOGIC_OP_INVERT);
      break;
   default:
      break;
   }
}

// Two quads; the second one turns its back.
static void square(VkCommandBuffer cmd, const struct bound *bound, uint32_t i)
{
   static const struct quad quads[2] = {{{-1, -0.875f, 0.5f, 0.5f}, {0, 0, 1, 1}, {1, 0.25f, 0.25f, 0.75f}},
                                        {{0.875f, -0.25f, -0.5f, 0.875f}, {0, 0, 1, 1}, {0.25f, 1, 0.375f, 0.625f}}};
   view_cell(cmd, i, COLUMNS, CELL);
   for (int k = 0; k < 2; k++) {
      vkCmdPushConstants(cmd, bound->layout, QUAD_STAGES, 0, sizeof(quads[k]), &quads[k]);
      vkCmdDrawIndexed(cmd, i == RESTARTED ? 8 : 4, 1, 0, 0, 0);
   }
}

int main(int argc, char **argv)
{
   struct gpu gpu;
   VkPhysicalDeviceExtendedDynamicState2FeaturesEXT two = {
      VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_EXTENDED_DYNAMIC_STATE_2_FEATURES_EXT, .extendedDynamicState2 = VK_TRUE,
      .extendedDynamicState2LogicOp = VK_TRUE};
   gpu_open(&gpu, argc, argv,
            &(struct want){.core.logicOp = VK_TRUE,
                           .core.depthBiasClamp = VK_TRUE,
                           .extensions = {VK_EXT_EXTENDED_DYNAMIC_STATE_2_EXTENSION_NAME},
                           .features = {FEATURES(two)},
                           .api = VK_API_VERSION_1_3});
   VkFormat depth = depth_format(&gpu, 2, (VkFormat[]){VK_FORMAT_D32_SFLOAT_S8_UINT, VK_FORMAT_D24_UNORM_S8_UINT});
   struct target target =
       target_new(&gpu, COLUMNS * CELL, ROWS * CELL, VK_FORMAT_R8G8B8A8_UNORM, depth, VK_SAMPLE_COUNT_1_BIT);
   struct bound bound = bound_new(&gpu, QUAD_STAGES, sizeof(struct quad), 0, NULL);
   struct buffer index = buffer_host(&gpu, 64, VK_BUFFER_USAGE_INDEX_BUFFER_BIT);
   memcpy(index.map, (uint16_t[]){0, 1, 2, 3, UINT16_MAX, 0, 3, 1}, 16);
   struct graphics desc = {.vert = SHADER(&gpu, slope_vert),
                           .frag = SHADER(&gpu, flat_frag),
                           .layout = bound.layout,
                           .pass = target.pass,
                           .strip = true};
   struct pipe pipe;
   pipe_fill(&pipe, &desc);
   pipe_dynamic(&pipe, COUNT(states), states);
   pipe.blend.logicOpEnable = VK_TRUE;
   VkPipeline pipeline = pipe_new(&gpu, &pipe);
   VkCommandBuffer cmd = paint_begin(&gpu, &target, (float[]){0.25f, 0.5f, 0.75f, 1});
   vkCmdBindPipeline(cmd, VK_PIPELINE_BIND_POINT_GRAPHICS, pipeline);
   vkCmdBindIndexBuffer(cmd, index.handle, 0, VK_INDEX_TYPE_UINT16);
   for (uint32_t i = 0; i < COLUMNS * ROWS; i++) {
      defaults(&gpu, cmd);
      change(&gpu, cmd, i);
      square(cmd, &bound, i);
   }
   paint_end(&gpu, &target, cmd, "color");
   depth_result(&gpu, &target.depth, "depth");
   image_result(&gpu, &target.depth, VK_IMAGE_ASPECT_STENCIL_BIT, 1, "stencil");
   vkDestroyPipeline(gpu.device, pipeline, NULL);
   modules_free(&gpu, &desc);
   buffer_free(&gpu, &index);
   bound_free(&gpu, &bound);
   target_free(&gpu, &target);
   return gpu_close(&gpu);
}
