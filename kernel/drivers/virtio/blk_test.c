/* SPDX-License-Identifier: MIT */
/*
 * virtio-blk against a device that lies: a transport of our own, whose device is the
 * test.  Whatever it says, requests end, with -EIO when they were not served, and
 * nothing more is believed of a device that was caught.
 */
#include "blk.h"

#include <uapi/errno.h>

#include <gemel/block.h>
#include <gemel/ktest.h>
#include <gemel/slab.h>
#include <gemel/string.h>
#include <gemel/virtio.h>

#include "transport.h"

enum { QUEUE = 8, CONFIG_SIZE = 24, MANY = 80, PENDING = 99 };
enum { STATUS_DRIVER_OK = 4, STATUS_FEATURES_OK = 8, STATUS_NEEDS_RESET = 64 };
enum { SIZE_MAX_BIT = 1, SEG_MAX_BIT = 2, RO_BIT = 5, BLK_SIZE_BIT = 6 };

#define MODERN  (1ull << VIRTIO_F_VERSION_1)

/* What the device says before it works. */
struct offer {
	u64 features;
	u32 queue_max;
	u64 capacity;
	u32 size_max, seg_max, blk_size;
	bool refuses_features, never_resets, speaks_early, is_legacy;
	int err;                        /* what the driver makes of it */
};

static const struct offer honest = { .features = MODERN, .queue_max = QUEUE, .capacity = 64 };

static struct liar {
	struct virtio_device vd;
	struct device *dev;
	struct block_device *bd;
	const struct offer *offer;
	u8 config[CONFIG_SIZE];
	u8 status;
	u32 doorbell;
	struct io_region doorbell_region;
	u16 seen;                       /* position in the available ring */
	/* One request and its memory, or many. */
	struct block_request rq[MANY];
	int result[MANY];
	struct block_seg seg;
	u8 *page;
} liar;

/* ---- the transport ---- */

static u8 liar_get_status(struct virtio_device *vd)
{
	(void)vd;
	return liar.status;
}

static void liar_set_status(struct virtio_device *vd, u8 status)
{
	(void)vd;
	if (liar.offer->refuses_features)
		status &= (u8)~STATUS_FEATURES_OK;
	liar.status = status == 0 && liar.offer->never_resets ? 1 : status;
}

static u64 liar_get_features(struct virtio_device *vd)
{
	(void)vd;
	return liar.offer->features;
}

static void liar_set_features(struct virtio_device *vd, u64 features)
{
	(void)vd;
	(void)features;
}

static uint liar_queue_max(struct virtio_device *vd, uint index)
{
	(void)vd;
	return index == 0 ? liar.offer->queue_max : 0;
}

static int liar_queue_set_up(struct virtio_device *vd, struct virtqueue *vq)
{
	liar.doorbell_region = (struct io_region){ .base = (ulong)&liar.doorbell, .size = 4 };
	vq->doorbell = &liar.doorbell_region;
	if (liar.offer->speaks_early) {
		vq->ring.used->idx = 1;
		virtqueue_interrupt(vq);
		virtio_config_interrupt(vd);
	}
	return 0;
}

static u32 liar_config_read(struct virtio_device *vd, uint off, uint width)
{
	u32 v = 0;

	(void)vd;
	if (off + width <= CONFIG_SIZE)
		memcpy(&v, liar.config + off, width);
	return v;
}

static void liar_config_write8(struct virtio_device *vd, uint off, u8 v)
{
	(void)vd;
	(void)off;
	(void)v;
}

/* Never the same twice: each reading of the configuration seems torn. */
static u32 liar_config_generation(struct virtio_device *vd)
{
	static u32 generation;

	(void)vd;
	return generation++;
}

static const struct virtio_transport liar_transport = {
	.get_status = liar_get_status,
	.set_status = liar_set_status,
	.get_features = liar_get_features,
	.set_features = liar_set_features,
	.queue_max = liar_queue_max,
	.queue_set_up = liar_queue_set_up,
	.config_read = liar_config_read,
	.config_write8 = liar_config_write8,
	.config_generation = liar_config_generation,
};

