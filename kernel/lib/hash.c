/* SPDX-License-Identifier: MIT */
#include <gemel/hash.h>

#include <gemel/bits.h>

u64 hash_bytes(const void *data, size_t len, u64 seed)
{
	const u8 *p = data;
	u64 h = seed ^ len * 0x9e3779b97f4a7c15ULL;
	u64 tail = 0;

	for (; len >= 8; len -= 8, p += 8) {
		h = (h ^ get_le64(p)) * 0xd6e8feb86659fd93ULL;
		h ^= h >> 32;
	}
	for (size_t i = 0; i < len; i++)
		tail |= (u64)p[i] << (8 * i);
	return hash_u64(h ^ tail);
}
