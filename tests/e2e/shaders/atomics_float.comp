// SPDX-License-Identifier: MIT
#version 450
#extension GL_EXT_shader_atomic_float : require
// Float atomics on a buffer, shared memory and an image. Whole numbers: the order of additions does not show.
layout(local_size_x = 64) in;
layout(binding = 0, std430) buffer Data { float sums[4]; float old[]; } data;
layout(binding = 1, r32f) uniform image2D image;
shared float near[4];

void main()
{
   uint i = gl_GlobalInvocationID.x, local = gl_LocalInvocationID.x;
   if (local < 4)
      near[local] = float(local) * 0.5;
   barrier();
   float x = float(i % 1000) - 300;
   atomicAdd(data.sums[i % 4], x);
   atomicAdd(near[local % 4], x);
   imageAtomicAdd(image, ivec2(i % 4, i / 4 % 4), x);
   float old = atomicExchange(data.old[2 * i], x) + imageAtomicExchange(image, ivec2(i % 64, 4 + i / 64), x);
   barrier();
   data.old[2 * i + 1] = old + near[local % 4];
}
