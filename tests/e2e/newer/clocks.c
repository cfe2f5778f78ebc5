// SPDX-License-Identifier: MIT
//
// Calibrated time stamps: the device's clock is there, and every clock offered runs forwards. Which others there are is
// no result: newer guest drivers offer their own kernel's clocks, whatever the host's driver has.
#include "harness.h"

#define MAX_DOMAINS 16

int main(int argc, char **argv)
{
   struct gpu gpu;
   VkTimeDomainEXT domains[MAX_DOMAINS];
   uint32_t count = MAX_DOMAINS;
   struct want want = {.extensions = {VK_EXT_CALIBRATED_TIMESTAMPS_EXTENSION_NAME}};
   gpu_open(&gpu, argc, argv, &want);
   PFN_vkGetPhysicalDeviceCalibrateableTimeDomainsEXT domains_of =
       (PFN_vkGetPhysicalDeviceCalibrateableTimeDomainsEXT)vkGetInstanceProcAddr(
           gpu.instance, "vkGetPhysicalDeviceCalibrateableTimeDomainsEXT");
   PROC(&gpu, vkGetCalibratedTimestampsEXT);
   VK(domains_of(gpu.physical, &count, domains));
   EXPECT(count);
   uint32_t of_device = 0;
   for (uint32_t i = 0; i < count; i++)
      of_device += domains[i] == VK_TIME_DOMAIN_DEVICE_EXT;
   result(&gpu, "of-device", &of_device, sizeof(of_device));
   VkCalibratedTimestampInfoEXT infos[MAX_DOMAINS];
   for (uint32_t i = 0; i < count; i++)
      infos[i] =
          (VkCalibratedTimestampInfoEXT){VK_STRUCTURE_TYPE_CALIBRATED_TIMESTAMP_INFO_EXT, .timeDomain = domains[i]};
   uint64_t before[MAX_DOMAINS], after[MAX_DOMAINS], deviation;
   VK(vkGetCalibratedTimestampsEXT_(gpu.device, count, infos, before, &deviation));
   VK(vkGetCalibratedTimestampsEXT_(gpu.device, count, infos, after, &deviation));
   for (uint32_t i = 0; i < count; i++) {
      EXPECT(after[i] && (after[i] >= before[i] || gpu.timestamp_bits < 64)); // fewer bits wrap around
   }
   return gpu_close(&gpu);
}
