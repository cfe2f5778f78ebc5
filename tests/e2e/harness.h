// SPDX-License-Identifier: MIT
//
// Harness of the end-to-end programs: small Vulkan programs that must leave the same bytes behind natively and as a
// guest.
//
// Every program takes the result file as its first argument and exits with 0, 1 (something failed), 77 (this device
// lacks what the program is about) or 124 (it hung). Whatever fails prints one line and exits: there is nothing to clean
// up for. Nothing here waits longer than WAIT_NS, and an alarm ends a program that hangs inside a driver.
#ifndef E2E_HARNESS_H
#define E2E_HARNESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <vulkan/vulkan.h>

#define WAIT_NS      20000000000ull
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

// Features that only some devices with the extension have: looked for, and enabled.
struct features {
   void *wanted; // any feature struct
   size_t size;
};
#define FEATURES(wanted) {&(wanted), sizeof(wanted)}

#define MAX_QUEUES 16

// What a program needs of the device; zero means nothing special. sType and pNext are filled in by gpu_open.
struct want {
   VkPhysicalDeviceFeatures core;
   VkPhysicalDeviceVulkan11Features v11;
   VkPhysicalDeviceVulkan12Features v12;
   VkPhysicalDeviceVulkan13Features v13;
   const char *extensions[8];
   void *next;   // more feature structs; for extensions, whose presence implies them
   uint32_t api; // VK_API_VERSION of the device at least (0: 1.1, or 1.2 where features of v11 to v13 are wanted)
   struct features features[8];
   uint32_t queues; // of each family at most (0: one queue of one family)
   const char *instance_extensions[4];
};

struct queue {
   VkQueue handle;
   uint32_t family;
   VkQueueFlags flags;
};

struct gpu {
   VkInstance instance;
   VkPhysicalDevice physical;
   VkPhysicalDeviceProperties props;
   VkPhysicalDeviceMemoryProperties memory;
   VkDevice device;
   uint32_t family, timestamp_bits;
   VkQueue queue;
   VkCommandPool pool; // for cmd_begin; individually resettable
   FILE *result;
   struct queue queues[MAX_QUEUES]; // where want.queues asked for them; the first is `queue`
   uint32_t queue_count;
};

_Noreturn void fail(const char *format, ...) __attribute__((format(printf, 1, 2)));
_Noreturn void skip(const char *format, ...) __attribute__((format(printf, 1, 2)));
void check_vk(VkResult result, const char *call);

