// SPDX-License-Identifier: MIT
#version 450
#extension GL_KHR_shader_subgroup_rotate : require
// Rotation within the whole subgroup and within clusters of four.
layout(local_size_x = 64) in;
layout(push_constant) uniform Push { uint delta; } push;
layout(binding = 0, std430) readonly buffer Input { uint words[]; } source;
layout(binding = 1, std430) writeonly buffer Output { uvec2 words[]; } target;

void main()
{
   uint i = gl_GlobalInvocationID.x, x = source.words[i];
   target.words[i] = uvec2(subgroupRotate(x, push.delta), subgroupClusteredRotate(x, push.delta, 4));
}
