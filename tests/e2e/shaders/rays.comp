// SPDX-License-Identifier: MIT
#version 460
#extension GL_EXT_ray_query : require
layout(local_size_x = 8, local_size_y = 8) in;
layout(binding = 0) uniform accelerationStructureEXT scene;
layout(binding = 1, std430) writeonly buffer Output { vec4 hits[]; } target;

void main()
{
   uvec2 at = gl_GlobalInvocationID.xy;
   vec3 from = vec3(vec2(at) / 16.0 - 2.0, -4.0);
   rayQueryEXT query;
   rayQueryInitializeEXT(query, scene, gl_RayFlagsOpaqueEXT, 0xff, from, 0.0, vec3(0.0, 0.0, 1.0), 100.0);
   while (rayQueryProceedEXT(query)) {
   }
   vec4 hit = vec4(-1.0);
   if (rayQueryGetIntersectionTypeEXT(query, true) == gl_RayQueryCommittedIntersectionTriangleEXT)
      hit = vec4(rayQueryGetIntersectionTEXT(query, true), rayQueryGetIntersectionBarycentricsEXT(query, true),
                 float(rayQueryGetIntersectionInstanceCustomIndexEXT(query, true)));
   target.hits[at.y * 64 + at.x] = hit;
}
