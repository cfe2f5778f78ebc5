// SPDX-License-Identifier: MIT
#version 450
// Writes down all 128 bytes of push constants, at the row of the work group.
layout(local_size_x = 8) in;
layout(push_constant) uniform Push { uvec4 words[8]; } push;
layout(binding = 0, std430) writeonly buffer Output { uvec4 words[]; } target;

void main()
{
   target.words[gl_GlobalInvocationID.x] = push.words[gl_LocalInvocationID.x];
}
