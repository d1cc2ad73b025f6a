/* SPDX-License-Identifier: MIT */
/*
 * Dirty pages and their way to the disk.
 *
 * A mapping with dirty pages is on dirty_list, oldest first.  The flusher
 * thread writes a mapping when its oldest change is DIRTY_AGE old, or all of
 * them when it is kicked: too much memory is dirty, or reclaim wants pages.
 *
 * A page's round: DIRTY is cleared and WRITEBACK set [page_start_writeback],
 * then its user mappings lose their write right, then the file system writes
 * it.  In this order: a store before the right is lost is in the bytes that
 * are written; one after it faults, and waits for the page lock.  A fault
 * looks at DIRTY under the page-table lock that the second step takes, so it
 * cannot keep a right for a page that has just become clean.
 *
 * The WRITEBACK tag in the tree is set with the flag but cleared lazily, by
 * who waits: the end of a write is in interrupt context, where the tree's
 * lock cannot be taken.
 *
 * Locking.  dirty_lock covers the list, mapping->dirty_since_ns and ->writers.
 * A mapping that is being written may be off the list; ->writers keeps
 * mapping_fini() waiting.
 */
#include <gemel/pagecache.h>

#include <uapi/errno.h>

#include <gemel/assert.h>
#include <gemel/kthread.h>
#include <gemel/sched.h>
#include <gemel/task.h>
#include <gemel/time.h>
#include <gemel/wait.h>

#include "mm.h"

#define DIRTY_AGE_NS    (5 * NSEC_PER_SEC)

static struct spinlock dirty_lock = SPINLOCK_INIT(DIRTYLIST);
static struct list dirty_list = LIST_INIT(dirty_list);
static struct wait_queue writers_gone = WAIT_QUEUE_INIT(writers_gone);

static u64 dirty_pages, writeback_pages;        /* atomic */
static struct wait_queue progress = WAIT_QUEUE_INIT(progress);

static struct task *flusher;
static struct wait_queue flusher_queue = WAIT_QUEUE_INIT(flusher_queue);
static bool flusher_kicked, flusher_rearm;      /* atomic */

/* ---- counts ---- */

u64 writeback_dirty_count(void)
{
	return READ_ONCE(dirty_pages);
}

void pagecache_info(struct memory_info *mi)
{
	mi->dirty = READ_ONCE(dirty_pages);
	mi->writeback = READ_ONCE(writeback_pages);
}

bool writeback_is_busy(void)
{
	return READ_ONCE(dirty_pages) || READ_ONCE(writeback_pages);
}

bool writeback_is_current(void)
{
	return current == flusher;
}

static void count_add(u64 *count, s64 n)
{
	__atomic_fetch_add(count, (u64)n, __ATOMIC_RELAXED);
}

/* ---- the list of dirty mappings ---- */

static void flusher_wake(bool *flag)
{
	WRITE_ONCE(*flag, true);
	if (flusher)
		wake_all(&flusher_queue);
}

void writeback_kick(void)
{
	if (!READ_ONCE(flusher_kicked))
		flusher_wake(&flusher_kicked);
}

void writeback_mapping_dirtied(struct mapping *m)
{
	bool first = false;

	spin_lock(&dirty_lock);
	if (list_is_empty(&m->dirty_link)) {
		first = list_is_empty(&dirty_list);
		m->dirty_since_ns = time_now();
		list_add_tail(&dirty_list, &m->dirty_link);
	}
	spin_unlock(&dirty_lock);
	if (first)
		flusher_wake(&flusher_rearm);
}

/* Off the list, and nobody is writing it on the list's behalf. */
void writeback_mapping_gone(struct mapping *m)
{
	spin_lock(&dirty_lock);
	list_remove(&m->dirty_link);
	spin_unlock(&dirty_lock);
	wait_event_blocked(&writers_gone, READ_ONCE(m->writers) == 0);
	/* Its last writer may still hold the lock. */
	spin_lock(&dirty_lock);
	list_remove(&m->dirty_link);
	spin_unlock(&dirty_lock);
}

/* The oldest mapping dirty since @cutoff_ns or before, pinned and off the list; NULL: none. */
static struct mapping *dirty_take(u64 cutoff_ns)
{
	struct mapping *m = NULL;