/* Probe a device that offers @offer.  What the driver says. */
static int liar_open(const struct offer *offer)
{
	memset(&liar, 0, sizeof(liar));
	liar.offer = offer;
	memcpy(liar.config, &offer->capacity, 8);
	memcpy(liar.config + 8, &offer->size_max, 4);
	memcpy(liar.config + 12, &offer->seg_max, 4);
	memcpy(liar.config + 20, &offer->blk_size, 4);
	liar.dev = device_create(&virtio_bus, NULL, "liar");
	liar.page = kalloc(PAGE_SIZE);
	if (!liar.dev || !liar.page)
		return -ENOMEM;
	liar.vd.transport = &liar_transport;
	liar.vd.dev = liar.dev;
	liar.vd.is_legacy = offer->is_legacy;
	liar.dev->bus_data = &liar.vd;
	liar.seg = (struct block_seg){ virt_to_phys(liar.page), PAGE_SIZE };
	return virtio_blk_open(liar.dev, &liar.bd);
}

static void liar_close(void)
{
	if (liar.dev)
		device_discard(liar.dev);
	kfree(liar.page);
}

/* ---- the requests, and what the device does with them ---- */

static void on_done(struct block_request *rq, int err)
{
	liar.result[rq - liar.rq] = err;
}

static void submit(uint i, enum block_op op)
{
	liar.result[i] = PENDING;
	liar.rq[i] = (struct block_request){
		.op = op,
		.sector = i % 8 * 8,
		.seg = op == BLOCK_FLUSH ? NULL : &liar.seg,
		.nseg = op != BLOCK_FLUSH,
		.done = on_done,
	};
	block_submit(liar.bd, &liar.rq[i]);
}

static struct ring *ring(void)
{
	return &liar.vd.queue[0]->ring;
}

/* The head of the next request that the driver has put in. */
static u16 device_get(void)
{
	return ring()->avail->ring[liar.seen++ % ring()->size];
}

static void device_set_status(u16 head, u8 status)
{
	struct ring_desc *d = &ring()->desc[head];

	while (d->flags & 1)
		d = &ring()->desc[d->next];
	*(u8 *)phys_to_virt(d->addr) = status;
}

static void device_use(u32 id, u32 len)
{
	struct ring_used *used = ring()->used;

	used->ring[used->idx % ring()->size] = (struct ring_used_elem){ id, len };
	used->idx++;
}

static void device_interrupt(void)
{
	virtio_queues_interrupt(&liar.vd);
}

static void serve(u8 status, u32 len)
{
	u16 head = device_get();

	device_set_status(head, status);
	device_use(head, len);
	device_interrupt();
}

/* Nothing is believed, nothing waits, and there is no second chance. */
static void expect_given_up(struct ktest_run *kt)
{
	EXPECT_EQ(0, liar.status);
	EXPECT_EQ(0, liar.bd->inflight);
	EXPECT(virtqueue_is_broken(liar.vd.queue[0]));
	liar.doorbell = 77;
	submit(9, BLOCK_READ);
	EXPECT_EQ(-EIO, liar.result[9]);
	device_use(0, 1);
	virtqueue_interrupt(liar.vd.queue[0]);
	virtio_config_interrupt(&liar.vd);
	EXPECT_EQ(77, liar.doorbell);
}

KTEST(virtio_blk, a_device_that_works_is_served)
{
	EXPECT_EQ(0, liar_open(&honest));
	if (liar.bd) {
		EXPECT_EQ(64, liar.bd->nsectors);
		EXPECT(liar.status & STATUS_DRIVER_OK);
		submit(0, BLOCK_READ);
		EXPECT_EQ(PENDING, liar.result[0]);
		serve(0, PAGE_SIZE + 1);
		EXPECT_EQ(0, liar.result[0]);
		submit(1, BLOCK_WRITE);
		serve(0, 1);
		EXPECT_EQ(0, liar.result[1]);
		/* It may count the data alone, and nothing for a write. */
		submit(2, BLOCK_READ);
		serve(0, PAGE_SIZE);
		EXPECT_EQ(0, liar.result[2]);
		submit(3, BLOCK_WRITE);
		serve(0, 0);
		EXPECT_EQ(0, liar.result[3]);
	}
	liar_close();
}

KTEST(virtio_blk, an_error_is_an_error_and_the_device_goes_on)
{
	EXPECT_EQ(0, liar_open(&honest));
	if (liar.bd) {
		submit(0, BLOCK_READ);
		serve(1, 1);
		EXPECT_EQ(-EIO, liar.result[0]);
		submit(1, BLOCK_WRITE);
		serve(2, 1);
		EXPECT_EQ(-EOPNOTSUPP, liar.result[1]);
		submit(2, BLOCK_READ);
		serve(0, PAGE_SIZE + 1);
		EXPECT_EQ(0, liar.result[2]);
	}
	liar_close();
}

