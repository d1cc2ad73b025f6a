/* SPDX-License-Identifier: MIT */
/*
 * Reclaim: getting memory back from the page cache.
 *
 * All pages of files are on one list, the hand of a clock: reclaim looks at
 * the head; a page that was used since it was last looked at (REFERENCED)
 * goes to the tail for another round, any other is dropped if it is clean.
 * Dirty pages are left to the flusher, which is kicked.
 *
 * A page that is being looked at is off the list and referenced; it goes back
 * only if it still belongs to a mapping, judged under lru_lock.  A page that leaves
 * the cache clears its mapping first and then takes lru_lock to get off the
 * list: whichever comes second sees the other.
 *
 * A few pages stay (cache_floor()): rather than thrash, an allocation fails, and
 * a process is killed.
 *
 * Who calls.  An allocation that fails, in its own context (page_alloc_slow);
 * and the reclaim thread, woken when somebody who cannot wait found memory
 * short.  The flusher and the reclaim thread never wait for memory: they use the reserve.
 *
 * Locking.  lru_lock (spin).  Page locks are only tried, so reclaim may run
 * under any lock that allows sleeping.
 */
#include <gemel/assert.h>
#include <gemel/cpu.h>
#include <gemel/kthread.h>
#include <gemel/sched.h>
#include <gemel/spin.h>
#include <gemel/task.h>
#include <gemel/time.h>
#include <gemel/vmalloc.h>
#include <gemel/wait.h>
#include <gemel/work.h>

#include "mm.h"

#define RECLAIM_BATCH 32u
#define FLOOR_MAX     1024ul

static struct spinlock lru_lock = SPINLOCK_INIT(LRU);
static struct list lru = LIST_INIT(lru);
static size_t lru_count;

static struct shrinker *shrinkers;
static struct task *reclaimer;
static struct wait_queue reclaim_queue = WAIT_QUEUE_INIT(reclaim_queue);
static bool reclaim_wanted;     /* atomic */

/* ---- the list ---- */

void lru_add(struct page *pg)
{
	spin_lock(&lru_lock);
	page_set_flags(pg, PAGE_LRU);
	list_add_tail(&lru, &pg->link);
	lru_count++;
	spin_unlock(&lru_lock);
}

void lru_remove(struct page *pg)
{
	spin_lock(&lru_lock);
	if (pg->flags & PAGE_LRU) {
		page_clear_flags(pg, PAGE_LRU);
		list_remove(&pg->link);
		lru_count--;
	}
	spin_unlock(&lru_lock);
}

/* Pages to try, off the list and referenced; *scanned grows by what was looked at. */
static uint lru_isolate(struct page **pages, size_t *scanned, size_t limit)
{
	uint n = 0;

	spin_lock(&lru_lock);
	for (uint look = 0; look < 2 * RECLAIM_BATCH && n < RECLAIM_BATCH; look++) {
		struct page *pg;

		if (list_is_empty(&lru) || *scanned >= limit)
			break;
		pg = list_first(&lru, struct page, link);
		*scanned += 1;
		list_remove(&pg->link);
		if (READ_ONCE(pg->flags) & PAGE_REFERENCED) {
			page_clear_flags(pg, PAGE_REFERENCED);
			list_add_tail(&lru, &pg->link);
			continue;
		}
		page_clear_flags(pg, PAGE_LRU);
		lru_count--;
		page_get(pg);
		pages[n++] = pg;
	}
	spin_unlock(&lru_lock);
	return n;
}

static void lru_put_back(struct page *pg)
{
	spin_lock(&lru_lock);
	if (READ_ONCE(pg->mapping)) {
		page_set_flags(pg, PAGE_LRU);
		list_add_tail(&lru, &pg->link);
		lru_count++;
	}
	spin_unlock(&lru_lock);
	page_put(pg);
}

/* Drop one isolated page if that is possible now. */
static bool page_reclaim(struct page *pg)
{
	bool gone = false;

	if (!page_try_lock(pg))
		return false;
	if (pg->mapping && !(READ_ONCE(pg->flags) & (PAGE_DIRTY | PAGE_WRITEBACK | PAGE_MLOCKED)))
		gone = mapping_try_evict(pg);
	page_unlock(pg);
	return gone;
}