	spin_lock(&dirty_lock);
	if (!list_is_empty(&dirty_list)) {
		m = list_first(&dirty_list, struct mapping, dirty_link);
		if (m->dirty_since_ns > cutoff_ns)
			m = NULL;
	}
	if (m) {
		list_remove(&m->dirty_link);
		m->writers++;
	}
	spin_unlock(&dirty_lock);
	return m;
}

static void dirty_release(struct mapping *m)
{
	bool again;

	spin_lock(&m->lock);
	again = radix_is_tagged(&m->pages, RADIX_DIRTY);
	spin_unlock(&m->lock);
	spin_lock(&dirty_lock);
	if (again && list_is_empty(&m->dirty_link)) {
		m->dirty_since_ns = time_now();
		list_add_tail(&dirty_list, &m->dirty_link);
	}
	m->writers--;
	/* Under the lock: mapping_fini() takes it before *m goes. */
	wake_all(&writers_gone);
	spin_unlock(&dirty_lock);
}

/* ---- pages ---- */

static void page_tag(struct page *pg, enum radix_tag tag, bool set)
{
	struct mapping *m = pg->mapping;

	spin_lock(&m->lock);
	if (set)
		radix_set_tag(&m->pages, pg->index, tag);
	else
		radix_clear_tag(&m->pages, pg->index, tag);
	spin_unlock(&m->lock);
}

void page_set_dirty(struct page *pg)
{
	struct mapping *m = pg->mapping;

	if (!m || m->no_reclaim || READ_ONCE(pg->flags) & PAGE_DIRTY ||
	    page_set_flags(pg, PAGE_DIRTY) & PAGE_DIRTY)
		return;
	count_add(&dirty_pages, 1);
	page_tag(pg, RADIX_DIRTY, true);
	if (list_is_empty(&m->dirty_link))
		writeback_mapping_dirtied(m);
}

void page_clean(struct page *pg)
{
	if (!(page_clear_flags(pg, PAGE_DIRTY) & PAGE_DIRTY))
		return;
	count_add(&dirty_pages, -1);
	page_tag(pg, RADIX_DIRTY, false);
}

void page_start_writeback(struct page *pg)
{
	DEBUG_ASSERT(READ_ONCE(pg->flags) & PAGE_LOCKED);
	page_set_flags(pg, PAGE_WRITEBACK);
	page_get(pg);
	count_add(&writeback_pages, 1);
	page_tag(pg, RADIX_WRITEBACK, true);
	page_clean(pg);
}

void page_end_writeback(struct page *pg, int err)
{
	struct mapping *m = pg->mapping;
	u32 old;

	/* Truncation waits for WRITEBACK: the mapping is there until it is cleared. */
	if (err < 0) {
		WRITE_ONCE(m->error, err == -ENOSPC ? -ENOSPC : -EIO);
		page_set_flags(pg, PAGE_ERROR);
	}
	count_add(&writeback_pages, -1);
	old = page_clear_flags(pg, PAGE_WRITEBACK);
	ASSERT(old & PAGE_WRITEBACK);
	if (old & PAGE_WAITERS)
		page_wake_waiters(pg);
	page_put(pg);
	if (wait_queue_is_active(&progress))
		wake_all(&progress);
}

/* ---- writing a mapping ---- */

/* The next page with @tag in [*index, last], referenced. */
static struct page *next_tagged(struct mapping *m, u64 *index, u64 last, enum radix_tag tag)
{
	struct page *pg;

	spin_lock(&m->lock);
	pg = radix_next_tagged(&m->pages, index, tag);
	if (pg && *index > last)
		pg = NULL;
	if (pg)
		page_get(pg);
	spin_unlock(&m->lock);
	return pg;
}

/* @pg is referenced; it may have left @m, or have become clean. */
static int page_write_out(struct mapping *m, struct page *pg, bool wait)
{
	int err = 0;

	if (wait)
		page_lock(pg);
	else if (!page_try_lock(pg))
		return 0;
	if (pg->mapping == m && READ_ONCE(pg->flags) & PAGE_DIRTY &&
	    (wait || !(READ_ONCE(pg->flags) & PAGE_WRITEBACK))) {
		page_wait_writeback(pg);
		page_start_writeback(pg);
		mapping_write_protect_page(m, pg);
		err = m->ops->write_page(m, pg);
		if (err < 0)
			page_end_writeback(pg, err);
	}
	page_unlock(pg);
	return err;
}

