/* SPDX-License-Identifier: MIT */
#pragma once
/* What the files of mm/ share with each other only. */
#include <gemel/address_space.h>
#include <gemel/fault.h>
#include <gemel/page.h>
#include <gemel/pagecache.h>
#include <gemel/slab.h>

struct file;
struct inode;

/* ---- debug patterns ---- */
#define POISON_ALLOC    0xa5    /* fresh, not zeroed */
#define POISON_FREE     0x6b

/* Should this allocation fail? */
static inline bool fault_inject(void)
{
	return fault_should_fail(FAULT_ALLOC);
}

/* ---- slab.c ---- */
size_t slab_shrink(void);
/* What the sanitizer can say about an address. */
struct slab_object {
	const void *start;
	size_t size;
	const char *cache;
	ulong alloc_pc, free_pc;        /* 0: not known */
};
/* The object that @p is in or just behind.  False: no slab memory.  Only of physmap addresses. */
bool slab_describe(const void *p, struct slab_object *so);

/* ---- page.c ---- */
u64 page_total_count(void);             /* pages of RAM that can be allocated */
bool page_is_low(void);                 /* free memory is near the reserve */

/* ---- reclaim.c ---- */
#define RECLAIM_TRIES   12u
/* May the caller wait for memory: not the threads that make it. */
bool page_may_reclaim(void);
/* Wake the reclaim thread if that is possible here. */
void reclaim_kick(void);
/* As reclaim_pages(), trying harder with each @try; from RECLAIM_TRIES on everything goes. */
size_t reclaim_pages_for(size_t n, uint try);
/* Nothing was clean: wait a moment for write-back.  False: there is nothing to wait for. */
bool reclaim_wait(uint try);
void reclaim_init(void);
/* Put a cache page on the reclaim list; take it off (its mapping is cleared before). */
void lru_add(struct page *pg);
void lru_remove(struct page *pg);

/* ---- pagecache.c ---- */
/* Up-to-date cached pages [first, first + n), referenced; NULL where there is none.  @n. */
uint mapping_find_range(struct mapping *m, u64 first, uint n, struct page **pages);
void pagecache_info(struct memory_info *mi);
/* Forget the locked, clean @pg if only the cache and the caller refer to it.  True: it is gone. */
bool mapping_try_evict(struct page *pg);
/* PAGE_COUNT_* that pages of @m count as. */
enum page_count mapping_page_count(const struct mapping *m);
/* Wake who waits for a bit of @pg; they have to look again.  Any context. */
void page_wake_waiters(struct page *pg);
/* Set flag bits and return what was there. */
u32 page_set_flags(struct page *pg, u32 bits);
u32 page_clear_flags(struct page *pg, u32 bits);

/* ---- writeback.c ---- */
void writeback_kick(void);
u64 writeback_dirty_count(void);
bool writeback_is_busy(void);           /* pages are dirty or under way */
void writeback_mapping_dirtied(struct mapping *m);
void writeback_mapping_gone(struct mapping *m);
void writeback_throttle(struct mapping *m);
bool writeback_is_current(void);        /* the caller is the flusher */
/* Kick the flusher and wait for a page to become clean.  False: none is dirty. */
bool writeback_wait_progress(u64 timeout_ns);
/* The locked @pg need not be written any more. */
void page_clean(struct page *pg);

/* ---- commit accounting (mmap.c) ---- */
u64 commit_total(void);

/* ---- areas (area.c); as->lock held for writing unless it says otherwise ---- */
struct area *area_create(void);
/* Undo area_create(), and open(): drops file, private.  as->lock not held (may close a file). */
void area_destroy(struct area *a);
void area_insert(struct address_space *as, struct area *a);
void area_erase(struct address_space *as, struct area *a);
struct area *area_next(const struct area *a);
struct area *area_prev(const struct area *a);
/* The first area that ends above @va, or NULL; lock shared is enough. */
struct area *area_find_from(struct address_space *as, vaddr_t va);
/* Cut @a at @at; the upper part is new.  0, -ENOMEM. */
int __must_check area_split(struct address_space *as, struct area *a, vaddr_t at);
/* Join @a with its neighbours where they are one; returns the result.  What is left over of file
 * references goes on @dead, for area_list_destroy() without the lock. */
struct area *area_merge(struct address_space *as, struct area *a, struct list *dead);
/* Can anonymous memory or file memory described so go on at the end of @a? */
bool area_can_extend(const struct area *a, vaddr_t end, uint flags, struct file *file, u64 offset);
/* Change bounds in place; the neighbours leave room. */
void area_set_bounds(struct area *a, vaddr_t start, vaddr_t end);
/* The highest hole of @len bytes in [low, high), or 0. */
vaddr_t area_find_gap(struct address_space *as, size_t len, vaddr_t low, vaddr_t high);
bool area_range_is_free(struct address_space *as, vaddr_t start, vaddr_t end);
void area_list_destroy(struct list *dead);

