/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Hashing for tables inside the kernel.  Not cryptographic; with a random
 * seed good against people who choose the keys only as far as they cannot
 * see the table.
 */
#include <gemel/compiler.h>

/* Mix 64 bits; every input bit reaches every output bit. */
static inline u64 hash_u64(u64 x)
{
	x ^= x >> 32;
	x *= 0xd6e8feb86659fd93ULL;
	x ^= x >> 32;
	x *= 0xd6e8feb86659fd93ULL;
	return x ^ x >> 32;
}

/* The top @bits bits (1..32) of one multiplication: quick, for pointers and counters. */
static inline u32 hash_bits(u64 x, uint bits)
{
	return (u32)(x * 0x9e3779b97f4a7c15ULL >> (64 - bits));
}

static inline u64 hash_pair(u64 a, u64 b)
{
	return hash_u64(a ^ hash_u64(b + 0x9e3779b97f4a7c15ULL));
}

/* Hash @len bytes at @data, eight at a time. */
u64 hash_bytes(const void *data, size_t len, u64 seed);
