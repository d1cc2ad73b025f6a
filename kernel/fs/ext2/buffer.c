/* SPDX-License-Identifier: MIT */
/*
 * Metadata buffers.
 *
 * States of a buffer (bits of b->state, under cache->lock):
 *
 *	0		new; its creator reads it [buffer_read] or zeroes it
 *	BUSY		a request is under way; nobody starts another
 *	UPTODATE	the contents are the block's
 *	+ DIRTY		newer than the disk; may be set again while BUSY with a
 *			write, and is then written again
 *	ERROR		the read failed; the next buffer_get() tries again
 *
 * A buffer whose write failed is DIRTY again, and the next flush tries again.
 *
 * A buffer with references or DIRTY or BUSY stays; the others leave from the
 * old end of the LRU list when there are more than cache->limit, or memory is short.
 *
 * Locking.  caches_lock for the list of caches.  cache->lock for states, references and
 * lists.  The contents are the callers' business: those of one block are changed under one
 * lock of theirs.
 * A write in flight may carry half of a change; DIRTY makes the next one whole.
 */
#include "buffer.h"

#include <uapi/errno.h>

#include <gemel/page.h>
#include <gemel/slab.h>
#include <gemel/string.h>
#include <gemel/task.h>
#include <gemel/work.h>

#define BUFFER_LIMIT    1024u
#define FLUSH_BATCH     64u

static struct mutex caches_lock = MUTEX_INIT(caches_lock, FS);
static struct list caches = LIST_INIT(caches);

static struct list *bucket_of(struct buffer_cache *bc, u64 block)
{
	return &bc->buckets[block % BUFFER_BUCKETS];
}

static void buffer_free(struct buffer *b)
{
	list_remove(&b->hash_link);
	list_remove(&b->lru_link);
	b->cache->count--;
	kfree(b->data);
	kfree(b);
}

/* Down to @target, of what may go. */
static void buffer_shrink_locked(struct buffer_cache *bc, u32 target) __must_hold(bc->lock)
{
	struct buffer *b, *next;

	list_for_each_safe(b, next, &bc->lru, lru_link) {
		if (bc->count <= target)
			return;
		if (b->refs == 0 && !(b->state & (BUFFER_DIRTY | BUFFER_BUSY)))
			buffer_free(b);
	}
}

/*
 * Memory is short, and the caller may hold any lock: a work gives the oldest of each cache back.
 */
static void shrink_work_run(struct work *w);

static u32 shrink_wanted;               /* atomic */
static struct work shrink_work = { .link = LIST_INIT(shrink_work.link), .fn = shrink_work_run };

static void shrink_work_run(struct work *w __unused)
{
	u32 n = __atomic_exchange_n(&shrink_wanted, 0, __ATOMIC_RELAXED);
	struct buffer_cache *bc;

	mutex_lock(&caches_lock);
	list_for_each(bc, &caches, link) {
		spin_lock(&bc->lock);
		buffer_shrink_locked(bc, bc->count - MIN(n, bc->count));
		spin_unlock(&bc->lock);
	}
	mutex_unlock(&caches_lock);
}

static size_t shrink_later(size_t n)
{
	WRITE_ONCE(shrink_wanted, (u32)MIN(n, 1ul << 16));
	work_queue(system_work, &shrink_work);
	return 0;
}

void buffer_cache_init(struct buffer_cache *bc, struct block_device *bdev, u32 block_size)
{
	static struct shrinker shrinker = { .shrink = shrink_later };
	static bool is_registered;      /* caches_lock */

	memset(bc, 0, sizeof(*bc));
	bc->bdev = bdev;
	bc->block_size = block_size;
	bc->limit = BUFFER_LIMIT;
	spin_init(&bc->lock, LOCK_RANK_MAPPING);
	mutex_init(&bc->flush_lock, LOCK_RANK_FS);
	list_init(&bc->lru);
	for (uint i = 0; i < BUFFER_BUCKETS; i++)
		list_init(&bc->buckets[i]);
	wait_queue_init(&bc->wait);
	mutex_lock(&caches_lock);
	list_add_tail(&caches, &bc->link);
	if (!is_registered)
		shrinker_register(&shrinker);
	is_registered = true;
	mutex_unlock(&caches_lock);
}

void buffer_cache_fini(struct buffer_cache *bc)
{
	struct buffer *b, *next;

	mutex_lock(&caches_lock);
	list_remove(&bc->link);
	mutex_unlock(&caches_lock);
	list_for_each_safe(b, next, &bc->lru, lru_link) {
		ASSERT(b->refs == 0 && !(b->state & BUFFER_BUSY));
		buffer_free(b);
	}
}

