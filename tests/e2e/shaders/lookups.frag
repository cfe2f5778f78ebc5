// SPDX-License-Identifier: MIT
#version 450
// The ways to look into one texture; extra.x says which, extra.y and extra.z are its arguments.
layout(binding = 0) uniform sampler2D plain;
layout(location = 0) in vec2 uv;
layout(location = 1) in flat vec4 extra;
layout(location = 0) out vec4 color;

void main()
{
   const ivec2 around[4] = ivec2[](ivec2(-3, 0), ivec2(2, 1), ivec2(0, -2), ivec2(3, 3));
   switch (int(extra.x)) {
   case 0: color = texture(plain, uv); break;
   case 1: color = texture(plain, uv, extra.y); break;
   case 2: color = textureLod(plain, uv, extra.y * uv.x); break;
   case 3: color = textureGrad(plain, uv, vec2(extra.y, 0), vec2(0, extra.z)); break;
   case 4: color = vec4(textureQueryLod(plain, uv * 4.0) / 8.0, 0, 1); break;
   case 5: color = textureGatherOffset(plain, uv, ivec2(1, -2), 1); break;
   case 6: color = textureGatherOffsets(plain, uv, around, 2); break;
   case 7: color = textureProj(plain, vec3(uv, 0.5 + uv.x)); break;
   case 8: color = textureOffset(plain, uv, ivec2(-2, 3)); break;
   case 9: color = vec4(textureSize(plain, 1), textureQueryLevels(plain), 255) / 255.0; break;
   default: color = texelFetch(plain, ivec2(uv * 8.0), int(extra.y)); break;
   }
}
