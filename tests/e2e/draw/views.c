// SPDX-License-Identifier: MIT
//
// Images and views of every shape: lines, planes, cubes and volumes, alone and in arrays, parts of them, with their
// channels exchanged; one image under several formats; slices of a volume drawn to.
#include "paint.h"

#include "quad_vert.h"
#include "reread_comp.h"
#include "views_frag.h"

#define SIZE    16
#define CELL    16
#define COLUMNS 7
#define ROWS    4
#define LEVELS  3
#define RGBA    VK_FORMAT_R8G8B8A8_UNORM

static struct image shape(struct gpu *gpu, VkImageType type, VkExtent3D extent, uint32_t layers,
                          VkImageCreateFlags flags)
{
   VkImageCreateInfo info = {VK_STRUCTURE_TYPE_IMAGE_CREATE_INFO,
                             .flags = flags,
                             .imageType = type,
                             .format = RGBA,
                             .extent = extent,
                             .mipLevels = LEVELS,
                             .arrayLayers = layers,
                             .samples = VK_SAMPLE_COUNT_1_BIT,
                             .usage = VK_IMAGE_USAGE_SAMPLED_BIT | VK_IMAGE_USAGE_TRANSFER_DST_BIT};
   return image_new(gpu, &info);
}

static uint32_t less(uint32_t size, uint32_t level)
{
   return size >> level ? size >> level : 1;
}

// Other noise for every level.
static void fill(struct gpu *gpu, const struct image *image, uint32_t seed)
{
   VkBufferImageCopy regions[LEVELS];
   VkDeviceSize size = 0;
   VkExtent3D e = image->info.extent;
   for (uint32_t i = 0; i < LEVELS; i++) {
      VkExtent3D part = {less(e.width, i), less(e.height, i), less(e.depth, i)};
      regions[i] = (VkBufferImageCopy){.bufferOffset = size,
                                       .imageSubresource = {VK_IMAGE_ASPECT_COLOR_BIT, i, 0, image->info.arrayLayers},
                                       .imageExtent = part};
      size += (VkDeviceSize)part.width * part.height * part.depth * image->info.arrayLayers * 4;
   }
   struct buffer in = buffer_host(gpu, size, VK_BUFFER_USAGE_TRANSFER_SRC_BIT);
   for (uint32_t i = 0; i < size / 4; i++)
      ((uint32_t *)in.map)[i] = random_next(&seed);
   VkCommandBuffer cmd = cmd_begin(gpu);
   image_layout(cmd, image, VK_IMAGE_LAYOUT_UNDEFINED, VK_IMAGE_LAYOUT_TRANSFER_DST_OPTIMAL);
   vkCmdCopyBufferToImage(cmd, in.handle, image->handle, VK_IMAGE_LAYOUT_TRANSFER_DST_OPTIMAL, LEVELS, regions);
   image_layout(cmd, image, VK_IMAGE_LAYOUT_TRANSFER_DST_OPTIMAL, VK_IMAGE_LAYOUT_SHADER_READ_ONLY_OPTIMAL);
   cmd_submit(gpu, cmd);
   buffer_free(gpu, &in);
}

// What the seven bindings of the shader look at.
static const struct {
   VkImageViewType type;
   uint32_t image; // number in `images` below
   VkImageSubresourceRange range;
   VkComponentMapping swizzle;
} looks[COLUMNS] = {
   {VK_IMAGE_VIEW_TYPE_1D,
    0,
    {VK_IMAGE_ASPECT_COLOR_BIT, 0, LEVELS, 2, 1},
    {VK_COMPONENT_SWIZZLE_B, VK_COMPONENT_SWIZZLE_G, VK_COMPONENT_SWIZZLE_R, VK_COMPONENT_SWIZZLE_A}},
   {VK_IMAGE_VIEW_TYPE_1D_ARRAY,
    0,
    {VK_IMAGE_ASPECT_COLOR_BIT, 0, LEVELS, 1, 4},
    {VK_COMPONENT_SWIZZLE_ONE, VK_COMPONENT_SWIZZLE_IDENTITY, VK_COMPONENT_SWIZZLE_ZERO, VK_COMPONENT_SWIZZLE_B}},
   {VK_IMAGE_VIEW_TYPE_2D, 1, {VK_IMAGE_ASPECT_COLOR_BIT, 1, 2, 9, 1}, {0}},
   {VK_IMAGE_VIEW_TYPE_2D_ARRAY,
    1,
    {VK_IMAGE_ASPECT_COLOR_BIT, 0, 2, 3, 6},
    {VK_COMPONENT_SWIZZLE_A, VK_COMPONENT_SWIZZLE_A, VK_COMPONENT_SWIZZLE_R, VK_COMPONENT_SWIZZLE_ONE}},
   {VK_IMAGE_VIEW_TYPE_CUBE,
    1,
    {VK_IMAGE_ASPECT_COLOR_BIT, 0, LEVELS, 6, 6},
    {VK_COMPONENT_SWIZZLE_G, VK_COMPONENT_SWIZZLE_B, VK_COMPONENT_SWIZZLE_A, VK_COMPONENT_SWIZZLE_R}},
   {VK_IMAGE_VIEW_TYPE_CUBE_ARRAY, 1, {VK_IMAGE_ASPECT_COLOR_BIT, 0, LEVELS, 1, 12}, {0}},
   {VK_IMAGE_VIEW_TYPE_3D,
    2,
    {VK_IMAGE_ASPECT_COLOR_BIT, 0, LEVELS, 0, 1},
    {VK_COMPONENT_SWIZZLE_IDENTITY, VK_COMPONENT_SWIZZLE_R, VK_COMPONENT_SWIZZLE_G, VK_COMPONENT_SWIZZLE_ONE}}};

