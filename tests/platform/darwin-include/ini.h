// SPDX-License-Identifier: MIT
//
// What we use of inih.
#pragma once
int ini_parse(const char *path, int (*take)(void *user, const char *section, const char *name, const char *value),
              void *user);
