/* SPDX-License-Identifier: MIT */
/*
 * The block layer against a driver that only remembers what it was given,
 * and the machine's disks against themselves.
 */
#include <gemel/block.h>

#include <uapi/errno.h>

#include <gemel/fault.h>
#include <gemel/ktest.h>
#include <gemel/slab.h>
#include <gemel/string.h>
#include <gemel/wait.h>

enum { MAX_STARTED = 16 };

static struct fake {
	struct block_device bd;
	struct block_request *started[MAX_STARTED];
	uint nstarted, room, kicks;
} fake;

static uint ndone;
static int last_err;

static int fake_start(struct block_device *bd, struct block_request *rq)
{
	(void)bd;
	if (fake.nstarted >= fake.room)
		return -EBUSY;
	fake.started[fake.nstarted++] = rq;
	return 0;
}

static void fake_kick(struct block_device *bd)
{
	(void)bd;
	fake.kicks++;
}

static const struct block_ops fake_ops = { .start = fake_start, .kick = fake_kick };

static void on_done(struct block_request *rq, int err)
{
	(void)rq;
	ndone++;
	last_err = err;
}

static void fake_reset(uint room)
{
	if (fake.bd.ops)
		block_fini(&fake.bd);
	memset(&fake, 0, sizeof(fake));
	fake.room = room;
	fake.bd.nsectors = 1000;
	fake.bd.block_size = 512;
	fake.bd.max_segs = 4;
	fake.bd.max_sectors = 64;
	fake.bd.has_flush = true;
	fake.bd.ops = &fake_ops;
	block_init(&fake.bd);
	ndone = 0;
	last_err = 99;
}

static const struct block_seg one_page = { 0x1000, 4096 };

static struct block_request make(enum block_op op, u64 sector, uint flags)
{
	return (struct block_request){
		.op = op,
		.flags = flags,
		.sector = sector,
		.seg = op == BLOCK_FLUSH ? NULL : &one_page,
		.nseg = op != BLOCK_FLUSH,
		.done = on_done,
	};
}

KTEST(block, a_batch_is_merged_and_kicked_once)
{
	struct block_request rq[6];
	struct list list = LIST_INIT(list);

	fake_reset(MAX_STARTED);
	for (uint i = 0; i < 6; i++) {
		rq[i] = make(BLOCK_READ, 8 * i, 0);
		list_add_tail(&list, &rq[i].link);
	}
	block_submit_list(&fake.bd, &list);
	/* Four segments at most: 4 + 2. */
	EXPECT_EQ(2, fake.nstarted);
	EXPECT_EQ(1, fake.kicks);
	EXPECT_EQ(32, fake.started[0]->all_sectors);
	EXPECT_EQ(16, fake.started[1]->all_sectors);
	EXPECT(block_next_part(&rq[0], &rq[0]) == &rq[1]);
	block_complete(&fake.bd, fake.started[0], 0);
	EXPECT_EQ(4, ndone);
	block_complete(&fake.bd, fake.started[1], -EIO);
	EXPECT_EQ(6, ndone);
	EXPECT_EQ(-EIO, last_err);
	EXPECT_EQ(0, fake.bd.inflight);
}

/* Of a batch that the device has done as one, a plan fails the one that it means. */
KTEST(block, a_completion_can_be_made_to_fail)
{
	struct block_request rq[4];
	struct list list = LIST_INIT(list);

	fake_reset(MAX_STARTED);
	for (uint i = 0; i < 4; i++) {
		rq[i] = make(BLOCK_WRITE, 8 * i, i == 3 ? BLOCK_FUA : 0);
		list_add_tail(&list, &rq[i].link);
	}
	EXPECT_EQ(0, fault_plan_set(1u << FAULT_COMPLETION, 4));
	block_submit_list(&fake.bd, &list);
	EXPECT(fault_plan_has_struck());
	EXPECT_EQ(2, fake.nstarted);
	block_complete(&fake.bd, fake.started[0], 0);
	EXPECT_EQ(3, ndone);
	EXPECT_EQ(0, last_err);
	/* All of a write that is to be on the disk is done first. */
	block_complete(&fake.bd, fake.started[1], 0);
	EXPECT_EQ(3, ndone);
	block_complete(&fake.bd, fake.started[1], 0);
	EXPECT_EQ(4, ndone);
	EXPECT_EQ(-EIO, last_err);
	EXPECT_EQ(0, fault_plan_set(0, 0));
	EXPECT_EQ(0, fake.bd.inflight);
}

