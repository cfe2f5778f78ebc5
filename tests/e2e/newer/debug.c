// SPDX-License-Identifier: MIT
//
// What helps to debug a program must not change it: names and tags of objects, labels of queues and commands, messages
// that the program sends to itself, the list of tools, and private data on many objects.
#include "harness.h"

#define LABELS  30
#define OBJECTS 100

#define INSTANCE_PROC(gpu, name) PFN_##name name##_ = (PFN_##name)vkGetInstanceProcAddr((gpu)->instance, #name)

struct heard {
   char text[1024];
   size_t used;
};

static VkBool32 VKAPI_PTR listen(VkDebugUtilsMessageSeverityFlagBitsEXT severity, VkDebugUtilsMessageTypeFlagsEXT types,
                                 const VkDebugUtilsMessengerCallbackDataEXT *data, void *user)
{
   struct heard *heard = user;
   if (data->pMessageIdName && !strcmp(data->pMessageIdName, "e2e"))
      heard->used += (size_t)snprintf(heard->text + heard->used, sizeof(heard->text) - heard->used, "%d %#x %d %s\n",
                                      (int)severity, types, data->messageIdNumber, data->pMessage);
   return VK_FALSE;
}

// Only what is loud enough is heard.
static void messages(struct gpu *gpu)
{
   INSTANCE_PROC(gpu, vkCreateDebugUtilsMessengerEXT);
   INSTANCE_PROC(gpu, vkDestroyDebugUtilsMessengerEXT);
   INSTANCE_PROC(gpu, vkSubmitDebugUtilsMessageEXT);
   struct heard heard = {.used = 0};
   VkDebugUtilsMessengerCreateInfoEXT info = {VK_STRUCTURE_TYPE_DEBUG_UTILS_MESSENGER_CREATE_INFO_EXT,
                                              .messageSeverity = VK_DEBUG_UTILS_MESSAGE_SEVERITY_WARNING_BIT_EXT |
                                                                 VK_DEBUG_UTILS_MESSAGE_SEVERITY_ERROR_BIT_EXT,
                                              .messageType = VK_DEBUG_UTILS_MESSAGE_TYPE_GENERAL_BIT_EXT,
                                              .pfnUserCallback = listen, .pUserData = &heard};
   VkDebugUtilsMessengerEXT messenger;
   VK(vkCreateDebugUtilsMessengerEXT_(gpu->instance, &info, NULL, &messenger));
   static const VkDebugUtilsMessageSeverityFlagBitsEXT severities[] = {VK_DEBUG_UTILS_MESSAGE_SEVERITY_INFO_BIT_EXT,
                                                                       VK_DEBUG_UTILS_MESSAGE_SEVERITY_WARNING_BIT_EXT,
                                                                       VK_DEBUG_UTILS_MESSAGE_SEVERITY_ERROR_BIT_EXT};
   for (int32_t i = 0; i < 9; i++) {
      VkDebugUtilsMessengerCallbackDataEXT data = {VK_STRUCTURE_TYPE_DEBUG_UTILS_MESSENGER_CALLBACK_DATA_EXT,
                                                   .pMessageIdName = "e2e", .messageIdNumber = i,
                                                   .pMessage = i % 2 ? "odd" : "even"};
      vkSubmitDebugUtilsMessageEXT_(gpu->instance, severities[i % 3], info.messageType, &data);
   }
   EXPECT(heard.used);
   result(gpu, "messages", heard.text, heard.used);
   vkDestroyDebugUtilsMessengerEXT_(gpu->instance, messenger, NULL);
}

static void name_of(struct gpu *gpu, VkObjectType type, uint64_t object, const char *name)
{
   INSTANCE_PROC(gpu, vkSetDebugUtilsObjectNameEXT);
   INSTANCE_PROC(gpu, vkSetDebugUtilsObjectTagEXT);
   VkDebugUtilsObjectNameInfoEXT info = {VK_STRUCTURE_TYPE_DEBUG_UTILS_OBJECT_NAME_INFO_EXT, .objectType = type,
                                         .objectHandle = object, .pObjectName = name};
   VkDebugUtilsObjectTagInfoEXT tag = {VK_STRUCTURE_TYPE_DEBUG_UTILS_OBJECT_TAG_INFO_EXT,
                                       .objectType = type,
                                       .objectHandle = object,
                                       .tagName = 77,
                                       .tagSize = 5,
                                       .pTag = "bytes"};
   VK(vkSetDebugUtilsObjectNameEXT_(gpu->device, &info));
   VK(vkSetDebugUtilsObjectTagEXT_(gpu->device, &tag));
}

