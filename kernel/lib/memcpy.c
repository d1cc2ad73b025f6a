/* SPDX-License-Identifier: MIT */
#include <gemel/string.h>

#include <gemel/bits.h>

#if !defined(GEMEL_HOST) || defined(STRING_TEST)

void *memcpy(void *dst, const void *src, size_t n)
{
	u8 *d = dst;
	const u8 *s = src;

	for (; n >= 8; n -= 8, d += 8, s += 8)
		put_le64(d, get_le64(s));
	while (n--)
		*d++ = *s++;
	return dst;
}

#endif
