// SPDX-License-Identifier: MIT
#version 450
// The product of two square matrices in tiles of shared memory. It makes the matrices by itself, out of small integers:
// every sum is exact in whatever order.
layout(local_size_x = 16, local_size_y = 16) in;
layout(push_constant) uniform Push { uint width; } push;
layout(binding = 0, std430) writeonly buffer Output { float values[]; } target;
shared float left[16][16], right[16][16];

float element(uint row, uint column, uint kind)
{
   return float((row * 7 + column * 13 + row * column % 31 + kind) % 17) - 8.0;
}

void main()
{
   uvec2 at = gl_GlobalInvocationID.xy, in_tile = gl_LocalInvocationID.xy;
   float sum = 0;
   for (uint tile = 0; tile < push.width; tile += 16) {
      left[in_tile.y][in_tile.x] = element(at.y, tile + in_tile.x, 0);
      right[in_tile.y][in_tile.x] = element(tile + in_tile.y, at.x, 5);
      barrier();
      for (uint k = 0; k < 16; k++)
         sum += left[in_tile.y][k] * right[k][in_tile.x];
      barrier();
   }
   target.values[at.y * push.width + at.x] = sum;
}
