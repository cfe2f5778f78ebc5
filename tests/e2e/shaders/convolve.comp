// SPDX-License-Identifier: MIT
#version 450
// A 5 x 5 convolution of several channels over a tile in shared memory; borders repeat.
layout(local_size_x = 16, local_size_y = 16) in;
layout(push_constant) uniform Push { int width; int height; int inputs; int outputs; } push;
layout(binding = 0, std430) readonly buffer Input { float values[]; } source;
layout(binding = 1, std430) readonly buffer Kernel { float values[]; } kernel;
layout(binding = 2, std430) writeonly buffer Output { float values[]; } target;
shared float tile[20][20];

void main()
{
   ivec2 base = ivec2(gl_WorkGroupID.xy) * 16, p = ivec2(gl_LocalInvocationID.xy), at = base + p;
   int o = int(gl_WorkGroupID.z);
   float sum = 0;
   for (int c = 0; c < push.inputs; c++) {
      barrier();
      for (int i = int(gl_LocalInvocationIndex); i < 400; i += 256) {
         ivec2 q = clamp(base + ivec2(i % 20, i / 20) - 2, ivec2(0), ivec2(push.width, push.height) - 1);
         tile[i / 20][i % 20] = source.values[(c * push.height + q.y) * push.width + q.x];
      }
      barrier();
      for (int k = 0; k < 25; k++)
         sum += tile[p.y + k / 5][p.x + k % 5] * kernel.values[(o * push.inputs + c) * 25 + k];
   }
   if (at.x < push.width && at.y < push.height)
      target.values[(o * push.height + at.y) * push.width + at.x] = max(sum, 0.0);
}
