// SPDX-License-Identifier: MIT
#version 450
// A slice of a volume as if it were an image of its own, written and sampled.
layout(local_size_x = 8, local_size_y = 8) in;
layout(binding = 0, rgba8ui) uniform uimage2D slice;
layout(binding = 1) uniform usampler2D other;
layout(push_constant) uniform Push { uint number; } push;

void main()
{
   ivec2 at = ivec2(gl_GlobalInvocationID.xy);
   uvec4 old = imageLoad(slice, at), from = texelFetch(other, at, 0);
   imageStore(slice, at, uvec4(at, push.number, 255u) + old / 2u + from.zwxy / 4u);
}
