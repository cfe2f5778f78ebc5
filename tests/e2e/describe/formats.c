// SPDX-License-Identifier: MIT
//
// What each format can do: all formats, types, tilings, usages and flags. One line tells the answers for all usages of
// one combination, because there are a hundred thousand of them.
#include "describe.gen.h"

#include <stdio.h>
#include <string.h>

#include "harness.h"

static const struct {
   const char *name;
   VkImageType type;
} types[] = {{"1D", VK_IMAGE_TYPE_1D}, {"2D", VK_IMAGE_TYPE_2D}, {"3D", VK_IMAGE_TYPE_3D}};

static const struct {
   const char *name;
   VkImageTiling tiling;
} tilings[] = {{"optimal", VK_IMAGE_TILING_OPTIMAL}, {"linear", VK_IMAGE_TILING_LINEAR}};

// Each alone, then what programs use together.
static const VkImageUsageFlags usages[] = {0x1,      0x2, 0x4, 0x8, 0x10, 0x20, 0x50, 0x90, 0x100, 0x80000,
                                           0x400000, 0x3, 0x7, 0xb, 0x13, 0x17, 0x1f, 0x24, 0x27,  0x9f};
static const VkImageCreateFlags flags[] = {0,    0x1,   0x3,   0x5,   0x8,   0x10,   0x18,   0x20,    0x40,
                                           0x88, 0x108, 0x200, 0x400, 0x800, 0x1000, 0x4000, 0x20000, 0x40000};

static void print_short(const VkImageFormatProperties *p)
{
   printf("%ux%ux%u,%u,%u,%#x,%#llx", p->maxExtent.width, p->maxExtent.height, p->maxExtent.depth, p->maxMipLevels,
          p->maxArrayLayers, p->sampleCounts, (unsigned long long)p->maxResourceSize);
}

// Usages with one answer stand together: "0x1 0x2: answer; 0x4: answer".
static void print_answers(const VkImageFormatProperties *answers, const VkResult *results, size_t count)
{
   bool done[64] = {false};
   for (size_t i = 0; i < count; i++) {
      if (done[i] || results[i] == VK_ERROR_FORMAT_NOT_SUPPORTED)
         continue;
      for (size_t k = i; k < count; k++) {
         if (results[k] != results[i] || memcmp(&answers[k], &answers[i], sizeof(*answers)))
            continue;
         printf("%#x ", usages[k]);
         done[k] = true;
      }
      if (results[i] == VK_SUCCESS)
         print_short(&answers[i]);
      else
         printf("result %d", (int)results[i]);
      printf("; ");
   }
   value("%s", "");
}

static void image_format(struct about *about, const struct named_format *format, size_t type, size_t tiling,
                         size_t flag)
{
   VkImageFormatProperties answers[COUNT(usages)];
   VkResult results[COUNT(usages)];
   memset(answers, 0, sizeof(answers));
   bool any = false;
   for (size_t i = 0; i < COUNT(usages); i++) {
      results[i] =
          vkGetPhysicalDeviceImageFormatProperties(about->physical, format->format, types[type].type,
                                                   tilings[tiling].tiling, usages[i], flags[flag], &answers[i]);
      if (results[i])
         memset(&answers[i], 0, sizeof(answers[i]));
      any |= results[i] != VK_ERROR_FORMAT_NOT_SUPPORTED;
   }
   if (!any)
      return;
   key("Images/%s/%s/%s/flags %#x", format->name, types[type].name, tilings[tiling].name, flags[flag]);
   print_answers(answers, results, COUNT(usages));
}

static bool is_of_ycbcr_extension(VkFormat format)
{
   return format >= VK_FORMAT_G8B8G8R8_422_UNORM && format <= VK_FORMAT_G16_B16_R16_3PLANE_444_UNORM;
}

static bool can_anything(struct about *about, VkFormat format)
{
   VkFormatProperties props;
   vkGetPhysicalDeviceFormatProperties(about->physical, format, &props);
   return props.linearTilingFeatures || props.optimalTilingFeatures;
}

