// SPDX-License-Identifier: MIT
//
// The program behind `./dev demo`: a small animated scene (textured, lit, with shadows and several pipelines), drawn
// offscreen; the last frame is written as a PNG to the file named first. It only knows Vulkan: natively and as a guest
// of PearVisor the picture must be the same, bit for bit.
#include "harness.h"

#include <png.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "shapes.h"

#include "mesh_frag.h"
#include "mesh_vert.h"
#include "shadow_vert.h"
#include "sky_frag.h"
#include "sky_vert.h"
#include "sparkle_frag.h"
#include "sparkle_vert.h"
#include "wire_frag.h"

#define WIDTH  800
#define HEIGHT 520
#define FRAMES 24
#define FLIGHT 2 // frames prepared while the device still works on one
#define SHADOW 1024
#define SPARKS 260
#define STAGES (VK_SHADER_STAGE_VERTEX_BIT | VK_SHADER_STAGE_FRAGMENT_BIT)

struct frame_data { // as in shaders/frame.glsl
   struct mat4 view_projection, inverse_view_projection, light;
   float eye[4], sun[4], time[4];
};

struct push {
   struct mat4 model;
   float tint[4], surface[4]; // surface: skin, how often it repeats, gloss, how much of the skin
};

struct item {
   const struct shape *shape;
   struct push push;
};

struct slot {
   struct buffer data;
   struct bound bound;
   VkCommandBuffer cmd;
   VkFence fence;
};

struct demo {
   struct gpu gpu;
   struct shapes shapes;
   struct buffer vertices, indices;
   struct image skins, shadow;
   VkSampler skin_sampler, shadow_sampler;
   VkRenderPass shadow_pass;
   VkFramebuffer shadow_framebuffer;
   struct target target;
   VkPipeline shadow_pipeline, sky, mesh, wire, sparkle;
   struct slot slots[FLIGHT];
};

static const VkVertexInputAttributeDescription attributes[] = {
    {0, 0, VK_FORMAT_R32G32B32_SFLOAT, offsetof(struct vertex, position)},
    {1, 0, VK_FORMAT_R32G32B32_SFLOAT, offsetof(struct vertex, normal)},
    {2, 0, VK_FORMAT_R32G32_SFLOAT, offsetof(struct vertex, uv)}};

// Copies through mapped memory into memory of the device.
static struct buffer upload(struct gpu *gpu, const void *bytes, VkDeviceSize size, VkBufferUsageFlags usage)
{
   struct buffer staging = buffer_host(gpu, size, VK_BUFFER_USAGE_TRANSFER_SRC_BIT);
   struct buffer buffer = buffer_device(gpu, size, usage | VK_BUFFER_USAGE_TRANSFER_DST_BIT);
   memcpy(staging.map, bytes, size);
   VkCommandBuffer cmd = cmd_begin(gpu);
   vkCmdCopyBuffer(cmd, staging.handle, buffer.handle, 1, &(VkBufferCopy){0, 0, size});
   cmd_submit(gpu, cmd);
   buffer_free(gpu, &staging);
   return buffer;
}

static void make_shapes(struct demo *d)
{
   d->shapes = shapes_new();
   if (!d->shapes.vertices || !d->shapes.indices)
      fail("out of memory");
   d->vertices = upload(&d->gpu, d->shapes.vertices, d->shapes.vertex_count * sizeof(struct vertex),
                        VK_BUFFER_USAGE_VERTEX_BUFFER_BIT);
   d->indices =
       upload(&d->gpu, d->shapes.indices, d->shapes.index_count * sizeof(uint32_t), VK_BUFFER_USAGE_INDEX_BUFFER_BIT);
   free(d->shapes.vertices);
   free(d->shapes.indices);
}

