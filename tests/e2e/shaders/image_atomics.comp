// SPDX-License-Identifier: MIT
#version 450
// Every atomic operation on texels: each invocation on its own (old values are kept), or many on few.
layout(local_size_x = 64) in;
layout(push_constant) uniform Push { uint operation; uint texels; } push;
layout(binding = 0, r32ui) uniform uimage2D words;
layout(binding = 1, r32i) uniform iimage2D numbers;
layout(binding = 2, std430) writeonly buffer Output { uvec2 old[]; } target;

uvec2 change(ivec2 p, uint x)
{
   int n = int(x) - 2000000000;
   switch (push.operation) {
   case 0: return uvec2(imageAtomicAdd(words, p, x), imageAtomicAdd(numbers, p, n));
   case 1: return uvec2(imageAtomicMin(words, p, x), imageAtomicMin(numbers, p, n));
   case 2: return uvec2(imageAtomicMax(words, p, x), imageAtomicMax(numbers, p, n));
   case 3: return uvec2(imageAtomicAnd(words, p, x), imageAtomicAnd(numbers, p, n));
   case 4: return uvec2(imageAtomicOr(words, p, x), imageAtomicOr(numbers, p, n));
   case 5: return uvec2(imageAtomicXor(words, p, x), imageAtomicXor(numbers, p, n));
   case 6: return uvec2(imageAtomicExchange(words, p, x), imageAtomicExchange(numbers, p, n));
   default: return uvec2(imageAtomicCompSwap(words, p, 77u, x), imageAtomicCompSwap(numbers, p, 77, n));
   }
}

void main()
{
   uint i = gl_GlobalInvocationID.x, at = i % push.texels;
   uvec2 old = change(ivec2(at % 16, at / 16), i * 2654435761u);
   if (push.texels == 256)
      target.old[i] = old;
}
