// SPDX-License-Identifier: MIT
#version 450
#extension GL_EXT_shader_explicit_arithmetic_types_int64 : require
#extension GL_EXT_shader_atomic_int64 : require
// Every atomic operation on 64-bit words of a buffer and of shared memory: each on its own, or many on few.
layout(local_size_x = 64) in;
layout(push_constant) uniform Push { uint operation; uint slots; } push;
layout(binding = 0, std430) buffer Words { uint64_t words[]; } data;
layout(binding = 1, std430) buffer Numbers { int64_t numbers[]; } more;
layout(binding = 2, std430) writeonly buffer Output { u64vec2 old[]; } target;
shared uint64_t near_words[64];

#define ALL(f) target.old[2 * i] = u64vec2(f(data.words[at], x), f(more.numbers[at], n) + f(near_words[near], x)); break

void main()
{
   uint i = gl_GlobalInvocationID.x, local = gl_LocalInvocationID.x;
   near_words[local] = uint64_t(local) << 33;
   barrier();
   uint at = i % push.slots, near = local % min(push.slots, 64u);
   uint64_t x = uint64_t(i) * 11400714819323198485ul;
   int64_t n = int64_t(x) ^ 0x5555555555l;
   switch (push.operation) {
   case 0: ALL(atomicAdd);
   case 1: ALL(atomicMin);
   case 2: ALL(atomicMax);
   case 3: ALL(atomicAnd);
   case 4: ALL(atomicOr);
   case 5: ALL(atomicXor);
   case 6: ALL(atomicExchange);
   default:
      target.old[2 * i] = u64vec2(atomicCompSwap(data.words[at], 77ul, x), atomicCompSwap(more.numbers[at], 77l, n));
   }
   barrier();
   target.old[2 * i + 1] = u64vec2(near_words[local], 0);
}
