// SPDX-License-Identifier: MIT
//
// Every topology, with and without neighbours, from arrays and from indices with restarts, and which vertex gives the
// flat colour: the first, or the last where VK_EXT_provoking_vertex lets one choose.
#include "paint.h"

#include "both_frag.h"
#include "corners_vert.h"
#include "lines_adjacent_geom.h"
#include "triangles_adjacent_geom.h"

#define CELL     32
#define COLUMNS  5
#define ROWS     4
#define VERTICES 14

struct push {
   float place[4], extra[4];
};

// Only strips and fans can be restarted.
static const struct {
   VkPrimitiveTopology topology;
   bool restart;
} kinds[COLUMNS * 2] = {{VK_PRIMITIVE_TOPOLOGY_POINT_LIST, false},
                        {VK_PRIMITIVE_TOPOLOGY_LINE_LIST, false},
                        {VK_PRIMITIVE_TOPOLOGY_LINE_STRIP, true},
                        {VK_PRIMITIVE_TOPOLOGY_TRIANGLE_LIST, false},
                        {VK_PRIMITIVE_TOPOLOGY_TRIANGLE_STRIP, true},
                        {VK_PRIMITIVE_TOPOLOGY_TRIANGLE_FAN, true},
                        {VK_PRIMITIVE_TOPOLOGY_LINE_LIST_WITH_ADJACENCY, false},
                        {VK_PRIMITIVE_TOPOLOGY_LINE_STRIP_WITH_ADJACENCY, true},
                        {VK_PRIMITIVE_TOPOLOGY_TRIANGLE_LIST_WITH_ADJACENCY, false},
                        {VK_PRIMITIVE_TOPOLOGY_TRIANGLE_STRIP_WITH_ADJACENCY, true}};

static bool lines_adjacent(VkPrimitiveTopology topology)
{
   return topology == VK_PRIMITIVE_TOPOLOGY_LINE_LIST_WITH_ADJACENCY ||
          topology == VK_PRIMITIVE_TOPOLOGY_LINE_STRIP_WITH_ADJACENCY;
}

static VkPipeline pipeline_new(struct gpu *gpu, const struct graphics *base, const VkShaderModule geoms[2], uint32_t i,
                               bool last)
{
   VkPipelineRasterizationProvokingVertexStateCreateInfoEXT provoking = {
      VK_STRUCTURE_TYPE_PIPELINE_RASTERIZATION_PROVOKING_VERTEX_STATE_CREATE_INFO_EXT,
      .provokingVertexMode =
          last ? VK_PROVOKING_VERTEX_MODE_LAST_VERTEX_EXT : VK_PROVOKING_VERTEX_MODE_FIRST_VERTEX_EXT};
   struct graphics desc = *base;
   struct pipe pipe;
   if (kinds[i].topology >= VK_PRIMITIVE_TOPOLOGY_LINE_LIST_WITH_ADJACENCY)
      desc.geom = geoms[lines_adjacent(kinds[i].topology) ? 0 : 1];
   desc.raster_next = &provoking;
   pipe_fill(&pipe, &desc);
   pipe.assembly.topology = kinds[i].topology;
   pipe.assembly.primitiveRestartEnable = kinds[i].restart;
   return pipe_new(gpu, &pipe);
}

static void draw(VkCommandBuffer cmd, const struct bound *bound, uint32_t i, bool indexed)
{
   struct push push = {{0.125f, 0.75f, -0.875f, -0.375f}, {3}};
   view_cell(cmd, i + (indexed ? COLUMNS * 2 : 0), COLUMNS, CELL);
   vkCmdPushConstants(cmd, bound->layout, VK_SHADER_STAGE_VERTEX_BIT, 0, sizeof(push), &push);
   if (indexed)
      vkCmdDrawIndexed(cmd, VERTICES, 1, kinds[i].restart ? 0 : VERTICES, 0, 0);
   else
      vkCmdDraw(cmd, VERTICES, 1, 0, 0);
}

