/* SPDX-License-Identifier: MIT */
/*
 * Block devices: queueing, merging, completion.
 *
 * States of a request:
 *
 *	queued		on bd->queue			[block_submit_list]
 *	merged		on another's merged list	[queue_add]
 *	started		the driver has it		[queue_run]
 *	flushing	FUA write, data done: queued or	[block_complete]
 *			started once more as a flush
 *	done		done() was called		[request_finish]
 *
 * A request joins the one at the tail of the queue if it continues it on the
 * disk; since the queue is empty whenever the driver has room, that costs
 * nothing until the device is saturated, and submitters of many requests at
 * once hand them over as one list, which is queued whole before it is run.
 *
 * Locking.  bd->lock covers the queue and the driver's start() and kick();
 * done() runs without it.  Requests that fail before they start are
 * collected and finished after it is released.
 *
 * Late.  Nothing is asked of the clock for a request: a timer ticks while some are
 * started, and the oldest is compared with the ticks.  So a machine that was stopped,
 * by its host or a debugger, has lost one tick.  There is a warning after half a
 * minute; after LATE_GONE ticks the driver gives the device up: all fail with EIO.
 * That is before a hung task is reported.
 *
 * Memory.  The device writes only to pages that are counted, and not to slabs: should it
 * never be known to have stopped, a lost reference keeps them from being used again.
 *
 * Order.  None is promised between requests in flight.  FLUSH covers what
 * has completed before it was submitted, so it may overtake the rest.
 */
#define LOG_TAG "block"
#include <gemel/block.h>

#include <uapi/errno.h>

#include <gemel/boot_info.h>
#include <gemel/fault.h>
#include <gemel/fs.h>
#include <gemel/log.h>
#include <gemel/printf.h>
#include <gemel/string.h>
#include <gemel/trace.h>

#include "block_cache.h"

enum { BLOCK_DEVICES_MAX = 26, BLOCK_MINORS = 16 };
/* In ticks, of which the first may come at once. */
enum { TICK_SECONDS = 10, LATE_WARN = 4, LATE_GONE = 10 };

static struct spinlock devices_lock = SPINLOCK_INIT(ICACHE);
static struct list devices __guarded_by(devices_lock) = LIST_INIT(devices);
static uint ndevices __guarded_by(devices_lock);

static void started_tick(struct timer *timer);

/* For a guest whose clock does not wait for the disk: QEMU with -icount and sleep=off. */
static bool timeout_is_off(void)
{
	char word[8];

	return cmdline_get("disktimeout", word, sizeof(word)) && strcmp(word, "off") == 0;
}

void block_init(struct block_device *bd)
{
	irqlock_init(&bd->lock, LOCK_RANK_BLKQUEUE);
	list_init(&bd->queue);
	list_init(&bd->started);
	timer_init(&bd->timer, started_tick);
	bd->tick_ns = timeout_is_off() ? 0 : TICK_SECONDS * NSEC_PER_SEC;
	mapping_init(&bd->mapping, &block_mapping_ops, NULL);
}

void block_fini(void *bd)
{
	timer_cancel_sync(&((struct block_device *)bd)->timer);
}

int block_register(struct block_device *bd)
{
	int err = -ENOSPC;

	spin_lock(&devices_lock);
	if (ndevices < BLOCK_DEVICES_MAX) {
		scnprintf(bd->name, sizeof(bd->name), "vd%c", 'a' + ndevices);
		bd->dev = dev_make(BLOCK_MAJOR, ndevices * BLOCK_MINORS);
		list_add_tail(&devices, &bd->link);
		ndevices++;
		err = 0;
	}
	spin_unlock(&devices_lock);
	if (err == 0)
		log_info("%s: %llu MiB, %u-byte blocks%s", bd->name,
			 (unsigned long long)(bd->nsectors >> 11), bd->block_size,
			 bd->is_read_only ? ", read-only" : "");
	return err;
}

struct block_device *block_next(struct block_device *prev)
{
	struct list *next;

	spin_lock(&devices_lock);
	next = prev ? prev->link.next : devices.next;
	spin_unlock(&devices_lock);
	return next == &devices ? NULL : list_entry(next, struct block_device, link);
}

