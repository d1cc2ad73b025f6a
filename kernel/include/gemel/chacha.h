/* SPDX-License-Identifier: MIT */
#pragma once
/* The ChaCha20 block function (RFC 8439).  Pure. */
#include <gemel/compiler.h>

#define CHACHA_KEY_SIZE         32
#define CHACHA_BLOCK_SIZE       64

struct chacha {
	u32 state[16];
};

/* @key is CHACHA_KEY_SIZE bytes; @nonce is 12 bytes, or NULL for zeros. */
void chacha_init(struct chacha *c, const u8 *key, u32 counter, const u8 *nonce);

/* The next block of key stream. */
void chacha_block(struct chacha *c, u8 out[CHACHA_BLOCK_SIZE]);