static struct buffer *buffer_find_locked(struct buffer_cache *bc, u64 block)
	__must_hold(bc->lock)
{
	struct list *bucket = bucket_of(bc, block);
	struct buffer *b;

	list_for_each(b, bucket, hash_link)
		if (b->block == block)
			return b;
	return NULL;
}

static struct buffer *buffer_new(struct buffer_cache *bc, u64 block)
{
	struct buffer *b = kzalloc(sizeof(*b));

	if (!b)
		return NULL;
	b->data = kalloc(bc->block_size);
	if (!b->data) {
		kfree(b);
		return NULL;
	}
	b->block = block;
	b->cache = bc;
	b->refs = 1;
	list_init(&b->hash_link);
	list_init(&b->lru_link);
	return b;
}

static void buffer_touch_locked(struct buffer *b)
{
	list_remove(&b->lru_link);
	list_add_tail(&b->cache->lru, &b->lru_link);
}

/* The buffer, referenced, in whatever state. */
static int buffer_lookup(struct buffer_cache *bc, u64 block, struct buffer **out)
{
	struct buffer *b, *fresh = NULL;

	for (;;) {
		spin_lock(&bc->lock);
		b = buffer_find_locked(bc, block);
		if (b) {
			b->refs++;
			buffer_touch_locked(b);
			break;
		}
		if (fresh) {
			b = fresh;
			fresh = NULL;
			list_add(bucket_of(bc, block), &b->hash_link);
			list_add_tail(&bc->lru, &b->lru_link);
			bc->count++;
			if (bc->count > bc->limit)
				buffer_shrink_locked(bc, bc->limit * 3 / 4);
			break;
		}
		spin_unlock(&bc->lock);
		fresh = buffer_new(bc, block);
		if (!fresh)
			return -ENOMEM;
	}
	spin_unlock(&bc->lock);
	if (fresh) {
		kfree(fresh->data);
		kfree(fresh);
	}
	*out = b;
	return 0;
}

static void buffer_fill_request(struct buffer *b, enum block_op op,
				void (*done)(struct block_request *rq, int err))
{
	u32 size = b->cache->block_size;

	b->seg = (struct block_seg){ .pa = virt_to_phys(b->data), .len = size };
	memset(&b->rq, 0, sizeof(b->rq));
	list_init(&b->rq.link);
	b->rq.op = op;
	b->rq.sector = b->block * (size / SECTOR_SIZE);
	b->rq.seg = &b->seg;
	b->rq.nseg = 1;
	b->rq.done = done;
	b->rq.priv = b;
}

/* Wait until nothing is under way; true if this caller may now start something (BUSY is set). */
static bool buffer_claim(struct buffer *b, u8 unless)
{
	struct buffer_cache *bc = b->cache;
	bool is_ours = false;

	for (;;) {
		spin_lock(&bc->lock);
		if (!(b->state & BUFFER_BUSY)) {
			is_ours = !(b->state & unless);
			if (is_ours)
				b->state |= BUFFER_BUSY;
			spin_unlock(&bc->lock);
			return is_ours;
		}
		spin_unlock(&bc->lock);
		wait_event_blocked(&bc->wait, !(READ_ONCE(b->state) & BUFFER_BUSY));
	}
}

static void buffer_release_claim(struct buffer *b, u8 set, u8 clear)
{
	struct buffer_cache *bc = b->cache;

	spin_lock(&bc->lock);
	b->state = (u8)((b->state & ~(BUFFER_BUSY | clear)) | set);
	spin_unlock(&bc->lock);
	wake_all(&bc->wait);
}

static int buffer_read(struct buffer *b)
{
	u32 size = b->cache->block_size;
	int err;

	if (!buffer_claim(b, BUFFER_UPTODATE))
		return 0;
	err = block_read_sync(b->cache->bdev, b->block * (size / SECTOR_SIZE), b->data, size);
	buffer_release_claim(b, err < 0 ? BUFFER_ERROR : BUFFER_UPTODATE, BUFFER_ERROR);
	return err;
}

int buffer_get(struct buffer_cache *bc, u64 block, struct buffer **out)
{
	struct buffer *b;
	int err = buffer_lookup(bc, block, &b);

	if (err < 0)
		return err;
	while (!(READ_ONCE(b->state) & BUFFER_UPTODATE)) {
		err = buffer_read(b);
		if (err < 0) {
			buffer_put(b);
			return err;
		}
	}
	*out = b;
	return 0;
}

