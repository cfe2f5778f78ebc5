// SPDX-License-Identifier: MIT
#version 450
// The same words through images of every dimension, each with a format of its own.
layout(local_size_x = 8) in;
layout(binding = 0, r32ui) uniform uimage1D line;
layout(binding = 1, rgba16i) uniform iimage3D volume;
layout(binding = 2, rg32f) uniform image2DArray layers;
layout(binding = 3, rgba8) uniform imageCube cube;
layout(binding = 4, std430) writeonly buffer Output { uvec4 words[]; } target;

void main()
{
   int i = int(gl_GlobalInvocationID.x);
   ivec3 p = ivec3(i % 4, i / 4 % 4, i / 16);
   imageStore(line, i, imageLoad(line, i) * 3u + 1u);
   imageStore(volume, p, imageLoad(volume, p.zxy) + ivec4(p, i));
   imageStore(layers, p, vec4(vec2(p.xy) * 0.5 + float(p.z), 0, 0));
   if (p.z < 6)
      imageStore(cube, p, vec4(vec3(p) / 7.0, 1));
   uvec3 sizes = uvec3(imageSize(volume)) + uvec3(imageSize(layers)) * 10u + uvec3(imageSize(cube), 0) * 100u;
   target.words[i] = uvec4(imageLoad(line, i).r, sizes);
}
