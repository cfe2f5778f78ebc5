// SPDX-License-Identifier: MIT
#version 450
// Between the products, on 64 values: root-mean-square norm, softmax, or a gated activation.
layout(local_size_x = 64) in;
layout(push_constant) uniform Push { uint kind; uint from; uint to; uint with; } push;
layout(binding = 0, std430) buffer State { float values[]; } state;
shared float near[64];

float reduced(uint i, float x, bool largest)
{
   barrier();
   near[i] = x;
   for (uint width = 32; width > 0; width /= 2) {
      barrier();
      if (i < width)
         near[i] = largest ? max(near[i], near[i + width]) : near[i] + near[i + width];
   }
   barrier();
   return near[0];
}

void main()
{
   uint i = gl_LocalInvocationID.x;
   float x = state.values[push.from + i], y;
   if (push.kind == 0) {
      y = x * inversesqrt(reduced(i, x * x, false) / 64.0 + 1e-5);
   } else if (push.kind == 1) {
      float e = exp(x - reduced(i, x, true));
      y = e / reduced(i, e, false);
   } else {
      y = x / (1.0 + exp(-x)) * state.values[push.with + i];
   }
   state.values[push.to + i] = y;
}