KTEST(virtio_blk, an_interrupt_without_work_is_nothing)
{
	EXPECT_EQ(0, liar_open(&honest));
	if (liar.bd) {
		device_interrupt();
		virtqueue_interrupt(liar.vd.queue[0]);
		virtio_config_interrupt(&liar.vd);
		submit(0, BLOCK_READ);
		virtqueue_interrupt(liar.vd.queue[0]);
		EXPECT_EQ(PENDING, liar.result[0]);
		serve(0, PAGE_SIZE + 1);
		EXPECT_EQ(0, liar.result[0]);
	}
	liar_close();
}

/* ---- lies about completions ---- */

enum lie {
	ID_OUT_OF_RANGE, ID_HUGE, ID_NOT_OUT, ID_INSIDE_CHAIN, ID_TWICE, LEN_TOO_LONG, LEN_HUGE,
	LEN_SHORT, LEN_NONE, STATUS_UNKNOWN, STATUS_UNWRITTEN, INDEX_JUMPS, INDEX_JUMPS_FAR,
	INDEX_GOES_BACK, NEEDS_RESET, DISAPPEARS, LIES,
};

/* Two reads are out, none is served.  Returns how many of them are served after all. */
static uint tell(enum lie lie)
{
	u16 head = device_get();
	u32 size = ring()->size;

	switch (lie) {
	case ID_OUT_OF_RANGE: device_use(size, 1); break;
	case ID_HUGE: device_use(0x80000000, 1); break;
	case ID_NOT_OUT: device_use(size - 1, 1); break;
	case ID_INSIDE_CHAIN: device_use(ring()->desc[head].next, 1); break;
	case ID_TWICE:
		device_set_status(head, 0);
		device_use(head, PAGE_SIZE + 1);
		device_use(head, PAGE_SIZE + 1);
		return 1;
	case LEN_TOO_LONG: device_use(head, PAGE_SIZE + 2); break;
	case LEN_HUGE: device_use(head, ~0u); break;
	case LEN_SHORT:
		device_set_status(head, 0);
		device_use(head, PAGE_SIZE - 1);
		break;
	case LEN_NONE:
		device_set_status(head, 0);
		device_use(head, 0);
		break;
	case STATUS_UNKNOWN:
		device_set_status(head, 3);
		device_use(head, PAGE_SIZE + 1);
		break;
	case STATUS_UNWRITTEN: device_use(head, PAGE_SIZE + 1); break;
	case INDEX_JUMPS:
		/* Both elements are as they should be, and one more than there are requests. */
		device_set_status(head, 0);
		device_use(head, PAGE_SIZE + 1);
		head = device_get();
		device_set_status(head, 0);
		device_use(head, PAGE_SIZE + 1);
		ring()->used->idx = (u16)(ring()->used->idx + size);
		break;
	case INDEX_JUMPS_FAR: ring()->used->idx = 0x7000; break;
	case INDEX_GOES_BACK: ring()->used->idx--; break;
	case NEEDS_RESET:
		liar.status |= STATUS_NEEDS_RESET;
		virtio_config_interrupt(&liar.vd);
		break;
	case DISAPPEARS:
		liar.status = 0xff;
		virtio_config_interrupt(&liar.vd);
		break;
	case LIES: break;
	}
	return 0;
}

KTEST(virtio_blk, a_device_that_lies_is_given_up)
{
	for (enum lie lie = 0; lie < LIES && !kt->failures; lie++) {
		uint served;

		EXPECT_EQ(0, liar_open(&honest));
		if (liar.bd) {
			submit(0, BLOCK_READ);
			submit(1, BLOCK_READ);
			served = tell(lie);
			device_interrupt();
			EXPECT_EQ(served ? 0 : -EIO, liar.result[0]);
			EXPECT_EQ(-EIO, liar.result[1]);
			expect_given_up(kt);
		}
		liar_close();
		if (kt->failures)
			EXPECT_EQ(LIES, lie);
	}
}

/* A legacy device's lengths say nothing, unless they are too long. */
KTEST(virtio_blk, a_legacy_device_may_say_less)
{
	static const struct offer legacy = {
		.queue_max = QUEUE, .capacity = 64, .is_legacy = true,
	};

	EXPECT_EQ(0, liar_open(&legacy));
	if (liar.bd) {
		submit(0, BLOCK_READ);
		serve(0, 0);
		EXPECT_EQ(0, liar.result[0]);
	}
	liar_close();
}

