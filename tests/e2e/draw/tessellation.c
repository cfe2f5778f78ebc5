// SPDX-License-Identifier: MIT
//
// Tessellation in every mode: triangles, quads and lines, each spacing, each winding, and points; the execution modes
// are written into the shaders here, so that three shaders are enough.
#include "paint.h"

#include "color_frag.h"
#include "isolines_tese.h"
#include "levels_tesc.h"
#include "patch_vert.h"
#include "quads_tese.h"
#include "triangles_tese.h"

#include <stdlib.h>

#define CELL    48
#define COLUMNS 6
#define STAGES  (VK_SHADER_STAGE_VERTEX_BIT | VK_SHADER_STAGE_TESSELLATION_CONTROL_BIT)

// Numbers of SPIR-V.
enum { OP_EXECUTION_MODE = 16, SPACING_EQUAL = 1, SPACING_EVEN = 2, SPACING_ODD = 3, CW = 4, CCW = 5, POINTS = 10 };

// The same module with other modes; points take the place of a winding.
static VkShaderModule module_with(struct gpu *gpu, const uint32_t *code, size_t size, uint32_t spacing,
                                  uint32_t winding)
{
   uint32_t *own = malloc(size);
   if (!own)
      fail("out of memory");
   memcpy(own, code, size);
   uint32_t changed = 0;
   for (size_t at = 5; at < size / 4; at += own[at] >> 16) {
      EXPECT(own[at] >> 16);
      if ((own[at] & 0xffff) != OP_EXECUTION_MODE)
         continue;
      uint32_t *mode = &own[at + 2];
      changed += *mode == SPACING_EQUAL || *mode == CCW;
      *mode = *mode == SPACING_EQUAL ? spacing : *mode == CCW ? winding : *mode;
   }
   EXPECT(changed == 2);
   VkShaderModule module = shader_new(gpu, own, size);
   free(own);
   return module;
}

static void picture(struct gpu *gpu, const uint32_t *code, size_t size, const char *name)
{
   static const uint32_t spacings[3] = {SPACING_EQUAL, SPACING_EVEN, SPACING_ODD}, windings[3] = {CCW, CW, POINTS};
   static const float levels[2][4] = {{1, 4, 3, 5}, {2.5f, 6.25f, 3.75f, 2.3f}};
   struct target target =
       target_new(gpu, COLUMNS * CELL, 3 * CELL, VK_FORMAT_R8G8B8A8_UNORM, VK_FORMAT_UNDEFINED, VK_SAMPLE_COUNT_1_BIT);
   struct bound bound = bound_new(gpu, STAGES, 16, 0, NULL);
   struct graphics desc = {.vert = SHADER(gpu, patch_vert),
                           .tesc = SHADER(gpu, levels_tesc),
                           .frag = SHADER(gpu, color_frag),
                           .layout = bound.layout,
                           .pass = target.pass,
                           .patches = true,
                           .patch_points = 4,
                           .wireframe = true};
   VkPipeline pipelines[9];
   VkCommandBuffer cmd = paint_begin(gpu, &target, (float[]){0, 0, 0, 1});
   for (uint32_t i = 0; i < COUNT(pipelines); i++) {
      struct pipe pipe;
      desc.tese = module_with(gpu, code, size, spacings[i % 3], windings[i / 3]);
      desc.cull = i / 3 < 2 ? VK_CULL_MODE_BACK_BIT : VK_CULL_MODE_NONE;
      pipe_fill(&pipe, &desc);
      pipe.raster.frontFace = i / 3 == 1 ? VK_FRONT_FACE_CLOCKWISE : VK_FRONT_FACE_COUNTER_CLOCKWISE;
      pipelines[i] = pipe_new(gpu, &pipe);
      vkDestroyShaderModule(gpu->device, desc.tese, NULL);
      desc.tese = VK_NULL_HANDLE;
      vkCmdBindPipeline(cmd, VK_PIPELINE_BIND_POINT_GRAPHICS, pipelines[i]);
      for (uint32_t k = 0; k < 2; k++) {
         view_cell(cmd, 2 * i + k, COLUMNS, CELL);
         vkCmdPushConstants(cmd, bound.layout, STAGES, 0, 16, levels[k]);
         vkCmdDraw(cmd, 4, 1, 0, 0);
      }
   }
   paint_end(gpu, &target, cmd, name);
   for (uint32_t i = 0; i < COUNT(pipelines); i++)
      vkDestroyPipeline(gpu->device, pipelines[i], NULL);
   modules_free(gpu, &desc);
   bound_free(gpu, &bound);
   target_free(gpu, &target);
}

int main(int argc, char **argv)
{
   struct gpu gpu;
   gpu_open(&gpu, argc, argv,
            &(struct want){.core.tessellationShader = VK_TRUE,
                           .core.fillModeNonSolid = VK_TRUE,
                           .core.largePoints = VK_TRUE,
                           .core.shaderTessellationAndGeometryPointSize = VK_TRUE});
   picture(&gpu, triangles_tese, sizeof(triangles_tese), "triangles");
   picture(&gpu, quads_tese, sizeof(quads_tese), "quads");
   picture(&gpu, isolines_tese, sizeof(isolines_tese), "lines");
   return gpu_close(&gpu);
}
