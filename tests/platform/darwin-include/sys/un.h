// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

struct sockaddr_un {
   uint8_t sun_len;
   sa_family_t sun_family;
   char sun_path[104];
};