static VkImageView look_new(struct gpu *gpu, const struct image images[3], uint32_t i)
{
   VkImageViewCreateInfo info = {VK_STRUCTURE_TYPE_IMAGE_VIEW_CREATE_INFO,
                                 .image = images[looks[i].image].handle,
                                 .viewType = looks[i].type,
                                 .format = RGBA,
                                 .components = looks[i].swizzle,
                                 .subresourceRange = looks[i].range};
   VkImageView view;
   VK(vkCreateImageView(gpu->device, &info, NULL, &view));
   return view;
}

static void look(struct gpu *gpu, const struct image images[3])
{
   VkSampler sampler =
       sampler_new(gpu, VK_FILTER_LINEAR, VK_SAMPLER_MIPMAP_MODE_LINEAR, VK_SAMPLER_ADDRESS_MODE_MIRRORED_REPEAT);
   struct target target =
       target_new(gpu, COLUMNS * CELL, ROWS * CELL, RGBA, VK_FORMAT_UNDEFINED, VK_SAMPLE_COUNT_1_BIT);
   struct binding bindings[COLUMNS];
   for (uint32_t i = 0; i < COLUMNS; i++)
      bindings[i] = (struct binding){VK_DESCRIPTOR_TYPE_COMBINED_IMAGE_SAMPLER, NULL, look_new(gpu, images, i), sampler,
                                     VK_IMAGE_LAYOUT_SHADER_READ_ONLY_OPTIMAL};
   struct bound bound = bound_new(gpu, QUAD_STAGES, sizeof(struct quad), COLUMNS, bindings);
   struct graphics desc = {.vert = SHADER(gpu, quad_vert),
                           .frag = SHADER(gpu, views_frag),
                           .layout = bound.layout,
                           .pass = target.pass,
                           .strip = true};
   VkPipeline pipeline = graphics_new(gpu, &desc);
   VkCommandBuffer cmd = paint_begin(gpu, &target, (float[]){0, 0, 0, 0});
   vkCmdBindDescriptorSets(cmd, VK_PIPELINE_BIND_POINT_GRAPHICS, bound.layout, 0, 1, &bound.set, 0, NULL);
   for (uint32_t i = 0; i < COLUMNS * ROWS; i++) {
      uint32_t which = i % COLUMNS, row = i / COLUMNS;
      float where = which == COLUMNS - 1 ? 0.3f * (float)row : (float)row;
      view_cell(cmd, i, COLUMNS, CELL);
      quad_draw(cmd, bound.layout, pipeline,
                &(struct quad){{-1, -1, 1, 1}, {0, 0, 1, 1.5f}, {(float)which, where, 0.75f * (float)row}});
   }
   paint_end(gpu, &target, cmd, "shapes");
   vkDestroyPipeline(gpu->device, pipeline, NULL);
   bound_free(gpu, &bound);
   for (uint32_t i = 0; i < COLUMNS; i++)
      vkDestroyImageView(gpu->device, bindings[i].view, NULL);
   target_free(gpu, &target);
   vkDestroySampler(gpu->device, sampler, NULL);
}

