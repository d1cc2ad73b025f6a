/* SPDX-License-Identifier: MIT */
/*
 * The page cache: the pages of one file (or block device), by index.
 *
 * States of a page in it:
 *
 *	LOCKED			being filled or changed; one task owns it
 *	UPTODATE		its bytes are the file's: may be read and mapped
 *	DIRTY			newer than the disk; tagged in the tree
 *	WRITEBACK		on its way to the disk; has a reference of its own
 *	neither UPTODATE nor LOCKED	the read failed; the next user reads again
 *
 * The cache holds one reference of every page.  pg->mapping says that it is in
 * the cache and changes under PAGE_LOCKED and mapping->lock.
 *
 * Locking.  mapping->lock (spin) covers the tree.  PAGE_LOCKED is a sleeping
 * lock in the flags word; who waits sets PAGE_WAITERS and sleeps on one of a
 * few shared queues, and the unlock that finds PAGE_WAITERS wakes that queue.
 * The same queues serve waiting for WRITEBACK to clear.  A task holds at most
 * one page lock, but for write-back and truncation of different files.
 *
 * Truncation against faults: see fault.c.
 */
#include <gemel/pagecache.h>

#include <uapi/errno.h>

#include <gemel/assert.h>
#include <gemel/fs.h>
#include <gemel/iobuf.h>
#include <gemel/string.h>
#include <gemel/task.h>
#include <gemel/wait.h>

#include "mm.h"

#define WAIT_QUEUES     32u
#define READ_AHEAD_MIN  4u
#define READ_AHEAD_MAX  32u

static struct wait_queue wait_queues[WAIT_QUEUES];

/* ---- flags, locks ---- */

u32 page_set_flags(struct page *pg, u32 bits)
{
	return __atomic_fetch_or(&pg->flags, bits, __ATOMIC_ACQ_REL);
}

u32 page_clear_flags(struct page *pg, u32 bits)
{
	return __atomic_fetch_and(&pg->flags, ~bits, __ATOMIC_ACQ_REL);
}

static struct wait_queue *queue_of(const struct page *pg)
{
	return &wait_queues[page_to_pfn(pg) % WAIT_QUEUES];
}

/* Note that somebody waits for @bit; false: it is clear already. */
static bool page_mark_waiting(struct page *pg, u32 bit)
{
	u32 old = READ_ONCE(pg->flags);

	do {
		if (!(old & bit))
			return false;
	} while (!__atomic_compare_exchange_n(&pg->flags, &old, old | PAGE_WAITERS, true,
					      __ATOMIC_ACQ_REL, __ATOMIC_RELAXED));
	return true;
}

static void page_wait_bit(struct page *pg, u32 bit)
{
	wait_event_blocked(queue_of(pg), !page_mark_waiting(pg, bit));
}

void page_wake_waiters(struct page *pg)
{
	page_clear_flags(pg, PAGE_WAITERS);
	wake_all(queue_of(pg));
}

bool page_try_lock(struct page *pg)
{
	return !(page_set_flags(pg, PAGE_LOCKED) & PAGE_LOCKED);
}

void page_lock(struct page *pg)
{
	might_sleep();
	while (!page_try_lock(pg))
		page_wait_bit(pg, PAGE_LOCKED);
}

void page_unlock(struct page *pg)
{
	u32 old = page_clear_flags(pg, PAGE_LOCKED);

	DEBUG_ASSERT(old & PAGE_LOCKED);
	if (old & PAGE_WAITERS)
		page_wake_waiters(pg);
}

void page_wait_writeback(struct page *pg)
{
	might_sleep();
	if (READ_ONCE(pg->flags) & PAGE_WRITEBACK)
		page_wait_bit(pg, PAGE_WRITEBACK);
}

/* ---- mappings ---- */

void mapping_init(struct mapping *m, const struct mapping_ops *ops, struct inode *ip)
{
	*m = (struct mapping){ .ops = ops, .inode = ip };
	spin_init(&m->lock, LOCK_RANK_MAPPING);
	spin_init(&m->areas_lock, LOCK_RANK_MAPAREAS);
	radix_init(&m->pages);
	list_init(&m->areas);
	list_init(&m->dirty_link);
}

enum page_count mapping_page_count(const struct mapping *m)
{
	if (m->no_reclaim)
		return PAGE_COUNT_SHMEM;
	return m->inode ? PAGE_COUNT_FILE : PAGE_COUNT_BUFFERS;
}

struct page *mapping_find(struct mapping *m, u64 index)
{
	struct page *pg;

	spin_lock(&m->lock);
	pg = radix_lookup(&m->pages, index);
	if (pg)
		page_get(pg);
	spin_unlock(&m->lock);
	return pg;
}

