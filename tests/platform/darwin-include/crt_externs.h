// SPDX-License-Identifier: MIT
#pragma once

char ***_NSGetEnviron(void);
