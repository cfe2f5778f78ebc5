// SPDX-License-Identifier: MIT
#version 450
#extension GL_EXT_spirv_intrinsics : require
#extension GL_EXT_shader_explicit_arithmetic_types_int8 : require
// Integer dot products, packed, of 8-bit vectors, and saturating.
layout(local_size_x = 64) in;
layout(binding = 0, std430) readonly buffer Input { uvec2 words[]; } source;
layout(binding = 1, std430) writeonly buffer Output { uvec4 words[]; } target;

spirv_instruction(extensions = ["SPV_KHR_integer_dot_product"], capabilities = [6019, 6017], id = 4450)
int sdot(i8vec4 a, i8vec4 b);
spirv_instruction(extensions = ["SPV_KHR_integer_dot_product"], capabilities = [6019, 6017], id = 4451)
uint udot(u8vec4 a, u8vec4 b);
spirv_instruction(extensions = ["SPV_KHR_integer_dot_product"], capabilities = [6019, 6017], id = 4452)
int sudot(i8vec4 a, u8vec4 b);
spirv_instruction(extensions = ["SPV_KHR_integer_dot_product"], capabilities = [6019, 6018], id = 4450)
int sdot_packed(int a, int b, spirv_literal int format);
spirv_instruction(extensions = ["SPV_KHR_integer_dot_product"], capabilities = [6019, 6016], id = 4450)
int sdot_wide(ivec3 a, ivec3 b);
spirv_instruction(extensions = ["SPV_KHR_integer_dot_product"], capabilities = [6019, 6017], id = 4453)
int sdot_saturated(i8vec4 a, i8vec4 b, int c);

i8vec4 bytes(uint x)
{
   return i8vec4(int8_t(x), int8_t(x >> 8), int8_t(x >> 16), int8_t(x >> 24));
}

void main()
{
   uint i = gl_GlobalInvocationID.x;
   uvec2 x = source.words[i];
   i8vec4 a = bytes(x.x), b = bytes(x.y);
   int wide = sdot_wide(ivec3(x.x, x.y, i), ivec3(3, -5, 7));
   target.words[i] = uvec4(sdot(a, b), udot(u8vec4(a), u8vec4(b)) ^ uint(sudot(a, u8vec4(b))),
                           sdot_packed(int(x.x), int(x.y), 0) ^ wide, sdot_saturated(a, b, 0x7fffff00));
}
