// SPDX-License-Identifier: MIT
#version 450
// Levels of the push constant: outer from x to y, inner z and w.
layout(vertices = 4) out;
layout(push_constant) uniform Push { vec4 levels; } push;

void main()
{
   gl_out[gl_InvocationID].gl_Position = gl_in[gl_InvocationID].gl_Position;
   gl_TessLevelOuter[gl_InvocationID] = mix(push.levels.x, push.levels.y, float(gl_InvocationID) / 3.0);
   if (gl_InvocationID < 2)
      gl_TessLevelInner[gl_InvocationID] = push.levels[2 + gl_InvocationID];
}
