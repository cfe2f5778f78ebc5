// SPDX-License-Identifier: MIT
#version 450
// Reads and writes on both sides of every limit.
layout(local_size_x = 64) in;
layout(binding = 0, std430) buffer Input { uint words[]; } source;
layout(binding = 1) uniform Table { uvec4 rows[64]; } table;
layout(binding = 2, r32ui) uniform uimage2D image;
layout(binding = 3) uniform usampler2D texture_;
struct Seen { uint word, row, pixel, texel, count, mip, layer, pad; };
layout(binding = 4, std430) writeonly buffer Output { Seen seen[]; } target;

void main()
{
   uint i = gl_LocalInvocationID.x;
   Seen seen;
   seen.word = source.words[i];
   seen.row = table.rows[i].y;
   seen.pixel = imageLoad(image, ivec2(int(i) - 8, 3)).x;
   seen.texel = texelFetch(texture_, ivec2(int(i) - 8, 2), 0).x;
   seen.count = source.words.length();
   seen.mip = texelFetch(texture_, ivec2(3, 2), int(i)).x;
   seen.layer = imageLoad(image, ivec2(4, int(i) * 1000)).x;
   seen.pad = 0;
   target.seen[i] = seen;
   barrier();
   memoryBarrier();
   source.words[1000 + i * 4096] = 0xdeadbeef;
   imageStore(image, ivec2(int(i) + 16, 1), uvec4(0xdeadbeef));
   imageStore(image, ivec2(-1 - int(i), 2), uvec4(0xdeadbeef));
}
