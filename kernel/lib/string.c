/* SPDX-License-Identifier: MIT */
#include <gemel/string.h>

#include <uapi/errno.h>

#if !defined(GEMEL_HOST) || defined(STRING_TEST)

void *memchr(const void *s, int byte, size_t n)
{
	for (const u8 *p = s; n; n--, p++)
		if (*p == (u8)byte)
			return (void *)p;
	return NULL;
}

size_t strlen(const char *s)
{
	size_t n = 0;

	while (s[n])
		n++;
	return n;
}

size_t strnlen(const char *s, size_t max)
{
	size_t n = 0;

	while (n < max && s[n])
		n++;
	return n;
}

int strcmp(const char *a, const char *b)
{
	while (*a && *a == *b)
		a++, b++;
	return (u8)*a - (u8)*b;
}

int strncmp(const char *a, const char *b, size_t n)
{
	for (; n; n--, a++, b++)
		if (*a != *b || !*a)
			return (u8)*a - (u8)*b;
	return 0;
}

char *strchr(const char *s, int c)
{
	for (; *s != (char)c; s++)
		if (!*s)
			return NULL;
	return (char *)s;
}

char *strrchr(const char *s, int c)
{
	const char *found = NULL;

	do {
		if (*s == (char)c)
			found = s;
	} while (*s++);
	return (char *)found;
}

#endif

#ifndef STRING_TEST

ssize_t strscpy(char *dst, const char *src, size_t size)
{
	size_t n;

	if (!size)
		return -E2BIG;
	n = strnlen(src, size);
	if (n < size) {
		memcpy(dst, src, n + 1);
		return (ssize_t)n;
	}
	memcpy(dst, src, size - 1);
	dst[size - 1] = '\0';
	return -E2BIG;
}

bool str_has_prefix(const char *s, const char *prefix)
{
	while (*prefix)
		if (*s++ != *prefix++)
			return false;
	return true;
}

/* The value of a digit in any base; 255: not a digit. */
static uint digit_value(char c)
{
	if (c >= '0' && c <= '9')
		return (uint)(c - '0');
	if (c >= 'a' && c <= 'f')
		return (uint)(c - 'a') + 10;
	if (c >= 'A' && c <= 'F')
		return (uint)(c - 'A') + 10;
	return 255;
}

/* Decide the base from the prefix and step over it. */
static uint number_base(const char **s)
{
	const char *p = *s;

	if (p[0] != '0')
		return 10;
	if ((p[1] == 'x' || p[1] == 'X') && digit_value(p[2]) < 16) {
		*s += 2;
		return 16;
	}
	return 8;
}

int parse_u64(const char *s, uint base, u64 *out, const char **end)
{
	u64 value = 0;
	uint ndigits = 0;

	if (base == 0)
		base = number_base(&s);
	for (; digit_value(*s) < base; s++, ndigits++)
		if (__builtin_mul_overflow(value, (u64)base, &value) ||
		    __builtin_add_overflow(value, (u64)digit_value(*s), &value))
			return -ERANGE;
	if (!ndigits || (!end && *s))
		return -EINVAL;
	*out = value;
	if (end)
		*end = s;
	return 0;
}

#endif
