// SPDX-License-Identifier: MIT
//
// VK_EXT_color_write_enable: attachments that are written to or not, in the pipeline and by command.
#include "paint.h"

#include "four_outputs_frag.h"
#include "quad_vert.h"

#define SIZE 24

static const uint32_t texels[4] = {4, 8, 4, 4};

int main(int argc, char **argv)
{
   struct gpu gpu;
   VkPhysicalDeviceColorWriteEnableFeaturesEXT writes = {
      VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_COLOR_WRITE_ENABLE_FEATURES_EXT, .colorWriteEnable = VK_TRUE};
   gpu_open(&gpu, argc, argv,
            &(struct want){.core.independentBlend = VK_TRUE,
                           .extensions = {VK_EXT_COLOR_WRITE_ENABLE_EXTENSION_NAME},
                           .features = {FEATURES(writes)}});
   PROC(&gpu, vkCmdSetColorWriteEnableEXT);
   struct canvas canvas =
       canvas_new(&gpu, &(struct canvas_info){.width = SIZE,
                                              .height = SIZE,
                                              .count = 4,
                                              .formats = {VK_FORMAT_R8G8B8A8_UNORM, VK_FORMAT_R16G16B16A16_SFLOAT,
                                                          VK_FORMAT_B8G8R8A8_UNORM, VK_FORMAT_R8G8B8A8_UINT}});
   struct bound bound = bound_new(&gpu, QUAD_STAGES, sizeof(struct quad), 0, NULL);
   const VkBool32 fixed[4] = {VK_TRUE, VK_FALSE, VK_TRUE, VK_FALSE};
   VkPipelineColorWriteCreateInfoEXT state = {VK_STRUCTURE_TYPE_PIPELINE_COLOR_WRITE_CREATE_INFO_EXT,
                                              .attachmentCount = 4, .pColorWriteEnables = fixed};
   struct graphics desc = {.vert = SHADER(&gpu, quad_vert),
                           .frag = SHADER(&gpu, four_outputs_frag),
                           .layout = bound.layout,
                           .pass = canvas.pass,
                           .strip = true,
                           .color_count = 4,
                           .blend_next = &state,
                           .keep_modules = true};
   VkPipeline pipelines[2] = {graphics_new(&gpu, &desc)};
   desc.dynamic_count = 1;
   desc.dynamic = (VkDynamicState[]){VK_DYNAMIC_STATE_COLOR_WRITE_ENABLE_EXT};
   pipelines[1] = graphics_new(&gpu, &desc);
   VkCommandBuffer cmd = cmd_begin(&gpu);
   canvas_begin(cmd, &canvas, (VkClearColorValue[4]){{{0, 0, 0, 1}}, {{0, 0, 0, 1}}, {{0, 0, 0, 1}}, {{0}}});
   quad_draw(cmd, bound.layout, pipelines[0], &(struct quad){{-1, -1, 0, 1}, {0, 0, 1, 1}, {1, 0.5f, 0.25f, 0}});
   for (uint32_t i = 0; i < 4; i++) {
      float y = -1 + 0.5f * (float)i;
      vkCmdBindPipeline(cmd, VK_PIPELINE_BIND_POINT_GRAPHICS, pipelines[1]);
      vkCmdSetColorWriteEnableEXT_(cmd, 4, (VkBool32[]){i == 0, i != 1, i == 2, i > 1});
      quad_draw(cmd, bound.layout, pipelines[1],
                &(struct quad){{-0.5f, y, 1, y + 0.375f}, {0, 0, 1, 1}, {0.25f * (float)i, 1, 0.75f, 0}});
   }
   vkCmdEndRenderPass(cmd);
   cmd_submit(&gpu, cmd);
   for (uint32_t i = 0; i < 4; i++)
      image_result(&gpu, &canvas.color[i], VK_IMAGE_ASPECT_COLOR_BIT, texels[i], "attachment");
   vkDestroyPipeline(gpu.device, pipelines[0], NULL);
   vkDestroyPipeline(gpu.device, pipelines[1], NULL);
   modules_free(&gpu, &desc);
   bound_free(&gpu, &bound);
   canvas_free(&gpu, &canvas);
   return gpu_close(&gpu);
}