// Labels opened, closed and inserted between commands that count.
static void labels(struct gpu *gpu)
{
   INSTANCE_PROC(gpu, vkQueueBeginDebugUtilsLabelEXT);
   INSTANCE_PROC(gpu, vkQueueEndDebugUtilsLabelEXT);
   INSTANCE_PROC(gpu, vkQueueInsertDebugUtilsLabelEXT);
   INSTANCE_PROC(gpu, vkCmdBeginDebugUtilsLabelEXT);
   INSTANCE_PROC(gpu, vkCmdEndDebugUtilsLabelEXT);
   INSTANCE_PROC(gpu, vkCmdInsertDebugUtilsLabelEXT);
   struct buffer out = buffer_host(gpu, 4 * LABELS, VK_BUFFER_USAGE_TRANSFER_DST_BIT);
   VkDebugUtilsLabelEXT label = {VK_STRUCTURE_TYPE_DEBUG_UTILS_LABEL_EXT, .pLabelName = "a label",
                                 .color = {1, 0.5f, 0, 1}};
   VkCommandBuffer cmd = cmd_begin(gpu);
   name_of(gpu, VK_OBJECT_TYPE_BUFFER, (uint64_t)out.handle, "the counters");
   name_of(gpu, VK_OBJECT_TYPE_DEVICE_MEMORY, (uint64_t)out.memory, "their memory");
   name_of(gpu, VK_OBJECT_TYPE_COMMAND_BUFFER, (uint64_t)(uintptr_t)cmd, "the commands");
   name_of(gpu, VK_OBJECT_TYPE_QUEUE, (uint64_t)(uintptr_t)gpu->queue, "the queue");
   name_of(gpu, VK_OBJECT_TYPE_BUFFER, (uint64_t)out.handle, "another name");
   name_of(gpu, VK_OBJECT_TYPE_BUFFER, (uint64_t)out.handle, "");
   for (uint32_t i = 0; i < LABELS; i++) {
      vkCmdBeginDebugUtilsLabelEXT_(cmd, &label);
      vkCmdFillBuffer(cmd, out.handle, 4 * i, 4, 1 + i * i);
      vkCmdInsertDebugUtilsLabelEXT_(cmd, &label);
      if (i % 3)
         vkCmdEndDebugUtilsLabelEXT_(cmd);
   }
   for (uint32_t i = 0; i < LABELS; i += 3)
      vkCmdEndDebugUtilsLabelEXT_(cmd);
   vkQueueBeginDebugUtilsLabelEXT_(gpu->queue, &label);
   vkQueueInsertDebugUtilsLabelEXT_(gpu->queue, &label);
   cmd_submit(gpu, cmd);
   vkQueueEndDebugUtilsLabelEXT_(gpu->queue);
   result(gpu, "labelled", out.map, out.size);
   buffer_free(gpu, &out);
}

// Several slots on many objects; what was never set reads as zero.
static void private_data(struct gpu *gpu)
{
   VkPrivateDataSlot slots[3];
   VkFence fences[OBJECTS];
   uint64_t got[3][OBJECTS];
   VkPrivateDataSlotCreateInfo info = {VK_STRUCTURE_TYPE_PRIVATE_DATA_SLOT_CREATE_INFO};
   for (int s = 0; s < 3; s++)
      VK(vkCreatePrivateDataSlot(gpu->device, &info, NULL, &slots[s]));
   for (uint64_t i = 0; i < OBJECTS; i++) {
      fences[i] = fence_new(gpu, false);
      for (uint64_t s = 0; s < 3; s++) {
         if ((i + s) % 4)
            VK(vkSetPrivateData(gpu->device, VK_OBJECT_TYPE_FENCE, (uint64_t)fences[i], slots[s], i << 40 | s));
      }
   }
   for (uint64_t i = 0; i < OBJECTS; i++) {
      for (uint64_t s = 0; s < 3; s++) {
         vkGetPrivateData(gpu->device, VK_OBJECT_TYPE_FENCE, (uint64_t)fences[i], slots[s], &got[s][i]);
         EXPECT(got[s][i] == ((i + s) % 4 ? i << 40 | s : 0));
      }
      vkDestroyFence(gpu->device, fences[i], NULL);
   }
   for (int s = 0; s < 3; s++)
      vkDestroyPrivateDataSlot(gpu->device, slots[s], NULL);
   result(gpu, "private-data", got, sizeof(got));
}

static void tools(struct gpu *gpu)
{
   uint32_t count = 0;
   VK(vkGetPhysicalDeviceToolProperties(gpu->physical, &count, NULL));
   result(gpu, "tools", &count, sizeof(count));
}

int main(int argc, char **argv)
{
   struct gpu gpu;
   struct want want = {.v13.privateData = VK_TRUE, .instance_extensions = {VK_EXT_DEBUG_UTILS_EXTENSION_NAME}};
   gpu_open(&gpu, argc, argv, &want);
   messages(&gpu);
   labels(&gpu);
   private_data(&gpu);
   tools(&gpu);
   return gpu_close(&gpu);
}
