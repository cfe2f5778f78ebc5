// SPDX-License-Identifier: MIT
//
// Dynamic rendering with local reads: what draws wrote to some attachments, a later draw of the same rendering reads at
// the same pixel; shader locations and input indices are mapped to attachments anew for every draw.
#include "scene.h"

#include "color_vert.h"
#include "cover_vert.h"
#include "read_local_frag.h"
#include "two_colors_frag.h"

#define RGBA        VK_FORMAT_R8G8B8A8_UNORM
#define ATTACHMENTS 3
#define NOT_USED    VK_ATTACHMENT_UNUSED

struct bench {
   struct image images[ATTACHMENTS];
   struct scene scene;
   struct bound inputs;
};

// Attachment i is location locations[i] of the fragment shader, and input inputs[i].
struct mapping {
   uint32_t locations[ATTACHMENTS], inputs[ATTACHMENTS];
};

static VkRenderingAttachmentLocationInfoKHR locations_of(const struct mapping *m)
{
   return (VkRenderingAttachmentLocationInfoKHR){VK_STRUCTURE_TYPE_RENDERING_ATTACHMENT_LOCATION_INFO_KHR,
                                                 .colorAttachmentCount = ATTACHMENTS,
                                                 .pColorAttachmentLocations = m->locations};
}

static VkRenderingInputAttachmentIndexInfoKHR inputs_of(const struct mapping *m)
{
   return (VkRenderingInputAttachmentIndexInfoKHR){VK_STRUCTURE_TYPE_RENDERING_INPUT_ATTACHMENT_INDEX_INFO_KHR,
                                                   .colorAttachmentCount = ATTACHMENTS,
                                                   .pColorAttachmentInputIndices = m->inputs};
}

static VkPipeline pipeline_new(struct gpu *gpu, const struct bench *b, const struct mapping *m, bool reads)
{
   static const VkFormat formats[ATTACHMENTS] = {RGBA, RGBA, RGBA};
   VkRenderingAttachmentLocationInfoKHR locations = locations_of(m);
   VkRenderingInputAttachmentIndexInfoKHR inputs = inputs_of(m);
   locations.pNext = &inputs;
   VkPipelineRenderingCreateInfo rendering = {VK_STRUCTURE_TYPE_PIPELINE_RENDERING_CREATE_INFO, .pNext = &locations,
                                              .colorAttachmentCount = ATTACHMENTS, .pColorAttachmentFormats = formats};
   struct graphics desc = scene_graphics(&b->scene);
   desc.pass = VK_NULL_HANDLE;
   desc.next = &rendering;
   desc.color_count = ATTACHMENTS;
   if (reads) {
      desc.vert = SHADER(gpu, cover_vert);
      desc.frag = SHADER(gpu, read_local_frag);
      desc.layout = b->inputs.layout;
      desc.stride = desc.attribute_count = 0;
   } else {
      desc.vert = SHADER(gpu, color_vert);
      desc.frag = SHADER(gpu, two_colors_frag);
   }
   return graphics_new(gpu, &desc);
}

static void map(struct gpu *gpu, VkCommandBuffer cmd, const struct mapping *m)
{
   PROC(gpu, vkCmdSetRenderingAttachmentLocationsKHR);
   PROC(gpu, vkCmdSetRenderingInputAttachmentIndicesKHR);
   VkRenderingAttachmentLocationInfoKHR locations = locations_of(m);
   VkRenderingInputAttachmentIndexInfoKHR inputs = inputs_of(m);
   vkCmdSetRenderingAttachmentLocationsKHR_(cmd, &locations);
   vkCmdSetRenderingInputAttachmentIndicesKHR_(cmd, &inputs);
}

static void begin(VkCommandBuffer cmd, const struct bench *b)
{
   VkRenderingAttachmentInfo colors[ATTACHMENTS];
   for (uint32_t i = 0; i < ATTACHMENTS; i++)
      colors[i] = (VkRenderingAttachmentInfo){VK_STRUCTURE_TYPE_RENDERING_ATTACHMENT_INFO,
                                              .imageView = b->images[i].view,
                                              .imageLayout = VK_IMAGE_LAYOUT_RENDERING_LOCAL_READ_KHR,
                                              .loadOp = VK_ATTACHMENT_LOAD_OP_CLEAR,
                                              .storeOp = VK_ATTACHMENT_STORE_OP_STORE,
                                              .clearValue.color = {{0.25f * (float)i, 0.5f, 0.125f, 1}}};
   VkRenderingInfo info = {VK_STRUCTURE_TYPE_RENDERING_INFO, .renderArea = {{0, 0}, {SIZE, SIZE}}, .layerCount = 1,
                           .colorAttachmentCount = ATTACHMENTS, .pColorAttachments = colors};
   vkCmdBeginRendering(cmd, &info);
   target_view(cmd, &b->scene.target);
}

// The only barrier allowed inside: pixel by pixel.
static void written_here(VkCommandBuffer cmd)
{
   VkMemoryBarrier barrier = {VK_STRUCTURE_TYPE_MEMORY_BARRIER, .srcAccessMask = VK_ACCESS_COLOR_ATTACHMENT_WRITE_BIT,
                              .dstAccessMask = VK_ACCESS_INPUT_ATTACHMENT_READ_BIT};
   vkCmdPipelineBarrier(cmd, VK_PIPELINE_STAGE_COLOR_ATTACHMENT_OUTPUT_BIT, VK_PIPELINE_STAGE_FRAGMENT_SHADER_BIT,
                        VK_DEPENDENCY_BY_REGION_BIT, 1, &barrier, 0, NULL, 0, NULL);
}

