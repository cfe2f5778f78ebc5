// SPDX-License-Identifier: MIT
#pragma once

#include_next <limits.h> // the compiler's

#define PATH_MAX 1024
#define NAME_MAX 255
#define IOV_MAX  1024