struct block_device *block_find(const char *name)
{
	struct block_device *bd = NULL;

	while ((bd = block_next(bd)) && strcmp(bd->name, name) != 0)
		;
	return bd;
}

struct block_device *block_find_dev(dev_t dev)
{
	struct block_device *bd = NULL;

	while ((bd = block_next(bd)) && bd->dev != dev)
		;
	return bd;
}

/* ---- submission ---- */

/* Compute the sizes of @rq.  0, or the error that it ends with at once. */
static int request_prepare(const struct block_device *bd, struct block_request *rq)
{
	u64 bytes = 0;

	for (uint i = 0; i < rq->nseg; i++)
		bytes += rq->seg[i].len;
	list_init(&rq->merged);
	rq->is_flushing = rq->is_doomed = false;
	rq->nsectors = rq->all_sectors = (u32)(bytes >> SECTOR_SHIFT);
	rq->all_segs = rq->nseg;
	if (rq->op == BLOCK_FLUSH)
		return rq->nseg ? -EINVAL : 0;
	if (!bytes || bytes % bd->block_size || rq->nseg > bd->max_segs ||
	    bytes >> SECTOR_SHIFT > bd->max_sectors)
		return -EINVAL;
	if (rq->sector > bd->nsectors || rq->nsectors > bd->nsectors - rq->sector)
		return -EIO;
	return rq->op == BLOCK_WRITE && bd->is_read_only ? -EROFS : 0;
}

static bool can_merge(const struct block_device *bd, const struct block_request *tail,
		      const struct block_request *rq)
{
	return rq->op == tail->op && rq->op != BLOCK_FLUSH && !tail->is_flushing &&
	       !(rq->flags & BLOCK_FUA) && !(tail->flags & BLOCK_FUA) &&
	       tail->sector + tail->all_sectors == rq->sector &&
	       tail->all_segs + rq->nseg <= bd->max_segs &&
	       tail->all_sectors + rq->nsectors <= bd->max_sectors;
}

static void queue_add(struct block_device *bd, struct block_request *rq) __must_hold(bd->lock);
static void queue_add(struct block_device *bd, struct block_request *rq)
{
	struct block_request *tail;

	if (!list_is_empty(&bd->queue)) {
		tail = list_last(&bd->queue, struct block_request, link);
		if (can_merge(bd, tail, rq)) {
			tail->all_segs += rq->nseg;
			tail->all_sectors += rq->nsectors;
			list_add_tail(&tail->merged, &rq->link);
			return;
		}
	}
	list_add_tail(&bd->queue, &rq->link);
}

/* True if @rq is over without asking the device: no cache, nothing to flush. */
static bool is_free(const struct block_device *bd, const struct block_request *rq)
{
	return block_request_op(rq) == BLOCK_FLUSH && !bd->has_flush;
}

/* Hand requests to the driver while it takes them; what ends here goes to @finished. */
static void queue_run(struct block_device *bd, struct list *finished) __must_hold(bd->lock);
static void queue_run(struct block_device *bd, struct list *finished)
{
	bool started = false;

	while (!list_is_empty(&bd->queue)) {
		struct block_request *rq = list_first(&bd->queue, struct block_request, link);
		int err = is_free(bd, rq) ? 0 : bd->ops->start(bd, rq);

		if (err == -EBUSY)
			break;
		list_remove(&rq->link);
		if (err < 0 || is_free(bd, rq)) {
			rq->err = err;
			list_add_tail(finished, &rq->link);
			continue;
		}
		bd->inflight++;
		rq->started_at = bd->ticks;
		list_add_tail(&bd->started, &rq->link);
		started = true;
	}
	if (!started)
		return;
	bd->ops->kick(bd);
	if (bd->tick_ns && !timer_is_armed(&bd->timer))
		timer_set(&bd->timer, time_now() + bd->tick_ns);
}

/* Tell the owners of @rq and of its parts.  @rq may be gone afterwards. */
static void request_finish(struct block_request *rq, int err)
{
	while (!list_is_empty(&rq->merged)) {
		struct block_request *part = list_first(&rq->merged, struct block_request, link);

		list_remove(&part->link);
		part->done(part, part->is_doomed ? -EIO : err);
	}
	rq->done(rq, rq->is_doomed ? -EIO : err);
}

