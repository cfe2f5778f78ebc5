// SPDX-License-Identifier: MIT
#version 450
#extension GL_EXT_demote_to_helper_invocation : require
// Leaves fragments out in different ways; extra.x says which.
layout(location = 0) in vec2 uv;
layout(location = 1) in flat vec4 extra;
layout(location = 0) out vec4 color;

void main()
{
   ivec2 p = ivec2(gl_FragCoord.xy);
   bool out_of_pattern = ((p.x ^ p.y) & 1) != 0;
   float value = uv.x * uv.x;
   gl_FragDepth = gl_FragCoord.z;
   switch (int(extra.x)) {
   case 0:
      if (out_of_pattern)
         discard;
      break;
   case 1: // the neighbours of what was demoted still have derivatives
      if (out_of_pattern)
         demote;
      value = dFdx(uv.x * uv.y) * 16.0 + (helperInvocationEXT() ? 0.5 : 0.0);
      break;
   case 2: value = fwidth(uv.x * uv.x) * 8.0 + dFdyFine(uv.y * uv.y) * 4.0; break;
   default: gl_FragDepth = uv.x * uv.y; break;
   }
   color = vec4(value, uv.y, extra.g, 1.0);
}
