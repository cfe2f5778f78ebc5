// SPDX-License-Identifier: MIT
#pragma once

double fabs(double x);
double floor(double x);
double ceil(double x);
double sqrt(double x);
#define isnan(x) __builtin_isnan(x)
