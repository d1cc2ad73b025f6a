/* SPDX-License-Identifier: MIT */
#include <gemel/string.h>

#include <gemel/bits.h>

#if !defined(GEMEL_HOST) || defined(STRING_TEST)

void *memset(void *dst, int byte, size_t n)
{
	u8 *d = dst;
	u64 word = (u8)byte * 0x0101010101010101ULL;

	for (; n >= 8; n -= 8, d += 8)
		put_le64(d, word);
	while (n--)
		*d++ = (u8)byte;
	return dst;
}

#endif
