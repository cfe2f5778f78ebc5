// SPDX-License-Identifier: MIT
#version 450
// words[i] = words[i] * factor + term
layout(local_size_x = 64) in;
layout(push_constant) uniform Push { uint count; uint factor; uint term; } push;
layout(binding = 0, std430) buffer Data { uint words[]; } data;

void main()
{
   uint i = gl_GlobalInvocationID.x;
   if (i < push.count)
      data.words[i] = data.words[i] * push.factor + push.term;
}