/*
 * Pages of files that are left alone as long as a process can be killed instead: the programs that
 * run need some of theirs.  Without this a machine that is nearly full spends its life reading the
 * same pages again.
 */
static size_t cache_floor(void)
{
	return MIN(page_total_count() / 16, FLOOR_MAX);
}

static size_t cache_reclaim(size_t n, size_t floor)
{
	struct page *pages[RECLAIM_BATCH];
	size_t scanned = 0, freed = 0;
	size_t count = READ_ONCE(lru_count);
	size_t limit = 2 * READ_ONCE(lru_count) + RECLAIM_BATCH;

	n = count > floor ? MIN(n, count - floor) : 0;
	while (freed < n) {
		uint got = lru_isolate(pages, &scanned, limit);

		if (!got && (scanned >= limit || list_is_empty(&lru)))
			break;
		for (uint i = 0; i < got; i++) {
			if (page_reclaim(pages[i])) {
				page_put(pages[i]);
				freed++;
			} else {
				lru_put_back(pages[i]);
			}
		}
	}
	return freed;
}

/* ---- other caches ---- */

void shrinker_register(struct shrinker *s)
{
	struct shrinker *head = READ_ONCE(shrinkers);

	do {
		s->next = head;
	} while (!__atomic_compare_exchange_n(&shrinkers, &head, s, true, __ATOMIC_RELEASE,
					      __ATOMIC_RELAXED));
}

static size_t caches_shrink(size_t n)
{
	size_t objects = 0;

	for (struct shrinker *s = load_acquire(&shrinkers); s; s = s->next)
		objects += s->shrink(n);
	return objects;
}

/* ---- entries ---- */

bool page_may_reclaim(void)
{
	return current != reclaimer && !writeback_is_current();
}

size_t reclaim_pages_for(size_t n, uint try)
{
	size_t floor = try < RECLAIM_TRIES ? cache_floor() : 0;
	size_t freed = cache_reclaim(n, floor);

	if (freed >= n)
		return freed;
	if (writeback_dirty_count())
		writeback_kick();
	if (try > 0 || freed < n / 2) {
		(void)caches_shrink(64ul << MIN(try, 10u));
		freed += slab_shrink();
		freed += cache_reclaim(n, floor);
	}
	if (try > 1)
		freed += vmalloc_shrink();
	return freed;
}

size_t reclaim_pages(size_t n)
{
	return can_sleep() ? reclaim_pages_for(n, RECLAIM_TRIES) : 0;
}

void reclaim_names(void)
{
	/* Names hold names: their directories. */
	for (uint round = 0; round < 2; round++) {
		(void)caches_shrink(64ul << 10);
		work_flush(system_work);
	}
	(void)slab_shrink();
}

void reclaim_all(void)
{
	/* Names hold inodes, and inodes pages: what one round frees, the next can. */
	for (uint round = 0; round < 3; round++) {
		(void)reclaim_pages_for(page_total_count(), RECLAIM_TRIES);
		work_flush(system_work);
	}
}

bool reclaim_wait(uint try)
{
	if (try < 2)
		return true;
	return writeback_wait_progress((10 + 10 * try) * NSEC_PER_MSEC);
}

/* ---- the thread ---- */

void reclaim_kick(void)
{
	/* With an irq lock held the wait queue's lock may be out of order. */
	if (!reclaimer || READ_ONCE(reclaim_wanted) || arch_this_cpu()->irqlock_depth)
		return;
	WRITE_ONCE(reclaim_wanted, true);
	wake_all(&reclaim_queue);
}

static int __noreturn reclaimer_main(void *arg __unused)
{
	for (;;) {
		wait_event_idle(&reclaim_queue, READ_ONCE(reclaim_wanted));
		for (uint try = 0; try < 3 && page_is_low(); try++)
			(void)reclaim_pages_for(128, try);
		WRITE_ONCE(reclaim_wanted, false);
	}
}

void reclaim_init(void)
{
	struct task *t = kthread_create(reclaimer_main, NULL, "reclaim");

	if (!t)
		panic("mm: no memory for the reclaim thread");
	reclaimer = t;
	task_start(t);
}