KTEST(block, waits_for_room_and_goes_on)
{
	struct block_request rq[4];

	fake_reset(1);
	for (uint i = 0; i < 4; i++) {
		rq[i] = make(i == 2 ? BLOCK_WRITE : BLOCK_READ, 8 * i, 0);
		block_submit(&fake.bd, &rq[i]);
	}
	EXPECT_EQ(1, fake.nstarted);
	fake.nstarted = 0;
	block_complete(&fake.bd, &rq[0], 0);
	fake.room = 3;
	block_restart(&fake.bd);
	EXPECT_EQ(3, fake.nstarted);
	EXPECT(fake.started[0] == &rq[1] && fake.started[1] == &rq[2]);
	for (uint i = 0; i < 3; i++)
		block_complete(&fake.bd, fake.started[i], 0);
	EXPECT_EQ(4, ndone);
}

KTEST(block, refuses_what_cannot_be)
{
	static const struct block_seg odd = { 0x1000, 100 };
	struct block_request rq;

	fake_reset(MAX_STARTED);
	rq = make(BLOCK_READ, 993, 0);
	block_submit(&fake.bd, &rq);
	EXPECT_EQ(-EIO, last_err);
	rq = make(BLOCK_READ, ~0ull, 0);
	block_submit(&fake.bd, &rq);
	EXPECT_EQ(-EIO, last_err);
	rq = make(BLOCK_READ, 0, 0);
	rq.seg = &odd;
	block_submit(&fake.bd, &rq);
	EXPECT_EQ(-EINVAL, last_err);
	fake.bd.is_read_only = true;
	rq = make(BLOCK_WRITE, 0, 0);
	block_submit(&fake.bd, &rq);
	EXPECT_EQ(-EROFS, last_err);
	EXPECT_EQ(0, fake.nstarted);
	EXPECT_EQ(4, ndone);
}

KTEST(block, fua_is_write_then_flush)
{
	struct block_request rq;

	fake_reset(MAX_STARTED);
	rq = make(BLOCK_WRITE, 8, BLOCK_FUA);
	block_submit(&fake.bd, &rq);
	EXPECT_EQ(BLOCK_WRITE, block_request_op(fake.started[0]));
	block_complete(&fake.bd, &rq, 0);
	EXPECT_EQ(0, ndone);
	EXPECT_EQ(2, fake.nstarted);
	EXPECT(fake.started[1] == &rq);
	EXPECT_EQ(BLOCK_FLUSH, block_request_op(&rq));
	block_complete(&fake.bd, &rq, 0);
	EXPECT_EQ(1, ndone);
	/* Without a cache both are free. */
	fake_reset(MAX_STARTED);
	fake.bd.has_flush = false;
	rq = make(BLOCK_FLUSH, 0, 0);
	block_submit(&fake.bd, &rq);
	EXPECT_EQ(1, ndone);
	EXPECT_EQ(0, last_err);
	EXPECT_EQ(0, fake.nstarted);
}

static u32 flags_seen;

static int start_looks(struct block_device *bd, struct block_request *rq)
{
	(void)bd;
	flags_seen = phys_to_page(rq->seg->pa)->flags;
	fake.nstarted++;
	return -EIO;
}

/* A page can be kept from whoever might be next, should the device never stop to write. */
KTEST(block, a_device_writes_to_pages_not_to_slabs)
{
	static const struct block_ops ops = { .start = start_looks, .kick = fake_kick };
	u8 *slab = kalloc(1024), *page = page_alloc_kernel(0, 0);

	fake_reset(0);
	fake.bd.ops = &ops;
	if (slab && page) {
		EXPECT(virt_to_page(slab)->flags & (PAGE_SLAB | PAGE_SLAB_TAIL));
		EXPECT_EQ(-EIO, block_read_sync(&fake.bd, 0, slab, 1024));
		EXPECT_EQ(0, flags_seen & (PAGE_SLAB | PAGE_SLAB_TAIL));
		EXPECT_EQ(-EIO, block_read_sync(&fake.bd, 0, page, 1024));
		EXPECT_EQ(-EIO, block_write_sync(&fake.bd, 0, slab, 1024, 0));
		EXPECT_EQ(3, fake.nstarted);
	}
	kfree(slab);
	page_free_kernel(page, 0);
}

/* A page read by interrupt, and each of its blocks read alone, are the same. */
KTEST(block, disks_read_the_same_twice)
{
	struct block_device *bd = NULL;
	u8 *one = kalloc(4096), *all = kalloc(4096);
	uint ndisks = 0;

	while (one && all && (bd = block_next(bd))) {
		u64 reads = bd->reads;

		if (bd->nsectors < 64)
			continue;
		ndisks++;
		EXPECT_EQ(0, block_read_sync(bd, 0, all, 4096));
		memset(all, 0xa5, 4096);
		EXPECT_EQ(0, block_read_sync(bd, 0, all, 4096));
		for (uint i = 0; i < 4096 / bd->block_size; i++) {
			memset(one, 0x5a, 4096);
			EXPECT_EQ(0, block_read_sync(bd, i * bd->block_size / SECTOR_SIZE, one,
						     bd->block_size));
			EXPECT_EQ(0, memcmp(one, all + i * bd->block_size, bd->block_size));
		}
		EXPECT_EQ(-EIO, block_read_sync(bd, bd->nsectors, one, 4096));
		EXPECT_EQ(0, block_flush(bd));
		EXPECT(bd->reads > reads);
	}
	EXPECT(ndisks > 0);
	kfree(one);
	kfree(all);
}