static void level_layout(VkCommandBuffer cmd, const struct image *image, uint32_t level, VkImageLayout from,
                         VkImageLayout to)
{
   VkImageMemoryBarrier change = {VK_STRUCTURE_TYPE_IMAGE_MEMORY_BARRIER,
                                  .srcAccessMask = VK_ACCESS_MEMORY_WRITE_BIT,
                                  .dstAccessMask = VK_ACCESS_MEMORY_READ_BIT | VK_ACCESS_MEMORY_WRITE_BIT,
                                  .oldLayout = from,
                                  .newLayout = to,
                                  .srcQueueFamilyIndex = VK_QUEUE_FAMILY_IGNORED,
                                  .dstQueueFamilyIndex = VK_QUEUE_FAMILY_IGNORED,
                                  .image = image->handle,
                                  .subresourceRange = {VK_IMAGE_ASPECT_COLOR_BIT, level, 1, 0, SKINS}};
   vkCmdPipelineBarrier(cmd, VK_PIPELINE_STAGE_ALL_COMMANDS_BIT, VK_PIPELINE_STAGE_ALL_COMMANDS_BIT, 0, 0, NULL, 0,
                        NULL, 1, &change);
}

static void make_mipmaps(struct gpu *gpu, struct image *image)
{
   const VkImageLayout source = VK_IMAGE_LAYOUT_TRANSFER_SRC_OPTIMAL, target = VK_IMAGE_LAYOUT_TRANSFER_DST_OPTIMAL;
   uint32_t last = image->info.mipLevels - 1;
   VkCommandBuffer cmd = cmd_begin(gpu);
   for (uint32_t level = 1; level <= last; level++) {
      int32_t size = SKIN_SIZE >> level;
      level_layout(cmd, image, level - 1, target, source);
      VkImageBlit half = {{VK_IMAGE_ASPECT_COLOR_BIT, level - 1, 0, SKINS},
                          {{0, 0, 0}, {size * 2, size * 2, 1}},
                          {VK_IMAGE_ASPECT_COLOR_BIT, level, 0, SKINS},
                          {{0, 0, 0}, {size, size, 1}}};
      vkCmdBlitImage(cmd, image->handle, source, image->handle, target, 1, &half, VK_FILTER_LINEAR);
   }
   level_layout(cmd, image, last, target, source);
   image_layout(cmd, image, source, VK_IMAGE_LAYOUT_SHADER_READ_ONLY_OPTIMAL);
   cmd_submit(gpu, cmd);
}

static void make_skins(struct demo *d)
{
   const size_t layer = SKIN_SIZE * SKIN_SIZE * 4;
   VkImageCreateInfo info = {VK_STRUCTURE_TYPE_IMAGE_CREATE_INFO,
                             .imageType = VK_IMAGE_TYPE_2D,
                             .format = VK_FORMAT_R8G8B8A8_UNORM,
                             .extent = {SKIN_SIZE, SKIN_SIZE, 1},
                             .mipLevels = 9,
                             .arrayLayers = SKINS,
                             .samples = VK_SAMPLE_COUNT_1_BIT,
                             .usage = VK_IMAGE_USAGE_SAMPLED_BIT | VK_IMAGE_USAGE_TRANSFER_SRC_BIT |
                                      VK_IMAGE_USAGE_TRANSFER_DST_BIT};
   uint8_t *pixels = malloc(layer * SKINS);
   if (!pixels)
      fail("out of memory");
   for (uint32_t i = 0; i < SKINS; i++)
      shapes_paint(i, pixels + i * layer);
   d->skins = image_new(&d->gpu, &info);
   image_upload(&d->gpu, &d->skins, pixels, layer * SKINS, VK_IMAGE_LAYOUT_TRANSFER_DST_OPTIMAL);
   make_mipmaps(&d->gpu, &d->skins);
   free(pixels);
   d->skin_sampler =
       sampler_new(&d->gpu, VK_FILTER_LINEAR, VK_SAMPLER_MIPMAP_MODE_LINEAR, VK_SAMPLER_ADDRESS_MODE_REPEAT);
}

