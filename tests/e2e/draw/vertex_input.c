// SPDX-License-Identifier: MIT
//
// Vertex formats: every format that a vertex buffer may have here is read and written out again bit for bit, from odd
// offsets and strides; what each may be used for is recorded.
#include "paint.h"

#include "attribute_float_vert.h"
#include "attribute_int_vert.h"
#include "attribute_uint_vert.h"
#include "bits_frag.h"

#define VERTICES 8
#define STRIDE   36
#define OFFSET   4

enum kind { FLOAT, INT, UINT };

// Formats of one kind, from one number of the API to another.
static const struct {
   VkFormat first, last;
   enum kind kind;
} runs[] = {{VK_FORMAT_R8_UNORM, VK_FORMAT_R8_SSCALED, FLOAT},
            {VK_FORMAT_R8_UINT, VK_FORMAT_R8_UINT, UINT},
            {VK_FORMAT_R8_SINT, VK_FORMAT_R8_SINT, INT},
            {VK_FORMAT_R8G8_UNORM, VK_FORMAT_R8G8_SSCALED, FLOAT},
            {VK_FORMAT_R8G8_UINT, VK_FORMAT_R8G8_UINT, UINT},
            {VK_FORMAT_R8G8_SINT, VK_FORMAT_R8G8_SINT, INT},
            {VK_FORMAT_R8G8B8_UNORM, VK_FORMAT_R8G8B8_SSCALED, FLOAT},
            {VK_FORMAT_R8G8B8A8_UNORM, VK_FORMAT_R8G8B8A8_SSCALED, FLOAT},
            {VK_FORMAT_R8G8B8A8_UINT, VK_FORMAT_R8G8B8A8_UINT, UINT},
            {VK_FORMAT_R8G8B8A8_SINT, VK_FORMAT_R8G8B8A8_SINT, INT},
            {VK_FORMAT_B8G8R8A8_UNORM, VK_FORMAT_B8G8R8A8_SSCALED, FLOAT},
            {VK_FORMAT_A8B8G8R8_UNORM_PACK32, VK_FORMAT_A8B8G8R8_SSCALED_PACK32, FLOAT},
            {VK_FORMAT_A8B8G8R8_UINT_PACK32, VK_FORMAT_A8B8G8R8_UINT_PACK32, UINT},
            {VK_FORMAT_A8B8G8R8_SINT_PACK32, VK_FORMAT_A8B8G8R8_SINT_PACK32, INT},
            {VK_FORMAT_A2R10G10B10_UNORM_PACK32, VK_FORMAT_A2R10G10B10_SSCALED_PACK32, FLOAT},
            {VK_FORMAT_A2B10G10R10_UNORM_PACK32, VK_FORMAT_A2B10G10R10_SSCALED_PACK32, FLOAT},
            {VK_FORMAT_A2B10G10R10_UINT_PACK32, VK_FORMAT_A2B10G10R10_UINT_PACK32, UINT},
            {VK_FORMAT_R16_UNORM, VK_FORMAT_R16_SSCALED, FLOAT},
            {VK_FORMAT_R16_UINT, VK_FORMAT_R16_UINT, UINT},
            {VK_FORMAT_R16_SINT, VK_FORMAT_R16_SINT, INT},
            {VK_FORMAT_R16_SFLOAT, VK_FORMAT_R16_SFLOAT, FLOAT},
            {VK_FORMAT_R16G16_UNORM, VK_FORMAT_R16G16_SSCALED, FLOAT},
            {VK_FORMAT_R16G16_UINT, VK_FORMAT_R16G16_UINT, UINT},
            {VK_FORMAT_R16G16_SINT, VK_FORMAT_R16G16_SINT, INT},
            {VK_FORMAT_R16G16_SFLOAT, VK_FORMAT_R16G16_SFLOAT, FLOAT},
            {VK_FORMAT_R16G16B16_UNORM, VK_FORMAT_R16G16B16_SSCALED, FLOAT},
            {VK_FORMAT_R16G16B16A16_UNORM, VK_FORMAT_R16G16B16A16_SSCALED, FLOAT},
            {VK_FORMAT_R16G16B16A16_UINT, VK_FORMAT_R16G16B16A16_UINT, UINT},
            {VK_FORMAT_R16G16B16A16_SINT, VK_FORMAT_R16G16B16A16_SINT, INT},
            {VK_FORMAT_R16G16B16A16_SFLOAT, VK_FORMAT_R16G16B16A16_SFLOAT, FLOAT},
            {VK_FORMAT_R32_UINT, VK_FORMAT_R32_UINT, UINT},
            {VK_FORMAT_R32_SINT, VK_FORMAT_R32_SINT, INT},
            {VK_FORMAT_R32_SFLOAT, VK_FORMAT_R32_SFLOAT, FLOAT},
            {VK_FORMAT_R32G32_UINT, VK_FORMAT_R32G32_UINT, UINT},
            {VK_FORMAT_R32G32_SINT, VK_FORMAT_R32G32_SINT, INT},
            {VK_FORMAT_R32G32_SFLOAT, VK_FORMAT_R32G32_SFLOAT, FLOAT},
            {VK_FORMAT_R32G32B32_UINT, VK_FORMAT_R32G32B32_UINT, UINT},
            {VK_FORMAT_R32G32B32_SINT, VK_FORMAT_R32G32B32_SINT, INT},
            {VK_FORMAT_R32G32B32_SFLOAT, VK_FORMAT_R32G32B32_SFLOAT, FLOAT},
            {VK_FORMAT_R32G32B32A32_UINT, VK_FORMAT_R32G32B32A32_UINT, UINT},
            {VK_FORMAT_R32G32B32A32_SINT, VK_FORMAT_R32G32B32A32_SINT, INT},
            {VK_FORMAT_R32G32B32A32_SFLOAT, VK_FORMAT_R32G32B32A32_SFLOAT, FLOAT},
            {VK_FORMAT_B10G11R11_UFLOAT_PACK32, VK_FORMAT_B10G11R11_UFLOAT_PACK32, FLOAT}};

