// SPDX-License-Identifier: MIT
#version 450
#extension GL_EXT_shader_image_load_formatted : require
// Without a format in the shader: writes a pattern, or reads one image, mirrored, and writes another.
layout(local_size_x = 4, local_size_y = 4) in;
layout(push_constant) uniform Push { uint pattern; } push;
layout(binding = 0) uniform uimage2D target;
layout(binding = 1) uniform uimage2D source;

void main()
{
   ivec2 p = ivec2(gl_GlobalInvocationID.xy);
   if (push.pattern != 0) {
      imageStore(target, p, uvec4(p, p.x * p.y * 997, p.x * 70001));
   } else {
      uvec4 v = imageLoad(source, imageSize(source) - 1 - p);
      imageStore(target, p, v.wzyx * 3u + 11u);
   }
}
