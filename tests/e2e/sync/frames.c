// SPDX-License-Identifier: MIT
//
// The frame loop of a program with a swapchain, without one: three frames in flight over four images, "acquired" by one
// submission, drawn by a second and "presented" by a third, each pair tied by a binary semaphore that is used again.
#include "sync.h"

#include "color_frag.h"
#include "color_vert.h"

#define FLIGHT 3
#define IMAGES 4
#define FRAMES 40
#define SIZE   24

struct frame {
   VkSemaphore acquired, drawn;
   VkFence done;
   VkCommandBuffer draw, present;
};

struct stage {
   struct target targets[IMAGES];
   struct buffer vertices, screen; // what a viewer would have seen, frame after frame
   struct bound bound;
   VkPipeline pipeline;
};

static const float corners[][7] = {{-1, -1, 0, 1, 0, 0, 1}, {1, -1, 0, 0, 1, 0, 1}, {0, 1, 0, 0, 0, 1, 1}};
static const VkVertexInputAttributeDescription attributes[] = {{0, 0, VK_FORMAT_R32G32B32_SFLOAT, 0},
                                                               {1, 0, VK_FORMAT_R32G32B32A32_SFLOAT, 12}};

static struct stage stage_new(struct gpu *gpu)
{
   struct stage s = {.vertices = buffer_host(gpu, sizeof(corners), VK_BUFFER_USAGE_VERTEX_BUFFER_BIT),
                     .screen = buffer_host(gpu, FRAMES * SIZE * SIZE * 4, VK_BUFFER_USAGE_TRANSFER_DST_BIT),
                     .bound = bound_new(gpu, VK_SHADER_STAGE_VERTEX_BIT, 16, 0, NULL)};
   memcpy(s.vertices.map, corners, sizeof(corners));
   for (uint32_t i = 0; i < IMAGES; i++)
      s.targets[i] = target_new(gpu, SIZE, SIZE, VK_FORMAT_R8G8B8A8_UNORM, VK_FORMAT_UNDEFINED, VK_SAMPLE_COUNT_1_BIT);
   struct graphics desc = {.vert = SHADER(gpu, color_vert),
                           .frag = SHADER(gpu, color_frag),
                           .layout = s.bound.layout,
                           .pass = s.targets[0].pass,
                           .stride = sizeof(corners[0]),
                           .attribute_count = COUNT(attributes),
                           .attributes = attributes};
   s.pipeline = graphics_new(gpu, &desc);
   return s;
}

static void stage_free(struct gpu *gpu, struct stage *s)
{
   for (uint32_t i = 0; i < IMAGES; i++)
      target_free(gpu, &s->targets[i]);
   vkDestroyPipeline(gpu->device, s->pipeline, NULL);
   bound_free(gpu, &s->bound);
   buffer_free(gpu, &s->vertices);
   buffer_free(gpu, &s->screen);
}

static void record(const struct frame *frame, const struct stage *s, uint32_t number)
{
   const struct target *target = &s->targets[number % IMAGES];
   const float turn = (float)number / FRAMES;
   begin(frame->draw, VK_COMMAND_BUFFER_USAGE_ONE_TIME_SUBMIT_BIT);
   target_begin(frame->draw, target, (float[]){turn, 0.5f, 1 - turn, 1}, VK_SUBPASS_CONTENTS_INLINE);
   vkCmdBindPipeline(frame->draw, VK_PIPELINE_BIND_POINT_GRAPHICS, s->pipeline);
   vkCmdBindVertexBuffers(frame->draw, 0, 1, &s->vertices.handle, (VkDeviceSize[]){0});
   vkCmdPushConstants(frame->draw, s->bound.layout, VK_SHADER_STAGE_VERTEX_BIT, 0, 16,
                      (float[]){1 - turn, 0.5f, turn - 0.5f, 0});
   vkCmdDraw(frame->draw, 3, 1, 0, 0);
   vkCmdEndRenderPass(frame->draw);
   VK(vkEndCommandBuffer(frame->draw));
   begin(frame->present, VK_COMMAND_BUFFER_USAGE_ONE_TIME_SUBMIT_BIT);
   VkBufferImageCopy region = {.bufferOffset = (VkDeviceSize)number * SIZE * SIZE * 4,
                               .imageSubresource = {VK_IMAGE_ASPECT_COLOR_BIT, 0, 0, 1},
                               .imageExtent = {SIZE, SIZE, 1}};
   vkCmdCopyImageToBuffer(frame->present, target->color.handle, VK_IMAGE_LAYOUT_TRANSFER_SRC_OPTIMAL, s->screen.handle,
                          1, &region);
   end(frame->present);
}

static void loop(struct gpu *gpu, const struct stage *s)
{
   struct frame frames[FLIGHT];
   for (uint32_t i = 0; i < FLIGHT; i++)
      frames[i] = (struct frame){semaphore_new(gpu), semaphore_new(gpu), fence_new(gpu, true),
                                 cmd_of(gpu, gpu->pool, VK_COMMAND_BUFFER_LEVEL_PRIMARY),
                                 cmd_of(gpu, gpu->pool, VK_COMMAND_BUFFER_LEVEL_PRIMARY)};
   for (uint32_t number = 0; number < FRAMES; number++) {
      struct frame *frame = &frames[number % FLIGHT];
      struct point acquired = {frame->acquired}, drawn = {frame->drawn};
      fence_wait(gpu, frame->done);
      VK(vkResetFences(gpu->device, 1, &frame->done));
      record(frame, s, number);
      submit_to(gpu->queue, VK_NULL_HANDLE, 0, NULL, 1, &acquired, VK_NULL_HANDLE);
      submit_to(gpu->queue, frame->draw, 1, &acquired, 1, &drawn, VK_NULL_HANDLE);
      submit_to(gpu->queue, frame->present, 1, &drawn, 0, NULL, frame->done);
   }
   for (uint32_t i = 0; i < FLIGHT; i++) {
      fence_wait(gpu, frames[i].done);
      vkDestroyFence(gpu->device, frames[i].done, NULL);
   }
   VK(vkDeviceWaitIdle(gpu->device));
   for (uint32_t i = 0; i < FLIGHT; i++) {
      vkDestroySemaphore(gpu->device, frames[i].acquired, NULL);
      vkDestroySemaphore(gpu->device, frames[i].drawn, NULL);
   }
}

int main(int argc, char **argv)
{
   struct gpu gpu;
   gpu_open(&gpu, argc, argv, NULL);
   struct stage stage = stage_new(&gpu);
   loop(&gpu, &stage);
   const uint8_t *last = (uint8_t *)stage.screen.map + (FRAMES - 1) * SIZE * SIZE * 4;
   EXPECT(last[0] == 249 && last[3] == 255); // cleared to 39/40
   result(&gpu, "screen", stage.screen.map, stage.screen.size);
   stage_free(&gpu, &stage);
   return gpu_close(&gpu);
}
