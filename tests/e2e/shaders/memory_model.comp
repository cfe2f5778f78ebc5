// SPDX-License-Identifier: MIT
#version 450
#extension GL_KHR_memory_scope_semantics : require
#pragma use_vulkan_memory_model
// The last work group to finish sums what all others wrote: right only if releases and acquires order plain writes.
layout(local_size_x = 64) in;
layout(push_constant) uniform Push { uint groups; uint salt; } push;
layout(binding = 0, std430) buffer Data { uint done; uint sum; uint last; } data;
layout(binding = 1, std430) buffer Words { devicecoherent uint words[]; } partial;
shared uint near[64];

void main()
{
   uint i = gl_LocalInvocationID.x, g = gl_WorkGroupID.x;
   near[i] = (g * 64 + i) * 2654435761u ^ push.salt;
   controlBarrier(gl_ScopeWorkgroup, gl_ScopeWorkgroup, gl_StorageSemanticsShared, gl_SemanticsAcquireRelease);
   if (i == 0) {
      uint sum = 0;
      for (uint k = 0; k < 64; k++)
         sum = sum * 31 + near[k];
      partial.words[g] = sum;
      uint before = atomicAdd(data.done, 1, gl_ScopeDevice, gl_StorageSemanticsBuffer,
                              gl_SemanticsAcquireRelease | gl_SemanticsMakeAvailable | gl_SemanticsMakeVisible);
      if (before + 1 == push.groups) {
         uint total = 0;
         for (uint k = 0; k < push.groups; k++)
            total = total * 33 + partial.words[k];
         data.sum = total;
         data.last = before;
      }
   }
}
