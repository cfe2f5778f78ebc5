// SPDX-License-Identifier: MIT
#version 450
// Everything but the output may be a null descriptor.
layout(local_size_x = 16) in;
layout(binding = 0, std430) buffer Input { uint words[]; } source;
layout(binding = 1) uniform Table { uvec4 rows[16]; } table;
layout(binding = 2, r32ui) uniform uimage2D image;
layout(binding = 3) uniform usampler2D texture_;
layout(binding = 4, std430) writeonly buffer Output { uvec4 seen[]; } target;

void main()
{
   uint i = gl_LocalInvocationID.x;
   target.seen[3 * i] = uvec4(source.words[i], table.rows[i].x, imageLoad(image, ivec2(i, 0)).x,
                              texelFetch(texture_, ivec2(i, 0), 0).x);
   target.seen[3 * i + 1] = uvec4(textureLod(texture_, vec2(0.5), 0.0).x, source.words.length(), imageSize(image));
   target.seen[3 * i + 2] = uvec4(textureSize(texture_, 0), textureQueryLevels(texture_), 7);
   source.words[i] = 5;
   imageStore(image, ivec2(i, 0), uvec4(9));
}
