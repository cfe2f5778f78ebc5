// SPDX-License-Identifier: MIT
#version 450
layout(constant_id = 2) const uint steps = 1;
layout(constant_id = 3) const float shade = 0.5;
layout(constant_id = 7) const uint rows = 2;
layout(push_constant) uniform Push { layout(offset = 16) vec4 tint; vec4 more[2]; } push;
layout(location = 0) in vec2 uv;
layout(location = 0) out vec4 color;

void main()
{
   float table[3] = float[](0.25, shade, 0.75);
   float sum = 0.0;
   float weights[rows * 2];
   for (uint i = 0; i < rows * 2; i++)
      weights[i] = float(i + 1) / float(rows * 2);
   for (uint i = 0; i < steps; i++)
      sum += weights[i % (rows * 2)] * table[i % 3] / float(steps);
   color = vec4(uv * sum, push.tint.b, 1.0) + push.more[1] * push.tint.a;
}