static void make_shadow(struct demo *d)
{
   struct gpu *gpu = &d->gpu;
   VkFormat format = depth_format(gpu, 2, (VkFormat[]){VK_FORMAT_D32_SFLOAT, VK_FORMAT_D16_UNORM});
   d->shadow =
       image_2d(gpu, format, SHADOW, SHADOW, VK_IMAGE_USAGE_DEPTH_STENCIL_ATTACHMENT_BIT | VK_IMAGE_USAGE_SAMPLED_BIT);
   VkAttachmentDescription depth = {.format = format,
                                    .samples = VK_SAMPLE_COUNT_1_BIT,
                                    .loadOp = VK_ATTACHMENT_LOAD_OP_CLEAR,
                                    .storeOp = VK_ATTACHMENT_STORE_OP_STORE,
                                    .finalLayout = VK_IMAGE_LAYOUT_SHADER_READ_ONLY_OPTIMAL};
   VkAttachmentReference reference = {0, VK_IMAGE_LAYOUT_DEPTH_STENCIL_ATTACHMENT_OPTIMAL};
   VkSubpassDescription subpass = {.pipelineBindPoint = VK_PIPELINE_BIND_POINT_GRAPHICS,
                                   .pDepthStencilAttachment = &reference};
   const VkPipelineStageFlags tests =
       VK_PIPELINE_STAGE_EARLY_FRAGMENT_TESTS_BIT | VK_PIPELINE_STAGE_LATE_FRAGMENT_TESTS_BIT;
   const VkAccessFlags depth_access =
       VK_ACCESS_DEPTH_STENCIL_ATTACHMENT_READ_BIT | VK_ACCESS_DEPTH_STENCIL_ATTACHMENT_WRITE_BIT;
   VkSubpassDependency around[] = {{VK_SUBPASS_EXTERNAL, 0, VK_PIPELINE_STAGE_FRAGMENT_SHADER_BIT, tests,
                                    VK_ACCESS_SHADER_READ_BIT, depth_access, 0},
                                   {0, VK_SUBPASS_EXTERNAL, tests, VK_PIPELINE_STAGE_FRAGMENT_SHADER_BIT, depth_access,
                                    VK_ACCESS_SHADER_READ_BIT, 0}};
   VkRenderPassCreateInfo pass = {VK_STRUCTURE_TYPE_RENDER_PASS_CREATE_INFO,
                                  .attachmentCount = 1,
                                  .pAttachments = &depth,
                                  .subpassCount = 1,
                                  .pSubpasses = &subpass,
                                  .dependencyCount = COUNT(around),
                                  .pDependencies = around};
   VK(vkCreateRenderPass(gpu->device, &pass, NULL, &d->shadow_pass));
   VkFramebufferCreateInfo framebuffer = {VK_STRUCTURE_TYPE_FRAMEBUFFER_CREATE_INFO,
                                          .renderPass = d->shadow_pass,
                                          .attachmentCount = 1,
                                          .pAttachments = &d->shadow.view,
                                          .width = SHADOW,
                                          .height = SHADOW,
                                          .layers = 1};
   VK(vkCreateFramebuffer(gpu->device, &framebuffer, NULL, &d->shadow_framebuffer));
   VkSamplerCreateInfo sampler = {VK_STRUCTURE_TYPE_SAMPLER_CREATE_INFO,
                                  .magFilter = VK_FILTER_LINEAR,
                                  .minFilter = VK_FILTER_LINEAR,
                                  .addressModeU = VK_SAMPLER_ADDRESS_MODE_CLAMP_TO_BORDER,
                                  .addressModeV = VK_SAMPLER_ADDRESS_MODE_CLAMP_TO_BORDER,
                                  .addressModeW = VK_SAMPLER_ADDRESS_MODE_CLAMP_TO_BORDER,
                                  .compareEnable = VK_TRUE,
                                  .compareOp = VK_COMPARE_OP_LESS_OR_EQUAL,
                                  .borderColor = VK_BORDER_COLOR_FLOAT_OPAQUE_WHITE};
   VK(vkCreateSampler(gpu->device, &sampler, NULL, &d->shadow_sampler));
}

