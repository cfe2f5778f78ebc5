// SPDX-License-Identifier: MIT
//
// VK_EXT_fragment_shader_interlock: fragments of one pixel change a number one after another, in the order of drawing.
#include "paint.h"

#include "ordered_frag.h"
#include "quad_vert.h"

#define SIZE 32

int main(int argc, char **argv)
{
   struct gpu gpu;
   VkPhysicalDeviceFragmentShaderInterlockFeaturesEXT interlock = {
      VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_FRAGMENT_SHADER_INTERLOCK_FEATURES_EXT,
      .fragmentShaderPixelInterlock = VK_TRUE};
   gpu_open(&gpu, argc, argv,
            &(struct want){.core.fragmentStoresAndAtomics = VK_TRUE,
                           .extensions = {VK_EXT_FRAGMENT_SHADER_INTERLOCK_EXTENSION_NAME},
                           .features = {FEATURES(interlock)}});
   struct target target =
       target_new(&gpu, SIZE, SIZE, VK_FORMAT_R8G8B8A8_UNORM, VK_FORMAT_UNDEFINED, VK_SAMPLE_COUNT_1_BIT);
   struct image numbers =
       image_2d(&gpu, VK_FORMAT_R32_UINT, SIZE, SIZE,
                VK_IMAGE_USAGE_STORAGE_BIT | VK_IMAGE_USAGE_TRANSFER_SRC_BIT | VK_IMAGE_USAGE_TRANSFER_DST_BIT);
   struct bound bound = bound_new(&gpu, QUAD_STAGES, sizeof(struct quad), 1,
                                  (struct binding[]){{VK_DESCRIPTOR_TYPE_STORAGE_IMAGE, NULL, numbers.view,
                                                      VK_NULL_HANDLE, VK_IMAGE_LAYOUT_GENERAL}});
   struct graphics desc = {.vert = SHADER(&gpu, quad_vert),
                           .frag = SHADER(&gpu, ordered_frag),
                           .layout = bound.layout,
                           .pass = target.pass,
                           .strip = true};
   VkPipeline pipeline = graphics_new(&gpu, &desc);
   VkImageSubresourceRange all = {VK_IMAGE_ASPECT_COLOR_BIT, 0, 1, 0, 1};
   VkCommandBuffer cmd = cmd_begin(&gpu);
   image_layout(cmd, &numbers, VK_IMAGE_LAYOUT_UNDEFINED, VK_IMAGE_LAYOUT_GENERAL);
   vkCmdClearColorImage(cmd, numbers.handle, VK_IMAGE_LAYOUT_GENERAL, &(VkClearColorValue){.uint32 = {1}}, 1, &all);
   barrier_all(cmd);
   target_begin(cmd, &target, (float[]){0, 0, 0, 1}, VK_SUBPASS_CONTENTS_INLINE);
   vkCmdBindDescriptorSets(cmd, VK_PIPELINE_BIND_POINT_GRAPHICS, bound.layout, 0, 1, &bound.set, 0, NULL);
   for (uint32_t i = 0; i < 24; i++) {
      float x = -1 + 0.0625f * (float)(i % 7);
      quad_draw(cmd, bound.layout, pipeline,
                &(struct quad){{x, x, x + 1.25f, x + 1.5f}, {0, 0, 1, 1}, {(float)i + 1, 0.5f, 0, 0}});
   }
   vkCmdEndRenderPass(cmd);
   image_layout(cmd, &numbers, VK_IMAGE_LAYOUT_GENERAL, VK_IMAGE_LAYOUT_TRANSFER_SRC_OPTIMAL);
   cmd_submit(&gpu, cmd);
   image_result(&gpu, &numbers, VK_IMAGE_ASPECT_COLOR_BIT, 4, "numbers");
   vkDestroyPipeline(gpu.device, pipeline, NULL);
   bound_free(&gpu, &bound);
   image_free(&gpu, &numbers);
   target_free(&gpu, &target);
   return gpu_close(&gpu);
}
