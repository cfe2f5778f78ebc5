// SPDX-License-Identifier: MIT
//
// A large convolution of several channels through tiles in shared memory: a long dispatch with a lot of data.
#include "kernel.h"

#include "convolve_comp.h"

#define WIDTH   301
#define HEIGHT  203
#define INPUTS  4
#define OUTPUTS 6

static float at(const float *source, int c, int x, int y)
{
   x = x < 0 ? 0 : x >= WIDTH ? WIDTH - 1 : x;
   y = y < 0 ? 0 : y >= HEIGHT ? HEIGHT - 1 : y;
   return source[(c * HEIGHT + y) * WIDTH + x];
}

// The values are such that floats hold every sum exactly.
static float expected(const float *source, const float *weights, int o, int x, int y)
{
   float sum = 0;
   for (int c = 0; c < INPUTS; c++) {
      for (int k = 0; k < 25; k++)
         sum += at(source, c, x + k % 5 - 2, y + k / 5 - 2) * weights[(o * INPUTS + c) * 25 + k];
   }
   return sum > 0 ? sum : 0;
}

static void check(const float *source, const float *weights, const float *out)
{
   for (int i = 0; i < 500; i++) {
      int o = i % OUTPUTS, x = i * 37 % WIDTH, y = i * 53 % HEIGHT;
      EXPECT(out[(o * HEIGHT + y) * WIDTH + x] == expected(source, weights, o, x, y));
   }
}

int main(int argc, char **argv)
{
   struct gpu gpu;
   gpu_open(&gpu, argc, argv, NULL);
   struct buffer source = storage_new(&gpu, WIDTH * HEIGHT * INPUTS * 4);
   struct buffer weights = storage_new(&gpu, INPUTS * OUTPUTS * 25 * 4);
   struct buffer out = storage_new(&gpu, WIDTH * HEIGHT * OUTPUTS * 4);
   uint32_t state = 5;
   for (uint32_t i = 0; i < source.size / 4; i++)
      ((float *)source.map)[i] = (float)(random_next(&state) % 256);
   for (uint32_t i = 0; i < weights.size / 4; i++)
      ((float *)weights.map)[i] = ((float)(random_next(&state) % 65) - 32) / 8;
   int32_t push[] = {WIDTH, HEIGHT, INPUTS, OUTPUTS};
   kernel_run(&gpu, &(struct kernel){CODE(convolve_comp), PUSH(push), .x = (WIDTH + 15) / 16, .y = (HEIGHT + 15) / 16,
                                     .z = OUTPUTS, .bindings = {STORAGE(&source), STORAGE(&weights), STORAGE(&out)}});
   check(source.map, weights.map, out.map);
   result(&gpu, "convolved", out.map, out.size);
   buffer_free(&gpu, &source);
   buffer_free(&gpu, &weights);
   buffer_free(&gpu, &out);
   return gpu_close(&gpu);
}
