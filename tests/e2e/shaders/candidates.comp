// SPDX-License-Identifier: MIT
#version 460
#extension GL_EXT_ray_query : require
// Rays through triangles and boxes: triangles are confirmed or passed by, boxes hold spheres. All that a query tells
// about the committed hit goes into the buffer.
layout(local_size_x = 8, local_size_y = 8) in;
layout(binding = 0) uniform accelerationStructureEXT scene;
struct Hit {
   uint type, custom, instance, sbt, geometry, primitive, front, candidates;
   float t;
   vec2 barycentrics;
   float pad;
   vec4 origin, direction;
};
layout(binding = 1, std430) writeonly buffer Hits { Hit hits[]; } result;
layout(push_constant) uniform Push { uint flags, mask; float far; uint skip; } push;

bool sphere(rayQueryEXT query, out float t)
{
   vec3 o = rayQueryGetIntersectionObjectRayOriginEXT(query, false);
   vec3 d = rayQueryGetIntersectionObjectRayDirectionEXT(query, false);
   vec3 centre = vec3(float(rayQueryGetIntersectionPrimitiveIndexEXT(query, false)) - 0.5, 0.0, 0.0);
   float a = dot(d, d), b = dot(o - centre, d), c = dot(o - centre, o - centre) - 0.16;
   float discriminant = b * b - a * c;
   t = discriminant < 0.0 ? 0.0 : (-b - sqrt(discriminant)) / a;
   return discriminant >= 0.0 && t > 0.0;
}

void main()
{
   uvec2 size = gl_NumWorkGroups.xy * 8;
   vec2 at = vec2(gl_GlobalInvocationID.xy) / vec2(size) * 4.0 - 2.0;
   uint slot = gl_GlobalInvocationID.y * size.x + gl_GlobalInvocationID.x;
   rayQueryEXT query;
   rayQueryInitializeEXT(query, scene, push.flags, push.mask, vec3(at, -3.0), 0.0, vec3(0.03125, 0.0, 1.0), push.far);
   uint candidates = 0;
   while (rayQueryProceedEXT(query)) {
      candidates = 1; // how many there are is the driver's affair
      if (rayQueryGetIntersectionTypeEXT(query, false) == gl_RayQueryCandidateIntersectionTriangleEXT) {
         if (rayQueryGetIntersectionPrimitiveIndexEXT(query, false) % 4 != push.skip)
            rayQueryConfirmIntersectionEXT(query);
      } else {
         float t;
         if (sphere(query, t))
            rayQueryGenerateIntersectionEXT(query, t);
      }
   }
   Hit hit = Hit(rayQueryGetIntersectionTypeEXT(query, true), 0, 0, 0, 0, 0, 0, candidates, 0.0, vec2(0.0), 0.0,
                 vec4(0.0), vec4(0.0));
   if (hit.type != gl_RayQueryCommittedIntersectionNoneEXT) {
      hit.custom = rayQueryGetIntersectionInstanceCustomIndexEXT(query, true);
      hit.instance = rayQueryGetIntersectionInstanceIdEXT(query, true);
      hit.sbt = rayQueryGetIntersectionInstanceShaderBindingTableRecordOffsetEXT(query, true);
      hit.geometry = rayQueryGetIntersectionGeometryIndexEXT(query, true);
      hit.primitive = rayQueryGetIntersectionPrimitiveIndexEXT(query, true);
      hit.t = rayQueryGetIntersectionTEXT(query, true);
      hit.origin.xyz = rayQueryGetIntersectionObjectRayOriginEXT(query, true);
      hit.direction.xyz = rayQueryGetIntersectionObjectRayDirectionEXT(query, true);
   }
   if (hit.type == gl_RayQueryCommittedIntersectionTriangleEXT) {
      hit.barycentrics = rayQueryGetIntersectionBarycentricsEXT(query, true);
      hit.front = uint(rayQueryGetIntersectionFrontFaceEXT(query, true));
   }
   result.hits[slot] = hit;
}
