// SPDX-License-Identifier: MIT
//
// What both programs about feedback loops draw into.
#ifndef E2E_FEEDBACK_H
#define E2E_FEEDBACK_H

#include "scene.h"

#define PASSES 4
#define LAYOUT VK_IMAGE_LAYOUT_ATTACHMENT_FEEDBACK_LOOP_OPTIMAL_EXT

static struct image picture_new(struct gpu *gpu)
{
   struct image picture =
       image_2d(gpu, VK_FORMAT_R8G8B8A8_UNORM, SIZE, SIZE,
                VK_IMAGE_USAGE_COLOR_ATTACHMENT_BIT | VK_IMAGE_USAGE_SAMPLED_BIT | VK_IMAGE_USAGE_TRANSFER_SRC_BIT |
                    VK_IMAGE_USAGE_TRANSFER_DST_BIT | VK_IMAGE_USAGE_ATTACHMENT_FEEDBACK_LOOP_BIT_EXT);
   uint32_t pixels[SIZE * SIZE], seed = 9;
   for (uint32_t i = 0; i < SIZE * SIZE; i++)
      pixels[i] = random_next(&seed);
   image_upload(gpu, &picture, pixels, sizeof(pixels), LAYOUT);
   return picture;
}

#endif
