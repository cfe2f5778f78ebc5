// SPDX-License-Identifier: MIT
#pragma once

#include <stddef.h>
#include <strings.h>

void *memcpy(void *to, const void *from, size_t size);
void *memmove(void *to, const void *from, size_t size);
void *memset(void *to, int c, size_t size);
void *memchr(const void *in, int c, size_t size);
void *memmem(const void *in, size_t size, const void *what, size_t length);
int memcmp(const void *a, const void *b, size_t size);
size_t strlen(const char *s);
size_t strnlen(const char *s, size_t max);
char *strcpy(char *to, const char *from);
char *strncpy(char *to, const char *from, size_t size);
char *stpcpy(char *to, const char *from);
char *strcat(char *to, const char *from);
size_t strlcpy(char *to, const char *from, size_t size);
size_t strlcat(char *to, const char *from, size_t size);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t size);
char *strchr(const char *s, int c);
char *strrchr(const char *s, int c);
char *strstr(const char *s, const char *what);
char *strpbrk(const char *s, const char *set);
char *strtok(char *s, const char *separators);
char *strtok_r(char *s, const char *separators, char **rest);
char *strsep(char **rest, const char *separators);
size_t strspn(const char *s, const char *set);
size_t strcspn(const char *s, const char *set);
char *strdup(const char *s);
char *strndup(const char *s, size_t size);
char *strerror(int error);
int strerror_r(int error, char *out, size_t size);
char *strsignal(int sig);
