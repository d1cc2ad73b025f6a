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
#include <gemel/log.h>
#include <gemel/page.h>
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
	bool refuses_features, never_resets, speaks_early, is_legacy, can_be_silenced;
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
	bool is_stuck;                  /* it resets no more */
	uint resets, silenced;          /* how often that was asked for */
	u32 doorbell;
	struct io_region doorbell_region;
	u16 seen;                       /* position in the available ring */
	/* One request and its memory, or many. */
	struct block_request rq[MANY];
	int result[MANY];
	struct block_seg seg;
	u8 *page;
	struct completion done;         /* of any of them */
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
	if (status == 0) {
		liar.resets++;
		if (liar.is_stuck)
			return;
	}
	if (liar.offer->refuses_features)
		status &= (u8)~STATUS_FEATURES_OK;
	liar.status = status == 0 && liar.offer->never_resets ? 1 : status;
}

static bool liar_silence(struct virtio_device *vd)
{
	(void)vd;
	liar.silenced++;
	return liar.offer->can_be_silenced;
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
	.silence = liar_silence,
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
	int err;

	memset(&liar, 0, sizeof(liar));
	liar.offer = offer;
	memcpy(liar.config, &offer->capacity, 8);
	memcpy(liar.config + 8, &offer->size_max, 4);
	memcpy(liar.config + 12, &offer->seg_max, 4);
	memcpy(liar.config + 20, &offer->blk_size, 4);
	liar.dev = device_create(&virtio_bus, NULL, "liar");
	liar.page = page_alloc_kernel(0, 0);
	completion_init(&liar.done);
	if (!liar.dev || !liar.page)
		return -ENOMEM;
	liar.vd.transport = &liar_transport;
	liar.vd.dev = liar.dev;
	liar.vd.is_legacy = offer->is_legacy;
	liar.dev->bus_data = &liar.vd;
	liar.seg = (struct block_seg){ virt_to_phys(liar.page), PAGE_SIZE };
	err = virtio_blk_open(liar.dev, &liar.bd);
	/* Late is what the test says. */
	if (err == 0)
		liar.bd->tick_ns = 24 * 3600 * NSEC_PER_SEC;
	return err;
}

static void liar_close(void)
{
	if (liar.dev)
		device_discard(liar.dev);
	page_free_kernel(liar.page, 0);
}

/* ---- the requests, and what the device does with them ---- */