static void finish_all(struct list *finished)
{
	while (!list_is_empty(finished)) {
		struct block_request *rq = list_first(finished, struct block_request, link);

		list_remove(&rq->link);
		request_finish(rq, rq->err);
	}
}

void block_submit_list(struct block_device *bd, struct list *list)
{
	struct list finished = LIST_INIT(finished);
	struct block_request *rq, *tmp;

	list_for_each_safe(rq, tmp, list, link) {
		rq->err = request_prepare(bd, rq);
		if (rq->err == 0 && fault_should_fail(FAULT_BLOCK))
			rq->err = -EIO;
		if (rq->err == 0) {
			rq->is_doomed = fault_should_fail(FAULT_COMPLETION);
			continue;
		}
		list_remove(&rq->link);
		list_add_tail(&finished, &rq->link);
	}
	irq_lock(&bd->lock);
	while (!list_is_empty(list)) {
		rq = list_first(list, struct block_request, link);
		list_remove(&rq->link);
		trace(TRACE_BLK_SUBMIT, rq->sector, rq->nsectors);
		queue_add(bd, rq);
	}
	queue_run(bd, &finished);
	irq_unlock(&bd->lock);
	finish_all(&finished);
}

void block_submit(struct block_device *bd, struct block_request *rq)
{
	struct list list = LIST_INIT(list);

	list_add(&list, &rq->link);
	block_submit_list(bd, &list);
}

/* ---- completion ---- */

static void count(struct block_device *bd, const struct block_request *rq) __must_hold(bd->lock);
static void count(struct block_device *bd, const struct block_request *rq)
{
	if (rq->op == BLOCK_READ) {
		bd->reads++;
		bd->sectors_read += rq->all_sectors;
	} else if (rq->op == BLOCK_WRITE) {
		bd->writes++;
		bd->sectors_written += rq->all_sectors;
	}
}

void block_complete(struct block_device *bd, struct block_request *rq, int err)
{
	struct list finished = LIST_INIT(finished);
	bool needs_flush;

	trace(TRACE_BLK_DONE, rq->sector, (ulong)(long)err);
	irq_lock(&bd->lock);
	bd->inflight--;
	list_remove(&rq->link);
	needs_flush = err == 0 && rq->op == BLOCK_WRITE && (rq->flags & BLOCK_FUA) &&
		      !rq->is_flushing && bd->has_flush && !bd->has_fua;
	if (needs_flush) {
		rq->is_flushing = true;
		list_add(&bd->queue, &rq->link);
		queue_run(bd, &finished);
	} else {
		count(bd, rq);
	}
	irq_unlock(&bd->lock);
	if (!needs_flush)
		request_finish(rq, err);
	finish_all(&finished);
}

void block_restart(struct block_device *bd)
{
	struct list finished = LIST_INIT(finished);

	irq_lock(&bd->lock);
	queue_run(bd, &finished);
	irq_unlock(&bd->lock);
	finish_all(&finished);
}

void block_collect(struct block_request *rq, int err, struct list *finished)
{
	list_remove(&rq->link);
	rq->err = err;
	list_add_tail(finished, &rq->link);
}

void block_complete_list(struct block_device *bd, struct list *finished)
{
	if (list_is_empty(finished))
		return;
	while (!list_is_empty(finished)) {
		struct block_request *rq = list_first(finished, struct block_request, link);

		list_remove(&rq->link);
		block_complete(bd, rq, rq->err);
	}
	block_restart(bd);
}

/* ---- late requests ---- */

static void log_late(const struct block_device *bd, const struct block_request *rq, u32 ticks)
{
	static const char *const names[] = { "read", "write", "flush" };

	log_warn("%s: %s of %u sectors at %llu is not done after %u s%s", bd->name,
		 names[block_request_op(rq)], rq->all_sectors, (unsigned long long)rq->sector,
		 (ticks - 1) * TICK_SECONDS, ticks < LATE_GONE ? "" : ": the disk is given up");
}