static void render(struct gpu *gpu, const struct bench *b, const struct mapping *write, const struct mapping *read,
                   const char *const names[ATTACHMENTS])
{
   VkPipeline writer = pipeline_new(gpu, b, write, false), reader = pipeline_new(gpu, b, read, true);
   VkCommandBuffer cmd = cmd_begin(gpu);
   for (uint32_t i = 0; i < ATTACHMENTS; i++)
      image_layout(cmd, &b->images[i], VK_IMAGE_LAYOUT_UNDEFINED, VK_IMAGE_LAYOUT_RENDERING_LOCAL_READ_KHR);
   begin(cmd, b);
   map(gpu, cmd, write);
   vkCmdBindPipeline(cmd, VK_PIPELINE_BIND_POINT_GRAPHICS, writer);
   vkCmdBindVertexBuffers(cmd, 0, 1, &b->scene.vertex.handle, (VkDeviceSize[]){0});
   scene_place(cmd, &b->scene, 0.9f, 0, 0);
   vkCmdDraw(cmd, 6, 1, 0, 0);
   written_here(cmd);
   map(gpu, cmd, read);
   vkCmdBindPipeline(cmd, VK_PIPELINE_BIND_POINT_GRAPHICS, reader);
   vkCmdBindDescriptorSets(cmd, VK_PIPELINE_BIND_POINT_GRAPHICS, b->inputs.layout, 0, 1, &b->inputs.set, 0, NULL);
   vkCmdDraw(cmd, 3, 1, 0, 0);
   vkCmdEndRendering(cmd);
   for (uint32_t i = 0; i < ATTACHMENTS; i++)
      image_layout(cmd, &b->images[i], VK_IMAGE_LAYOUT_RENDERING_LOCAL_READ_KHR, VK_IMAGE_LAYOUT_TRANSFER_SRC_OPTIMAL);
   cmd_submit(gpu, cmd);
   for (uint32_t i = 0; i < ATTACHMENTS; i++)
      image_result(gpu, &b->images[i], VK_IMAGE_ASPECT_COLOR_BIT, 4, names[i]);
   vkDestroyPipeline(gpu->device, writer, NULL);
   vkDestroyPipeline(gpu->device, reader, NULL);
}

// Descriptor i is input attachment i: image `first` or `second`.
static struct bound inputs_new(struct gpu *gpu, const struct bench *b, uint32_t first, uint32_t second)
{
   const VkImageLayout layout = VK_IMAGE_LAYOUT_RENDERING_LOCAL_READ_KHR;
   return bound_new(
       gpu, VK_SHADER_STAGE_FRAGMENT_BIT, 0, 2,
       (struct binding[]){{VK_DESCRIPTOR_TYPE_INPUT_ATTACHMENT, .view = b->images[first].view, .layout = layout},
                          {VK_DESCRIPTOR_TYPE_INPUT_ATTACHMENT, .view = b->images[second].view, .layout = layout}});
}

int main(int argc, char **argv)
{
   struct gpu gpu;
   struct bench b;
   VkPhysicalDeviceDynamicRenderingLocalReadFeaturesKHR local = {
      VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_DYNAMIC_RENDERING_LOCAL_READ_FEATURES_KHR,
      .dynamicRenderingLocalRead = VK_TRUE};
   struct want want = {.v13.dynamicRendering = VK_TRUE,
                       .extensions = {VK_KHR_DYNAMIC_RENDERING_LOCAL_READ_EXTENSION_NAME},
                       .features = {FEATURES(local)}};
   gpu_open(&gpu, argc, argv, &want);
   b.scene = scene_new(&gpu, VK_FORMAT_UNDEFINED);
   for (uint32_t i = 0; i < ATTACHMENTS; i++)
      b.images[i] = image_2d(&gpu, RGBA, SIZE, SIZE,
                             VK_IMAGE_USAGE_COLOR_ATTACHMENT_BIT | VK_IMAGE_USAGE_INPUT_ATTACHMENT_BIT |
                                 VK_IMAGE_USAGE_TRANSFER_SRC_BIT);
   const struct mapping straight = {{0, 1, NOT_USED}, {NOT_USED, NOT_USED, NOT_USED}};
   const struct mapping read_straight = {{NOT_USED, NOT_USED, 0}, {0, 1, NOT_USED}};
   b.inputs = inputs_new(&gpu, &b, 0, 1);
   render(&gpu, &b, &straight, &read_straight, (const char *[]){"first", "second", "combined"});
   bound_free(&gpu, &b.inputs);
   const struct mapping crossed = {{NOT_USED, 1, 0}, {NOT_USED, NOT_USED, NOT_USED}};
   const struct mapping read_crossed = {{0, NOT_USED, NOT_USED}, {NOT_USED, 1, 0}};
   b.inputs = inputs_new(&gpu, &b, 2, 1);
   render(&gpu, &b, &crossed, &read_crossed, (const char *[]){"crossed-combined", "crossed-second", "crossed-first"});
   bound_free(&gpu, &b.inputs);
   for (uint32_t i = 0; i < ATTACHMENTS; i++)
      image_free(&gpu, &b.images[i]);
   scene_free(&gpu, &b.scene);
   return gpu_close(&gpu);
}