// One image, seen as colours, as sRGB and as numbers; a list of formats says which.
static void formats(struct gpu *gpu)
{
   const VkFormat list[] = {RGBA, VK_FORMAT_R8G8B8A8_SRGB, VK_FORMAT_R32_UINT};
   VkImageFormatListCreateInfo names = {VK_STRUCTURE_TYPE_IMAGE_FORMAT_LIST_CREATE_INFO, .viewFormatCount = COUNT(list),
                                        .pViewFormats = list};
   VkImageCreateInfo info = {VK_STRUCTURE_TYPE_IMAGE_CREATE_INFO,
                             .pNext = &names,
                             .flags = VK_IMAGE_CREATE_MUTABLE_FORMAT_BIT,
                             .imageType = VK_IMAGE_TYPE_2D,
                             .format = VK_FORMAT_R32_UINT,
                             .extent = {SIZE, SIZE, 1},
                             .mipLevels = 1,
                             .arrayLayers = 1,
                             .samples = VK_SAMPLE_COUNT_1_BIT,
                             .usage = VK_IMAGE_USAGE_SAMPLED_BIT | VK_IMAGE_USAGE_TRANSFER_DST_BIT |
                                      VK_IMAGE_USAGE_STORAGE_BIT};
   struct image image = image_new(gpu, &info);
   struct buffer out = buffer_host(gpu, SIZE * SIZE * 32, VK_BUFFER_USAGE_STORAGE_BUFFER_BIT);
   uint32_t texels[SIZE * SIZE], seed = 5;
   for (uint32_t i = 0; i < COUNT(texels); i++)
      texels[i] = random_next(&seed);
   image_upload(gpu, &image, texels, sizeof(texels), VK_IMAGE_LAYOUT_GENERAL);
   VkSampler sampler =
       sampler_new(gpu, VK_FILTER_NEAREST, VK_SAMPLER_MIPMAP_MODE_NEAREST, VK_SAMPLER_ADDRESS_MODE_CLAMP_TO_EDGE);
   struct binding bindings[5] = {[4] = {VK_DESCRIPTOR_TYPE_STORAGE_BUFFER, &out}};
   for (uint32_t i = 0; i < 4; i++) {
      // sRGB and plain colours cannot be stored to everywhere: those views are for sampling alone
      VkImageViewUsageCreateInfo usage = {VK_STRUCTURE_TYPE_IMAGE_VIEW_USAGE_CREATE_INFO,
                                          .usage = i == 3 ? VK_IMAGE_USAGE_STORAGE_BIT : VK_IMAGE_USAGE_SAMPLED_BIT};
      VkImageViewCreateInfo view = {VK_STRUCTURE_TYPE_IMAGE_VIEW_CREATE_INFO,
                                    .pNext = &usage,
                                    .image = image.handle,
                                    .viewType = VK_IMAGE_VIEW_TYPE_2D,
                                    .format = list[i < 3 ? i : 2],
                                    .subresourceRange = {VK_IMAGE_ASPECT_COLOR_BIT, 0, 1, 0, 1}};
      bindings[i] =
          (struct binding){i == 3 ? VK_DESCRIPTOR_TYPE_STORAGE_IMAGE : VK_DESCRIPTOR_TYPE_COMBINED_IMAGE_SAMPLER,
                           .sampler = sampler, .layout = VK_IMAGE_LAYOUT_GENERAL};
      VK(vkCreateImageView(gpu->device, &view, NULL, &bindings[i].view));
   }
   struct bound bound = bound_new(gpu, VK_SHADER_STAGE_COMPUTE_BIT, 0, 5, bindings);
   VkPipeline pipeline = compute_new(gpu, bound.layout, SHADER(gpu, reread_comp), NULL);
   VkCommandBuffer cmd = cmd_begin(gpu);
   vkCmdBindPipeline(cmd, VK_PIPELINE_BIND_POINT_COMPUTE, pipeline);
   vkCmdBindDescriptorSets(cmd, VK_PIPELINE_BIND_POINT_COMPUTE, bound.layout, 0, 1, &bound.set, 0, NULL);
   vkCmdDispatch(cmd, SIZE * SIZE / 64, 1, 1);
   cmd_submit(gpu, cmd);
   result(gpu, "formats", out.map, out.size);
   vkDestroyPipeline(gpu->device, pipeline, NULL);
   bound_free(gpu, &bound);
   for (uint32_t i = 0; i < 4; i++)
      vkDestroyImageView(gpu->device, bindings[i].view, NULL);
   vkDestroySampler(gpu->device, sampler, NULL);
   buffer_free(gpu, &out);
   image_free(gpu, &image);
}