int buffer_get_new(struct buffer_cache *bc, u64 block, struct buffer **out)
{
	struct buffer *b;
	int err = buffer_lookup(bc, block, &b);

	if (err < 0)
		return err;
	buffer_claim(b, 0);
	memset(b->data, 0, bc->block_size);
	buffer_release_claim(b, BUFFER_UPTODATE, BUFFER_ERROR);
	buffer_dirty(b);
	*out = b;
	return 0;
}

void buffer_put(struct buffer *b)
{
	struct buffer_cache *bc = b->cache;

	spin_lock(&bc->lock);
	ASSERT(b->refs > 0);
	b->refs--;
	spin_unlock(&bc->lock);
}

void buffer_dirty(struct buffer *b)
{
	struct buffer_cache *bc = b->cache;

	spin_lock(&bc->lock);
	if (!(b->state & BUFFER_DIRTY)) {
		b->state |= BUFFER_DIRTY;
		bc->dirty++;
	}
	spin_unlock(&bc->lock);
}

void buffer_forget(struct buffer_cache *bc, u64 block)
{
	struct buffer *b;

	spin_lock(&bc->lock);
	b = buffer_find_locked(bc, block);
	if (b)
		b->refs++;
	spin_unlock(&bc->lock);
	if (!b)
		return;
	buffer_claim(b, 0);
	spin_lock(&bc->lock);
	if (b->state & BUFFER_DIRTY)
		bc->dirty--;
	b->state = 0;
	spin_unlock(&bc->lock);
	wake_all(&bc->wait);
	buffer_put(b);
}

/* Interrupt context: the spin lock is not for us, so the state is settled by the flusher. */
static void buffer_write_done(struct block_request *rq, int err)
{
	struct buffer *b = rq->priv;
	struct buffer_cache *bc = b->cache;

	if (err < 0) {
		b->failed_round = bc->round;
		WRITE_ONCE(bc->write_error, err);
	}
	if (__atomic_sub_fetch(&bc->writes_in_flight, 1, __ATOMIC_RELEASE) == 0)
		wake_all(&bc->wait);
}

/* Claim up to FLUSH_BATCH dirty buffers, in block order of the LRU walk; referenced, not DIRTY. */
static uint flush_collect(struct buffer_cache *bc, struct buffer **batch)
{
	struct buffer *b;
	uint n = 0;

	spin_lock(&bc->lock);
	if (bc->dirty) {
		list_for_each(b, &bc->lru, lru_link) {
			if (!(b->state & BUFFER_DIRTY) || (b->state & BUFFER_BUSY) ||
			    b->failed_round == bc->round)
				continue;
			b->state = (u8)((b->state & ~BUFFER_DIRTY) | BUFFER_BUSY);
			b->refs++;
			bc->dirty--;
			batch[n++] = b;
			if (n == FLUSH_BATCH)
				break;
		}
	}
	spin_unlock(&bc->lock);
	return n;
}

static void sort_batch(struct buffer **batch, uint n)
{
	for (uint i = 1; i < n; i++) {
		struct buffer *b = batch[i];
		uint at = i;

		for (; at > 0 && batch[at - 1]->block > b->block; at--)
			batch[at] = batch[at - 1];
		batch[at] = b;
	}
}

static void flush_write(struct buffer_cache *bc, struct buffer **batch, uint n)
{
	struct list requests;

	list_init(&requests);
	__atomic_store_n(&bc->writes_in_flight, n, __ATOMIC_RELAXED);
	for (uint i = 0; i < n; i++) {
		buffer_fill_request(batch[i], BLOCK_WRITE, buffer_write_done);
		list_add_tail(&requests, &batch[i]->rq.link);
	}
	block_submit_list(bc->bdev, &requests);
	wait_event_blocked(&bc->wait,
			   __atomic_load_n(&bc->writes_in_flight, __ATOMIC_ACQUIRE) == 0);
	for (uint i = 0; i < n; i++) {
		if (batch[i]->failed_round == bc->round)
			buffer_dirty(batch[i]);
		buffer_release_claim(batch[i], 0, 0);
		buffer_put(batch[i]);
	}
}

int buffer_flush(struct buffer_cache *bc)
{
	struct buffer *batch[FLUSH_BATCH];
	uint n;
	int err;

	mutex_lock(&bc->flush_lock);
	bc->round++;
	while ((n = flush_collect(bc, batch))) {
		sort_batch(batch, n);
		flush_write(bc, batch, n);
	}
	err = __atomic_exchange_n(&bc->write_error, 0, __ATOMIC_RELAXED);
	mutex_unlock(&bc->flush_lock);
	return err;
}
