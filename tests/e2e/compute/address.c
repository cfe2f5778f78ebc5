// SPDX-License-Identifier: MIT
//
// Buffer device addresses: a list linked by addresses through several buffers, walked and changed by a shader.
#include "harness.h"

#include "address_comp.h"

#define BUFFERS 4
#define NODES   64 // per buffer

struct node {
   VkDeviceAddress next;
   uint32_t value, hops;
};

struct push {
   VkDeviceAddress head;
   uint32_t length, salt;
};

static VkDeviceAddress address_of(struct gpu *gpu, const struct buffer *buffer)
{
   VkBufferDeviceAddressInfo info = {VK_STRUCTURE_TYPE_BUFFER_DEVICE_ADDRESS_INFO, .buffer = buffer->handle};
   VkDeviceAddress address = vkGetBufferDeviceAddress(gpu->device, &info);
   EXPECT(address && address % 16 == 0);
   return address;
}

// Node i follows node i * 37 + 11 around all buffers; 37 and their number have no common factor, so this is one ring.
static uint32_t following(uint32_t i)
{
   return (i * 37 + 11) % (BUFFERS * NODES);
}

int main(int argc, char **argv)
{
   struct gpu gpu;
   struct want want = {.v12.bufferDeviceAddress = VK_TRUE};
   struct buffer buffers[BUFFERS];
   VkDeviceAddress addresses[BUFFERS];
   gpu_open(&gpu, argc, argv, &want);
   for (uint32_t b = 0; b < BUFFERS; b++) {
      buffers[b] = buffer_host(&gpu, NODES * sizeof(struct node),
                               VK_BUFFER_USAGE_STORAGE_BUFFER_BIT | VK_BUFFER_USAGE_SHADER_DEVICE_ADDRESS_BIT);
      addresses[b] = address_of(&gpu, &buffers[b]);
   }
   for (uint32_t i = 0; i < BUFFERS * NODES; i++) {
      uint32_t next = following(i);
      ((struct node *)buffers[i / NODES].map)[i % NODES] =
          (struct node){addresses[next / NODES] + next % NODES * sizeof(struct node), i, 0};
   }
   struct bound bound = bound_new(&gpu, VK_SHADER_STAGE_COMPUTE_BIT, sizeof(struct push), 0, NULL);
   VkPipeline pipeline = compute_new(&gpu, bound.layout, SHADER(&gpu, address_comp), NULL);
   struct push push = {addresses[1], 200, 17};
   VkCommandBuffer cmd = cmd_begin(&gpu);
   vkCmdBindPipeline(cmd, VK_PIPELINE_BIND_POINT_COMPUTE, pipeline);
   vkCmdPushConstants(cmd, bound.layout, VK_SHADER_STAGE_COMPUTE_BIT, 0, sizeof(push), &push);
   vkCmdDispatch(cmd, 1, 1, 1);
   cmd_submit(&gpu, cmd);
   EXPECT(((struct node *)buffers[1].map)->value == 17 * 31 + NODES);
   for (uint32_t i = 0; i < BUFFERS * NODES; i++) {
      struct node *node = &((struct node *)buffers[i / NODES].map)[i % NODES];
      result(&gpu, "node", &node->value, 8); // not the address
   }
   vkDestroyPipeline(gpu.device, pipeline, NULL);
   bound_free(&gpu, &bound);
   for (uint32_t b = 0; b < BUFFERS; b++)
      buffer_free(&gpu, &buffers[b]);
   return gpu_close(&gpu);
}
