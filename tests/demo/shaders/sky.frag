// SPDX-License-Identifier: MIT
#version 450
#extension GL_GOOGLE_include_directive : require
#include "frame.glsl"
layout(location = 0) in vec2 at;
layout(location = 0) out vec4 color;

void main()
{
   vec4 far = frame.inverse_view_projection * vec4(at, 1.0, 1.0);
   vec3 direction = normalize(far.xyz / far.w - frame.eye.xyz);
   vec2 cloud_at = direction.xz / max(direction.y, 0.02) + frame.time.x * 0.05;
   float cloud = sin(cloud_at.x * 1.3 + sin(cloud_at.y * 0.9)) * sin(cloud_at.y * 1.7 + sin(cloud_at.x * 0.6 + 2.0));
   cloud += 0.4 * sin(cloud_at.x * 3.7 + cloud_at.y * 2.1) * sin(cloud_at.y * 4.3 - cloud_at.x);
   float cover = smoothstep(0.15, 0.95, cloud) * smoothstep(0.03, 0.35, direction.y) * 0.65;
   color = vec4(mix(sky_color(direction), vec3(1.0, 0.96, 0.92), cover), 1.0);
}
