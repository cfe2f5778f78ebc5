// SPDX-License-Identifier: MIT
//
// Extended dynamic state 3: pipelines that fix neither how shapes are filled and lines are drawn, nor samples and their
// masks, nor blending, nor clipping and clamping of depth, nor where a patch begins.
#include "paint.h"

#include "both_frag.h"
#include "color_frag.h"
#include "corners_vert.h"
#include "levels_tesc.h"
#include "patch_vert.h"
#include "quads_tese.h"

#define CELL    32
#define COLUMNS 6
#define ROWS    4
#define SAMPLES VK_SAMPLE_COUNT_4_BIT

static const VkDynamicState states[] = {VK_DYNAMIC_STATE_POLYGON_MODE_EXT,
                                        VK_DYNAMIC_STATE_RASTERIZATION_SAMPLES_EXT,
                                        VK_DYNAMIC_STATE_SAMPLE_MASK_EXT,
                                        VK_DYNAMIC_STATE_ALPHA_TO_COVERAGE_ENABLE_EXT,
                                        VK_DYNAMIC_STATE_ALPHA_TO_ONE_ENABLE_EXT,
                                        VK_DYNAMIC_STATE_LOGIC_OP_ENABLE_EXT,
                                        VK_DYNAMIC_STATE_COLOR_BLEND_ENABLE_EXT,
                                        VK_DYNAMIC_STATE_COLOR_BLEND_EQUATION_EXT,
                                        VK_DYNAMIC_STATE_COLOR_WRITE_MASK_EXT,
                                        VK_DYNAMIC_STATE_DEPTH_CLAMP_ENABLE_EXT,
                                        VK_DYNAMIC_STATE_DEPTH_CLIP_ENABLE_EXT,
                                        VK_DYNAMIC_STATE_DEPTH_CLIP_NEGATIVE_ONE_TO_ONE_EXT,
                                        VK_DYNAMIC_STATE_PROVOKING_VERTEX_MODE_EXT,
                                        VK_DYNAMIC_STATE_LINE_RASTERIZATION_MODE_EXT,
                                        VK_DYNAMIC_STATE_LINE_STIPPLE_ENABLE_EXT,
                                        VK_DYNAMIC_STATE_LINE_STIPPLE_EXT,
                                        VK_DYNAMIC_STATE_TESSELLATION_DOMAIN_ORIGIN_EXT};
#define PLAIN_STATES (COUNT(states) - 1) // the last one is for patches

static void rasterisation(struct gpu *gpu, VkCommandBuffer cmd, uint32_t i)
{
   PROC(gpu, vkCmdSetPolygonModeEXT);
   PROC(gpu, vkCmdSetDepthClampEnableEXT);
   PROC(gpu, vkCmdSetDepthClipEnableEXT);
   PROC(gpu, vkCmdSetDepthClipNegativeOneToOneEXT);
   PROC(gpu, vkCmdSetProvokingVertexModeEXT);
   PROC(gpu, vkCmdSetLineRasterizationModeEXT);
   PROC(gpu, vkCmdSetLineStippleEnableEXT);
   PROC(gpu, vkCmdSetLineStippleEXT);
   bool stippled = i == 4;
   vkCmdSetPolygonModeEXT_(cmd, i == 1 || i == 3 || stippled ? VK_POLYGON_MODE_LINE
                                : i == 2                     ? VK_POLYGON_MODE_POINT
                                                             : VK_POLYGON_MODE_FILL);
   vkCmdSetLineRasterizationModeEXT_(cmd, i == 3 ? VK_LINE_RASTERIZATION_MODE_BRESENHAM_EXT
                                                 : VK_LINE_RASTERIZATION_MODE_RECTANGULAR_EXT);
   vkCmdSetLineStippleEnableEXT_(cmd, stippled);
   vkCmdSetLineStippleEXT_(cmd, 2, 0x3335);
   vkCmdSetProvokingVertexModeEXT_(cmd, i == 5 ? VK_PROVOKING_VERTEX_MODE_LAST_VERTEX_EXT
                                               : VK_PROVOKING_VERTEX_MODE_FIRST_VERTEX_EXT);
   vkCmdSetDepthClampEnableEXT_(cmd, i == 6);
   vkCmdSetDepthClipEnableEXT_(cmd, i != 7);
   vkCmdSetDepthClipNegativeOneToOneEXT_(cmd, i == 8);
}

