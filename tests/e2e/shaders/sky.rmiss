// SPDX-License-Identifier: MIT
#version 460
#extension GL_EXT_ray_tracing : require
// The colour comes out of the shader binding table.
layout(shaderRecordEXT, std430) buffer Record { vec4 color; } record;
layout(location = 0) rayPayloadInEXT vec4 payload;

void main()
{
   payload = vec4(record.color.rgb * (1.0 + gl_WorldRayOriginEXT.y), 0.0);
}