/* What is written is what is read afterwards; the disk is left as it was. */
KTEST(block, disks_keep_what_was_written)
{
	u8 *saved = kalloc(4096), *text = kalloc(4096), *back = kalloc(4096);
	struct block_device *bd = NULL;

	while (saved && text && back && (bd = block_next(bd))) {
		u64 last = ALIGN_DOWN(bd->nsectors, 8) - 8;

		if (bd->is_read_only || bd->nsectors < 64)
			continue;
		for (uint i = 0; i < 4096; i++)
			text[i] = (u8)(i * 31 + bd->name[2]);
		EXPECT_EQ(0, block_read_sync(bd, last, saved, 4096));
		EXPECT_EQ(0, block_write_sync(bd, last, text, 4096, BLOCK_FUA));
		memset(back, 0, 4096);
		EXPECT_EQ(0, block_read_sync(bd, last, back, 4096));
		EXPECT_EQ(0, memcmp(text, back, 4096));
		EXPECT_EQ(0, block_write_sync(bd, last, saved, 4096, 0));
		EXPECT_EQ(0, block_flush(bd));
		EXPECT_EQ(0, block_read_sync(bd, last, back, 4096));
		EXPECT_EQ(0, memcmp(saved, back, 4096));
	}
	kfree(saved);
	kfree(text);
	kfree(back);
}

/* More requests at once than the ring holds, in an order that merges only in part. */
enum { FLOOD = 200 };

struct flood {
	struct block_request rq[FLOOD];
	struct block_seg seg[FLOOD];
	u8 *page[FLOOD];
	uint left, errors;
	struct completion done;
};

static void flood_done(struct block_request *rq, int err)
{
	struct flood *f = rq->priv;

	if (err < 0)
		__atomic_fetch_add(&f->errors, 1, __ATOMIC_RELAXED);
	if (__atomic_sub_fetch(&f->left, 1, __ATOMIC_ACQ_REL) == 0)
		completion_done(&f->done);
}

static u64 flood_sector(const struct block_device *bd, uint i)
{
	return (i % 3 ? i : i * 7) % (bd->nsectors / 8) * 8;
}

static void flood_submit(struct block_device *bd, struct flood *f)
{
	struct list list = LIST_INIT(list);

	completion_init(&f->done);
	f->left = FLOOD;
	f->errors = 0;
	for (uint i = 0; i < FLOOD; i++) {
		f->seg[i] = (struct block_seg){ virt_to_phys(f->page[i]), 4096 };
		f->rq[i] = (struct block_request){
			.op = BLOCK_READ,
			.sector = flood_sector(bd, i),
			.seg = &f->seg[i],
			.nseg = 1,
			.done = flood_done,
			.priv = f,
		};
		list_add_tail(&list, &f->rq[i].link);
	}
	block_submit_list(bd, &list);
	completion_wait(&f->done);
}

static bool flood_alloc(struct flood *f)
{
	for (uint i = 0; i < FLOOD; i++) {
		f->page[i] = page_alloc_kernel(0, 0);
		if (!f->page[i])
			return false;
	}
	return true;
}

static void flood_free(struct flood *f)
{
	for (uint i = 0; f && i < FLOOD; i++)
		if (f->page[i])
			page_free_kernel(f->page[i], 0);
	kfree(f);
}

KTEST(block, a_flood_of_requests_is_served)
{
	struct block_device *bd = block_next(NULL);
	struct flood *f = kzalloc(sizeof(*f));
	u8 *one = kalloc(4096);

	EXPECT(bd && f && one);
	if (bd && f && one && flood_alloc(f)) {
		for (uint round = 0; round < 5; round++)
			flood_submit(bd, f);
		EXPECT_EQ(0, f->errors);
		EXPECT_EQ(0, bd->inflight);
		for (uint i = 0; i < FLOOD; i += 17) {
			EXPECT_EQ(0, block_read_sync(bd, flood_sector(bd, i), one, 4096));
			EXPECT_EQ(0, memcmp(one, f->page[i], 4096));
		}
	}
	kfree(one);
	flood_free(f);
}
