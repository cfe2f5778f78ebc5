// SPDX-License-Identifier: MIT
//
// Which samples a fragment covers: the pipeline's sample mask, alpha to coverage, alpha to one, and what the shader
// itself writes; every single sample is read back, for each count of samples there is.
#include "paint.h"

#include "cover_frag.h"
#include "flat_frag.h"
#include "quad_vert.h"
#include "samples_comp.h"

#define CELL    8
#define COLUMNS 4

struct push {
   int32_t width, height, count;
};

// One cell: how the pipeline differs from the plain one.
static const struct {
   VkSampleMask mask;
   bool coverage, one, shader;
} cells[] = {{0xff, false, false, false}, {0x5, false, false, false}, {0xa, false, false, false},
             {0xff, true, false, false},  {0x6, true, false, false},  {0xff, true, true, false},
             {0xff, false, false, true},  {0x9, false, false, true}};

static void read_samples(struct gpu *gpu, const struct canvas *canvas, VkSampleCountFlagBits samples)
{
   struct push push = {COLUMNS * CELL, 2 * CELL, (int32_t)samples};
   struct buffer out =
       buffer_host(gpu, (VkDeviceSize)push.width * 2 * CELL * samples * 4, VK_BUFFER_USAGE_STORAGE_BUFFER_BIT);
   VkSampler sampler =
       sampler_new(gpu, VK_FILTER_NEAREST, VK_SAMPLER_MIPMAP_MODE_NEAREST, VK_SAMPLER_ADDRESS_MODE_CLAMP_TO_EDGE);
   struct bound bound =
       bound_new(gpu, VK_SHADER_STAGE_COMPUTE_BIT, sizeof(push), 2,
                 (struct binding[]){{VK_DESCRIPTOR_TYPE_COMBINED_IMAGE_SAMPLER, NULL, canvas->color[0].view, sampler,
                                     VK_IMAGE_LAYOUT_SHADER_READ_ONLY_OPTIMAL},
                                    {VK_DESCRIPTOR_TYPE_STORAGE_BUFFER, &out}});
   VkPipeline pipeline = compute_new(gpu, bound.layout, SHADER(gpu, samples_comp), NULL);
   VkCommandBuffer cmd = cmd_begin(gpu);
   image_layout(cmd, &canvas->color[0], VK_IMAGE_LAYOUT_TRANSFER_SRC_OPTIMAL, VK_IMAGE_LAYOUT_SHADER_READ_ONLY_OPTIMAL);
   vkCmdBindPipeline(cmd, VK_PIPELINE_BIND_POINT_COMPUTE, pipeline);
   vkCmdBindDescriptorSets(cmd, VK_PIPELINE_BIND_POINT_COMPUTE, bound.layout, 0, 1, &bound.set, 0, NULL);
   vkCmdPushConstants(cmd, bound.layout, VK_SHADER_STAGE_COMPUTE_BIT, 0, sizeof(push), &push);
   vkCmdDispatch(cmd, COLUMNS, 2, 1);
   cmd_submit(gpu, cmd);
   char name[32];
   snprintf(name, sizeof(name), "samples-of-%u", samples);
   result(gpu, name, out.map, out.size);
   vkDestroyPipeline(gpu->device, pipeline, NULL);
   bound_free(gpu, &bound);
   vkDestroySampler(gpu->device, sampler, NULL);
   buffer_free(gpu, &out);
}

static VkPipeline pipeline_new(struct gpu *gpu, const struct graphics *desc, uint32_t i, VkShaderModule covering)
{
   struct graphics own = *desc;
   struct pipe pipe;
   if (cells[i].shader)
      own.frag = covering;
   pipe_fill(&pipe, &own);
   pipe.multisample.pSampleMask = &cells[i].mask;
   pipe.multisample.alphaToCoverageEnable = cells[i].coverage;
   pipe.multisample.alphaToOneEnable = cells[i].one;
   return pipe_new(gpu, &pipe);
}

static void run(struct gpu *gpu, VkSampleCountFlagBits samples)
{
   struct canvas canvas = canvas_new(gpu, &(struct canvas_info){.width = COLUMNS * CELL,
                                                                .height = 2 * CELL,
                                                                .count = 1,
                                                                .formats = {VK_FORMAT_R8G8B8A8_UNORM},
                                                                .samples = samples,
                                                                .usage = VK_IMAGE_USAGE_SAMPLED_BIT});
   struct bound bound = bound_new(gpu, QUAD_STAGES, sizeof(struct quad), 0, NULL);
   struct graphics desc = {.vert = SHADER(gpu, quad_vert),
                           .frag = SHADER(gpu, flat_frag),
                           .layout = bound.layout,
                           .pass = canvas.pass,
                           .strip = true,
                           .samples = samples};
   VkShaderModule covering = SHADER(gpu, cover_frag);
   VkPipeline pipelines[COUNT(cells)];
   VkCommandBuffer cmd = cmd_begin(gpu);
   canvas_begin(cmd, &canvas, &(VkClearColorValue){{0.25f, 0.25f, 0.25f, 0}});
   for (uint32_t i = 0; i < COUNT(cells); i++) {
      pipelines[i] = pipeline_new(gpu, &desc, i, covering);
      view_cell(cmd, i, COLUMNS, CELL);
      quad_draw(cmd, bound.layout, pipelines[i],
                &(struct quad){{-0.97f, -0.83f, 0.93f, 0.71f}, {-1, 0, 1, 1}, {1, 0.5f, 0.125f * (float)i, 0}});
   }
   vkCmdEndRenderPass(cmd);
   cmd_submit(gpu, cmd);
   read_samples(gpu, &canvas, samples);
   for (uint32_t i = 0; i < COUNT(cells); i++)
      vkDestroyPipeline(gpu->device, pipelines[i], NULL);
   vkDestroyShaderModule(gpu->device, covering, NULL);
   modules_free(gpu, &desc);
   bound_free(gpu, &bound);
   canvas_free(gpu, &canvas);
}

int main(int argc, char **argv)
{
   struct gpu gpu;
   gpu_open(&gpu, argc, argv, &(struct want){.core.alphaToOne = VK_TRUE});
   VkSampleCountFlags counts =
       gpu.props.limits.framebufferColorSampleCounts & gpu.props.limits.sampledImageColorSampleCounts;
   result_text(&gpu, "counts", "%#x", counts);
   for (uint32_t samples = 2; samples <= 8; samples *= 2) {
      if (counts & samples)
         run(&gpu, (VkSampleCountFlagBits)samples);
   }
   return gpu_close(&gpu);
}