static void write_range(struct mapping *m, u64 index, u64 last, bool wait)
{
	struct page *pg;

	while ((pg = next_tagged(m, &index, last, RADIX_DIRTY))) {
		(void)page_write_out(m, pg, wait);
		page_put(pg);
		if (++index == 0)
			break;
	}
}

static void wait_range(struct mapping *m, u64 index, u64 last)
{
	struct page *pg;

	while ((pg = next_tagged(m, &index, last, RADIX_WRITEBACK))) {
		page_wait_writeback(pg);
		spin_lock(&m->lock);
		/* It may have started anew since. */
		if (pg->mapping == m && !(READ_ONCE(pg->flags) & PAGE_WRITEBACK))
			radix_clear_tag(&m->pages, pg->index, RADIX_WRITEBACK);
		spin_unlock(&m->lock);
		page_put(pg);
		if (++index == 0)
			break;
	}
}

static bool mapping_can_write(const struct mapping *m)
{
	return m->ops && m->ops->write_page && !m->no_reclaim;
}

int mapping_writeback(struct mapping *m, u64 first, u64 last, bool wait)
{
	if (!mapping_can_write(m))
		return 0;
	first >>= PAGE_SHIFT;
	last >>= PAGE_SHIFT;
	write_range(m, first, last, wait);
	if (!wait)
		return 0;
	wait_range(m, first, last);
	return __atomic_exchange_n(&m->error, 0, __ATOMIC_RELAXED);
}

void writeback_all(bool wait)
{
	u64 begin = time_now();
	struct mapping *m;

	/* Mappings dirtied after the beginning are not waited for. */
	while ((m = dirty_take(begin))) {
		if (mapping_can_write(m)) {
			write_range(m, 0, ~0ull, wait);
			if (wait)
				wait_range(m, 0, ~0ull);
		}
		dirty_release(m);
	}
	if (wait)
		wait_event_blocked(&progress, READ_ONCE(writeback_pages) == 0);
}

void writeback_throttle(struct mapping *m)
{
	u64 total = page_total_count();

	if (READ_ONCE(dirty_pages) < total / 10)
		return;
	writeback_kick();
	if (READ_ONCE(dirty_pages) < total / 5 || !mapping_can_write(m))
		return;
	write_range(m, 0, ~0ull, false);
	(void)wait_event_state(&progress, READ_ONCE(dirty_pages) < total / 5, TASK_KILLABLE,
			       time_now() + NSEC_PER_SEC);
}

bool writeback_wait_progress(u64 timeout_ns)
{
	u64 before = READ_ONCE(dirty_pages) + READ_ONCE(writeback_pages);

	if (!before)
		return false;
	writeback_kick();
	(void)wait_event_state(&progress,
			       READ_ONCE(dirty_pages) + READ_ONCE(writeback_pages) < before,
			       TASK_KILLABLE, time_now() + timeout_ns);
	return true;
}

/* ---- the flusher ---- */

/* When the oldest dirty mapping is due. */
static u64 flusher_deadline(void)
{
	u64 deadline = WAIT_FOREVER;

	spin_lock(&dirty_lock);
	if (!list_is_empty(&dirty_list))
		deadline = list_first(&dirty_list, struct mapping, dirty_link)->dirty_since_ns +
			   DIRTY_AGE_NS;
	spin_unlock(&dirty_lock);
	return deadline;
}

static void flusher_pass(u64 cutoff_ns)
{
	struct mapping *m;

	while ((m = dirty_take(cutoff_ns))) {
		if (mapping_can_write(m))
			write_range(m, 0, ~0ull, false);
		dirty_release(m);
	}
}

static int __noreturn flusher_main(void *arg __unused)
{
	for (;;) {
		u64 now;

		(void)wait_event_state(&flusher_queue, READ_ONCE(flusher_kicked) ||
				       READ_ONCE(flusher_rearm), TASK_SLEEPING,
				       flusher_deadline());
		WRITE_ONCE(flusher_rearm, false);
		now = time_now();
		flusher_pass(READ_ONCE(flusher_kicked) ? now : now - MIN(now, DIRTY_AGE_NS));
		WRITE_ONCE(flusher_kicked, false);
	}
}

void writeback_init(void)
{
	struct task *t = kthread_create(flusher_main, NULL, "writeback");

	if (!t)
		panic("mm: no memory for the writeback thread");
	flusher = t;
	task_start(t);
	reclaim_init();
}
