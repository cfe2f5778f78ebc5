// SPDX-License-Identifier: MIT
#version 460
#extension GL_EXT_ray_tracing : require
layout(shaderRecordEXT, std430) buffer Record { vec4 color; } record;
layout(location = 0) rayPayloadInEXT vec4 payload;
hitAttributeEXT vec2 barycentrics;

void main()
{
   float shade = 1.0 / (1.0 + gl_HitTEXT);
   payload = vec4(record.color.rgb * vec3(barycentrics, shade) + 0.1 * float(gl_InstanceCustomIndexEXT),
                  gl_PrimitiveID % 2 == 0 ? 1.0 : 0.0);
}
