// SPDX-License-Identifier: MIT
//
// Colour formats as attachments: what each may be used for is recorded, and each that can be drawn to is drawn to,
// blended where it can be, and read back as it is.
#include "paint.h"

#include "quad_vert.h"
#include "wide_float_frag.h"
#include "wide_int_frag.h"
#include "wide_uint_frag.h"

#define SIZE 16

enum kind { FLOAT, INT, UINT };

static const struct {
   VkFormat format;
   uint32_t texel;
   enum kind kind;
} formats[] = {
   {VK_FORMAT_R4G4B4A4_UNORM_PACK16, 2, FLOAT},
   {VK_FORMAT_B4G4R4A4_UNORM_PACK16, 2, FLOAT},
   {VK_FORMAT_R5G6B5_UNORM_PACK16, 2, FLOAT},
   {VK_FORMAT_B5G6R5_UNORM_PACK16, 2, FLOAT},
   {VK_FORMAT_R5G5B5A1_UNORM_PACK16, 2, FLOAT},
   {VK_FORMAT_B5G5R5A1_UNORM_PACK16, 2, FLOAT},
   {VK_FORMAT_A1R5G5B5_UNORM_PACK16, 2, FLOAT},
   {VK_FORMAT_R8_UNORM, 1, FLOAT},
   {VK_FORMAT_R8_SNORM, 1, FLOAT},
   {VK_FORMAT_R8_UINT, 1, UINT},
   {VK_FORMAT_R8_SINT, 1, INT},
   {VK_FORMAT_R8_SRGB, 1, FLOAT},
   {VK_FORMAT_R8G8_UNORM, 2, FLOAT},
   {VK_FORMAT_R8G8_SNORM, 2, FLOAT},
   {VK_FORMAT_R8G8_UINT, 2, UINT},
   {VK_FORMAT_R8G8_SINT, 2, INT},
   {VK_FORMAT_R8G8B8_UNORM, 3, FLOAT},
   {VK_FORMAT_R8G8B8A8_UNORM, 4, FLOAT},
   {VK_FORMAT_R8G8B8A8_SNORM, 4, FLOAT},
   {VK_FORMAT_R8G8B8A8_UINT, 4, UINT},
   {VK_FORMAT_R8G8B8A8_SINT, 4, INT},
   {VK_FORMAT_R8G8B8A8_SRGB, 4, FLOAT},
   {VK_FORMAT_B8G8R8A8_UNORM, 4, FLOAT},
   {VK_FORMAT_B8G8R8A8_SRGB, 4, FLOAT},
   {VK_FORMAT_A8B8G8R8_UNORM_PACK32, 4, FLOAT},
   {VK_FORMAT_A8B8G8R8_SRGB_PACK32, 4, FLOAT},
   {VK_FORMAT_A8B8G8R8_UINT_PACK32, 4, UINT},
   {VK_FORMAT_A8B8G8R8_SINT_PACK32, 4, INT},
   {VK_FORMAT_A2R10G10B10_UNORM_PACK32, 4, FLOAT},
   {VK_FORMAT_A2R10G10B10_UINT_PACK32, 4, UINT},
   {VK_FORMAT_A2B10G10R10_UNORM_PACK32, 4, FLOAT},
   {VK_FORMAT_A2B10G10R10_UINT_PACK32, 4, UINT},
   {VK_FORMAT_R16_UNORM, 2, FLOAT},
   {VK_FORMAT_R16_SNORM, 2, FLOAT},
   {VK_FORMAT_R16_UINT, 2, UINT},
   {VK_FORMAT_R16_SINT, 2, INT},
   {VK_FORMAT_R16_SFLOAT, 2, FLOAT},
   {VK_FORMAT_R16G16_UNORM, 4, FLOAT},
   {VK_FORMAT_R16G16_SNORM, 4, FLOAT},
   {VK_FORMAT_R16G16_UINT, 4, UINT},
   {VK_FORMAT_R16G16_SINT, 4, INT},
   {VK_FORMAT_R16G16_SFLOAT, 4, FLOAT},
   {VK_FORMAT_R16G16B16A16_UNORM, 8, FLOAT},
   {VK_FORMAT_R16G16B16A16_SNORM, 8, FLOAT},
   {VK_FORMAT_R16G16B16A16_UINT, 8, UINT},
   {VK_FORMAT_R16G16B16A16_SINT, 8, INT},
   {VK_FORMAT_R16G16B16A16_SFLOAT, 8, FLOAT},
   {VK_FORMAT_R32_UINT, 4, UINT},
   {VK_FORMAT_R32_SINT, 4, INT},
   {VK_FORMAT_R32_SFLOAT, 4, FLOAT},
   {VK_FORMAT_R32G32_UINT, 8, UINT},
   {VK_FORMAT_R32G32_SINT, 8, INT},
   {VK_FORMAT_R32G32_SFLOAT, 8, FLOAT},
   {VK_FORMAT_R32G32B32_SFLOAT, 12, FLOAT},
   {VK_FORMAT_R32G32B32A32_UINT, 16, UINT},
   {VK_FORMAT_R32G32B32A32_SINT, 16, INT},
   {VK_FORMAT_R32G32B32A32_SFLOAT, 16, FLOAT},
   {VK_FORMAT_B10G11R11_UFLOAT_PACK32, 4, FLOAT},
   {VK_FORMAT_E5B9G9R9_UFLOAT_PACK32, 4, FLOAT},
};