KTEST(virtio_blk, those_who_wait_for_room_are_told_too)
{
	static const struct offer offer = {
		.features = MODERN | 1 << SEG_MAX_BIT, .queue_max = QUEUE, .capacity = 64,
		.seg_max = 6,
	};

	EXPECT_EQ(0, liar_open(&offer));
	if (liar.bd) {
		for (uint i = 0; i < MANY; i++)
			submit(i, i % 7 ? BLOCK_READ : BLOCK_WRITE);
		EXPECT_EQ(QUEUE / 3, liar.bd->inflight);
		device_use(QUEUE, 0);
		device_interrupt();
		for (uint i = 0; i < MANY; i++)
			EXPECT_EQ(-EIO, liar.result[i]);
		expect_given_up(kt);
	}
	liar_close();
}

/* ---- lies before the first request ---- */

KTEST(virtio_blk, an_offer_that_cannot_be_is_refused)
{
	static const struct offer offers[] = {
		{ .features = 0, .err = -ENODEV },
		{ .features = ~MODERN, .err = -ENODEV },
		{ .features = MODERN, .refuses_features = true, .err = -ENODEV },
		{ .features = MODERN, .never_resets = true, .err = -EIO },
		{ .features = MODERN, .queue_max = 0, .err = -ENOENT },
		{ .features = MODERN, .queue_max = 1, .err = -ENODEV },
		{ .features = MODERN, .queue_max = 3, .err = -ENODEV },
		{ .features = MODERN, .queue_max = QUEUE, .capacity = ~0ull, .err = -ENODEV },
		{ .features = MODERN, .queue_max = QUEUE, .capacity = 1ull << 54, .err = -ENODEV },
		{ .features = MODERN | 1 << BLK_SIZE_BIT, .queue_max = QUEUE, .err = -ENODEV },
		{ .features = MODERN | 1 << BLK_SIZE_BIT, .queue_max = QUEUE, .blk_size = 513,
		  .err = -ENODEV },
		{ .features = MODERN | 1 << BLK_SIZE_BIT, .queue_max = QUEUE,
		  .blk_size = 0x80000000, .err = -ENODEV },
		{ .features = MODERN | 1 << SIZE_MAX_BIT, .queue_max = QUEUE, .err = -ENODEV },
		{ .features = MODERN | 1 << SIZE_MAX_BIT, .queue_max = QUEUE, .size_max = 4095,
		  .err = -ENODEV },
	};

	for (uint i = 0; i < ARRAY_SIZE(offers); i++) {
		int err = liar_open(&offers[i]);

		EXPECT_EQ(offers[i].err, err);
		if (err != offers[i].err)
			EXPECT_EQ(ARRAY_SIZE(offers), i);
		liar_close();
	}
}

KTEST(virtio_blk, an_odd_offer_is_used_within_its_bounds)
{
	static const struct offer offers[] = {
		{ .features = MODERN | 1 << SEG_MAX_BIT, .queue_max = 5, .capacity = 64 },
		{ .features = ~0ull, .queue_max = ~0u, .capacity = 64, .size_max = ~0u,
		  .seg_max = ~0u, .blk_size = 4096 },
		{ .features = MODERN | 1 << SEG_MAX_BIT, .queue_max = QUEUE, .capacity = 0 },
		{ .features = MODERN, .queue_max = QUEUE, .capacity = (1ull << 54) - 1 },
	};

	for (uint i = 0; i < ARRAY_SIZE(offers); i++) {
		EXPECT_EQ(0, liar_open(&offers[i]));
		if (liar.bd) {
			EXPECT_EQ(offers[i].capacity, liar.bd->nsectors);
			EXPECT(liar.bd->max_segs >= 1 && liar.bd->max_segs + 2 <= ring()->size);
			EXPECT(liar.bd->max_sectors <= 2048);
			EXPECT_EQ(i == 1, liar.bd->is_read_only);
			submit(0, BLOCK_READ);
			if (offers[i].capacity)
				serve(0, PAGE_SIZE + 1);
			EXPECT_EQ(offers[i].capacity ? 0 : -EIO, liar.result[0]);
		}
		liar_close();
	}
}

KTEST(virtio_blk, nobody_listens_before_the_driver_is_ready)
{
	static const struct offer early = {
		.features = MODERN, .queue_max = QUEUE, .capacity = 64, .speaks_early = true,
	};

	EXPECT_EQ(0, liar_open(&early));
	if (liar.bd) {
		submit(0, BLOCK_READ);
		device_interrupt();
		EXPECT_EQ(-EIO, liar.result[0]);
		expect_given_up(kt);
	}
	liar_close();
}

KTEST(virtio_blk, a_probe_without_memory_leaves_nothing)
{
	FOR_EACH_OOM(n) {
		int err = liar_open(&honest);

		EXPECT(err == 0 || (err == -ENOMEM && fault_hit()));
		liar_close();
	}
}