static void sparse_format(struct about *about, const struct named_format *format, size_t type, VkImageUsageFlags usage,
                          VkSampleCountFlagBits samples)
{
   VkSparseImageFormatProperties list[8];
   VkSparseImageFormatProperties2 list2[8];
   VkPhysicalDeviceSparseImageFormatInfo2 info = {VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SPARSE_IMAGE_FORMAT_INFO_2,
                                                  .format = format->format,
                                                  .type = types[type].type,
                                                  .samples = samples,
                                                  .usage = usage,
                                                  .tiling = VK_IMAGE_TILING_OPTIMAL};
   uint32_t count = COUNT(list), count2 = COUNT(list2);
   for (uint32_t i = 0; i < count2; i++)
      list2[i] = (VkSparseImageFormatProperties2){VK_STRUCTURE_TYPE_SPARSE_IMAGE_FORMAT_PROPERTIES_2};
   vkGetPhysicalDeviceSparseImageFormatProperties(about->physical, format->format, types[type].type, samples, usage,
                                                  VK_IMAGE_TILING_OPTIMAL, &count, list);
   vkGetPhysicalDeviceSparseImageFormatProperties2(about->physical, &info, &count2, list2);
   EXPECT(count == count2);
   for (uint32_t i = 0; i < count; i++) {
      char prefix[200];
      snprintf(prefix, sizeof(prefix), "Sparse images/%s/%s/usage %#x/%d samples/[%u]", format->name, types[type].name,
               usage, (int)samples, i);
      print_shape(prefix, &shape_VkSparseImageFormatProperties, &list[i]);
      say_if_other(prefix, &shape_VkSparseImageFormatProperties, &list[i], &list2[i].properties);
   }
}

static void format_properties(struct about *about, const struct named_format *format)
{
   VkFormatProperties props;
   VkFormatProperties2 again = {VK_STRUCTURE_TYPE_FORMAT_PROPERTIES_2};
   char prefix[200];
   vkGetPhysicalDeviceFormatProperties(about->physical, format->format, &props);
   vkGetPhysicalDeviceFormatProperties2(about->physical, format->format, &again);
   snprintf(prefix, sizeof(prefix), "Formats/%s/VkFormatProperties", format->name);
   print_shape(prefix, &shape_VkFormatProperties, &props);
   say_if_other(prefix, &shape_VkFormatProperties, &props, &again.formatProperties);
   for (const struct extending *list = extending_format; list->shape; list++) {
      if (!provided(about, list->providers))
         continue;
      void *bytes = fresh(list->shape);
      again.pNext = bytes;
      vkGetPhysicalDeviceFormatProperties2(about->physical, format->format, &again);
      if (provide(list->shape, bytes))
         vkGetPhysicalDeviceFormatProperties2(about->physical, format->format, &again);
      snprintf(prefix, sizeof(prefix), "Formats/%s/%s", format->name, list->shape->name);
      print_shape(prefix, list->shape, bytes);
   }
}

void describe_formats(struct about *about)
{
   for (const struct named_format *format = all_formats; format->name; format++)
      format_properties(about, format);
}

void describe_images(struct about *about)
{
   for (const struct named_format *format = all_formats; format->name; format++) {
      if (!can_anything(about, format->format)) { // then there is nothing to say; one question to see that it is so
         image_format(about, format, 1, 0, 0);
         continue;
      }
      for (size_t type = 0; type < COUNT(types); type++) {
         for (size_t flag = 0; flag < COUNT(flags); flag++) {
            for (size_t tiling = 0; tiling < COUNT(tilings); tiling++)
               image_format(about, format, type, tiling, flag);
         }
         if (is_of_ycbcr_extension(format->format))
            continue;
         sparse_format(about, format, type, 0x6, VK_SAMPLE_COUNT_1_BIT);
         sparse_format(about, format, type, 0x6, VK_SAMPLE_COUNT_4_BIT);
         sparse_format(about, format, type, 0xe, VK_SAMPLE_COUNT_1_BIT);
      }
   }
}
