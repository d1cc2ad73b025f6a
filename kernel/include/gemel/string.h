/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Memory and string functions.  The C names mean what C says; the compiler
 * may call memcpy, memmove, memset and memcmp by itself.  A port replaces
 * any of them from arch/<arch>/lib.
 */
#include <gemel/compiler.h>

#ifdef GEMEL_HOST
#include <string.h>
#else
void *memcpy(void *dst, const void *src, size_t n);
void *memmove(void *dst, const void *src, size_t n);
void *memset(void *dst, int byte, size_t n);
int memcmp(const void *a, const void *b, size_t n);
void *memchr(const void *s, int byte, size_t n);
size_t strlen(const char *s);
size_t strnlen(const char *s, size_t max);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t n);
char *strchr(const char *s, int c);
char *strrchr(const char *s, int c);
#endif

/*
 * Copy the string @src into @dst of @size bytes, always terminated (unless
 * @size is 0).  Returns the length copied, or -E2BIG when it was cut.
 */
ssize_t strscpy(char *dst, const char *src, size_t size);

/* True if @s starts with @prefix. */
bool str_has_prefix(const char *s, const char *prefix);

/*
 * Read an unsigned number in @base (2..16; 0: decimal, or hexadecimal after
 * "0x", or octal after "0").  On success *@out is the value and, if @end is
 * not NULL, *@end the first character after it.  With @end NULL the number
 * must be the whole string.  Returns 0, -EINVAL (no digit, or rubbish
 * behind), -ERANGE (does not fit).
 */
int __must_check parse_u64(const char *s, uint base, u64 *out, const char **end);