static void output(struct gpu *gpu, VkCommandBuffer cmd, uint32_t i)
{
   PROC(gpu, vkCmdSetRasterizationSamplesEXT);
   PROC(gpu, vkCmdSetSampleMaskEXT);
   PROC(gpu, vkCmdSetAlphaToCoverageEnableEXT);
   PROC(gpu, vkCmdSetAlphaToOneEnableEXT);
   PROC(gpu, vkCmdSetLogicOpEnableEXT);
   PROC(gpu, vkCmdSetColorBlendEnableEXT);
   PROC(gpu, vkCmdSetColorBlendEquationEXT);
   PROC(gpu, vkCmdSetColorWriteMaskEXT);
   const VkColorBlendEquationEXT equations[3] = {{VK_BLEND_FACTOR_ONE, VK_BLEND_FACTOR_ONE, VK_BLEND_OP_ADD,
                                                  VK_BLEND_FACTOR_ONE, VK_BLEND_FACTOR_ZERO, VK_BLEND_OP_ADD},
                                                 {VK_BLEND_FACTOR_DST_COLOR, VK_BLEND_FACTOR_ZERO, VK_BLEND_OP_ADD,
                                                  VK_BLEND_FACTOR_ZERO, VK_BLEND_FACTOR_ONE, VK_BLEND_OP_MAX},
                                                 {VK_BLEND_FACTOR_ONE, VK_BLEND_FACTOR_ONE,
                                                  VK_BLEND_OP_REVERSE_SUBTRACT, VK_BLEND_FACTOR_ONE,
                                                  VK_BLEND_FACTOR_ONE, VK_BLEND_OP_MIN}};
   vkCmdSetRasterizationSamplesEXT_(cmd, SAMPLES);
   vkCmdSetSampleMaskEXT_(cmd, SAMPLES, &(VkSampleMask){i == 9 ? 0x5 : i == 10 ? 0x8 : 0xf});
   vkCmdSetAlphaToCoverageEnableEXT_(cmd, i == 11);
   vkCmdSetAlphaToOneEnableEXT_(cmd, i == 12);
   vkCmdSetLogicOpEnableEXT_(cmd, i == 13);
   vkCmdSetColorBlendEnableEXT_(cmd, 0, 1, &(VkBool32){i >= 14 && i <= 16});
   vkCmdSetColorBlendEquationEXT_(cmd, 0, 1, &equations[i % 3]);
   vkCmdSetColorWriteMaskEXT_(cmd, 0, 1, &(VkColorComponentFlags){i == 17 ? 0x5 : i == 18 ? 0xa : 0xf});
}

static void plain(struct gpu *gpu, const struct target *target)
{
   struct bound bound = bound_new(gpu, VK_SHADER_STAGE_VERTEX_BIT, 32, 0, NULL);
   struct graphics desc = {.vert = SHADER(gpu, corners_vert),
                           .frag = SHADER(gpu, both_frag),
                           .layout = bound.layout,
                           .pass = target->pass,
                           .strip = true,
                           .depth_test = true,
                           .depth_write = true,
                           .depth_op = VK_COMPARE_OP_LESS_OR_EQUAL,
                           .dynamic_count = PLAIN_STATES,
                           .dynamic = states};
   struct pipe pipe;
   pipe_fill(&pipe, &desc);
   pipe.blend.logicOp = VK_LOGIC_OP_XOR;
   VkPipeline pipeline = pipe_new(gpu, &pipe);
   VkCommandBuffer cmd = paint_begin(gpu, target, (float[]){0.25f, 0.5f, 0.125f, 0.5f});
   vkCmdBindPipeline(cmd, VK_PIPELINE_BIND_POINT_GRAPHICS, pipeline);
   for (uint32_t i = 0; i < COLUMNS * ROWS; i++) {
      rasterisation(gpu, cmd, i);
      output(gpu, cmd, i);
      view_cell(cmd, i, COLUMNS, CELL);
      vkCmdPushConstants(cmd, bound.layout, VK_SHADER_STAGE_VERTEX_BIT, 0, 32,
                         (float[]){0.21f, 0.53f, -0.87f, -0.73f, 3, 0, 0, 0});
      vkCmdDraw(cmd, 8, 1, 0, 14); // beyond the far plane
      vkCmdPushConstants(cmd, bound.layout, VK_SHADER_STAGE_VERTEX_BIT, 0, 32,
                         (float[]){0.21f, 0.53f, -0.87f, 0.13f, 3, 0, 0, 0});
      vkCmdDraw(cmd, 8, 1, 0, 1);
   }
   paint_end(gpu, target, cmd, "squares");
   vkDestroyPipeline(gpu->device, pipeline, NULL);
   modules_free(gpu, &desc);
   bound_free(gpu, &bound);
}

