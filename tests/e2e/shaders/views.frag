// SPDX-License-Identifier: MIT
#version 450
// One texture of each shape; extra.x says which, extra.y a layer or a depth, extra.z a level.
layout(binding = 0) uniform sampler1D line;
layout(binding = 1) uniform sampler1DArray lines;
layout(binding = 2) uniform sampler2D plane;
layout(binding = 3) uniform sampler2DArray planes;
layout(binding = 4) uniform samplerCube cube;
layout(binding = 5) uniform samplerCubeArray cubes;
layout(binding = 6) uniform sampler3D volume;
layout(location = 0) in vec2 uv;
layout(location = 1) in flat vec4 extra;
layout(location = 0) out vec4 color;

void main()
{
   vec3 towards = vec3(uv * 4.0 - 2.0, 1.0 - uv.x - uv.y);
   switch (int(extra.x)) {
   case 0: color = textureLod(line, uv.x, extra.z); break;
   case 1: color = textureLod(lines, vec2(uv.x, extra.y), extra.z); break;
   case 2: color = textureLod(plane, uv, extra.z); break;
   case 3: color = textureLod(planes, vec3(uv, extra.y), extra.z); break;
   case 4: color = textureLod(cube, towards, extra.z); break;
   case 5: color = textureLod(cubes, vec4(towards, extra.y), extra.z); break;
   default: color = textureLod(volume, vec3(uv, extra.y), extra.z); break;
   }
}
