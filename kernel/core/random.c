/* SPDX-License-Identifier: MIT */
/*
 * Random numbers.
 *
 * One key. Each request takes a key stream of ChaCha20 under it, whose first
 * 32 bytes replace the key before anything is given out: what was handed out
 * cannot be reconstructed from a later state. Long requests copy the new key
 * and generate without the lock.
 *
 * Entropy is mixed in by running the generator over key xor data. The first
 * request pulls what the CPU and the cycle counter have; virtio-rng and others
 * add theirs as they come. Before 256 bits are credited, numbers are only as
 * good as the machine: getrandom() without GRND_INSECURE tries the CPU again
 * and otherwise gives them, as a boot that waits for entropy that will never
 * come helps nobody.
 *
 * Locking. random.lock, a leaf, covers the key and the credit.
 */
#include <gemel/random.h>

#include <arch/debug.h>
#include <arch/time.h>
#include <uapi/errno.h>

#include <gemel/chacha.h>
#include <gemel/spin.h>
#include <gemel/string.h>
#include <gemel/syscalls.h>
#include <gemel/task.h>
#include <gemel/uaccess.h>

enum { SEEDED_BITS = 256, GRND_NONBLOCK = 1, GRND_RANDOM = 2, GRND_INSECURE = 4 };

static struct {
	struct irqlock lock;
	u8 key[CHACHA_KEY_SIZE] __guarded_by(lock);
	uint bits __guarded_by(lock);           /* credited, up to SEEDED_BITS */
	bool is_started __guarded_by(lock);
} pool = { .lock = IRQLOCK_INIT(RANDOM) };

/* New key := key stream of (key xor data). */
static void key_mix(const void *data, size_t n) __must_hold(pool.lock);
static void key_mix(const void *data, size_t n)
{
	u8 block[CHACHA_BLOCK_SIZE];
	const u8 *p = data;
	struct chacha c;

	while (n) {
		size_t len = MIN(n, (size_t)CHACHA_KEY_SIZE);

		for (size_t i = 0; i < len; i++)
			pool.key[i] ^= p[i];
		chacha_init(&c, pool.key, 0, NULL);
		chacha_block(&c, block);
		memcpy(pool.key, block, CHACHA_KEY_SIZE);
		p += len;
		n -= len;
	}
}

static void credit(uint bits) __must_hold(pool.lock);
static void credit(uint bits)
{
	bits = MIN(bits, (uint)SEEDED_BITS);
	pool.bits = MIN(pool.bits + bits, (uint)SEEDED_BITS);
}

/* What the machine itself can give, now. */
static void gather(void) __must_hold(pool.lock);
static void gather(void)
{
	u64 v[5] = { arch_cycles() };
	uint got = 0;

	for (uint i = 1; i < ARRAY_SIZE(v); i++)
		got += arch_random(&v[i]);
	key_mix(v, sizeof(v));
	credit(got * 64);
}

/* A fresh key for one request; the pool's key moves on. */
static void key_take(u8 key[CHACHA_KEY_SIZE])
{
	u8 block[CHACHA_BLOCK_SIZE];
	struct chacha c;

	irq_lock(&pool.lock);
	if (!pool.is_started) {
		pool.is_started = true;
		gather();
	}
	chacha_init(&c, pool.key, 0, NULL);
	chacha_block(&c, block);
	memcpy(pool.key, block, CHACHA_KEY_SIZE);
	irq_unlock(&pool.lock);
	memcpy(key, block + CHACHA_KEY_SIZE, CHACHA_KEY_SIZE);
}

void random_bytes(void *buf, size_t n)
{
	u8 key[CHACHA_KEY_SIZE], block[CHACHA_BLOCK_SIZE];
	struct chacha c;
	u8 *p = buf;

	key_take(key);
	if (n <= CHACHA_KEY_SIZE) {
		memcpy(buf, key, n);
		return;
	}
	chacha_init(&c, key, 0, NULL);
	while (n) {
		size_t len = MIN(n, sizeof(block));

		chacha_block(&c, block);
		memcpy(p, block, len);
		p += len;
		n -= len;
	}
}

u64 random_u64(void)
{
	u64 v;

	random_bytes(&v, sizeof(v));
	return v;
}

void random_add(const void *data, size_t n, uint bits)
{
	irq_lock(&pool.lock);
	key_mix(data, n);
	credit(bits);
	irq_unlock(&pool.lock);
}

bool random_is_seeded(void)
{
	bool is_seeded;

	irq_lock(&pool.lock);
	if (pool.bits < SEEDED_BITS)
		gather();
	is_seeded = pool.bits >= SEEDED_BITS;
	irq_unlock(&pool.lock);
	return is_seeded;
}

long sys_getrandom(void __user *buf, size_t len, uint flags)
{
	u8 piece[256];
	size_t done = 0;

	if (flags & ~(uint)(GRND_NONBLOCK | GRND_RANDOM | GRND_INSECURE))
		return -EINVAL;
	if ((flags & (GRND_RANDOM | GRND_INSECURE)) == (GRND_RANDOM | GRND_INSECURE))
		return -EINVAL;
	len = MIN(len, (size_t)__INT_MAX__);
	while (done < len) {
		size_t n = MIN(len - done, sizeof(piece));

		random_bytes(piece, n);
		if (copy_to_user((u8 __user *)buf + done, piece, n) < 0)
			return done ? (long)done : -EFAULT;
		done += n;
	}
	return (long)done;
}
