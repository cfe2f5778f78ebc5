// SPDX-License-Identifier: MIT
#version 450
// Reads a texel buffer of any float format; its size too.
layout(local_size_x = 16) in;
layout(binding = 0) uniform samplerBuffer source;
layout(binding = 1, std430) writeonly buffer Output { vec4 values[]; } target;

void main()
{
   int i = int(gl_GlobalInvocationID.x), size = textureSize(source);
   target.values[i] = i < size ? texelFetch(source, i) : vec4(float(size));
}
