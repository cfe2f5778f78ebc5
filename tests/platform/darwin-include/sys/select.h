// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>
