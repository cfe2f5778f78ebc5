// SPDX-License-Identifier: MIT
#version 450
#extension GL_EXT_shader_image_load_formatted : require
// Without a format in the shader: writes a pattern, or reads one image, mirrored, and writes another.
layout(local_size_x = 4, local_size_y = 4) in;
layout(push_constant) uniform Push { uint pattern; } push;
layout(binding = 0) uniform image2D target;
layout(binding = 1) uniform image2D source;

void main()
{
   ivec2 p = ivec2(gl_GlobalInvocationID.xy);
   if (push.pattern != 0) {
      imageStore(target, p, vec4(vec2(p) / 15.0, float(p.x * p.y) / 225.0 - 0.5, 1.0 - float(p.x) / 30.0));
   } else {
      vec4 v = imageLoad(source, imageSize(source) - 1 - p);
      imageStore(target, p, v.wzyx * 0.75 + 0.1);
   }
}
