// SPDX-License-Identifier: MIT
#version 450
// Sorts 512 words in shared memory with a network: every step needs its barrier.
layout(local_size_x = 256) in;
layout(binding = 0, std430) buffer Data { uint words[]; } data;
shared uint words[512];

void main()
{
   uint i = gl_LocalInvocationID.x, base = gl_WorkGroupID.x * 512;
   words[i] = data.words[base + i];
   words[i + 256] = data.words[base + i + 256];
   for (uint size = 2; size <= 512; size *= 2) {
      for (uint reach = size / 2; reach > 0; reach /= 2) {
         barrier();
         uint low = (i / reach) * 2 * reach + i % reach, high = low + reach;
         bool rising = (low & size) == 0;
         uint a = words[low], b = words[high];
         if (a > b == rising) {
            words[low] = b;
            words[high] = a;
         }
      }
   }
   barrier();
   data.words[base + i] = words[i];
   data.words[base + i + 256] = words[i + 256];
}
