/* SPDX-License-Identifier: MIT */
#include <gemel/chacha.h>

#include <gemel/bits.h>

enum { CHACHA_COUNTER = 12, CHACHA_ROUNDS = 20 };

void chacha_init(struct chacha *c, const u8 *key, u32 counter, const u8 *nonce)
{
	/* "expand 32-byte k" */
	static const u32 constant[4] = { 0x61707865, 0x3320646e, 0x79622d32, 0x6b206574 };

	for (uint i = 0; i < 4; i++)
		c->state[i] = constant[i];
	for (uint i = 0; i < 8; i++)
		c->state[4 + i] = get_le32(key + 4 * i);
	c->state[CHACHA_COUNTER] = counter;
	for (uint i = 0; i < 3; i++)
		c->state[13 + i] = nonce ? get_le32(nonce + 4 * i) : 0;
}

static u32 rotate(u32 v, uint n)
{
	return v << n | v >> (32 - n);
}

static void quarter(u32 *a, u32 *b, u32 *c, u32 *d)
{
	*a += *b, *d = rotate(*d ^ *a, 16);
	*c += *d, *b = rotate(*b ^ *c, 12);
	*a += *b, *d = rotate(*d ^ *a, 8);
	*c += *d, *b = rotate(*b ^ *c, 7);
}

void chacha_block(struct chacha *c, u8 out[CHACHA_BLOCK_SIZE])
{
	u32 x[16];

	for (uint i = 0; i < 16; i++)
		x[i] = c->state[i];
	for (uint round = 0; round < CHACHA_ROUNDS; round += 2) {
		for (uint i = 0; i < 4; i++)
			quarter(&x[i], &x[4 + i], &x[8 + i], &x[12 + i]);
		for (uint i = 0; i < 4; i++)
			quarter(&x[i], &x[4 + (i + 1) % 4], &x[8 + (i + 2) % 4],
				&x[12 + (i + 3) % 4]);
	}
	for (uint i = 0; i < 16; i++)
		put_le32(out + 4 * i, x[i] + c->state[i]);
	c->state[CHACHA_COUNTER]++;
}