// Clear values that every format of the kind holds and, for integers, that fill all of it.
static VkClearColorValue clear_value(enum kind kind)
{
   if (kind == INT)
      return (VkClearColorValue){.int32 = {-7, 21, -100, 1}};
   if (kind == UINT)
      return (VkClearColorValue){.uint32 = {201, 3, 77, 2}};
   return (VkClearColorValue){.float32 = {0.5f, 0.125f, 0.75f, 1}};
}

static void draw(struct gpu *gpu, VkCommandBuffer cmd, const struct bound *bound, VkPipeline pipeline, uint32_t i)
{
   (void)gpu;
   struct quad quad = {{-0.75f, -0.75f, 0.75f, 0.875f}, {0, 0, 1, 1}, {1, 0, 0, 0}};
   if (formats[i].kind != FLOAT && formats[i].texel >= 8)
      quad.extra[0] = 300;
   quad_draw(cmd, bound->layout, pipeline, &quad);
   quad.rect[0] = -0.25f;
   quad_draw(cmd, bound->layout, pipeline, &quad);
}

static void try_format(struct gpu *gpu, const struct bound *bound, const VkShaderModule frags[3], VkShaderModule vert,
                       uint32_t i)
{
   VkFormatFeatureFlags features = format_features(gpu, formats[i].format);
   char name[32];
   snprintf(name, sizeof(name), "format-%d", (int)formats[i].format);
   result_text(gpu, name, "%#x", features);
   if (!(features & VK_FORMAT_FEATURE_COLOR_ATTACHMENT_BIT) || !(features & VK_FORMAT_FEATURE_TRANSFER_SRC_BIT))
      return;
   struct canvas canvas = canvas_new(
       gpu, &(struct canvas_info){.width = SIZE, .height = SIZE, .count = 1, .formats = {formats[i].format}});
   struct graphics desc = {.vert = vert,
                           .frag = frags[formats[i].kind],
                           .layout = bound->layout,
                           .pass = canvas.pass,
                           .strip = true,
                           .blend = features & VK_FORMAT_FEATURE_COLOR_ATTACHMENT_BLEND_BIT,
                           .keep_modules = true};
   VkPipeline pipeline = graphics_new(gpu, &desc);
   VkCommandBuffer cmd = cmd_begin(gpu);
   canvas_begin(cmd, &canvas, &(VkClearColorValue){0});
   VkClearAttachment part = {VK_IMAGE_ASPECT_COLOR_BIT, 0, {.color = clear_value(formats[i].kind)}};
   vkCmdClearAttachments(cmd, 1, &part, 1, &(VkClearRect){{{0, 5}, {SIZE, SIZE - 5}}, 0, 1});
   draw(gpu, cmd, bound, pipeline, i);
   vkCmdEndRenderPass(cmd);
   cmd_submit(gpu, cmd);
   image_result(gpu, &canvas.color[0], VK_IMAGE_ASPECT_COLOR_BIT, formats[i].texel, name);
   vkDestroyPipeline(gpu->device, pipeline, NULL);
   canvas_free(gpu, &canvas);
}

int main(int argc, char **argv)
{
   struct gpu gpu;
   gpu_open(&gpu, argc, argv, NULL);
   struct bound bound = bound_new(&gpu, QUAD_STAGES, sizeof(struct quad), 0, NULL);
   VkShaderModule vert = SHADER(&gpu, quad_vert);
   VkShaderModule frags[3] = {SHADER(&gpu, wide_float_frag), SHADER(&gpu, wide_int_frag), SHADER(&gpu, wide_uint_frag)};
   for (uint32_t i = 0; i < COUNT(formats); i++)
      try_format(&gpu, &bound, frags, vert, i);
   for (int i = 0; i < 3; i++)
      vkDestroyShaderModule(gpu.device, frags[i], NULL);
   vkDestroyShaderModule(gpu.device, vert, NULL);
   bound_free(&gpu, &bound);
   return gpu_close(&gpu);
}
