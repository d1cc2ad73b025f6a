/* SPDX-License-Identifier: MIT */
#include <gemel/chacha.h>

#include <gemel/ktest.h>
#include <gemel/string.h>

/* RFC 8439, section 2.3.2. */
KTEST(chacha, gives_the_published_block)
{
	static const u8 nonce[12] = { 0, 0, 0, 9, 0, 0, 0, 0x4a };
	static const u8 first[16] = {
		0x10, 0xf1, 0xe7, 0xe4, 0xd1, 0x3b, 0x59, 0x15,
		0x50, 0x0f, 0xdd, 0x1f, 0xa3, 0x20, 0x71, 0xc4,
	};
	static const u8 last[8] = { 0xcb, 0xd0, 0x83, 0xe8, 0xa2, 0x50, 0x3c, 0x4e };
	u8 key[CHACHA_KEY_SIZE], block[CHACHA_BLOCK_SIZE];
	struct chacha c;

	for (uint i = 0; i < sizeof(key); i++)
		key[i] = (u8)i;
	chacha_init(&c, key, 1, nonce);
	chacha_block(&c, block);
	EXPECT_EQ(0, memcmp(block, first, sizeof(first)));
	EXPECT_EQ(0, memcmp(block + 56, last, sizeof(last)));
}
