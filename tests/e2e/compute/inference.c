// SPDX-License-Identifier: MIT
//
// Runs the language model of inference.h for some tokens and keeps the state after each.
#include "inference.h"

#define TOKENS 14 // times layers times nine: two thousand dispatches

int main(int argc, char **argv)
{
   struct gpu gpu;
   struct want want = {.v11.storageBuffer16BitAccess = VK_TRUE,
                       .v12.storageBuffer8BitAccess = VK_TRUE,
                       .v12.shaderFloat16 = VK_TRUE,
                       .v12.shaderInt8 = VK_TRUE};
   gpu_open(&gpu, argc, argv, &want);
   struct model m = model_new(&gpu);
   model_start(&m);
   for (uint32_t token = 0; token < TOKENS; token++) {
      model_token(&gpu, &m);
      result(&gpu, "token", m.state.map, m.state.size);
   }
   float weights = 0;
   for (uint32_t i = 0; i < DIM; i++)
      weights += ((float *)m.state.map)[WEIGHTS + i];
   EXPECT(m.dispatches > 2000 && weights > 0.999f && weights < 1.001f); // what softmax makes
   model_free(&gpu, &m);
   return gpu_close(&gpu);
}
