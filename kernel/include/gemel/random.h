/* SPDX-License-Identifier: MIT */
#pragma once
/* Random numbers that cannot be guessed, once somebody has contributed entropy. */
#include <gemel/compiler.h>

/* Fill @buf.  Any context.  Never waits: see random_is_seeded(). */
void random_bytes(void *buf, size_t n);
u64 random_u64(void);

/*
 * Mix in what is hard to guess: @bits says how much of it, at most.  Any
 * context.  The generator counts as seeded from 256 bits on.
 */
void random_add(const void *data, size_t n, uint bits);
bool random_is_seeded(void);
