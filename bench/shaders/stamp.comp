// SPDX-License-Identifier: MIT
#version 450
// As little as a dispatch can do: its own word.
layout(local_size_x = 1) in;
layout(push_constant) uniform Push { uint number; } push;
layout(binding = 0, std430) writeonly buffer Output { uint words[]; } target;

void main()
{
   target.words[push.number] = (push.number ^ push.number << 7) + 1;
}
