// SPDX-License-Identifier: MIT
#pragma once

#include <limits.h>

#define MAXPATHLEN PATH_MAX