static void patches(struct gpu *gpu, const struct target *target)
{
   PROC(gpu, vkCmdSetTessellationDomainOriginEXT);
   const VkShaderStageFlags stages = VK_SHADER_STAGE_VERTEX_BIT | VK_SHADER_STAGE_TESSELLATION_CONTROL_BIT;
   struct bound bound = bound_new(gpu, stages, 16, 0, NULL);
   struct graphics desc = {.vert = SHADER(gpu, patch_vert),
                           .tesc = SHADER(gpu, levels_tesc),
                           .tese = SHADER(gpu, quads_tese),
                           .frag = SHADER(gpu, color_frag),
                           .layout = bound.layout,
                           .pass = target->pass,
                           .patches = true,
                           .patch_points = 4,
                           .samples = SAMPLES,
                           .cull = VK_CULL_MODE_BACK_BIT,
                           .dynamic_count = 1,
                           .dynamic = &states[PLAIN_STATES]};
   VkPipeline pipeline = graphics_new(gpu, &desc);
   VkCommandBuffer cmd = paint_begin(gpu, target, (float[]){0, 0, 0, 1});
   vkCmdBindPipeline(cmd, VK_PIPELINE_BIND_POINT_GRAPHICS, pipeline);
   vkCmdPushConstants(cmd, bound.layout, stages, 0, 16, (float[]){2, 5, 3, 4});
   for (uint32_t i = 0; i < 2; i++) {
      view_rect(cmd, i * 2 * CELL, 0, 2 * CELL, 2 * CELL);
      vkCmdSetTessellationDomainOriginEXT_(cmd, i ? VK_TESSELLATION_DOMAIN_ORIGIN_LOWER_LEFT
                                                  : VK_TESSELLATION_DOMAIN_ORIGIN_UPPER_LEFT);
      vkCmdDraw(cmd, 4, 1, 0, 0);
   }
   paint_end(gpu, target, cmd, "patches");
   vkDestroyPipeline(gpu->device, pipeline, NULL);
   bound_free(gpu, &bound);
}

int main(int argc, char **argv)
{
   struct gpu gpu;
   VkPhysicalDeviceExtendedDynamicState3FeaturesEXT three = {
      VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_EXTENDED_DYNAMIC_STATE_3_FEATURES_EXT,
      .extendedDynamicState3TessellationDomainOrigin = VK_TRUE,
      .extendedDynamicState3DepthClampEnable = VK_TRUE,
      .extendedDynamicState3PolygonMode = VK_TRUE,
      .extendedDynamicState3RasterizationSamples = VK_TRUE,
      .extendedDynamicState3SampleMask = VK_TRUE,
      .extendedDynamicState3AlphaToCoverageEnable = VK_TRUE,
      .extendedDynamicState3AlphaToOneEnable = VK_TRUE,
      .extendedDynamicState3LogicOpEnable = VK_TRUE,
      .extendedDynamicState3ColorBlendEnable = VK_TRUE,
      .extendedDynamicState3ColorBlendEquation = VK_TRUE,
      .extendedDynamicState3ColorWriteMask = VK_TRUE,
      .extendedDynamicState3DepthClipEnable = VK_TRUE,
      .extendedDynamicState3ProvokingVertexMode = VK_TRUE,
      .extendedDynamicState3LineRasterizationMode = VK_TRUE,
      .extendedDynamicState3LineStippleEnable = VK_TRUE,
      .extendedDynamicState3DepthClipNegativeOneToOne = VK_TRUE};
   VkPhysicalDeviceDepthClipEnableFeaturesEXT clip = {VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_DEPTH_CLIP_ENABLE_FEATURES_EXT,
                                                      .depthClipEnable = VK_TRUE};
   VkPhysicalDeviceDepthClipControlFeaturesEXT control = {
      VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_DEPTH_CLIP_CONTROL_FEATURES_EXT, .depthClipControl = VK_TRUE};
   VkPhysicalDeviceProvokingVertexFeaturesEXT provoking = {
      VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PROVOKING_VERTEX_FEATURES_EXT, .provokingVertexLast = VK_TRUE};
   VkPhysicalDeviceLineRasterizationFeaturesEXT lines = {
      VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_LINE_RASTERIZATION_FEATURES_EXT, .rectangularLines = VK_TRUE,
      .bresenhamLines = VK_TRUE, .stippledRectangularLines = VK_TRUE};
   gpu_open(&gpu, argc, argv,
            &(struct want){
               .core = {.fillModeNonSolid = VK_TRUE,
                        .alphaToOne = VK_TRUE,
                        .logicOp = VK_TRUE,
                        .depthClamp = VK_TRUE,
                        .largePoints = VK_TRUE,
                        .tessellationShader = VK_TRUE,
                        .shaderTessellationAndGeometryPointSize = VK_TRUE},
               .extensions = {VK_EXT_EXTENDED_DYNAMIC_STATE_3_EXTENSION_NAME, VK_EXT_DEPTH_CLIP_ENABLE_EXTENSION_NAME,
                              VK_EXT_DEPTH_CLIP_CONTROL_EXTENSION_NAME, VK_EXT_PROVOKING_VERTEX_EXTENSION_NAME,
                              VK_EXT_LINE_RASTERIZATION_EXTENSION_NAME},
               .features = {FEATURES(three), FEATURES(clip), FEATURES(control), FEATURES(provoking), FEATURES(lines)}});
   VkFormat depth = depth_format(&gpu, 1, (VkFormat[]){VK_FORMAT_D32_SFLOAT});
   struct target target = target_new(&gpu, COLUMNS * CELL, ROWS * CELL, VK_FORMAT_R8G8B8A8_UNORM, depth, SAMPLES);
   plain(&gpu, &target);
   patches(&gpu, &target);
   target_free(&gpu, &target);
   return gpu_close(&gpu);
}
