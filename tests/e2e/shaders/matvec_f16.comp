// SPDX-License-Identifier: MIT
#version 450
#extension GL_EXT_shader_16bit_storage : require
#extension GL_EXT_shader_explicit_arithmetic_types_float16 : require
// y = W x with float16 weights; one invocation for each row.
layout(local_size_x = 32) in;
layout(push_constant) uniform Push { uint columns; uint weights; uint scales; uint from; uint to; uint add; } push;
layout(binding = 0, std430) readonly buffer Weights { f16vec4 values[]; } weights;
layout(binding = 1, std430) readonly buffer Scales { float values[]; } scales;
layout(binding = 2, std430) buffer State { float values[]; } state;

void main()
{
   uint row = gl_GlobalInvocationID.x;
   float sum = 0;
   for (uint k = 0; k < push.columns; k += 4) {
      vec4 w = vec4(weights.values[(push.weights + row * push.columns + k) / 4]);
      for (uint j = 0; j < 4; j++)
         sum += w[j] * state.values[push.from + k + j];
   }
   state.values[push.to + row] = sum + (push.add != 0 ? state.values[push.to + row] : 0.0);
}
