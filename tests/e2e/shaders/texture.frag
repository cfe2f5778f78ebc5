// SPDX-License-Identifier: MIT
#version 450
layout(binding = 0) uniform sampler2D plain;
layout(binding = 1) uniform sampler2DArray layered;
layout(binding = 2) uniform samplerCube cube;
layout(binding = 3) uniform sampler3D volume;
layout(binding = 4) uniform sampler2DShadow shadow;
layout(location = 0) in vec2 uv;
layout(location = 1) in flat vec4 extra; // which, lod or layer, depth
layout(location = 0) out vec4 color;

void main()
{
   switch (int(extra.x)) {
   case 0: color = textureLod(plain, uv, extra.y); break;
   case 1: color = texture(plain, uv); break;
   case 2: color = texture(layered, vec3(uv, extra.y)); break;
   case 3: color = texture(cube, vec3(uv * 2.0 - 1.0, extra.y)); break;
   case 4: color = texture(volume, vec3(uv, extra.y)); break;
   case 5: color = vec4(texture(shadow, vec3(uv, extra.y))); break;
   case 6: color = textureGather(plain, uv, 1); break;
   default: color = texelFetch(plain, ivec2(uv * 32.0) & 31, 0); break;
   }
}