uint mapping_find_range(struct mapping *m, u64 first, uint n, struct page **pages)
{
	spin_lock(&m->lock);
	for (uint i = 0; i < n; i++) {
		struct page *pg = radix_lookup(&m->pages, first + i);

		pages[i] = NULL;
		if (!pg || (READ_ONCE(pg->flags) & (PAGE_UPTODATE | PAGE_LOCKED)) != PAGE_UPTODATE)
			continue;
		page_get(pg);
		pages[i] = pg;
	}
	spin_unlock(&m->lock);
	return n;
}

/* Put the new, locked @pg into the tree.  0, -EEXIST, -ENOMEM. */
static int mapping_insert(struct mapping *m, u64 index, struct page *pg)
{
	int err;

	spin_lock(&m->lock);
	err = radix_insert(&m->pages, index, pg);
	if (err == 0) {
		pg->index = index;
		WRITE_ONCE(pg->mapping, m);
		m->npages++;
		page_get(pg);
	}
	spin_unlock(&m->lock);
	if (err < 0)
		return err;
	page_count_add(mapping_page_count(m), 1);
	if (!m->no_reclaim)
		lru_add(pg);
	return 0;
}

static bool mapping_reads(const struct mapping *m)
{
	return m->ops && m->ops->read_page;
}

/* A new page at @index, locked, referenced for the caller.  0, -EEXIST, -ENOMEM. */
static int mapping_create_page(struct mapping *m, u64 index, uint alloc, struct page **out)
{
	uint zero = mapping_reads(m) ? 0 : ALLOC_ZERO;
	struct page *pg = page_alloc(0, alloc | zero);
	int err;

	if (!pg)
		return -ENOMEM;
	pg->flags = PAGE_LOCKED | (zero ? PAGE_UPTODATE : 0);
	err = mapping_insert(m, index, pg);
	if (err < 0) {
		page_free(pg, 0);
		return err;
	}
	*out = pg;
	return 0;
}

int mapping_get_locked(struct mapping *m, u64 index, struct page **out)
{
	for (;;) {
		struct page *pg = mapping_find(m, index);
		int err;

		if (!pg) {
			err = mapping_create_page(m, index, ALLOC_USER, out);
			if (err != -EEXIST)
				return err;
			continue;
		}
		page_lock(pg);
		if (pg->mapping == m) {
			*out = pg;
			return 0;
		}
		page_unlock(pg);
		page_put(pg);
	}
}

struct page *mapping_add_for_read(struct mapping *m, u64 index)
{
	struct page *pg;

	if (mapping_create_page(m, index, ALLOC_USER | ALLOC_NORECLAIM, &pg) < 0)
		return NULL;
	return pg;
}

void page_read_done(struct page *pg, int err)
{
	if (err == 0)
		page_set_flags(pg, PAGE_UPTODATE);
	else
		page_set_flags(pg, PAGE_ERROR);
	page_unlock(pg);
	page_put(pg);
}

/* ---- reading ---- */

/* How many pages to read when @index was missing; m's read-ahead state moves on. */
static size_t read_ahead_size(struct mapping *m, u64 index)
{
	size_t n;

	spin_lock(&m->lock);
	if (index == m->ra_next && m->ra_size)
		m->ra_size = MIN(m->ra_size * 2, READ_AHEAD_MAX);
	else
		m->ra_size = READ_AHEAD_MIN;
	n = m->ra_size;
	m->ra_next = index + n;
	spin_unlock(&m->lock);
	if (m->inode) {
		u64 end = DIV_ROUND_UP(READ_ONCE(m->inode->size), PAGE_SIZE);

		n = index < end ? MIN(n, end - index) : 0;
	}
	return page_is_low() ? MIN(n, 1ul) : n;
}

static void read_ahead(struct mapping *m, u64 index)
{
	size_t n;

	if (!m->ops->read_ahead)
		return;
	n = read_ahead_size(m, index);
	if (n > 1)
		m->ops->read_ahead(m, index, n);
}

/* Fill the locked @pg unless it is up to date.  0, -EIO, -ENOMEM. */
static int page_fill(struct mapping *m, struct page *pg)
{
	int err;

	if (READ_ONCE(pg->flags) & PAGE_UPTODATE)
		return 0;
	page_clear_flags(pg, PAGE_ERROR);
	err = m->ops->read_page(m, pg);
	if (err == 0)
		page_set_flags(pg, PAGE_UPTODATE);
	return err;
}

static bool page_is_uptodate(const struct page *pg)
{
	return READ_ONCE(pg->flags) & PAGE_UPTODATE;
}

