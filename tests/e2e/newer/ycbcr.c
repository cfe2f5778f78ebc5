// SPDX-License-Identifier: MIT
//
// Images of several planes: filled and read plane by plane, sampled through conversions of every model and range, and
// bound plane by plane to memory of its own where the format can be disjoint.
#include "scene.h"

#include "lookup_frag.h"
#include "quad_vert.h"

#define STAGES (VK_SHADER_STAGE_VERTEX_BIT | VK_SHADER_STAGE_FRAGMENT_BIT)

struct planar {
   VkFormat format;
   const char *name;
   uint32_t planes;
   uint32_t texel[3]; // bytes, per plane
   VkFormatFeatureFlags features;
};

struct multi {
   struct image image;
   VkDeviceMemory memory[3];
};

static uint32_t extent_of(const struct planar *p, uint32_t plane)
{
   return plane && p->format != VK_FORMAT_G8_B8_R8_3PLANE_444_UNORM ? SIZE / 2 : SIZE;
}

static VkImageAspectFlagBits aspect_of(uint32_t plane)
{
   return VK_IMAGE_ASPECT_PLANE_0_BIT << plane;
}

// The whole image bound at once, or each plane on its own.
static struct multi multi_new(struct gpu *gpu, const struct planar *p, bool disjoint)
{
   struct multi m = {.image.info = {VK_STRUCTURE_TYPE_IMAGE_CREATE_INFO,
                                    .flags = disjoint ? VK_IMAGE_CREATE_DISJOINT_BIT : 0, .imageType = VK_IMAGE_TYPE_2D,
                                    .format = p->format, .extent = {SIZE, SIZE, 1}, .mipLevels = 1, .arrayLayers = 1,
                                    .samples = VK_SAMPLE_COUNT_1_BIT,
                                    .usage = VK_IMAGE_USAGE_TRANSFER_SRC_BIT | VK_IMAGE_USAGE_TRANSFER_DST_BIT |
                                             VK_IMAGE_USAGE_SAMPLED_BIT}};
   VkBindImagePlaneMemoryInfo planes[3];
   VkBindImageMemoryInfo binds[3];
   uint32_t count = disjoint ? p->planes : 1;
   VK(vkCreateImage(gpu->device, &m.image.info, NULL, &m.image.handle));
   for (uint32_t i = 0; i < count; i++) {
      VkImagePlaneMemoryRequirementsInfo plane = {VK_STRUCTURE_TYPE_IMAGE_PLANE_MEMORY_REQUIREMENTS_INFO,
                                                  .planeAspect = aspect_of(i)};
      VkImageMemoryRequirementsInfo2 ask = {VK_STRUCTURE_TYPE_IMAGE_MEMORY_REQUIREMENTS_INFO_2,
                                            .pNext = disjoint ? &plane : NULL, .image = m.image.handle};
      VkMemoryRequirements2 need = {VK_STRUCTURE_TYPE_MEMORY_REQUIREMENTS_2};
      vkGetImageMemoryRequirements2(gpu->device, &ask, &need);
      VkMemoryAllocateInfo info = {VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO,
                                   .allocationSize = need.memoryRequirements.size,
                                   .memoryTypeIndex = memory_type(gpu, need.memoryRequirements.memoryTypeBits, 0)};
      VK(vkAllocateMemory(gpu->device, &info, NULL, &m.memory[i]));
      planes[i] =
          (VkBindImagePlaneMemoryInfo){VK_STRUCTURE_TYPE_BIND_IMAGE_PLANE_MEMORY_INFO, .planeAspect = aspect_of(i)};
      binds[i] = (VkBindImageMemoryInfo){VK_STRUCTURE_TYPE_BIND_IMAGE_MEMORY_INFO, disjoint ? &planes[i] : NULL,
                                         m.image.handle, m.memory[i], 0};
   }
   VK(vkBindImageMemory2(gpu->device, count, binds));
   return m;
}