static void make_slots(struct demo *d)
{
   const VkImageLayout shown = VK_IMAGE_LAYOUT_SHADER_READ_ONLY_OPTIMAL;
   for (int i = 0; i < FLIGHT; i++) {
      struct slot *slot = &d->slots[i];
      VkCommandBufferAllocateInfo info = {VK_STRUCTURE_TYPE_COMMAND_BUFFER_ALLOCATE_INFO, .commandPool = d->gpu.pool,
                                          .level = VK_COMMAND_BUFFER_LEVEL_PRIMARY, .commandBufferCount = 1};
      VK(vkAllocateCommandBuffers(d->gpu.device, &info, &slot->cmd));
      slot->fence = fence_new(&d->gpu, true);
      slot->data = buffer_host(&d->gpu, sizeof(struct frame_data), VK_BUFFER_USAGE_UNIFORM_BUFFER_BIT);
      slot->bound =
          bound_new(&d->gpu, STAGES, sizeof(struct push), 3,
                    (struct binding[]){
                        {VK_DESCRIPTOR_TYPE_UNIFORM_BUFFER, &slot->data},
                        {VK_DESCRIPTOR_TYPE_COMBINED_IMAGE_SAMPLER, NULL, d->skins.view, d->skin_sampler, shown},
                        {VK_DESCRIPTOR_TYPE_COMBINED_IMAGE_SAMPLER, NULL, d->shadow.view, d->shadow_sampler, shown}});
   }
}

static void make_pipelines(struct demo *d)
{
   struct gpu *gpu = &d->gpu;
   struct graphics mesh = {.vert = SHADER(gpu, mesh_vert),
                           .frag = SHADER(gpu, mesh_frag),
                           .layout = d->slots[0].bound.layout, // the other slots' layouts are identical
                           .pass = d->target.pass,
                           .stride = sizeof(struct vertex),
                           .attribute_count = COUNT(attributes),
                           .attributes = attributes,
                           .depth_test = true,
                           .depth_write = true,
                           .depth_op = VK_COMPARE_OP_LESS,
                           .samples = VK_SAMPLE_COUNT_4_BIT};
   struct graphics shadow = mesh, sky = mesh, wire = mesh, sparkle = mesh;
   d->mesh = graphics_new(gpu, &mesh);
   shadow.vert = SHADER(gpu, shadow_vert);
   shadow.frag = VK_NULL_HANDLE;
   shadow.pass = d->shadow_pass;
   shadow.attribute_count = 1;
   shadow.samples = VK_SAMPLE_COUNT_1_BIT;
   shadow.depth_only = true;
   d->shadow_pipeline = graphics_new(gpu, &shadow);
   sky.vert = SHADER(gpu, sky_vert);
   sky.frag = SHADER(gpu, sky_frag);
   sky.stride = sky.attribute_count = 0;
   sky.depth_write = false;
   sky.depth_op = VK_COMPARE_OP_LESS_OR_EQUAL;
   d->sky = graphics_new(gpu, &sky);
   wire.vert = SHADER(gpu, mesh_vert);
   wire.frag = SHADER(gpu, wire_frag);
   wire.wireframe = wire.blend = true;
   d->wire = graphics_new(gpu, &wire);
   sparkle.vert = SHADER(gpu, sparkle_vert);
   sparkle.frag = SHADER(gpu, sparkle_frag);
   sparkle.stride = sparkle.attribute_count = 0;
   sparkle.points = sparkle.blend = true;
   sparkle.depth_write = false;
   d->sparkle = graphics_new(gpu, &sparkle);
}

#define MAX_ITEMS 64

static void add(struct item *items, uint32_t *count, const struct shape *shape, struct mat4 model, struct vec3 tint,
                const float surface[4])
{
   EXPECT(*count < MAX_ITEMS);
   items[(*count)++] =
       (struct item){shape, {model, {tint.x, tint.y, tint.z, 1}, {surface[0], surface[1], surface[2], surface[3]}}};
}

static void add_pear(const struct demo *d, struct item *items, uint32_t *count, struct mat4 place, struct vec3 tint)
{
   add(items, count, &d->shapes.pear, place, tint, (float[]){SKIN_PEAR, 1, 0.55f, 1});
   add(items, count, &d->shapes.stem, place, (struct vec3){0.36f, 0.24f, 0.12f}, (float[]){SKIN_CRATE, 1, 0.1f, 0.3f});
   add(items, count, &d->shapes.leaf, place, (struct vec3){0.33f, 0.62f, 0.18f}, (float[]){SKIN_MEADOW, 1, 0.3f, 0.3f});
}

