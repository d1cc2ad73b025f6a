/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Bit arrays in ulongs.  Not atomic: the owner brings the lock.  A search
 * that finds nothing returns @nbits.
 */
#include <gemel/bits.h>

#define BITMAP_LONGS(nbits)     DIV_ROUND_UP(nbits, BITS_PER_LONG)
#define BITMAP_BYTES(nbits)     (BITMAP_LONGS(nbits) * sizeof(ulong))

static inline bool bitmap_test(const ulong *map, size_t bit)
{
	return map[bit / BITS_PER_LONG] >> (bit % BITS_PER_LONG) & 1;
}

static inline void bitmap_set(ulong *map, size_t bit)
{
	map[bit / BITS_PER_LONG] |= BIT(bit % BITS_PER_LONG);
}

static inline void bitmap_clear(ulong *map, size_t bit)
{
	map[bit / BITS_PER_LONG] &= ~BIT(bit % BITS_PER_LONG);
}

/* The @n bits from @from on. */
void bitmap_set_range(ulong *map, size_t from, size_t n);
void bitmap_clear_range(ulong *map, size_t from, size_t n);

/* The first bit >= @from that is set, or clear, below @nbits. */
size_t bitmap_next_set(const ulong *map, size_t nbits, size_t from);
size_t bitmap_next_clear(const ulong *map, size_t nbits, size_t from);

/* The start of the first run of @n clear bits at or after @from that ends at or before @nbits. */
size_t bitmap_find_clear_run(const ulong *map, size_t nbits, size_t from, size_t n);

static inline size_t bitmap_first_set(const ulong *map, size_t nbits)
{
	return bitmap_next_set(map, nbits, 0);
}

static inline size_t bitmap_first_clear(const ulong *map, size_t nbits)
{
	return bitmap_next_clear(map, nbits, 0);
}

/* Number of set bits among the first @nbits. */
size_t bitmap_count(const ulong *map, size_t nbits);