static void started_tick(struct timer *timer)
{
	struct block_device *bd = container_of(timer, struct block_device, timer);
	struct list finished = LIST_INIT(finished);

	irq_lock(&bd->lock);
	bd->ticks++;
	if (!list_is_empty(&bd->started)) {
		struct block_request *rq = list_first(&bd->started, struct block_request, link);
		u32 late = bd->ticks - rq->started_at;

		if (late == LATE_WARN || (late == LATE_GONE && bd->ops->give_up))
			log_late(bd, rq, late);
		if (late >= LATE_GONE && bd->ops->give_up)
			bd->ops->give_up(bd, &finished);
		timer_set(timer, time_now() + bd->tick_ns);
	}
	irq_unlock(&bd->lock);
	block_complete_list(bd, &finished);
}

void block_withhold(struct block_request *rq)
{
	struct block_request *part;

	if (rq->op != BLOCK_READ)
		return;
	block_for_each_part(part, rq)
		for (uint i = 0; i < part->nseg; i++) {
			paddr_t pa = ALIGN_DOWN(part->seg[i].pa, PAGE_SIZE);

			for (; pa < part->seg[i].pa + part->seg[i].len; pa += PAGE_SIZE)
				page_get(phys_to_page(pa));
		}
}

/* ---- waiting ---- */

struct sync_request {
	struct block_request rq;
	struct completion completion;
	int err;
};

static void sync_done(struct block_request *rq, int err)
{
	struct sync_request *s = container_of(rq, struct sync_request, rq);

	s->err = err;
	completion_done(&s->completion);
}

static int submit_sync(struct block_device *bd, enum block_op op, uint flags, u64 sector,
		       const struct block_seg *seg, uint nseg)
{
	struct sync_request s = {
		.rq = {
			.op = op,
			.flags = flags,
			.sector = sector,
			.seg = seg,
			.nseg = nseg,
			.done = sync_done,
		},
	};

	completion_init(&s.completion);
	block_submit(bd, &s.rq);
	completion_wait(&s.completion);
	return s.err;
}

/* One piece after the other, each as large as the device takes. */
static int transfer_sync(struct block_device *bd, enum block_op op, uint flags, u64 sector,
			 const void *buf, size_t len)
{
	paddr_t pa = virt_to_phys(buf);
	size_t max = MIN((size_t)bd->max_sectors << SECTOR_SHIFT, MIB(1));

	while (len) {
		struct block_seg seg = { pa, (u32)MIN(len, max) };
		int err = submit_sync(bd, op, flags, sector, &seg, 1);

		if (err < 0)
			return err;
		pa += seg.len;
		sector += seg.len >> SECTOR_SHIFT;
		len -= seg.len;
	}
	return 0;
}

/* Into slabs, by way of a page. */
static int read_by_page(struct block_device *bd, u64 sector, u8 *buf, size_t len)
{
	u8 *page = page_alloc_kernel(0, 0);
	int err = page ? 0 : -ENOMEM;

	while (len && err == 0) {
		size_t n = MIN(len, PAGE_SIZE);

		err = transfer_sync(bd, BLOCK_READ, 0, sector, page, n);
		if (err == 0)
			memcpy(buf, page, n);
		sector += n >> SECTOR_SHIFT;
		buf += n;
		len -= n;
	}
	if (page)
		page_put(virt_to_page(page));
	return err;
}

int block_read_sync(struct block_device *bd, u64 sector, void *buf, size_t len)
{
	if (virt_to_page(buf)->flags & (PAGE_SLAB | PAGE_SLAB_TAIL))
		return read_by_page(bd, sector, buf, len);
	return transfer_sync(bd, BLOCK_READ, 0, sector, buf, len);
}

int block_write_sync(struct block_device *bd, u64 sector, const void *buf, size_t len, uint flags)
{
	return transfer_sync(bd, BLOCK_WRITE, flags, sector, buf, len);
}

int block_flush(struct block_device *bd)
{
	return submit_sync(bd, BLOCK_FLUSH, 0, 0, NULL, 0);
}

int block_sync(struct block_device *bd)
{
	int err = mapping_writeback(&bd->mapping, 0, ~0ull, true);
	int flush_err = block_flush(bd);

	return err < 0 ? err : flush_err;
}
