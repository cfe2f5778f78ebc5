// SPDX-License-Identifier: MIT
#version 450
#extension GL_GOOGLE_include_directive : require
#include "frame.glsl"
layout(set = 0, binding = 1) uniform sampler2DArray skins;
layout(set = 0, binding = 2) uniform sampler2DShadow shadow_map;
// surface: skin, how often it repeats, gloss, how much of the skin
layout(push_constant) uniform Push { mat4 model; vec4 tint; vec4 surface; } push;
layout(location = 0) in vec3 world;
layout(location = 1) in vec3 normal;
layout(location = 2) in vec2 uv;
layout(location = 3) in vec4 in_light;
layout(location = 0) out vec4 color;

float lit(float slope)
{
   vec2 at = in_light.xy * 0.5 + 0.5;
   vec2 texel = 1.0 / vec2(textureSize(shadow_map, 0));
   float sum = 0.0;
   for (int y = -1; y <= 1; y++) {
      for (int x = -1; x <= 1; x++)
         sum += texture(shadow_map, vec3(at + vec2(x, y) * texel, in_light.z - 0.0015 - 0.003 * slope));
   }
   return sum / 9.0;
}

void main()
{
   vec3 to_eye = normalize(frame.eye.xyz - world);
   vec3 n = normalize(gl_FrontFacing ? normal : -normal);
   vec3 skin = texture(skins, vec3(uv * push.surface.y, push.surface.x)).rgb;
   vec3 albedo = push.tint.rgb * mix(vec3(1.0), skin, push.surface.w);
   float facing = max(dot(n, frame.sun.xyz), 0.0);
   float sun = facing * lit(1.0 - facing);
   vec3 ambient = mix(vec3(0.22, 0.20, 0.16), vec3(0.42, 0.50, 0.62), n.y * 0.5 + 0.5);
   vec3 shine = vec3(1.0, 0.93, 0.80) * pow(max(dot(n, normalize(to_eye + frame.sun.xyz)), 0.0), 48.0) * push.surface.z;
   float rim = pow(1.0 - max(dot(n, to_eye), 0.0), 4.0) * push.surface.z;
   vec3 light = albedo * (ambient + vec3(1.15, 1.0, 0.78) * sun) + shine * sun;
   light += rim * sky_color(reflect(-to_eye, n)) * 0.5;
   float fog = 1.0 - exp(-0.0016 * dot(frame.eye.xyz - world, frame.eye.xyz - world));
   color = vec4(mix(light, sky_color(normalize(vec3(-to_eye.x, 0.02, -to_eye.z))), fog), 1.0);
}
