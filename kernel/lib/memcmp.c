/* SPDX-License-Identifier: MIT */
#include <gemel/string.h>

#include <gemel/bits.h>

#if !defined(GEMEL_HOST) || defined(STRING_TEST)

int memcmp(const void *a, const void *b, size_t n)
{
	const u8 *p = a, *q = b;

	for (; n >= 8 && get_le64(p) == get_le64(q); n -= 8, p += 8, q += 8)
		;
	for (; n; n--, p++, q++)
		if (*p != *q)
			return *p - *q;
	return 0;
}

#endif