// Everything that casts a shadow, the hills first.
static uint32_t arrange(const struct demo *d, float time, struct item items[MAX_ITEMS])
{
   static const float small[][4] = {{-2.6f, 1.5f, 0.42f, 0.3f},
                                    {2.4f, 2.1f, 0.5f, 2},
                                    {3.6f, -1.6f, 0.46f, 4},
                                    {-3.4f, -2.2f, 0.55f, 5},
                                    {1.4f, 3.4f, 0.36f, 1.2f}};
   static const float crates[][4] = {{-2.1f, 3.1f, 0.8f, 0.5f}, {-3.0f, 2.9f, 0.7f, 1.1f}, {0.4f, -2.9f, 0.9f, 0.2f},
                                     {-3.6f, 4.6f, 1.1f, 0.9f}, {-5.0f, 0.2f, 1.2f, 0.4f}, {1.3f, -4.2f, 1.0f, 1.3f},
                                     {-1.6f, -4.4f, 0.8f, 0.1f}};
   static const struct vec3 tints[] = {
       {1, 1, 1}, {1, 0.72f, 0.5f}, {0.85f, 1, 0.6f}, {1, 0.85f, 0.45f}, {1, 0.6f, 0.5f}};
   uint32_t count = 0;
   add(items, &count, &d->shapes.hills, mat4_place((struct vec3){0}, 1, 0, 0), (struct vec3){1, 1, 1},
       (float[]){SKIN_MEADOW, 14, 0, 1});
   struct vec3 middle = {0, shapes_ground(0, 0) + 0.16f + 0.08f * sinf(time * 2), 0};
   add_pear(d, items, &count, mat4_place(middle, 1.35f, time * 0.8f, 0.06f * sinf(time * 1.5f)), tints[0]);
   for (size_t i = 0; i < COUNT(small); i++) {
      struct vec3 at = {small[i][0], shapes_ground(small[i][0], small[i][1]) - 0.02f, small[i][1]};
      add_pear(d, items, &count, mat4_place(at, small[i][2], small[i][3], i % 2 ? 0.12f : -0.1f), tints[i]);
   }
   for (size_t i = 0; i < COUNT(crates); i++) {
      float half = crates[i][2] / 2;
      struct vec3 at = {crates[i][0], shapes_ground(crates[i][0], crates[i][1]) + half, crates[i][1]};
      add(items, &count, &d->shapes.crate, mat4_place(at, crates[i][2], crates[i][3], 0), (struct vec3){1, 1, 1},
          (float[]){SKIN_CRATE, 1, 0.08f, 1});
   }
   struct vec3 top = {-2.5f, shapes_ground(-2.5f, 3) + 1.05f, 3};
   add(items, &count, &d->shapes.crate, mat4_place(top, 0.6f, 0.8f + 0.2f * time, 0), (struct vec3){1, 0.9f, 0.8f},
       (float[]){SKIN_CRATE, 1, 0.08f, 1});
   return count;
}

static void fill_frame(struct frame_data *data, float time)
{
   float angle = 0.55f + time * 0.22f;
   struct vec3 eye = {6.4f * sinf(angle), 2.5f + 0.3f * sinf(time), 6.4f * cosf(angle)}, at = {0, 1.25f, 0};
   struct vec3 sun = vec3_normalize((struct vec3){0.62f, 0.55f, -0.5f});
   struct vec3 from = {sun.x * 30, sun.y * 30, sun.z * 30};
   struct mat4 view = mat4_look_at(eye, at), projection = mat4_perspective(0.87f, (float)WIDTH / HEIGHT, 0.1f, 120);
   struct mat4 light_view = mat4_look_at(from, (struct vec3){0}), light_projection = mat4_ortho(9, 5, 60);
   data->view_projection = mat4_mul(&projection, &view);
   data->inverse_view_projection = mat4_inverse(&data->view_projection);
   data->light = mat4_mul(&light_projection, &light_view);
   memcpy(data->eye, (float[]){eye.x, eye.y, eye.z, 1}, 16);
   memcpy(data->sun, (float[]){sun.x, sun.y, sun.z, 0}, 16);
   memcpy(data->time, (float[]){time, 0, 0, 0}, 16);
}

