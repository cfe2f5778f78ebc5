// SPDX-License-Identifier: MIT
#version 450
// What the light pass needs of every pixel.
layout(location = 0) in vec3 place;
layout(location = 1) in flat vec3 normal;
layout(location = 2) in flat vec3 albedo;
layout(location = 0) out vec4 out_albedo;
layout(location = 1) out vec4 out_normal;
layout(location = 2) out vec4 out_place;

void main()
{
   out_albedo = vec4(albedo, 1.0);
   out_normal = vec4(normal * 0.5 + 0.5, 1.0);
   out_place = vec4(place, 1.0);
}
