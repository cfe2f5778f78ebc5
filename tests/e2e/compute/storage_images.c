// SPDX-License-Identifier: MIT
//
// Storage images of many formats, written and read by shaders that name no format, and of every dimension.
#include "kernel.h"

#include "image_float_comp.h"
#include "image_int_comp.h"
#include "image_kinds_comp.h"
#include "image_uint_comp.h"

#define SIDE  16
#define USAGE (VK_IMAGE_USAGE_STORAGE_BIT | VK_IMAGE_USAGE_TRANSFER_SRC_BIT | VK_IMAGE_USAGE_TRANSFER_DST_BIT)

struct format {
   VkFormat format;
   uint32_t texel;
   const char *name;
};

// All that shaders may use without naming them, where the device has them at all.
static const struct format floats[] = {{VK_FORMAT_R32G32B32A32_SFLOAT, 16, "rgba32f"},
                                       {VK_FORMAT_R16G16B16A16_SFLOAT, 8, "rgba16f"},
                                       {VK_FORMAT_R32G32_SFLOAT, 8, "rg32f"},
                                       {VK_FORMAT_R16G16_SFLOAT, 4, "rg16f"},
                                       {VK_FORMAT_B10G11R11_UFLOAT_PACK32, 4, "r11g11b10f"},
                                       {VK_FORMAT_R32_SFLOAT, 4, "r32f"},
                                       {VK_FORMAT_R16_SFLOAT, 2, "r16f"},
                                       {VK_FORMAT_R16G16B16A16_UNORM, 8, "rgba16"},
                                       {VK_FORMAT_A2B10G10R10_UNORM_PACK32, 4, "rgb10a2"},
                                       {VK_FORMAT_R8G8B8A8_UNORM, 4, "rgba8"},
                                       {VK_FORMAT_R16G16_UNORM, 4, "rg16"},
                                       {VK_FORMAT_R8G8_UNORM, 2, "rg8"},
                                       {VK_FORMAT_R16_UNORM, 2, "r16"},
                                       {VK_FORMAT_R8_UNORM, 1, "r8"},
                                       {VK_FORMAT_R16G16B16A16_SNORM, 8, "rgba16s"},
                                       {VK_FORMAT_R8G8B8A8_SNORM, 4, "rgba8s"},
                                       {VK_FORMAT_R8_SNORM, 1, "r8s"}};
static const struct format ints[] = {{VK_FORMAT_R32G32B32A32_SINT, 16, "rgba32i"},
                                     {VK_FORMAT_R16G16B16A16_SINT, 8, "rgba16i"},
                                     {VK_FORMAT_R8G8B8A8_SINT, 4, "rgba8i"},
                                     {VK_FORMAT_R32G32_SINT, 8, "rg32i"},
                                     {VK_FORMAT_R16G16_SINT, 4, "rg16i"},
                                     {VK_FORMAT_R8G8_SINT, 2, "rg8i"},
                                     {VK_FORMAT_R32_SINT, 4, "r32i"},
                                     {VK_FORMAT_R16_SINT, 2, "r16i"},
                                     {VK_FORMAT_R8_SINT, 1, "r8i"}};
static const struct format uints[] = {{VK_FORMAT_R32G32B32A32_UINT, 16, "rgba32ui"},
                                      {VK_FORMAT_R16G16B16A16_UINT, 8, "rgba16ui"},
                                      {VK_FORMAT_A2B10G10R10_UINT_PACK32, 4, "rgb10a2ui"},
                                      {VK_FORMAT_R8G8B8A8_UINT, 4, "rgba8ui"},
                                      {VK_FORMAT_R32G32_UINT, 8, "rg32ui"},
                                      {VK_FORMAT_R16G16_UINT, 4, "rg16ui"},
                                      {VK_FORMAT_R8G8_UINT, 2, "rg8ui"},
                                      {VK_FORMAT_R32_UINT, 4, "r32ui"},
                                      {VK_FORMAT_R16_UINT, 2, "r16ui"},
                                      {VK_FORMAT_R8_UINT, 1, "r8ui"}};

static void to_general(struct gpu *gpu, const struct image *image)
{
   VkCommandBuffer cmd = cmd_begin(gpu);
   image_layout(cmd, image, VK_IMAGE_LAYOUT_UNDEFINED, VK_IMAGE_LAYOUT_GENERAL);
   cmd_submit(gpu, cmd);
}

static void to_result(struct gpu *gpu, const struct image *image, uint32_t texel, const char *name)
{
   VkCommandBuffer cmd = cmd_begin(gpu);
   image_layout(cmd, image, VK_IMAGE_LAYOUT_GENERAL, VK_IMAGE_LAYOUT_TRANSFER_SRC_OPTIMAL);
   cmd_submit(gpu, cmd);
   image_result(gpu, image, VK_IMAGE_ASPECT_COLOR_BIT, texel, name);
}

