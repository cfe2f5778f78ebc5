// SPDX-License-Identifier: MIT
#version 450
// Bright parts glow: a blur of what is above the threshold is added, then colours are bent.
layout(local_size_x = 8, local_size_y = 8) in;
layout(binding = 0) uniform sampler2D picture;
layout(binding = 1, rgba8) writeonly uniform image2D result;

void main()
{
   ivec2 p = ivec2(gl_GlobalInvocationID.xy), size = imageSize(result);
   vec3 glow = vec3(0.0);
   for (int y = -3; y <= 3; y++)
      for (int x = -3; x <= 3; x++)
         glow += max(texelFetch(picture, clamp(p + ivec2(x, y), ivec2(0), size - 1), 0).rgb - 0.75, 0.0);
   vec3 c = texelFetch(picture, p, 0).rgb + glow * 0.125;
   imageStore(result, p, vec4(c / (c + 0.5), 1.0));
}
