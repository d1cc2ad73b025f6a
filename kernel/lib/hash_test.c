/* SPDX-License-Identifier: MIT */
#include <gemel/hash.h>

#include <gemel/ktest.h>

KTEST(hash, bytes_depend_on_all_of_them)
{
	char text[] = "the quick brown fox";
	u64 h = hash_bytes(text, sizeof(text), 1);

	EXPECT(h != hash_bytes(text, sizeof(text), 2));
	for (uint i = 0; i < sizeof(text); i++) {
		text[i] ^= 1;
		EXPECT(h != hash_bytes(text, sizeof(text), 1));
		text[i] ^= 1;
	}
	EXPECT(h == hash_bytes(text, sizeof(text), 1));
	EXPECT(hash_bytes(text, 3, 1) != hash_bytes(text, 4, 1));
}

KTEST(hash, bits_spread_small_keys)
{
	uint hits[64] = { 0 }, worst = 0;

	for (u64 i = 0; i < 640; i++)
		hits[hash_bits(i * 64, 6)]++;
	for (uint i = 0; i < 64; i++)
		worst = MAX(worst, hits[i]);
	EXPECT(worst <= 16);
}