int mapping_get(struct mapping *m, u64 index, struct page **out)
{
	struct page *pg = mapping_find(m, index);
	int err;

	if (pg && page_is_uptodate(pg)) {
		*out = pg;
		return 0;
	}
	if (pg)
		page_put(pg);
	else if (mapping_reads(m))
		read_ahead(m, index);
	err = mapping_get_locked(m, index, &pg);
	if (err < 0)
		return err;
	err = page_fill(m, pg);
	page_unlock(pg);
	if (err < 0) {
		page_put(pg);
		return err;
	}
	*out = pg;
	return 0;
}

static void page_mark_referenced(struct page *pg)
{
	if (!(READ_ONCE(pg->flags) & PAGE_REFERENCED))
		page_set_flags(pg, PAGE_REFERENCED);
}

ssize_t mapping_read(struct mapping *m, struct iobuf *io, u64 pos, u64 size)
{
	ssize_t done = 0;

	while (io->left && pos < size) {
		size_t offset = pos & (PAGE_SIZE - 1);
		size_t n = MIN(PAGE_SIZE - offset, size - pos);
		struct page *pg;
		ssize_t moved = mapping_get(m, pos >> PAGE_SHIFT, &pg);

		n = MIN(n, io->left);
		if (moved == 0) {
			page_mark_referenced(pg);
			moved = iobuf_put(io, (char *)page_address(pg) + offset, n);
			page_put(pg);
		}
		if (moved <= 0)
			return done ? done : moved;
		done += moved;
		pos += (u64)moved;
		if ((size_t)moved < n)
			break;
	}
	return done;
}

/* ---- writing ---- */

/* Copy up to @n bytes to @offset of the locked @pg without a fault; what moved. */
static size_t page_copy_in(struct page *pg, size_t offset, size_t n, struct iobuf *io)
{
	ssize_t moved;

	current->pagefault_disabled++;
	moved = iobuf_get(io, (char *)page_address(pg) + offset, n);
	current->pagefault_disabled--;
	return moved > 0 ? (size_t)moved : 0;
}

/* @n bytes at @offset of the locked @pg, faulted in.  Bytes written, perhaps 0, or -errno. */
static ssize_t page_write(struct mapping *m, struct page *pg, size_t offset, size_t n,
			  struct iobuf *io)
{
	bool whole = n == PAGE_SIZE;
	size_t moved;
	int err = 0;

	if (!whole)
		err = page_fill(m, pg);
	if (err == 0 && m->ops && m->ops->prepare_write)
		err = m->ops->prepare_write(m, pg, (uint)offset, (uint)(offset + n));
	if (err < 0)
		return err;
	page_wait_writeback(pg);
	moved = page_copy_in(pg, offset, n, io);
	/* A page that was to be replaced whole has unknown bytes behind a short copy. */
	if (moved < n && whole && !page_is_uptodate(pg)) {
		iobuf_rewind(io, moved);
		return 0;
	}
	if (moved) {
		page_set_flags(pg, PAGE_UPTODATE | PAGE_REFERENCED);
		page_clear_flags(pg, PAGE_CODE);
		page_set_dirty(pg);
	}
	return (ssize_t)moved;
}

/*
 * The file reaches to @end now.  With the page still locked: write-back drops what lies beyond the
 * end of the file, and must not see the page before the size.
 */
static void mapping_extend(struct mapping *m, u64 end)
{
	if (m->inode && end > READ_ONCE(m->inode->size))
		WRITE_ONCE(m->inode->size, end);
}

/* One page's worth of a write.  Bytes, 0 (try again), or -errno. */
static ssize_t mapping_write_some(struct mapping *m, struct iobuf *io, u64 pos)
{
	size_t offset = pos & (PAGE_SIZE - 1);
	ssize_t good = iobuf_prefault(io, MIN(PAGE_SIZE - offset, io->left));
	struct page *pg;
	ssize_t moved;
	int err;

	if (good < 0)
		return good;
	err = mapping_get_locked(m, pos >> PAGE_SHIFT, &pg);
	if (err < 0)
		return err;
	moved = page_write(m, pg, offset, (size_t)good, io);
	if (moved > 0)
		mapping_extend(m, pos + (u64)moved);
	page_unlock(pg);
	page_put(pg);
	return moved;
}

ssize_t mapping_write(struct mapping *m, struct iobuf *io, u64 pos)
{
	ssize_t done = 0;
	uint idle = 0;

	while (io->left) {
		ssize_t moved = mapping_write_some(m, io, pos);

		/* The source went away between prefault and copy, again and again. */
		if (moved == 0 && ++idle > 1000)
			moved = -EFAULT;
		if (moved < 0)
			return done ? done : moved;
		if (moved > 0)
			idle = 0;
		done += moved;
		pos += (u64)moved;
	}
	writeback_throttle(m);
	return done;
}