// Slices 2 to 5 of a volume are the layers of an attachment.
static void slices(struct gpu *gpu)
{
   VkImageCreateInfo info = {VK_STRUCTURE_TYPE_IMAGE_CREATE_INFO,
                             .flags = VK_IMAGE_CREATE_2D_ARRAY_COMPATIBLE_BIT,
                             .imageType = VK_IMAGE_TYPE_3D,
                             .format = RGBA,
                             .extent = {SIZE, SIZE, 8},
                             .mipLevels = 1,
                             .arrayLayers = 1,
                             .samples = VK_SAMPLE_COUNT_1_BIT,
                             .usage = VK_IMAGE_USAGE_COLOR_ATTACHMENT_BIT | VK_IMAGE_USAGE_TRANSFER_SRC_BIT |
                                      VK_IMAGE_USAGE_TRANSFER_DST_BIT};
   struct image volume = image_new(gpu, &info);
   VkImageView view = view_new(gpu, &volume, VK_IMAGE_VIEW_TYPE_2D_ARRAY, RGBA,
                               &(VkImageSubresourceRange){VK_IMAGE_ASPECT_COLOR_BIT, 0, 1, 2, 4});
   VkRenderingAttachmentInfo color = {VK_STRUCTURE_TYPE_RENDERING_ATTACHMENT_INFO, .imageView = view,
                                      .imageLayout = VK_IMAGE_LAYOUT_GENERAL, .storeOp = VK_ATTACHMENT_STORE_OP_STORE};
   VkRenderingInfo rendering = {VK_STRUCTURE_TYPE_RENDERING_INFO, .renderArea = {{0, 0}, {SIZE, SIZE}}, .layerCount = 4,
                                .colorAttachmentCount = 1, .pColorAttachments = &color};
   const VkImageSubresourceRange all = {VK_IMAGE_ASPECT_COLOR_BIT, 0, 1, 0, 1};
   VkCommandBuffer cmd = cmd_begin(gpu);
   image_layout(cmd, &volume, VK_IMAGE_LAYOUT_UNDEFINED, VK_IMAGE_LAYOUT_GENERAL);
   vkCmdClearColorImage(cmd, volume.handle, VK_IMAGE_LAYOUT_GENERAL, &(VkClearColorValue){{0.5f, 0, 1, 1}}, 1, &all);
   barrier_all(cmd);
   vkCmdBeginRendering(cmd, &rendering);
   for (uint32_t i = 0; i < 4; i++) {
      VkClearAttachment part = {VK_IMAGE_ASPECT_COLOR_BIT, 0, {.color = {{0.25f * (float)i, 1, 0, 0.5f}}}};
      VkClearRect where = {{{(int32_t)i, 2}, {8, 10 - i}}, i, 4 - i};
      vkCmdClearAttachments(cmd, 1, &part, 1, &where);
   }
   vkCmdEndRendering(cmd);
   image_layout(cmd, &volume, VK_IMAGE_LAYOUT_GENERAL, VK_IMAGE_LAYOUT_TRANSFER_SRC_OPTIMAL);
   cmd_submit(gpu, cmd);
   image_result(gpu, &volume, VK_IMAGE_ASPECT_COLOR_BIT, 4, "slices");
   vkDestroyImageView(gpu->device, view, NULL);
   image_free(gpu, &volume);
}

int main(int argc, char **argv)
{
   struct gpu gpu;
   gpu_open(&gpu, argc, argv, &(struct want){.core.imageCubeArray = VK_TRUE, .v13.dynamicRendering = VK_TRUE});
   struct image images[3] = {
      shape(&gpu, VK_IMAGE_TYPE_1D, (VkExtent3D){SIZE, 1, 1}, 6, 0),
      shape(&gpu, VK_IMAGE_TYPE_2D, (VkExtent3D){SIZE, SIZE, 1}, 13, VK_IMAGE_CREATE_CUBE_COMPATIBLE_BIT),
      shape(&gpu, VK_IMAGE_TYPE_3D, (VkExtent3D){SIZE, SIZE, SIZE}, 1, 0)};
   for (uint32_t i = 0; i < 3; i++)
      fill(&gpu, &images[i], i + 1);
   look(&gpu, images);
   for (uint32_t i = 0; i < 3; i++)
      image_free(&gpu, &images[i]);
   formats(&gpu);
   slices(&gpu);
   return gpu_close(&gpu);
}