static void round_trip(struct gpu *gpu, const struct format *format, const uint32_t *code, size_t size)
{
   VkFormatProperties props;
   vkGetPhysicalDeviceFormatProperties(gpu->physical, format->format, &props);
   result(gpu, format->name, &props, sizeof(props));
   if (!(props.optimalTilingFeatures & VK_FORMAT_FEATURE_STORAGE_IMAGE_BIT))
      return;
   struct image a = image_2d(gpu, format->format, SIDE, SIDE, USAGE);
   struct image b = image_2d(gpu, format->format, SIDE, SIDE, USAGE);
   to_general(gpu, &a);
   to_general(gpu, &b);
   struct kernel kernel = {.code = code, .size = size, .x = SIDE / 4, .y = SIDE / 4};
   for (int round = 0; round < 2; round++) {
      uint32_t pattern = !round;
      kernel.push = &pattern;
      kernel.push_size = sizeof(pattern);
      kernel.bindings[0] = (struct binding)STORAGE_IMAGE(pattern ? a.view : b.view);
      kernel.bindings[1] = (struct binding)STORAGE_IMAGE(pattern ? b.view : a.view);
      kernel_run(gpu, &kernel);
   }
   to_result(gpu, &a, format->texel, "pattern");
   to_result(gpu, &b, format->texel, "read-and-written");
   image_free(gpu, &a);
   image_free(gpu, &b);
}

static struct image kind(struct gpu *gpu, VkImageType type, VkFormat format, VkExtent3D extent, uint32_t layers,
                         VkImageCreateFlags flags)
{
   VkImageCreateInfo info = {VK_STRUCTURE_TYPE_IMAGE_CREATE_INFO,
                             .flags = flags,
                             .imageType = type,
                             .format = format,
                             .extent = extent,
                             .mipLevels = 1,
                             .arrayLayers = layers,
                             .samples = VK_SAMPLE_COUNT_1_BIT,
                             .usage = USAGE};
   struct image image = image_new(gpu, &info);
   VkCommandBuffer cmd = cmd_begin(gpu);
   image_layout(cmd, &image, VK_IMAGE_LAYOUT_UNDEFINED, VK_IMAGE_LAYOUT_GENERAL);
   VkImageSubresourceRange all = {VK_IMAGE_ASPECT_COLOR_BIT, 0, 1, 0, layers};
   vkCmdClearColorImage(cmd, image.handle, VK_IMAGE_LAYOUT_GENERAL, &(VkClearColorValue){{0}}, 1, &all);
   cmd_submit(gpu, cmd);
   return image;
}

static void kinds(struct gpu *gpu)
{
   struct buffer out = storage_new(gpu, 128 * 16);
   struct image line = kind(gpu, VK_IMAGE_TYPE_1D, VK_FORMAT_R32_UINT, (VkExtent3D){128, 1, 1}, 1, 0);
   struct image volume = kind(gpu, VK_IMAGE_TYPE_3D, VK_FORMAT_R16G16B16A16_SINT, (VkExtent3D){8, 8, 8}, 1, 0);
   struct image layers = kind(gpu, VK_IMAGE_TYPE_2D, VK_FORMAT_R32G32_SFLOAT, (VkExtent3D){4, 4, 1}, 8, 0);
   struct image cube = kind(gpu, VK_IMAGE_TYPE_2D, VK_FORMAT_R8G8B8A8_UNORM, (VkExtent3D){4, 4, 1}, 6,
                            VK_IMAGE_CREATE_CUBE_COMPATIBLE_BIT);
   kernel_run(gpu, &(struct kernel){CODE(image_kinds_comp), .x = 16,
                                    .bindings = {STORAGE_IMAGE(line.view), STORAGE_IMAGE(volume.view),
                                                 STORAGE_IMAGE(layers.view), STORAGE_IMAGE(cube.view), STORAGE(&out)}});
   EXPECT(((uint32_t *)out.map)[0] == 1 && ((uint32_t *)out.map)[1] == 8 + 40 + 400);
   result(gpu, "kinds", out.map, out.size);
   to_result(gpu, &line, 4, "line");
   to_result(gpu, &volume, 8, "volume");
   to_result(gpu, &layers, 8, "first-layer");
   to_result(gpu, &cube, 4, "first-face");
   image_free(gpu, &line);
   image_free(gpu, &volume);
   image_free(gpu, &layers);
   image_free(gpu, &cube);
   buffer_free(gpu, &out);
}

int main(int argc, char **argv)
{
   struct gpu gpu;
   struct want want = {.core.shaderStorageImageReadWithoutFormat = VK_TRUE,
                       .core.shaderStorageImageWriteWithoutFormat = VK_TRUE,
                       .core.shaderStorageImageExtendedFormats = VK_TRUE};
   gpu_open(&gpu, argc, argv, &want);
   for (size_t i = 0; i < COUNT(floats); i++)
      round_trip(&gpu, &floats[i], image_float_comp, sizeof(image_float_comp));
   for (size_t i = 0; i < COUNT(ints); i++)
      round_trip(&gpu, &ints[i], image_int_comp, sizeof(image_int_comp));
   for (size_t i = 0; i < COUNT(uints); i++)
      round_trip(&gpu, &uints[i], image_uint_comp, sizeof(image_uint_comp));
   kinds(&gpu);
   return gpu_close(&gpu);
}
