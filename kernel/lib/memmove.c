/* SPDX-License-Identifier: MIT */
#include <gemel/string.h>

#include <gemel/bits.h>

#if !defined(GEMEL_HOST) || defined(STRING_TEST)

void *memmove(void *dst, const void *src, size_t n)
{
	u8 *d = dst;
	const u8 *s = src;

	/* Forward is right unless dst is inside [src, src + n). */
	if ((uintptr_t)d - (uintptr_t)s >= n)
		return memcpy(dst, src, n);
	for (; n >= 8; n -= 8)
		put_le64(d + n - 8, get_le64(s + n - 8));
	while (n--)
		d[n] = s[n];
	return dst;
}

#endif