static void picture(struct gpu *gpu, const struct target *target, const struct bound *bound, const struct buffer *index,
                    VkIndexType type, bool last, const char *name)
{
   struct graphics desc = {
      .vert = SHADER(gpu, corners_vert), .frag = SHADER(gpu, both_frag), .layout = bound->layout, .pass = target->pass};
   VkShaderModule geoms[2] = {SHADER(gpu, lines_adjacent_geom), SHADER(gpu, triangles_adjacent_geom)};
   VkPipeline pipelines[COUNT(kinds)];
   VkCommandBuffer cmd = paint_begin(gpu, target, (float[]){0, 0, 0, 1});
   vkCmdBindIndexBuffer(cmd, index->handle, type == VK_INDEX_TYPE_UINT16 ? 0 : 256, type);
   for (uint32_t i = 0; i < COUNT(kinds); i++) {
      pipelines[i] = pipeline_new(gpu, &desc, geoms, i, last);
      vkCmdBindPipeline(cmd, VK_PIPELINE_BIND_POINT_GRAPHICS, pipelines[i]);
      draw(cmd, bound, i, false);
      draw(cmd, bound, i, true);
   }
   paint_end(gpu, target, cmd, name);
   for (uint32_t i = 0; i < COUNT(kinds); i++)
      vkDestroyPipeline(gpu->device, pipelines[i], NULL);
   vkDestroyShaderModule(gpu->device, geoms[0], NULL);
   vkDestroyShaderModule(gpu->device, geoms[1], NULL);
   modules_free(gpu, &desc);
}

// First with restarts, then without.
static void fill_indices(struct buffer *index)
{
   static const uint8_t with[VERTICES] = {0, 1, 2, 3, 4, 5, 255, 6, 8, 7, 9, 11, 10, 13};
   static const uint8_t without[VERTICES] = {13, 12, 10, 11, 9, 7, 8, 5, 6, 4, 3, 2, 0, 1};
   uint16_t *shorts = index->map;
   uint32_t *words = (uint32_t *)index->map + 64;
   for (uint32_t i = 0; i < VERTICES; i++) {
      shorts[i] = with[i] == 255 ? UINT16_MAX : with[i];
      words[i] = with[i] == 255 ? UINT32_MAX : with[i];
      shorts[VERTICES + i] = without[i];
      words[VERTICES + i] = without[i];
   }
}

int main(int argc, char **argv)
{
   struct gpu gpu;
   VkPhysicalDeviceProvokingVertexFeaturesEXT provoking = {
      VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PROVOKING_VERTEX_FEATURES_EXT, .provokingVertexLast = VK_TRUE};
   gpu_open(&gpu, argc, argv,
            &(struct want){.core.geometryShader = VK_TRUE,
                           .core.fullDrawIndexUint32 = VK_TRUE,
                           .core.largePoints = VK_TRUE,
                           .extensions = {VK_EXT_PROVOKING_VERTEX_EXTENSION_NAME},
                           .features = {FEATURES(provoking)}});
   struct target target = target_new(&gpu, COLUMNS * CELL, ROWS * CELL, VK_FORMAT_R8G8B8A8_UNORM, VK_FORMAT_UNDEFINED,
                                     VK_SAMPLE_COUNT_1_BIT);
   struct bound bound = bound_new(&gpu, VK_SHADER_STAGE_VERTEX_BIT, sizeof(struct push), 0, NULL);
   struct buffer index = buffer_host(&gpu, 512, VK_BUFFER_USAGE_INDEX_BUFFER_BIT);
   fill_indices(&index);
   picture(&gpu, &target, &bound, &index, VK_INDEX_TYPE_UINT16, false, "first-vertex");
   picture(&gpu, &target, &bound, &index, VK_INDEX_TYPE_UINT32, true, "last-vertex");
   buffer_free(&gpu, &index);
   bound_free(&gpu, &bound);
   target_free(&gpu, &target);
   return gpu_close(&gpu);
}