/* The mapping of an area's pages; NULL: anonymous or device. */
static inline struct mapping *area_mapping(const struct area *a)
{
	return a->mapping;
}

static inline u64 area_index(const struct area *a, vaddr_t va)
{
	return (a->offset + (va - a->start)) >> PAGE_SHIFT;
}

/* Page-table protection for a page of @a; @writable: may be written without a fault. */
static inline uint area_pte_prot(const struct area *a, bool writable)
{
	uint prot = PROT_USER_BIT;

	if (a->flags & (AREA_READ | AREA_WRITE | AREA_EXEC))
		prot |= PROT_READ_BIT;
	if (a->flags & AREA_EXEC)
		prot |= PROT_EXEC_BIT;
	if (writable && (a->flags & AREA_WRITE))
		prot |= PROT_WRITE_BIT;
	return prot;
}

/* ---- leaves (pagewalk.c) ---- */
struct mmu_leaf {
	vaddr_t va;
	paddr_t pa;
	uint prot;
};
/* Up to @max present leaves from *@at on, and *@at moves behind what was looked at; with @clear
 * they are unmapped (no flush).  Page-table lock held. */
uint mmu_collect(struct arch_mmu *m, vaddr_t *at, vaddr_t end, struct mmu_leaf *leaf, uint max,
		 bool clear);

/* ---- unmapping (zap.c) ---- */
/* Drop the pages of [start, end), flush, then free them.  as->lock held. */
void as_zap(struct address_space *as, struct area *a, vaddr_t start, vaddr_t end);
/* The same when nothing runs in @as any more: no flush. */
void as_zap_dead(struct address_space *as, struct area *a);
/* Write-protect every user mapping of the locked @pg: the next store faults. */
void mapping_write_protect_page(struct mapping *m, struct page *pg);
/* Remove every user mapping of the locked @pg. */
void mapping_unmap_page(struct mapping *m, struct page *pg);

/* ---- fault.c ---- */
/* Fault in [start, end) as for @access; stops at the first failure.  No lock held. */
int as_populate(struct address_space *as, vaddr_t start, vaddr_t end, bool locked_only);
int as_populate_all(struct address_space *as);

/* ---- shared anonymous memory (shm.c) ---- */
/* Give @a an object of @pages zero pages.  0, -ENOMEM. */
int __must_check shm_attach(struct area *a, u64 pages);
u64 shm_pages(const struct area *a);

/* ---- mmap.c, address_space.c; as->lock held for writing ---- */
/* Make the growing area above @va begin at or below it.  False: not allowed. */
bool as_grow_stack(struct address_space *as, vaddr_t va);
/* Unmap [start, end); the areas go on @dead.  0, -ENOMEM (nothing done). */
int __must_check as_unmap_locked(struct address_space *as, vaddr_t start, vaddr_t end,
				 struct list *dead);
/* Make an area border at @at, if an area is there.  0, -ENOMEM. */
int __must_check as_split_at(struct address_space *as, vaddr_t at);
/* Would @pages more go past RLIMIT_AS? */
bool as_is_over_limit(const struct address_space *as, u64 pages);
/* Charge @pages as committed memory.  0, -ENOMEM. */
int __must_check commit_charge(u64 pages);
void commit_release(u64 pages);
/* Pages of @a that are charged. */
static inline u64 area_charged(const struct area *a)
{
	return a->flags & AREA_ACCOUNT ? (a->end - a->start) >> PAGE_SHIFT : 0;
}
/* Add to (@sign 1) or take from (-1) the sums of @as what @pages of @flags count for. */
void as_account(struct address_space *as, uint flags, u64 pages, int sign);

/* ---- limits and layout ---- */
#define AREA_COUNT_MAX          65530u
#define STACK_GUARD_PAGES       256u
#define MMAP_MIN_ADDR           0x10000ul       /* lower only with CAP_SYS_RAWIO */
#define MMAP_BASE_DEFAULT       (USER_END - GIB(1))

/* Where others must keep away from @a: a growing stack has a guard gap below it. */
static inline vaddr_t area_low(const struct area *a)
{
	vaddr_t guard = STACK_GUARD_PAGES << PAGE_SHIFT;

	if (!(a->flags & AREA_GROWSDOWN))
		return a->start;
	return a->start > guard ? a->start - guard : 0;
}

void area_init(void);
void shm_init(void);
void pagecache_init(void);
void address_space_init(void);
