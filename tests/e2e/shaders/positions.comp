// SPDX-License-Identifier: MIT
#version 460
#extension GL_EXT_ray_query : require
#extension GL_EXT_ray_tracing_position_fetch : require
// The corners of the triangle that a ray hits, out of the acceleration structure itself.
layout(local_size_x = 8, local_size_y = 8) in;
layout(binding = 0) uniform accelerationStructureEXT scene;
layout(binding = 1, std430) writeonly buffer Hits { vec4 corners[]; } result;

void main()
{
   vec2 at = vec2(gl_GlobalInvocationID.xy) / 16.0 - 2.0;
   uint slot = (gl_GlobalInvocationID.y * gl_NumWorkGroups.x * 8 + gl_GlobalInvocationID.x) * 3;
   rayQueryEXT query;
   rayQueryInitializeEXT(query, scene, gl_RayFlagsOpaqueEXT, 0xff, vec3(at, -3.0), 0.0, vec3(0.0, 0.0, 1.0), 100.0);
   while (rayQueryProceedEXT(query)) {
   }
   float t = 0.0;
   vec3 corners[3] = vec3[](vec3(-9.0), vec3(-9.0), vec3(-9.0));
   if (rayQueryGetIntersectionTypeEXT(query, true) == gl_RayQueryCommittedIntersectionTriangleEXT) {
      rayQueryGetIntersectionTriangleVertexPositionsEXT(query, true, corners);
      t = rayQueryGetIntersectionTEXT(query, true);
   }
   for (uint i = 0; i < 3; i++)
      result.corners[slot + i] = vec4(corners[i], t);
}
