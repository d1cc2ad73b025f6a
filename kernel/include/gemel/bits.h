/* SPDX-License-Identifier: MIT */
#pragma once
/* Bits of integers, and integers at any alignment in bytes. */
#include <gemel/compiler.h>

#define BIT(n)          (1UL << (n))
#define BITS_PER_LONG   64

/* Position of the lowest or highest set bit; @x is not zero. */
static inline uint bit_lowest(u64 x)
{
	return (uint)__builtin_ctzll(x);
}

static inline uint bit_highest(u64 x)
{
	return 63 - (uint)__builtin_clzll(x);
}

static inline uint bit_count(u64 x)
{
	return (uint)__builtin_popcountll(x);
}

/* Logarithm to base 2, rounded down; @x is not zero. */
static inline uint ilog2(u64 x)
{
	return bit_highest(x);
}

static inline bool is_pow2(u64 x)
{
	return x && !(x & (x - 1));
}

/* The smallest power of two >= @x; @x is in 1 .. 2^63. */
static inline u64 roundup_pow2(u64 x)
{
	return x <= 1 ? 1 : (u64)2 << bit_highest(x - 1);
}

/* Read and write at any alignment. */
static inline u16 get_le16(const void *p) { u16 v; __builtin_memcpy(&v, p, 2); return v; }
static inline u32 get_le32(const void *p) { u32 v; __builtin_memcpy(&v, p, 4); return v; }
static inline u64 get_le64(const void *p) { u64 v; __builtin_memcpy(&v, p, 8); return v; }
static inline u16 get_be16(const void *p) { return __builtin_bswap16(get_le16(p)); }
static inline u32 get_be32(const void *p) { return __builtin_bswap32(get_le32(p)); }
static inline u64 get_be64(const void *p) { return __builtin_bswap64(get_le64(p)); }
static inline void put_le16(void *p, u16 v) { __builtin_memcpy(p, &v, 2); }
static inline void put_le32(void *p, u32 v) { __builtin_memcpy(p, &v, 4); }
static inline void put_le64(void *p, u64 v) { __builtin_memcpy(p, &v, 8); }
static inline void put_be16(void *p, u16 v) { put_le16(p, __builtin_bswap16(v)); }
static inline void put_be32(void *p, u32 v) { put_le32(p, __builtin_bswap32(v)); }
static inline void put_be64(void *p, u64 v) { put_le64(p, __builtin_bswap64(v)); }
