// SPDX-License-Identifier: MIT
// What every shader of the demo knows about the frame.
layout(set = 0, binding = 0) uniform Frame {
   mat4 view_projection;
   mat4 inverse_view_projection;
   mat4 light; // world to shadow map
   vec4 eye;
   vec4 sun; // direction towards it
   vec4 time;
} frame;

vec3 sky_color(vec3 direction)
{
   float height = max(direction.y, 0.0);
   vec3 color = mix(vec3(0.98, 0.80, 0.62), vec3(0.28, 0.52, 0.86), pow(height, 0.45));
   float towards = max(dot(direction, frame.sun.xyz), 0.0);
   return color + vec3(1.0, 0.72, 0.38) * (0.35 * pow(towards, 8.0) + 0.9 * pow(towards, 400.0));
}
