// SPDX-License-Identifier: MIT
#version 450
#extension GL_EXT_shader_16bit_storage : require
#extension GL_EXT_shader_8bit_storage : require
#extension GL_EXT_shader_explicit_arithmetic_types : require
// Loads, stores and arithmetic of 8 and 16-bit types, from storage, uniform and push constant memory.
layout(local_size_x = 64) in;
layout(push_constant) uniform Push { uint16_t factor; uint8_t term; int8_t shift; } push;
layout(binding = 0, std430) readonly buffer Bytes { uint8_t bytes[]; } bytes;
layout(binding = 1, std430) readonly buffer Shorts { int16_t shorts[]; } shorts;
layout(binding = 2, std430) buffer Halves { float16_t halves[]; } halves;
layout(binding = 3) uniform Table { u8vec4 row; i16vec2 pair; f16vec2 scale; } table;
layout(binding = 4, std430) writeonly buffer OutBytes { uint8_t bytes[]; } out_bytes;
layout(binding = 5, std430) writeonly buffer OutShorts { uint16_t shorts[]; } out_shorts;

void main()
{
   uint i = gl_GlobalInvocationID.x;
   uint8_t b = bytes.bytes[i];
   int16_t s = shorts.shorts[i];
   out_bytes.bytes[i] = uint8_t((b * table.row.y + push.term) ^ uint8_t(int8_t(b) >> push.shift));
   out_shorts.shorts[i] = uint16_t(s * table.pair.x + int16_t(push.factor)) ^ uint16_t(min(s, table.pair.y));
   float16_t h = float16_t(float(int(s) % 64));
   halves.halves[i] = h * table.scale.x + table.scale.y;
}
