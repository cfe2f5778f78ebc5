// SPDX-License-Identifier: MIT
#version 450
// Sixteen boxes on a floor, without a vertex buffer: 36 vertices each, seen by a matrix of the scene.
layout(binding = 0) uniform Scene { mat4 camera; mat4 sun; vec4 light; } scene;
layout(push_constant) uniform Push { int from_sun; } push;
layout(location = 0) out vec3 place;
layout(location = 1) out flat vec3 normal;
layout(location = 2) out flat vec3 albedo;

const int order[6] = int[](0, 1, 2, 2, 1, 3);

void main()
{
   int face = gl_VertexIndex / 6, axis = face >> 1, box = gl_InstanceIndex;
   float side = (face & 1) != 0 ? 1.0 : -1.0;
   int corner = order[gl_VertexIndex % 6];
   vec2 uv = vec2(corner & 1, corner >> 1) * 2.0 - 1.0;
   if (side < 0.0)
      uv = uv.yx;
   normal = vec3(0.0);
   normal[axis] = side;
   vec3 p;
   p[axis] = side;
   p[(axis + 1) % 3] = uv.x;
   p[(axis + 2) % 3] = uv.y;
   float height = box == 0 ? 0.125 : 0.25 + float(box * 7 % 5) * 0.25;
   vec2 at = vec2(box % 4, box / 4) * 2.0 - 3.0;
   place = box == 0 ? p * vec3(6.0, height, 6.0) : p * vec3(0.5, height, 0.5) + vec3(at.x, height + 0.125, at.y);
   albedo = box == 0 ? vec3(0.75) : vec3(box & 3, box >> 2, box * 5 % 16) / vec3(3.0, 3.0, 15.0);
   gl_Position = (push.from_sun != 0 ? scene.sun : scene.camera) * vec4(place, 1.0);
}
