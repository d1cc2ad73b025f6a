/* SPDX-License-Identifier: MIT */
/*
 * A virtqueue whose device writes what it likes into the memory that is shared with it: a
 * token comes back once, only when it is out, with a length that fits, and none of a ring
 * that is broken.
 */
#include "fuzz.h"

#include <gemel/string.h>

#include "../../kernel/drivers/virtio/ring.h"

enum { SIZE = 8, SEGS_MAX = 4 };

static u8 mem[2 * RING_ALIGN] __aligned(RING_ALIGN);
static struct ring_slot slots[SIZE];
static struct ring ring;
static struct token {
	bool is_out;
	u32 in_len;
} tokens[SIZE];
static uint nout;

static void expect(bool is_true)
{
	if (!is_true)
		__builtin_trap();
}

static void driver_add(u8 how)
{
	struct ring_seg segs[SEGS_MAX];
	uint n = how % SEGS_MAX + 1, nin = how / SEGS_MAX % (n + 1), i = 0;

	while (tokens[i].is_out)
		if (++i == SIZE)
			return;
	tokens[i].in_len = 0;
	for (uint k = 0; k < n; k++) {
		segs[k] = (struct ring_seg){ 0x1000 * k, how + k };
		if (k >= n - nin)
			tokens[i].in_len += segs[k].len;
	}
	tokens[i].is_out = ring_add(&ring, segs, n - nin, nin, &tokens[i]) == 0;
	nout += tokens[i].is_out;
}

static void returned(struct token *t)
{
	expect(t >= tokens && t < tokens + SIZE && t->is_out);
	t->is_out = false;
	nout--;
}

static void driver_take(void)
{
	bool was_broken = ring.broken;
	struct token *t;
	u32 len;

	while ((t = ring_take(&ring, &len))) {
		expect(!was_broken && len <= t->in_len);
		returned(t);
	}
}

/* The device is done with what it was given, as it should be. */
static void device_use(u8 which)
{
	struct ring_used_elem *e = &ring.used->ring[ring.used->idx % SIZE];

	e->id = ring.avail->ring[which % SIZE] % SIZE;
	e->len = which / SIZE;
	ring.used->idx++;
}

static void step(u8 what, u8 how, u8 more)
{
	switch (what % 6) {
	case 0: driver_add(how); break;
	case 1: driver_take(); break;
	case 2: device_use(how); break;
	case 3: mem[(how << 8 | more) % ring_bytes(SIZE)] ^= what; break;
	case 4: (void)ring_needs_kick(&ring); break;
	default:
		if (how & 1)
			ring_disable_irq(&ring);
		else
			(void)ring_enable_irq(&ring);
	}
	expect(ring.nfree <= SIZE && nout <= SIZE - ring.nfree);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t len)
{
	struct token *t;

	if (!len)
		return 0;
	memset(mem, 0, sizeof(mem));
	memset(tokens, 0, sizeof(tokens));
	nout = 0;
	ring_init(&ring, SIZE, mem, slots, data[0] & 1);
	for (size_t i = 1; i + 2 < len; i += 3)
		step(data[i], data[i + 1], data[i + 2]);
	while ((t = ring_detach(&ring)))
		returned(t);
	expect(nout == 0 && ring.nfree == SIZE);
	return 0;
}