static void multi_free(struct gpu *gpu, struct multi *m)
{
   vkDestroyImage(gpu->device, m->image.handle, NULL);
   for (int i = 0; i < 3; i++)
      vkFreeMemory(gpu->device, m->memory[i], NULL);
}

// Random planes in, the same planes out; the image stays in GENERAL.
static void planes_round_trip(struct gpu *gpu, const struct planar *p, struct multi *m)
{
   struct buffer in = buffer_host(gpu, SIZE * SIZE * 3, VK_BUFFER_USAGE_TRANSFER_SRC_BIT);
   struct buffer out = buffer_host(gpu, SIZE * SIZE * 3, VK_BUFFER_USAGE_TRANSFER_DST_BIT);
   VkBufferImageCopy regions[3];
   VkDeviceSize at = 0;
   uint32_t seed = 21;
   for (uint32_t i = 0; i < SIZE * SIZE * 3; i++)
      ((uint8_t *)in.map)[i] = (uint8_t)random_next(&seed);
   for (uint32_t i = 0; i < p->planes; i++) {
      uint32_t extent = extent_of(p, i);
      regions[i] = (VkBufferImageCopy){
         .bufferOffset = at, .imageSubresource = {aspect_of(i), 0, 0, 1}, .imageExtent = {extent, extent, 1}};
      at += (VkDeviceSize)extent * extent * p->texel[i];
   }
   VkCommandBuffer cmd = cmd_begin(gpu);
   image_layout(cmd, &m->image, VK_IMAGE_LAYOUT_UNDEFINED, VK_IMAGE_LAYOUT_GENERAL);
   vkCmdCopyBufferToImage(cmd, in.handle, m->image.handle, VK_IMAGE_LAYOUT_GENERAL, p->planes, regions);
   barrier_all(cmd);
   vkCmdCopyImageToBuffer(cmd, m->image.handle, VK_IMAGE_LAYOUT_GENERAL, out.handle, p->planes, regions);
   cmd_submit(gpu, cmd);
   EXPECT(!memcmp(in.map, out.map, at));
   result(gpu, p->name, out.map, at);
   buffer_free(gpu, &in);
   buffer_free(gpu, &out);
}

// Everything about one conversion: it is part of the view, of an immutable sampler, and so of the layout.
struct converter {
   VkSamplerYcbcrConversion conversion;
   VkImageView view;
   VkSampler sampler;
   VkDescriptorSetLayout set_layout;
   VkPipelineLayout layout;
   VkDescriptorPool pool;
   VkDescriptorSet set;
   VkPipeline pipeline;
};

static void sampler_and_view(struct gpu *gpu, struct converter *c, const struct planar *p, const struct multi *m,
                             VkSamplerYcbcrModelConversion model, VkSamplerYcbcrRange range)
{
   bool cosited = p->features & VK_FORMAT_FEATURE_COSITED_CHROMA_SAMPLES_BIT;
   VkChromaLocation location = cosited ? VK_CHROMA_LOCATION_COSITED_EVEN : VK_CHROMA_LOCATION_MIDPOINT;
   VkSamplerYcbcrConversionCreateInfo info = {VK_STRUCTURE_TYPE_SAMPLER_YCBCR_CONVERSION_CREATE_INFO,
                                              .format = p->format,
                                              .ycbcrModel = model,
                                              .ycbcrRange = range,
                                              .xChromaOffset = location,
                                              .yChromaOffset = location,
                                              .chromaFilter = VK_FILTER_NEAREST};
   VK(vkCreateSamplerYcbcrConversion(gpu->device, &info, NULL, &c->conversion));
   VkSamplerYcbcrConversionInfo how = {VK_STRUCTURE_TYPE_SAMPLER_YCBCR_CONVERSION_INFO, .conversion = c->conversion};
   VkSamplerCreateInfo sampler = {
      VK_STRUCTURE_TYPE_SAMPLER_CREATE_INFO, .pNext = &how, .addressModeU = VK_SAMPLER_ADDRESS_MODE_CLAMP_TO_EDGE,
      .addressModeV = VK_SAMPLER_ADDRESS_MODE_CLAMP_TO_EDGE, .addressModeW = VK_SAMPLER_ADDRESS_MODE_CLAMP_TO_EDGE};
   VK(vkCreateSampler(gpu->device, &sampler, NULL, &c->sampler));
   VkImageViewCreateInfo view = {VK_STRUCTURE_TYPE_IMAGE_VIEW_CREATE_INFO,
                                 .pNext = &how,
                                 .image = m->image.handle,
                                 .viewType = VK_IMAGE_VIEW_TYPE_2D,
                                 .format = p->format,
                                 .subresourceRange = {VK_IMAGE_ASPECT_COLOR_BIT, 0, 1, 0, 1}};
   VK(vkCreateImageView(gpu->device, &view, NULL, &c->view));
}

