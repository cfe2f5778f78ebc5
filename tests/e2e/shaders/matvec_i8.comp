// SPDX-License-Identifier: MIT
#version 450
#extension GL_EXT_shader_8bit_storage : require
#extension GL_EXT_shader_explicit_arithmetic_types_int8 : require
// y = W x with rows of 8-bit weights, each with its scale; one work group for each row.
layout(local_size_x = 32) in;
layout(push_constant) uniform Push { uint columns; uint weights; uint scales; uint from; uint to; uint add; } push;
layout(binding = 0, std430) readonly buffer Weights { int8_t values[]; } weights;
layout(binding = 1, std430) readonly buffer Scales { float values[]; } scales;
layout(binding = 2, std430) buffer State { float values[]; } state;
shared float sums[32];

void main()
{
   uint row = gl_WorkGroupID.x, i = gl_LocalInvocationID.x;
   float sum = 0;
   for (uint k = i; k < push.columns; k += 32)
      sum += float(weights.values[push.weights + row * push.columns + k]) * state.values[push.from + k];
   sums[i] = sum;
   for (uint width = 16; width > 0; width /= 2) {
      barrier();
      if (i < width)
         sums[i] += sums[i + width];
   }
   if (i == 0) {
      float old = push.add != 0 ? state.values[push.to + row] : 0.0;
      state.values[push.to + row] = old + sums[0] * scales.values[push.scales + row];
   }
}
