// SPDX-License-Identifier: MIT
#version 450
// Specialisation constants of the 32-bit types, in the work group's size, an array's length and expressions.
layout(local_size_x_id = 0, local_size_y_id = 1, local_size_z_id = 2) in;
layout(constant_id = 3) const bool FLAG = false;
layout(constant_id = 4) const int NUMBER = -7;
layout(constant_id = 5) const uint WORD = 9;
layout(constant_id = 6) const float REAL = 0.5;
layout(constant_id = 7) const uint LENGTH = 3;
const int SUM = NUMBER * 3 + int(WORD) - (FLAG ? 100 : 0);
layout(binding = 0, std430) writeonly buffer Output { uvec4 head; vec4 reals; uint rest[]; } target;
shared uint table[LENGTH];

void main()
{
   uint i = gl_LocalInvocationIndex;
   if (i < LENGTH)
      table[i] = i * WORD;
   barrier();
   if (i == 0) {
      target.head = uvec4(SUM, FLAG, table.length(), gl_WorkGroupSize.x * 10000 + gl_WorkGroupSize.y * 100 +
                          gl_WorkGroupSize.z);
      target.reals = vec4(REAL, REAL * 3.0, FLAG ? -REAL : REAL, float(NUMBER));
   }
   target.rest[i] = table[i % LENGTH] ^ uint(SUM);
}