// Runs a Vulkan call that must return VK_SUCCESS.
#define VK(call) check_vk((call), #call)
// Declares name_, the command of that name.
#define PROC(gpu, name) PFN_##name name##_ = (PFN_##name)vkGetDeviceProcAddr((gpu)->device, #name)
// A statement about the results that holds on every correct driver.
#define EXPECT(condition)                                                                                              \
   do {                                                                                                                \
      if (!(condition))                                                                                                \
         fail("%s:%d: not so: %s", __FILE__, __LINE__, #condition);                                                    \
   } while (0)

// Makes instance, device (the first GPU) and one queue that can do graphics and compute. Skips when `want` is not
// there. Prints device, driver, API version and number of extensions to stderr; their names too where E2E_LIST is in
// the environment.
void gpu_open(struct gpu *gpu, int argc, char **argv, const struct want *want);
// One more instance and device in the same process, with the result file of `first`; gpu_drop destroys it.
void gpu_again(struct gpu *gpu, const struct gpu *first, const struct want *want);
void gpu_drop(struct gpu *gpu);
// Destroys it all. Returns the exit status.
int gpu_close(struct gpu *gpu);
// Ends the program the rude way: the result is complete, but nothing is destroyed.
_Noreturn void gpu_leave(struct gpu *gpu);

// Appends one named section to the result file.
void result(struct gpu *gpu, const char *name, const void *bytes, size_t size);

struct buffer {
   VkBuffer handle;
   VkDeviceMemory memory;
   VkDeviceSize size;
   void *map; // NULL for device-local ones
};

// Index of a memory type out of `bits` with all of `flags`; skips if there is none.
uint32_t memory_type(const struct gpu *gpu, uint32_t bits, VkMemoryPropertyFlags flags);
// Mapped, coherent, zeroed.
struct buffer buffer_host(struct gpu *gpu, VkDeviceSize size, VkBufferUsageFlags usage);
struct buffer buffer_device(struct gpu *gpu, VkDeviceSize size, VkBufferUsageFlags usage);
void buffer_free(struct gpu *gpu, struct buffer *buffer);

struct image {
   VkImage handle;
   VkDeviceMemory memory;
   VkImageView view; // all levels and layers; stencil left out where there is depth as well
   VkImageCreateInfo info;
};

struct image image_new(struct gpu *gpu, const VkImageCreateInfo *info);
// The usual one: two dimensions, one level, one layer, one sample, optimal.
struct image image_2d(struct gpu *gpu, VkFormat format, uint32_t width, uint32_t height, VkImageUsageFlags usage);
void image_free(struct gpu *gpu, struct image *image);
VkImageAspectFlags format_aspects(VkFormat format);

// One-shot commands: begin, record, submit (waits, and frees the command buffer; host reads are made visible).
VkCommandBuffer cmd_begin(struct gpu *gpu);
void cmd_submit(struct gpu *gpu, VkCommandBuffer cmd);
VkFence fence_new(struct gpu *gpu, bool signalled);
void fence_wait(struct gpu *gpu, VkFence fence);
VkSemaphore semaphore_new(struct gpu *gpu);

// Everything before happens before everything after.
void barrier_all(VkCommandBuffer cmd);
// The same, and all of `image` changes its layout.
void image_layout(VkCommandBuffer cmd, const struct image *image, VkImageLayout from, VkImageLayout to);
// Writes level 0, layer 0 of one aspect of an image in TRANSFER_SRC_OPTIMAL to the result; `texel` in bytes.
void image_result(struct gpu *gpu, const struct image *image, VkImageAspectFlags aspect, uint32_t texel,
                  const char *name);
// Fills level 0 of all layers with `bytes` (tightly packed); the image ends up in `layout`.
void image_upload(struct gpu *gpu, struct image *image, const void *bytes, size_t size, VkImageLayout layout);

VkShaderModule shader_new(struct gpu *gpu, const uint32_t *code, size_t size);
#define SHADER(gpu, code) shader_new((gpu), (code), sizeof(code))

// One descriptor: a buffer (whole), or an image view and/or a sampler.
struct binding {
   VkDescriptorType type;
   const struct buffer *buffer;
   VkImageView view;
   VkSampler sampler;
   VkImageLayout layout;
};

// A pipeline layout with one set of its own.
struct bound {
   VkDescriptorSetLayout set_layout;
   VkPipelineLayout layout;
   VkDescriptorPool pool;
   VkDescriptorSet set;
};

// Binding i is bindings[i]; `push` bytes of push constants; everything visible to `stages`.
struct bound bound_new(struct gpu *gpu, VkShaderStageFlags stages, uint32_t push, uint32_t count,
                       const struct binding *bindings);
void bound_free(struct gpu *gpu, struct bound *bound);

// A compute pipeline; the module is consumed.
VkPipeline compute_new(struct gpu *gpu, VkPipelineLayout layout, VkShaderModule module,
                       const VkSpecializationInfo *spec);

// A graphics pipeline in few words; zero means: triangle list, no culling, no depth, no blending, one sample, viewport
// and scissor dynamic. Modules are consumed.
struct graphics {
   VkShaderModule vert, tesc, tese, geom, frag;
   VkPipelineLayout layout;
   VkRenderPass pass;
   uint32_t subpass;
   const void *next; // pNext: VkPipelineRenderingCreateInfo when there is no pass
   uint32_t stride, attribute_count;
   const VkVertexInputAttributeDescription *attributes; // of binding 0
   bool points, lines, strip, wireframe, patches;
   VkCullModeFlags cull;
   bool depth_test, depth_write, stencil, blend, no_color, depth_only; // depth_only: the pass has no colour
   VkCompareOp depth_op;
   VkStencilOpState stencil_op; // front and back
   VkSampleCountFlagBits samples;
   bool sample_shading;
   uint32_t patch_points;
   uint32_t dynamic_count;
   const VkDynamicState *dynamic;    // besides viewport and scissor
   const VkSpecializationInfo *spec; // of the vertex and fragment shader
   VkPipelineCreateFlags flags;
   VkPipelineCache cache;
   bool keep_modules;
   VkShaderModule task, mesh;                            // instead of vert and what follows it
   const void *input_next, *raster_next, *viewport_next; // pNext of these states
   const void *multisample_next, *blend_next;            // and of these
   VkPipelineColorBlendStateCreateFlags blend_flags;
   bool restart, depth_clamp;
   uint32_t color_count; // attachments, all blended alike (0: one)
};
VkPipeline graphics_new(struct gpu *gpu, const struct graphics *desc);

// A colour (and depth) target of its own with a classic render pass that clears it and leaves TRANSFER_SRC_OPTIMAL.
struct target {
   uint32_t width, height;
   struct image color, depth, resolve; // depth and resolve only where asked for
   VkRenderPass pass;
   VkFramebuffer framebuffer;
};

// `depth` may be VK_FORMAT_UNDEFINED. With several samples `resolve` holds the picture.
struct target target_new(struct gpu *gpu, uint32_t width, uint32_t height, VkFormat color, VkFormat depth,
                         VkSampleCountFlagBits samples);
void target_begin(VkCommandBuffer cmd, const struct target *target, const float color[4], VkSubpassContents contents);
// Viewport and scissor over all of it.
void target_view(VkCommandBuffer cmd, const struct target *target);
void target_free(struct gpu *gpu, struct target *target);
// The first format of the list that can be a depth/stencil attachment; skips if none.
VkFormat depth_format(struct gpu *gpu, uint32_t count, const VkFormat *formats);

VkSampler sampler_new(struct gpu *gpu, VkFilter filter, VkSamplerMipmapMode mip, VkSamplerAddressMode address);

// A small reproducible random number generator (xorshift).
uint32_t random_next(uint32_t *state);

#endif