struct scene {
   struct canvas canvas;
   struct bound bound;
   struct buffer vertex;
   VkShaderModule verts[3], frag;
};

// Bytes that are neither NaN nor infinite in any float format: sixteen bits are at most 0x7700 or 0xf700.
static void fill(struct buffer *vertex)
{
   uint16_t *words = vertex->map;
   uint32_t seed = 77;
   for (uint32_t i = 0; i < vertex->size / 2; i++)
      words[i] = (uint16_t)(random_next(&seed) & 0xf7ff) & (i % 2 ? 0x3fff : 0xf7ff);
}

static bool readable(struct gpu *gpu, VkFormat format)
{
   VkFormatProperties props;
   vkGetPhysicalDeviceFormatProperties(gpu->physical, format, &props);
   result_text(gpu, "format", "%d: %#x", (int)format, props.bufferFeatures);
   return props.bufferFeatures & VK_FORMAT_FEATURE_VERTEX_BUFFER_BIT;
}

static void read_format(struct gpu *gpu, const struct scene *s, VkFormat format, enum kind kind)
{
   const VkVertexInputAttributeDescription attribute = {0, 0, format, OFFSET};
   struct graphics desc = {.vert = s->verts[kind],
                           .frag = s->frag,
                           .layout = s->bound.layout,
                           .pass = s->canvas.pass,
                           .stride = STRIDE,
                           .attribute_count = 1,
                           .attributes = &attribute,
                           .points = true,
                           .keep_modules = true};
   VkPipeline pipeline = graphics_new(gpu, &desc);
   VkCommandBuffer cmd = cmd_begin(gpu);
   canvas_begin(cmd, &s->canvas, &(VkClearColorValue){.uint32 = {1, 2, 3, 4}});
   vkCmdBindPipeline(cmd, VK_PIPELINE_BIND_POINT_GRAPHICS, pipeline);
   vkCmdPushConstants(cmd, s->bound.layout, VK_SHADER_STAGE_VERTEX_BIT, 0, 16, (float[]){VERTICES, 2, 0, 0});
   vkCmdBindVertexBuffers(cmd, 0, 1, &s->vertex.handle, (VkDeviceSize[]){0});
   vkCmdDraw(cmd, VERTICES - 1, 1, 0, 0);
   vkCmdPushConstants(cmd, s->bound.layout, VK_SHADER_STAGE_VERTEX_BIT, 0, 16, (float[]){VERTICES, 2, 1, 0});
   vkCmdBindVertexBuffers(cmd, 0, 1, &s->vertex.handle, (VkDeviceSize[]){STRIDE * VERTICES + 16});
   vkCmdDraw(cmd, VERTICES - 2, 1, 2, 0);
   vkCmdEndRenderPass(cmd);
   cmd_submit(gpu, cmd);
   image_result(gpu, &s->canvas.color[0], VK_IMAGE_ASPECT_COLOR_BIT, 16, "attributes");
   vkDestroyPipeline(gpu->device, pipeline, NULL);
}

int main(int argc, char **argv)
{
   struct gpu gpu;
   gpu_open(&gpu, argc, argv, NULL);
   struct scene s = {
      .canvas = canvas_new(
          &gpu,
          &(struct canvas_info){.width = VERTICES, .height = 2, .count = 1, .formats = {VK_FORMAT_R32G32B32A32_UINT}}),
      .bound = bound_new(&gpu, VK_SHADER_STAGE_VERTEX_BIT, 16, 0, NULL),
      .vertex = buffer_host(&gpu, 2 * STRIDE * VERTICES + 64, VK_BUFFER_USAGE_VERTEX_BUFFER_BIT),
      .verts = {SHADER(&gpu, attribute_float_vert), SHADER(&gpu, attribute_int_vert),
                SHADER(&gpu, attribute_uint_vert)},
      .frag = SHADER(&gpu, bits_frag)};
   fill(&s.vertex);
   for (uint32_t i = 0; i < COUNT(runs); i++) {
      for (int format = runs[i].first; format <= (int)runs[i].last; format++) {
         if (readable(&gpu, (VkFormat)format))
            read_format(&gpu, &s, (VkFormat)format, runs[i].kind);
      }
   }
   for (int i = 0; i < 3; i++)
      vkDestroyShaderModule(gpu.device, s.verts[i], NULL);
   vkDestroyShaderModule(gpu.device, s.frag, NULL);
   buffer_free(&gpu, &s.vertex);
   bound_free(&gpu, &s.bound);
   canvas_free(&gpu, &s.canvas);
   return gpu_close(&gpu);
}