static void draw_items(VkCommandBuffer cmd, const struct slot *slot, const struct item *items, uint32_t count)
{
   for (uint32_t i = 0; i < count; i++) {
      vkCmdPushConstants(cmd, slot->bound.layout, STAGES, 0, sizeof(items[i].push), &items[i].push);
      vkCmdDrawIndexed(cmd, items[i].shape->count, 1, items[i].shape->first, 0, 0);
   }
}

static void draw_shadows(const struct demo *d, const struct slot *slot, const struct item *items, uint32_t count)
{
   struct target map = {SHADOW, SHADOW};
   VkClearValue far = {.depthStencil = {1, 0}};
   VkRenderPassBeginInfo begin = {
       VK_STRUCTURE_TYPE_RENDER_PASS_BEGIN_INFO, .renderPass = d->shadow_pass, .framebuffer = d->shadow_framebuffer,
       .renderArea = {{0, 0}, {SHADOW, SHADOW}}, .clearValueCount = 1,         .pClearValues = &far};
   vkCmdBeginRenderPass(slot->cmd, &begin, VK_SUBPASS_CONTENTS_INLINE);
   target_view(slot->cmd, &map);
   vkCmdBindPipeline(slot->cmd, VK_PIPELINE_BIND_POINT_GRAPHICS, d->shadow_pipeline);
   draw_items(slot->cmd, slot, items, count);
   vkCmdEndRenderPass(slot->cmd);
}

static void draw_picture(const struct demo *d, const struct slot *slot, const struct item *items, uint32_t count,
                         float time)
{
   VkCommandBuffer cmd = slot->cmd;
   target_begin(cmd, &d->target, (float[]){0, 0, 0, 1}, VK_SUBPASS_CONTENTS_INLINE);
   vkCmdBindPipeline(cmd, VK_PIPELINE_BIND_POINT_GRAPHICS, d->mesh);
   draw_items(cmd, slot, items, count);
   vkCmdBindPipeline(cmd, VK_PIPELINE_BIND_POINT_GRAPHICS, d->sky);
   vkCmdDraw(cmd, 3, 1, 0, 0);
   vkCmdBindPipeline(cmd, VK_PIPELINE_BIND_POINT_GRAPHICS, d->wire);
   struct item rings[2];
   uint32_t ring_count = 0;
   const struct vec3 around = {0, 1.6f, 0};
   add(rings, &ring_count, &d->shapes.ring, mat4_place(around, 1, time, 0.38f), (struct vec3){1, 0.82f, 0.45f},
       (float[4]){0});
   add(rings, &ring_count, &d->shapes.ring, mat4_place(around, 1.12f, -time, -0.5f), (struct vec3){0.55f, 0.85f, 1},
       (float[4]){0});
   draw_items(cmd, slot, rings, ring_count);
   vkCmdBindPipeline(cmd, VK_PIPELINE_BIND_POINT_GRAPHICS, d->sparkle);
   vkCmdDraw(cmd, SPARKS, 1, 0, 0);
   vkCmdEndRenderPass(cmd);
}

static void draw_frame(struct demo *d, struct slot *slot, float time)
{
   struct item items[MAX_ITEMS];
   uint32_t count = arrange(d, time, items);
   VkCommandBufferBeginInfo begin = {VK_STRUCTURE_TYPE_COMMAND_BUFFER_BEGIN_INFO,
                                     .flags = VK_COMMAND_BUFFER_USAGE_ONE_TIME_SUBMIT_BIT};
   fence_wait(&d->gpu, slot->fence);
   VK(vkResetFences(d->gpu.device, 1, &slot->fence));
   fill_frame(slot->data.map, time);
   VK(vkBeginCommandBuffer(slot->cmd, &begin));
   vkCmdBindDescriptorSets(slot->cmd, VK_PIPELINE_BIND_POINT_GRAPHICS, slot->bound.layout, 0, 1, &slot->bound.set, 0,
                           NULL);
   vkCmdBindVertexBuffers(slot->cmd, 0, 1, &d->vertices.handle, (VkDeviceSize[]){0});
   vkCmdBindIndexBuffer(slot->cmd, d->indices.handle, 0, VK_INDEX_TYPE_UINT32);
   draw_shadows(d, slot, items, count);
   draw_picture(d, slot, items, count, time);
   VK(vkEndCommandBuffer(slot->cmd));
   VkSubmitInfo submit = {VK_STRUCTURE_TYPE_SUBMIT_INFO, .commandBufferCount = 1, .pCommandBuffers = &slot->cmd};
   VK(vkQueueSubmit(d->gpu.queue, 1, &submit, slot->fence));
}

