/* SPDX-License-Identifier: MIT */
#include "ring.h"

#include <uapi/errno.h>

#include <gemel/ktest.h>
#include <gemel/string.h>

enum { SIZE = 8 };

static u8 mem[2 * RING_ALIGN] __aligned(RING_ALIGN);
static struct ring_slot slots[SIZE];
static struct ring r;
static int token[SIZE * 2];
static u16 device_seen;         /* the device's position in the available ring */

static void start(bool event_idx)
{
	memset(mem, 0, sizeof(mem));
	ring_init(&r, SIZE, mem, slots, event_idx);
	device_seen = 0;
}

static int put(uint nout, uint nin, void *t)
{
	static const struct ring_seg segs[SIZE + 1] = {
		{ 0x1000, 16 }, { 0x2000, 512 }, { 0x3000, 1 }, { 0x4000, 4096 },
	};

	return ring_add(&r, segs, nout, nin, t);
}

/* The device: take the next available buffer's head. */
static u16 device_get(void)
{
	return r.avail->ring[device_seen++ % SIZE];
}

static void device_use(u32 id, u32 len)
{
	struct ring_used_elem *e = &r.used->ring[r.used->idx % SIZE];

	e->id = id;
	e->len = len;
	r.used->idx++;
}

KTEST(vring, a_buffer_goes_out_and_comes_back)
{
	u32 len = 99;
	u16 head;

	start(false);
	EXPECT_EQ(0, put(1, 2, &token[0]));
	EXPECT_EQ(1, r.avail->idx);
	EXPECT_EQ(SIZE - 3, r.nfree);
	head = device_get();
	EXPECT_EQ(0x1000, r.desc[head].addr);
	EXPECT_EQ(1, r.desc[head].flags);
	EXPECT_EQ(3, r.desc[r.desc[head].next].flags);
	EXPECT_EQ(2, r.desc[r.desc[r.desc[head].next].next].flags);
	EXPECT(!ring_take(&r, &len));
	device_use(head, 513);
	EXPECT(ring_take(&r, &len) == &token[0]);
	EXPECT_EQ(513, len);
	EXPECT_EQ(SIZE, r.nfree);
	EXPECT(!ring_take(&r, &len));
}

KTEST(vring, fills_up_and_recovers)
{
	u32 len;

	start(false);
	for (uint round = 0; round < 10000; round++) {
		for (uint i = 0; i < SIZE / 2; i++)
			EXPECT_EQ(0, put(1, 1, &token[i]));
		EXPECT_EQ(-ENOSPC, put(1, 0, &token[0]));
		/* Out of order: the first comes back last. */
		{
			u16 heads[SIZE / 2];

			for (uint i = 0; i < SIZE / 2; i++)
				heads[i] = device_get();
			for (uint i = 1; i <= SIZE / 2; i++)
				device_use(heads[i % (SIZE / 2)], 0);
		}
		for (uint i = 1; i <= SIZE / 2; i++)
			EXPECT(ring_take(&r, &len) == &token[i % (SIZE / 2)]);
		EXPECT_EQ(SIZE, r.nfree);
	}
}

KTEST(vring, refuses_what_cannot_be)
{
	start(false);
	EXPECT_EQ(-EINVAL, put(0, 0, &token[0]));
	EXPECT_EQ(-EINVAL, put(SIZE, 1, &token[0]));
	EXPECT_EQ(-EINVAL, put(1, 0, NULL));
	EXPECT_EQ(0, put(4, 4, &token[0]));
}

KTEST(vring, breaks_on_lies_of_the_device)
{
	static const struct { u32 id, len; } lies[] = {
		{ SIZE, 0 }, { 0xffffffff, 0 }, { 1, 0 }, { 5, 0 }, { 0, 4097 }, { 0, 0xffffffff },
	};
	u32 len;

	for (uint i = 0; i < ARRAY_SIZE(lies); i++) {
		start(false);
		EXPECT_EQ(0, put(3, 0, &token[0]));
		device_use(lies[i].id, lies[i].len);
		EXPECT(!ring_take(&r, &len));
		EXPECT(r.broken != NULL);
		EXPECT_EQ(-EIO, put(1, 0, &token[1]));
		EXPECT(ring_detach(&r) == &token[0]);
		EXPECT(!ring_detach(&r));
	}
	/* More of them than there are. */
	start(false);
	EXPECT_EQ(0, put(1, 0, &token[0]));
	device_use(device_get(), 0);
	r.used->idx = 2;
	EXPECT(!ring_take(&r, &len) && r.broken);
	/* One buffer returned twice. */
	start(false);
	EXPECT_EQ(0, put(1, 0, &token[0]));
	device_use(device_get(), 0);
	EXPECT(ring_take(&r, &len) == &token[0]);
	device_use(0, 0);
	EXPECT(!ring_take(&r, &len) && r.broken);
}

KTEST(vring, kicks_by_flag)
{
	start(false);
	EXPECT(!ring_needs_kick(&r));
	EXPECT_EQ(0, put(1, 0, &token[0]));
	EXPECT(ring_needs_kick(&r));
	EXPECT(!ring_needs_kick(&r));
	r.used->flags = 1;
	EXPECT_EQ(0, put(1, 0, &token[0]));
	EXPECT(!ring_needs_kick(&r));
}

static void device_wants_kick_at(u16 idx)
{
	memcpy(&r.used->ring[SIZE], &idx, sizeof(idx));
}

KTEST(vring, kicks_by_event_index)
{
	start(true);
	device_wants_kick_at(1);
	EXPECT_EQ(0, put(1, 0, &token[0]));
	EXPECT(!ring_needs_kick(&r));           /* 0 was added; the device waits for 1 */
	EXPECT_EQ(0, put(1, 0, &token[0]));
	EXPECT(ring_needs_kick(&r));
	EXPECT_EQ(0, put(1, 0, &token[0]));
	EXPECT(!ring_needs_kick(&r));
}

KTEST(vring, interrupts_are_asked_for)
{
	u32 len;

	start(true);
	EXPECT_EQ(0, put(1, 0, &token[0]));
	EXPECT_EQ(0, put(1, 0, &token[1]));
	ring_disable_irq(&r);
	device_use(device_get(), 0);
	EXPECT(ring_take(&r, &len) == &token[0]);
	EXPECT_EQ(0, r.avail->ring[SIZE]);
	EXPECT(ring_enable_irq(&r));
	EXPECT_EQ(1, r.avail->ring[SIZE]);
	device_use(device_get(), 0);
	EXPECT(!ring_enable_irq(&r));
	EXPECT(ring_take(&r, &len) == &token[1]);
	EXPECT_EQ(2, r.avail->ring[SIZE]);
	start(false);
	ring_disable_irq(&r);
	EXPECT_EQ(1, r.avail->flags);
	EXPECT(ring_enable_irq(&r));
	EXPECT_EQ(0, r.avail->flags);
}
