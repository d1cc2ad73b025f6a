/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Block devices.  Requests are asynchronous: submitted, queued, perhaps
 * merged with neighbours, sent to the driver, completed by a callback in
 * interrupt context.
 */
#include <gemel/list.h>
#include <gemel/page.h>
#include <gemel/pagecache.h>
#include <gemel/spin.h>
#include <gemel/time.h>

#define SECTOR_SHIFT    9
#define SECTOR_SIZE     512u
#define BLOCK_MAJOR     254     /* of vda, vdb, ...; 16 minors each */

enum block_op {
	BLOCK_READ,
	BLOCK_WRITE,
	BLOCK_FLUSH,            /* everything completed before is on stable storage afterwards */
};

#define BLOCK_FUA       0x1u    /* a write that is on stable storage when it completes */

struct block_seg {
	paddr_t pa;
	u32 len;                /* a multiple of 512 */
};

/*
 * One request.  The caller owns it and @seg until @done runs, which is in
 * interrupt context or, on an early failure, in the submitter's.  The first
 * group is the caller's to fill in.
 */
struct block_request {
	enum block_op op;
	uint flags;
	u64 sector;             /* in units of 512 bytes */
	const struct block_seg *seg;
	uint nseg;
	void (*done)(struct block_request *rq, int err);        /* 0, -EIO, ... */
	void *priv;

	/* The block layer's. */
	struct list link;
	struct list merged;     /* requests that ride on this one, by their link */
	u32 nsectors;           /* of this part; of all parts, and their segments: */
	u32 all_sectors;
	uint all_segs;
	bool is_flushing;       /* the data of a FUA write is written, its flush goes on */
	bool is_doomed;         /* it will have failed, whatever the device says: fault.h */
	u32 started_at;         /* bd->ticks at start() */
	int err;                /* between block_collect() and block_complete() */
};

struct block_device;

struct block_ops {
	/*
	 * Start @rq, with all that is merged into it: block_for_each_part().  What to do is
	 * block_request_op(rq), not rq->op.  Called with bd->lock held.  0; -EBUSY: no room, the
	 * driver will call block_restart() later; other errors complete the request.
	 */
	int (*start)(struct block_device *bd, struct block_request *rq);
	/* The last start() of a batch was made: ring the doorbell.  bd->lock held. */
	void (*kick)(struct block_device *bd);
	/*
	 * A request is late beyond hope.  Collect what is finished; if others are out, stop the
	 * device, collect them with -EIO, and let every start() from now on fail so.  bd->lock
	 * held, interrupt context.  NULL: it waits for ever.
	 */
	void (*give_up)(struct block_device *bd, struct list *finished);
};

struct block_device {
	/* The driver's, constant after block_register(). */
	char name[16];
	u64 nsectors;
	u32 block_size;         /* logical: 512 or 4096 */
	uint max_segs;          /* of one start() */
	u32 max_sectors;
	bool is_read_only;
	bool has_flush;         /* there is a volatile cache; without, FLUSH and FUA are free */
	bool has_fua;           /* else FUA is done as write, then flush */
	const struct block_ops *ops;
	void *priv;

	/* The block layer's. */
	dev_t dev;
	struct list link;
	struct mapping mapping; /* page cache of the whole device: metadata, /dev/vda */
	struct irqlock lock;    /* rank BLKQUEUE; guards the rest, and the driver's queue */
	struct list queue;      /* waiting requests, in the order of service */
	struct list started;    /* those that the driver has, the oldest first */
	uint inflight;
	struct timer timer;     /* armed while something is started, and until it has fired then */
	u32 ticks;              /* how often it has fired */
	u64 tick_ns;            /* 0: no request is ever late */
	u64 reads, writes, sectors_read, sectors_written;
};

/* Make requests possible: before anything can complete one, and before block_register(). */
void block_init(struct block_device *bd);
/* Nothing is started any more, or will be: before its memory goes.  For dev_on_release(). */
void block_fini(void *bd);
/* Name it vda, vdb, ... and make it known.  The struct stays the driver's.  0, -ENOSPC. */
int __must_check block_register(struct block_device *bd);

/* Driver: @rq, as given to start(), is finished; bd->lock held.  To @finished, for the next. */
void block_collect(struct block_request *rq, int err, struct list *finished);
/* Driver: they are finished, and there is room again.  bd->lock not held, interrupt context. */
void block_complete_list(struct block_device *bd, struct list *finished);
/* The same of one that was not collected; and room alone. */
void block_complete(struct block_device *bd, struct block_request *rq, int err);
void block_restart(struct block_device *bd);
/*
 * Driver: @rq is finished, yet the device may write to what it reads into, now and for ever.  Those
 * pages are never used again: a reference is lost.
 */
void block_withhold(struct block_request *rq);

/* What start() is to do: the flush after a FUA write is a flush. */
static inline enum block_op block_request_op(const struct block_request *rq)
{
	return rq->is_flushing ? BLOCK_FLUSH : rq->op;
}

/* @rq and then the requests that are merged into it, in order of sectors. */
#define block_for_each_part(part, rq)                                   \
	for (part = (rq); part; part = block_next_part((rq), part))
static inline struct block_request *block_next_part(struct block_request *rq,
						    struct block_request *part)
{
	struct list *next = part == rq ? rq->merged.next : part->link.next;

	return next == &rq->merged ? NULL : list_entry(next, struct block_request, link);
}

/* The device named @name ("vda"), or with number @dev, or after @prev (NULL: first); NULL: none. */
struct block_device *block_find(const char *name);
struct block_device *block_find_dev(dev_t dev);
struct block_device *block_next(struct block_device *prev);

/*
 * Submit one request, or all on @list (linked by rq->link; merged where adjacent; one doorbell).
 * Never fails: errors go to done().  A request beyond the end gets -EIO, a write to a read-only
 * device -EROFS.  Any context; holds nothing on return.
 */
void block_submit(struct block_device *bd, struct block_request *rq);
void block_submit_list(struct block_device *bd, struct list *list);

/*
 * The same, waiting.  @buf is kernel memory in the physmap (kalloc, page_address), 512-aligned in
 * length.  0 or -EIO, -EROFS.  May sleep.
 */
int __must_check block_read_sync(struct block_device *bd, u64 sector, void *buf, size_t len);
int __must_check block_write_sync(struct block_device *bd, u64 sector, const void *buf, size_t len,
				  uint flags);
/* What was written and completed is on stable storage.  0 or -EIO. */
int __must_check block_flush(struct block_device *bd);

/* Write the device's own dirty pages, then block_flush(). */
int __must_check block_sync(struct block_device *bd);
