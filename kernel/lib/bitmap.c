/* SPDX-License-Identifier: MIT */
#include <gemel/bitmap.h>

/* The bits of the word at @bit / 64 that are in [bit, bit + n). */
static ulong word_mask(size_t bit, size_t n)
{
	uint at = bit % BITS_PER_LONG;
	size_t len = MIN(n, (size_t)(BITS_PER_LONG - at));

	return (len == BITS_PER_LONG ? ~0UL : BIT(len) - 1) << at;
}

void bitmap_set_range(ulong *map, size_t from, size_t n)
{
	while (n) {
		ulong mask = word_mask(from, n);

		map[from / BITS_PER_LONG] |= mask;
		from += bit_count(mask);
		n -= bit_count(mask);
	}
}

void bitmap_clear_range(ulong *map, size_t from, size_t n)
{
	while (n) {
		ulong mask = word_mask(from, n);

		map[from / BITS_PER_LONG] &= ~mask;
		from += bit_count(mask);
		n -= bit_count(mask);
	}
}

/* The first bit >= @from where map ^ flip has a one. */
static size_t next_bit(const ulong *map, size_t nbits, size_t from, ulong flip)
{
	while (from < nbits) {
		ulong word = (map[from / BITS_PER_LONG] ^ flip) >> (from % BITS_PER_LONG);

		if (word)
			return MIN(from + bit_lowest(word), nbits);
		from = ALIGN_DOWN(from, BITS_PER_LONG) + BITS_PER_LONG;
	}
	return nbits;
}

size_t bitmap_next_set(const ulong *map, size_t nbits, size_t from)
{
	return next_bit(map, nbits, from, 0);
}

size_t bitmap_next_clear(const ulong *map, size_t nbits, size_t from)
{
	return next_bit(map, nbits, from, ~0UL);
}

size_t bitmap_find_clear_run(const ulong *map, size_t nbits, size_t from, size_t n)
{
	for (;;) {
		size_t end;

		from = bitmap_next_clear(map, nbits, from);
		if (from >= nbits || n > nbits - from)
			return nbits;
		end = bitmap_next_set(map, from + n, from);
		if (end == from + n)
			return from;
		from = end;
	}
}

size_t bitmap_count(const ulong *map, size_t nbits)
{
	size_t n = 0;

	for (size_t i = 0; i < nbits; i += BITS_PER_LONG)
		n += bit_count(map[i / BITS_PER_LONG] & word_mask(i, nbits - i));
	return n;
}