static void on_done(struct block_request *rq, int err)
{
	liar.result[rq - liar.rq] = err;
	completion_done(&liar.done);
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

/* ---- requests that are never done ---- */

enum { TICKS_WARN = 4, TICKS_GONE = 10 };

static void tick(uint n)
{
	while (n--)
		liar.bd->timer.fn(&liar.bd->timer);
}

/* How many lines have @text, of those since the last call. */
static uint late_lines(const char *text)
{
	static struct log_place log_at;

	return ktest_log_count(&log_at, text);
}

KTEST(virtio_blk, a_request_that_is_never_done_fails_in_the_end)
{
	EXPECT_EQ(0, liar_open(&honest));
	if (liar.bd) {
		strscpy(liar.bd->name, "liar", sizeof(liar.bd->name));
		for (uint i = 0; i < 7; i++)
			submit(i, BLOCK_READ);
		EXPECT_EQ(2, liar.bd->inflight);
		late_lines("");
		tick(TICKS_WARN - 1);
		EXPECT_EQ(0, late_lines("liar: "));
		tick(1);
		EXPECT_EQ(1, late_lines("liar: read of 8 sectors at 0 is not done after 30 s"));
		/* One that is done, and one that starts for it, is no reprieve for another. */
		device_get();
		serve(0, PAGE_SIZE + 1);
		EXPECT_EQ(0, liar.result[1]);
		tick(TICKS_GONE - TICKS_WARN - 1);
		EXPECT_EQ(PENDING, liar.result[0]);
		EXPECT_EQ(0, late_lines("liar: "));
		EXPECT(!virtqueue_is_broken(liar.vd.queue[0]));
		tick(1);
		EXPECT_EQ(1, late_lines("liar: read of 8 sectors at 0 is not done after 90 s"));
		for (uint i = 0; i < 7; i++)
			EXPECT_EQ(i == 1 ? 0 : -EIO, liar.result[i]);
		expect_given_up(kt);
		/* That was all. */
		tick(2 * TICKS_GONE);
		EXPECT_EQ(0, late_lines("liar"));
	}
	liar_close();
}

KTEST(virtio_blk, the_clock_gives_up_a_request)
{
	EXPECT_EQ(0, liar_open(&honest));
	if (liar.bd) {
		liar.bd->tick_ns = NSEC_PER_MSEC;
		submit(0, BLOCK_WRITE);
		completion_wait(&liar.done);
		EXPECT_EQ(-EIO, liar.result[0]);
		EXPECT(READ_ONCE(liar.bd->ticks) >= TICKS_GONE);
		expect_given_up(kt);
	}
	liar_close();
}

/* Young requests, one after the other, are not late, however many ticks they outlive together. */
KTEST(virtio_blk, a_slow_device_is_not_a_dead_one)
{
	EXPECT_EQ(0, liar_open(&honest));
	if (liar.bd) {
		for (uint i = 0; i < 5; i++) {
			submit(i, BLOCK_WRITE);
			tick(TICKS_GONE - 1);
			serve(0, 1);
			EXPECT_EQ(0, liar.result[i]);
		}
		EXPECT_EQ(1, liar.resets);
	}
	liar_close();
}

/* What was done without an interrupt is done. */
KTEST(virtio_blk, a_lost_interrupt_loses_no_request)
{
	EXPECT_EQ(0, liar_open(&honest));
	for (uint i = 0; i < 3 && liar.bd; i++) {
		u16 head;

		submit(i, BLOCK_READ);
		if (i == 2)
			submit(3, BLOCK_READ);
		head = device_get();
		device_set_status(head, 0);
		device_use(head, PAGE_SIZE + 1);
		tick(TICKS_GONE);
		EXPECT_EQ(0, liar.result[i]);
		if (i == 2) {
			EXPECT_EQ(-EIO, liar.result[3]);
			expect_given_up(kt);
		}
	}
	liar_close();
}

static u32 refs_of(const void *va)
{
	return virt_to_page(va)->refs.count;
}

/* The test knows that there is no device. */
static void find_lost(struct virtqueue *vq, void *mem, uint order)
{
	struct device *dev = device_create(&virtio_bus, NULL, "lost");

	page_free_kernel(mem, order);
	kfree(vq);
	if (!dev)
		return;
	list_splice_tail(&dev->managed, &virtio_lost);
	device_discard(dev);
}

/* Of one that does not reset either, nothing is used again that it may write to. */
KTEST(virtio_blk, memory_is_not_used_again_before_the_device_is_still)
{
	static const struct offer offers[] = {
		{ .features = MODERN, .queue_max = QUEUE, .capacity = 64, .can_be_silenced = true },
		{ .features = MODERN, .queue_max = QUEUE, .capacity = 64 },
	};

	for (uint i = 0; i < ARRAY_SIZE(offers); i++) {
		struct virtqueue *vq;
		void *vq_mem;
		uint order;

		EXPECT_EQ(0, liar_open(&offers[i]));
		if (!liar.bd) {
			liar_close();
			continue;
		}
		vq = liar.vd.queue[0];
		vq_mem = vq->mem;
		order = vq->order;
		liar.is_stuck = true;
		submit(0, BLOCK_READ);
		submit(1, BLOCK_WRITE);
		tick(TICKS_GONE);
		EXPECT_EQ(-EIO, liar.result[0]);
		EXPECT_EQ(-EIO, liar.result[1]);
		EXPECT_EQ(1, liar.silenced);
		/* Only what it may write to is lost: the read's page. */
		EXPECT_EQ(1 + i, refs_of(liar.page));
		if (i == 1)
			page_put(virt_to_page(liar.page));
		liar_close();
		EXPECT_EQ(i, refs_of(vq_mem));
		EXPECT_EQ(i == 0, list_is_empty(&virtio_lost));
		/* It is not asked twice. */
		EXPECT_EQ(2, liar.resets);
		EXPECT_EQ(1, liar.silenced);
		if (i == 1)
			find_lost(vq, vq_mem, order);
	}
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