/* ---- taking pages out ---- */

/* The locked @pg, clean and unmapped, leaves the cache. */
static void page_forget(struct mapping *m, struct page *pg)
{
	spin_lock(&m->lock);
	radix_remove(&m->pages, pg->index);
	WRITE_ONCE(pg->mapping, NULL);
	m->npages--;
	spin_unlock(&m->lock);
	page_count_add(mapping_page_count(m), -1);
	lru_remove(pg);
}

/* Dirty or not, @pg (referenced by the caller) goes. */
static void page_truncate(struct mapping *m, struct page *pg)
{
	page_lock(pg);
	if (pg->mapping == m) {
		page_wait_writeback(pg);
		mapping_unmap_page(m, pg);
		page_clean(pg);
		page_forget(m, pg);
		page_put(pg);
	}
	page_unlock(pg);
}

/* The first cached page at or behind *@index, referenced. */
static struct page *mapping_next(struct mapping *m, u64 *index)
{
	struct page *pg;

	spin_lock(&m->lock);
	pg = radix_next(&m->pages, index);
	if (pg)
		page_get(pg);
	spin_unlock(&m->lock);
	return pg;
}

static void mapping_remove_from(struct mapping *m, u64 index)
{
	struct page *pg;

	while ((pg = mapping_next(m, &index))) {
		page_truncate(m, pg);
		page_put(pg);
		if (++index == 0)
			break;
	}
}

/* Bytes of @pg, referenced, beyond @offset become zero; on the disk too if @dirty. */
static void page_zero_tail(struct mapping *m, struct page *pg, size_t offset, bool dirty)
{
	page_lock(pg);
	if (pg->mapping == m && page_is_uptodate(pg)) {
		page_wait_writeback(pg);
		memset((char *)page_address(pg) + offset, 0, PAGE_SIZE - offset);
		if (dirty)
			page_set_dirty(pg);
	}
	page_unlock(pg);
	page_put(pg);
}

int mapping_zero_tail(struct mapping *m, u64 size)
{
	size_t offset = size & (PAGE_SIZE - 1);
	struct page *pg = NULL;
	int err = 0;

	if (!offset)
		return 0;
	if (m->ops && m->ops->read_page)
		err = mapping_get(m, size >> PAGE_SHIFT, &pg);
	else
		pg = mapping_find(m, size >> PAGE_SHIFT);
	if (pg)
		page_zero_tail(m, pg, offset, true);
	return err;
}

/* What is cached of the last page is zero beyond @size; the disk is mapping_zero_tail()'s. */
static void truncate_tail(struct mapping *m, u64 size)
{
	size_t offset = size & (PAGE_SIZE - 1);
	struct page *pg = offset ? mapping_find(m, size >> PAGE_SHIFT) : NULL;

	if (pg)
		page_zero_tail(m, pg, offset, false);
}

void mapping_truncate(struct mapping *m, u64 size)
{
	u64 first = DIV_ROUND_UP(size, PAGE_SIZE);

	truncate_tail(m, size);
	mapping_unmap_range(m, first, ~0ull);
	mapping_remove_from(m, first);
	/* What a fault installed while its page was on the way out. */
	mapping_unmap_range(m, first, ~0ull);
}

void mapping_fini(struct mapping *m)
{
	DEBUG_ASSERT(list_is_empty(&m->areas));
	writeback_mapping_gone(m);
	mapping_remove_from(m, 0);
	writeback_mapping_gone(m);
	radix_fini(&m->pages);
}

bool mapping_try_evict(struct page *pg)
{
	struct mapping *m = pg->mapping;
	bool gone = false;

	if (READ_ONCE(pg->mapcount))
		mapping_unmap_page(m, pg);
	spin_lock(&m->lock);
	/* The cache's reference and the caller's; lookups take theirs under the lock. */
	if (READ_ONCE(pg->refs.count) == 2 &&
	    !(READ_ONCE(pg->flags) & (PAGE_DIRTY | PAGE_WRITEBACK))) {
		radix_remove(&m->pages, pg->index);
		WRITE_ONCE(pg->mapping, NULL);
		m->npages--;
		gone = true;
	}
	spin_unlock(&m->lock);
	if (!gone)
		return false;
	page_count_add(mapping_page_count(m), -1);
	page_put(pg);
	return true;
}

void pagecache_init(void)
{
	for (uint i = 0; i < WAIT_QUEUES; i++)
		wait_queue_init(&wait_queues[i]);
}
