// SPDX-License-Identifier: MIT
#version 450
#extension GL_KHR_cooperative_matrix : require
#extension GL_KHR_memory_scope_semantics : require
#extension GL_EXT_shader_explicit_arithmetic_types_float16 : require
// One tile of a matrix product in float16, accumulated in float32. The constants are the tile's size.
#pragma use_vulkan_memory_model
layout(local_size_x_id = 3) in;
layout(constant_id = 0) const uint M = 16;
layout(constant_id = 1) const uint N = 16;
layout(constant_id = 2) const uint K = 16;
layout(binding = 0, std430) readonly buffer A { float16_t values[]; } a;
layout(binding = 1, std430) readonly buffer B { float16_t values[]; } b;
layout(binding = 2, std430) buffer C { float values[]; } c;

void main()
{
   coopmat<float16_t, gl_ScopeSubgroup, M, K, gl_MatrixUseA> left;
   coopmat<float16_t, gl_ScopeSubgroup, K, N, gl_MatrixUseB> right;
   coopmat<float, gl_ScopeSubgroup, M, N, gl_MatrixUseAccumulator> sum;
   coopMatLoad(left, a.values, 0, K, gl_CooperativeMatrixLayoutRowMajor);
   coopMatLoad(right, b.values, 0, N, gl_CooperativeMatrixLayoutRowMajor);
   coopMatLoad(sum, c.values, 0, N, gl_CooperativeMatrixLayoutRowMajor);
   sum = coopMatMulAdd(left, right, sum);
   coopMatStore(sum, c.values, 0, N, gl_CooperativeMatrixLayoutRowMajor);
}
