// SPDX-License-Identifier: MIT
#version 450
#extension GL_EXT_nonuniform_qualifier : require
// Every invocation reads another one of an unbounded array of buffers.
layout(local_size_x = 64) in;
layout(push_constant) uniform Push { uint count; uint step_size; } push;
layout(binding = 0, std430) writeonly buffer Output { uint words[]; } target;
layout(binding = 1, std430) readonly buffer Input { uint words[]; } sources[];

void main()
{
   uint i = gl_GlobalInvocationID.x;
   uint which = (i * push.step_size) % push.count;
   target.words[i] = sources[nonuniformEXT(which)].words[i % 16] + which;
}
