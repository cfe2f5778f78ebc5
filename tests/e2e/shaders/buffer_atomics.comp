// SPDX-License-Identifier: MIT
#version 450
// Every atomic operation on words of a buffer and of shared memory: each on its own, or many on few.
layout(local_size_x = 64) in;
layout(push_constant) uniform Push { uint operation; uint slots; } push;
layout(binding = 0, std430) buffer Words { uint words[]; } data;
layout(binding = 1, std430) buffer Numbers { int numbers[]; } more;
layout(binding = 2, std430) writeonly buffer Output { uvec4 old[]; } target;
shared uint near_words[64];
shared int near_numbers[64];

#define ALL(f) return uvec4(f(data.words[at], x), f(more.numbers[at], n), f(near_words[near], x), \
                            f(near_numbers[near], n))

uvec4 change(uint at, uint near, uint x)
{
   int n = int(x) - 2000000000;
   switch (push.operation) {
   case 0: ALL(atomicAdd);
   case 1: ALL(atomicMin);
   case 2: ALL(atomicMax);
   case 3: ALL(atomicAnd);
   case 4: ALL(atomicOr);
   case 5: ALL(atomicXor);
   case 6: ALL(atomicExchange);
   default: return uvec4(atomicCompSwap(data.words[at], 77u, x), atomicCompSwap(more.numbers[at], 77, n),
                         atomicCompSwap(near_words[near], 77u, x), atomicCompSwap(near_numbers[near], 77, n));
   }
}

void main()
{
   uint i = gl_GlobalInvocationID.x, local = gl_LocalInvocationID.x;
   near_words[local] = local * 0x1234567u;
   near_numbers[local] = local == 5 ? 77 : -int(local);
   barrier();
   uvec4 old = change(i % push.slots, local % min(push.slots, 64u), i * 2654435761u);
   barrier();
   if (push.slots == 256)
      target.old[2 * i] = old;
   target.old[2 * i + 1] = uvec4(near_words[local], near_numbers[local], 0, 0);
}