static void write_png(struct demo *d)
{
   struct buffer out = buffer_host(&d->gpu, WIDTH * HEIGHT * 4, VK_BUFFER_USAGE_TRANSFER_DST_BIT);
   VkBufferImageCopy all = {.imageSubresource = {VK_IMAGE_ASPECT_COLOR_BIT, 0, 0, 1},
                            .imageExtent = {WIDTH, HEIGHT, 1}};
   VkCommandBuffer cmd = cmd_begin(&d->gpu);
   barrier_all(cmd);
   vkCmdCopyImageToBuffer(cmd, d->target.resolve.handle, VK_IMAGE_LAYOUT_TRANSFER_SRC_OPTIMAL, out.handle, 1, &all);
   cmd_submit(&d->gpu, cmd);
   uint8_t *pixels = out.map;
   for (uint32_t i = 0; i < WIDTH * HEIGHT; i++)
      pixels[4 * i + 3] = 255; // blending left its own alpha
   png_image png = {.version = PNG_IMAGE_VERSION, .width = WIDTH, .height = HEIGHT, .format = PNG_FORMAT_RGBA};
   if (!png_image_write_to_stdio(&png, d->gpu.result, 0, pixels, 0, NULL))
      fail("cannot write the picture: %s", png.message);
   buffer_free(&d->gpu, &out);
}

static int finish(struct demo *d)
{
   struct gpu *gpu = &d->gpu;
   VkPipeline pipelines[] = {d->shadow_pipeline, d->sky, d->mesh, d->wire, d->sparkle};
   for (size_t i = 0; i < COUNT(pipelines); i++)
      vkDestroyPipeline(gpu->device, pipelines[i], NULL);
   for (int i = 0; i < FLIGHT; i++) {
      vkDestroyFence(gpu->device, d->slots[i].fence, NULL);
      bound_free(gpu, &d->slots[i].bound);
      buffer_free(gpu, &d->slots[i].data);
   }
   vkDestroyFramebuffer(gpu->device, d->shadow_framebuffer, NULL);
   vkDestroyRenderPass(gpu->device, d->shadow_pass, NULL);
   vkDestroySampler(gpu->device, d->shadow_sampler, NULL);
   vkDestroySampler(gpu->device, d->skin_sampler, NULL);
   target_free(gpu, &d->target);
   image_free(gpu, &d->shadow);
   image_free(gpu, &d->skins);
   buffer_free(gpu, &d->vertices);
   buffer_free(gpu, &d->indices);
   return gpu_close(gpu);
}

static double seconds(void)
{
   struct timespec now;
   clock_gettime(CLOCK_MONOTONIC, &now);
   return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

int main(int argc, char **argv)
{
   struct demo d = {0};
   struct want want = {.core.fillModeNonSolid = VK_TRUE, .core.largePoints = VK_TRUE};
   gpu_open(&d.gpu, argc, argv, &want);
   alarm(300); // software rendering inside an emulated machine takes its time
   make_shapes(&d);
   make_skins(&d);
   make_shadow(&d);
   VkFormat depth = depth_format(&d.gpu, 2, (VkFormat[]){VK_FORMAT_D32_SFLOAT, VK_FORMAT_D16_UNORM});
   d.target = target_new(&d.gpu, WIDTH, HEIGHT, VK_FORMAT_R8G8B8A8_UNORM, depth, VK_SAMPLE_COUNT_4_BIT);
   make_slots(&d);
   make_pipelines(&d);
   double start = seconds();
   for (int i = 0; i < FRAMES; i++)
      draw_frame(&d, &d.slots[i % FLIGHT], (float)i / 10);
   for (int i = 0; i < FLIGHT; i++)
      fence_wait(&d.gpu, d.slots[i].fence);
   fprintf(stderr, "frames: %d in %.2f s\n", FRAMES, seconds() - start);
   write_png(&d);
   return finish(&d);
}