static void set_and_pipeline(struct gpu *gpu, struct converter *c, const struct scene *s)
{
   VkDescriptorSetLayoutBinding binding = {0, VK_DESCRIPTOR_TYPE_COMBINED_IMAGE_SAMPLER, 1, STAGES, &c->sampler};
   VkDescriptorSetLayoutCreateInfo set_info = {VK_STRUCTURE_TYPE_DESCRIPTOR_SET_LAYOUT_CREATE_INFO, .bindingCount = 1,
                                               .pBindings = &binding};
   VkPushConstantRange push = {STAGES, 0, 48};
   VK(vkCreateDescriptorSetLayout(gpu->device, &set_info, NULL, &c->set_layout));
   VkPipelineLayoutCreateInfo layout = {VK_STRUCTURE_TYPE_PIPELINE_LAYOUT_CREATE_INFO, .setLayoutCount = 1,
                                        .pSetLayouts = &c->set_layout, .pushConstantRangeCount = 1,
                                        .pPushConstantRanges = &push};
   VK(vkCreatePipelineLayout(gpu->device, &layout, NULL, &c->layout));
   VkDescriptorPoolSize size = {binding.descriptorType, 3}; // a conversion may take one per plane
   VkDescriptorPoolCreateInfo pool = {VK_STRUCTURE_TYPE_DESCRIPTOR_POOL_CREATE_INFO, .maxSets = 1, .poolSizeCount = 1,
                                      .pPoolSizes = &size};
   VK(vkCreateDescriptorPool(gpu->device, &pool, NULL, &c->pool));
   VkDescriptorSetAllocateInfo allocate = {VK_STRUCTURE_TYPE_DESCRIPTOR_SET_ALLOCATE_INFO, NULL, c->pool, 1,
                                           &c->set_layout};
   VK(vkAllocateDescriptorSets(gpu->device, &allocate, &c->set));
   VkDescriptorImageInfo image = {c->sampler, c->view, VK_IMAGE_LAYOUT_GENERAL};
   VkWriteDescriptorSet write = {VK_STRUCTURE_TYPE_WRITE_DESCRIPTOR_SET, .dstSet = c->set, .descriptorCount = 1,
                                 .descriptorType = binding.descriptorType, .pImageInfo = &image};
   vkUpdateDescriptorSets(gpu->device, 1, &write, 0, NULL);
   struct graphics desc = {.vert = SHADER(gpu, quad_vert),
                           .frag = SHADER(gpu, lookup_frag),
                           .layout = c->layout,
                           .pass = s->target.pass,
                           .strip = true};
   c->pipeline = graphics_new(gpu, &desc);
}

