// SPDX-License-Identifier: MIT
#pragma once

#include <stddef.h>

int getentropy(void *out, size_t size);
