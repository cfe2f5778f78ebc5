// SPDX-License-Identifier: MIT
#version 450
#extension GL_EXT_null_initializer : require
// Shared memory that starts as zeros, although other work groups leave something behind.
layout(local_size_x = 64) in;
layout(binding = 0, std430) buffer Output { uint found[]; } target;
struct Cell { uvec3 words; float reals[4]; };
shared Cell cells[64] = {};
shared uint counter = {};

void main()
{
   uint i = gl_LocalInvocationID.x, x = counter;
   Cell cell = cells[63 - i];
   x |= cell.words.x | cell.words.y | cell.words.z | floatBitsToUint(cell.reals[i % 4]);
   barrier();
   cells[i].words = uvec3(0xdead0000u + i);
   cells[i].reals[i % 4] = 1.0;
   atomicAdd(counter, i);
   barrier();
   target.found[gl_GlobalInvocationID.x] = x * 1000000u + counter + cells[63 - i].words.y;
}