static void converted(struct gpu *gpu, const struct scene *s, const struct planar *p, const struct multi *m,
                      VkSamplerYcbcrModelConversion model, VkSamplerYcbcrRange range, const char *name)
{
   struct converter c;
   static const float push[12] = {-1, -1, 1, 1, 0, 0, 1, 1};
   sampler_and_view(gpu, &c, p, m, model, range);
   set_and_pipeline(gpu, &c, s);
   VkCommandBuffer cmd = cmd_begin(gpu);
   target_begin(cmd, &s->target, (float[]){0, 0, 0, 1}, VK_SUBPASS_CONTENTS_INLINE);
   vkCmdBindPipeline(cmd, VK_PIPELINE_BIND_POINT_GRAPHICS, c.pipeline);
   vkCmdBindDescriptorSets(cmd, VK_PIPELINE_BIND_POINT_GRAPHICS, c.layout, 0, 1, &c.set, 0, NULL);
   vkCmdPushConstants(cmd, c.layout, STAGES, 0, sizeof(push), push);
   vkCmdDraw(cmd, 4, 1, 0, 0);
   scene_end(gpu, s, cmd, name);
   vkDestroyPipeline(gpu->device, c.pipeline, NULL);
   vkDestroyDescriptorPool(gpu->device, c.pool, NULL);
   vkDestroyPipelineLayout(gpu->device, c.layout, NULL);
   vkDestroyDescriptorSetLayout(gpu->device, c.set_layout, NULL);
   vkDestroySampler(gpu->device, c.sampler, NULL);
   vkDestroyImageView(gpu->device, c.view, NULL);
   vkDestroySamplerYcbcrConversion(gpu->device, c.conversion, NULL);
}

static bool usable(struct gpu *gpu, struct planar *p)
{
   VkFormatProperties props;
   vkGetPhysicalDeviceFormatProperties(gpu->physical, p->format, &props);
   // Not what only video needs: no guest has that, and newer guest drivers do not tell of it.
   p->features = props.optimalTilingFeatures &
                 ~(VK_FORMAT_FEATURE_VIDEO_DECODE_OUTPUT_BIT_KHR | VK_FORMAT_FEATURE_VIDEO_DECODE_DPB_BIT_KHR);
   result(gpu, "features", &p->features, sizeof(p->features));
   return p->features & VK_FORMAT_FEATURE_SAMPLED_IMAGE_BIT &&
          p->features & (VK_FORMAT_FEATURE_COSITED_CHROMA_SAMPLES_BIT | VK_FORMAT_FEATURE_MIDPOINT_CHROMA_SAMPLES_BIT);
}

int main(int argc, char **argv)
{
   struct planar all[] = {{VK_FORMAT_G8_B8R8_2PLANE_420_UNORM, "two-planes", 2, {1, 2}},
                          {VK_FORMAT_G8_B8_R8_3PLANE_420_UNORM, "three-planes", 3, {1, 1, 1}},
                          {VK_FORMAT_G8_B8_R8_3PLANE_444_UNORM, "three-full-planes", 3, {1, 1, 1}}};
   struct gpu gpu;
   uint32_t used = 0;
   gpu_open(&gpu, argc, argv, &(struct want){.v11.samplerYcbcrConversion = VK_TRUE});
   struct scene scene = scene_new(&gpu, VK_FORMAT_UNDEFINED);
   for (size_t i = 0; i < COUNT(all); i++) {
      if (!usable(&gpu, &all[i]))
         continue;
      bool disjoint = all[i].features & VK_FORMAT_FEATURE_DISJOINT_BIT;
      for (uint32_t apart = 0; apart <= disjoint; apart++, used++) {
         struct multi m = multi_new(&gpu, &all[i], apart);
         planes_round_trip(&gpu, &all[i], &m);
         converted(&gpu, &scene, &all[i], &m, VK_SAMPLER_YCBCR_MODEL_CONVERSION_RGB_IDENTITY,
                   VK_SAMPLER_YCBCR_RANGE_ITU_FULL, "identity");
         converted(&gpu, &scene, &all[i], &m, VK_SAMPLER_YCBCR_MODEL_CONVERSION_YCBCR_601,
                   VK_SAMPLER_YCBCR_RANGE_ITU_NARROW, "601-narrow");
         converted(&gpu, &scene, &all[i], &m, VK_SAMPLER_YCBCR_MODEL_CONVERSION_YCBCR_709,
                   VK_SAMPLER_YCBCR_RANGE_ITU_FULL, "709-full");
         multi_free(&gpu, &m);
      }
   }
   if (!used)
      skip("no format of several planes can be sampled");
   scene_free(&gpu, &scene);
   return gpu_close(&gpu);
}
