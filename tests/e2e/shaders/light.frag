// SPDX-License-Identifier: MIT
#version 450
// Lights what the subpass before left, with the shadows of the sun's depth picture.
layout(binding = 0) uniform Scene { mat4 camera; mat4 sun; vec4 light; } scene;
layout(input_attachment_index = 0, binding = 1) uniform subpassInput albedo;
layout(input_attachment_index = 1, binding = 2) uniform subpassInput normal;
layout(input_attachment_index = 2, binding = 3) uniform subpassInput place;
layout(binding = 4) uniform sampler2DShadow shadow;
layout(location = 0) in vec2 uv;
layout(location = 1) in flat vec4 extra;
layout(location = 0) out vec4 color;

void main()
{
   vec4 p = subpassLoad(place);
   vec3 n = subpassLoad(normal).xyz * 2.0 - 1.0;
   vec4 s = scene.sun * vec4(p.xyz, 1.0);
   float lit = texture(shadow, vec3(s.xy * 0.5 + 0.5, s.z - 0.0078125));
   float sun = max(dot(n, scene.light.xyz), 0.0) * (0.25 + 0.75 * lit);
   color = p.w > 0.0 ? vec4(subpassLoad(albedo).rgb * (0.25 + sun), 1.0) : vec4(0.25, 0.5, 0.75 + 0.25 * uv.y, 1.0);
}
