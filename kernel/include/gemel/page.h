/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Physical pages: a struct page for every frame of RAM, a buddy allocator
 * with per-CPU lists of single pages.
 */
#include <arch/mmu.h>
#include <gemel/list.h>
#include <gemel/refs.h>

struct mapping;

/* page->flags: atomic bits. */
#define PAGE_BUDDY      0x001u  /* free, head of a block of 1 << order */
#define PAGE_RESERVED   0x002u  /* never given out */
#define PAGE_SLAB       0x004u
#define PAGE_UPTODATE   0x008u  /* page cache: contents are the file's */
#define PAGE_DIRTY      0x010u
#define PAGE_WRITEBACK  0x020u
#define PAGE_LOCKED     0x040u  /* page cache: being filled or changed */
#define PAGE_REFERENCED 0x080u
#define PAGE_LRU        0x100u
#define PAGE_ERROR      0x200u
#define PAGE_ANON       0x400u
#define PAGE_TABLE      0x800u
#define PAGE_MLOCKED    0x1000u
#define PAGE_WAITERS    0x2000u /* somebody sleeps until LOCKED or WRITEBACK is clear */
#define PAGE_SLAB_TAIL  0x4000u
/* Instruction fetch sees its contents: arch_mmu_cache_code() is done */
#define PAGE_CODE       0x8000u

/* 64 bytes. */
struct page {
	u32 flags;
	struct refs refs;               /* 0: free */
	u32 mapcount;                   /* user page-table entries that map it */
	u8 order;
	struct list link;               /* free list, LRU, or the owner's */
	union {
		struct { struct mapping *mapping; u64 index; };         /* page cache */
		struct { void *slab; void *freelist; };                 /* slab */
		ulong private[2];
	};
	ulong owner;                    /* slab: counts; others: theirs */
} __aligned(64);
_Static_assert(sizeof(struct page) == 64, "struct page");

static inline struct page *pfn_to_page(pfn_t pfn)
{
	return (struct page *)VMEMMAP_BASE + pfn;
}
static inline pfn_t page_to_pfn(const struct page *pg)
{
	return (pfn_t)(pg - (struct page *)VMEMMAP_BASE);
}
static inline paddr_t page_to_phys(const struct page *pg)
{
	return (paddr_t)page_to_pfn(pg) << PAGE_SHIFT;
}
static inline struct page *phys_to_page(paddr_t pa)
{
	return pfn_to_page(pa >> PAGE_SHIFT);
}
static inline void *page_address(const struct page *pg)
{
	return phys_to_virt(page_to_phys(pg));
}
static inline struct page *virt_to_page(const void *va)
{
	return phys_to_page(virt_to_phys(va));
}
/* Is there a struct page for it (RAM)? */
bool pfn_is_ram(pfn_t pfn);

/* All of mm in order: page_init(), slab_init(), vmalloc_init(), page cache, address spaces. */
void mm_init(void);
/*
 * Take all RAM of boot_info over.  boot_alloc() must not be used afterwards.  percpu_init() came
 * before.
 */
void page_init(void);
extern bool page_ready;         /* page_init() has run */
/* Give back memory that boot_info reserved (an initrd that is unpacked): whole pages inside. */
void page_free_reserved(paddr_t base, u64 size);

#define PAGE_MAX_ORDER  10

#define ALLOC_ZERO      0x1u    /* zeroed */
#define ALLOC_ATOMIC    0x2u    /* do not sleep or reclaim; may use the reserve */
#define ALLOC_USER      0x4u    /* for a user page: must leave the reserve */
#define ALLOC_NORECLAIM 0x8u    /* may sleep, but give up rather than reclaim */
#define ALLOC_NOKILL    0x10u   /* give up rather than kill a process for it */

/* 1 << @order pages, one reference, or NULL.  Without ALLOC_ATOMIC may sleep, reclaim, and as the
 * last means (up to 8 pages) have a process killed. */
struct page *page_alloc(uint order, uint flags);
/* Below @limit physical (DMA of odd devices, boot trampolines). */
struct page *page_alloc_below(uint order, uint flags, paddr_t limit);
void page_free(struct page *pg, uint order);    /* refs must be 1 (the caller's) */
static inline void page_get(struct page *pg)
{
	refs_get(&pg->refs);
}
void page_put(struct page *pg);                 /* frees an order-0 page at the last reference */

/* Kernel memory by the page through the physmap. */
void *page_alloc_kernel(uint order, uint flags);
void page_free_kernel(void *va, uint order);

/* What memory is used for; per-CPU counts that memory_info() adds up.  Any context. */
enum page_count {
	PAGE_COUNT_FILE,        /* page cache of files */
	PAGE_COUNT_BUFFERS,     /* page cache of block devices */
	PAGE_COUNT_SHMEM,       /* tmpfs, shared anonymous memory */
	PAGE_COUNT_ANON,
	PAGE_COUNT_MAPPED,      /* mappings of file pages */
	PAGE_COUNT_SLAB,
	PAGE_COUNT_KSTACK,
	PAGE_COUNT_TABLES,      /* of user address spaces */
	PAGE_COUNT_KTABLES,     /* of the kernel's: they stay */
	PAGE_COUNTS,
};
void page_count_add(enum page_count which, long n);

struct memory_info {
	u64 total, free, cached, buffers, dirty, writeback, anon, mapped, slab, kstack, pagetables,
		ktables, shmem, available, committed;    /* pages */
};
void memory_info(struct memory_info *mi);
u64 page_free_count(void);

/* Drop every clean page and every name that nobody uses; only names, with the pages of files that
 * are known by nothing else (drop_caches).  Sleeps. */
void reclaim_all(void);
void reclaim_names(void);
/* Reclaim up to @n clean or cleanable page-cache pages; returns how many.  May sleep. */
size_t reclaim_pages(size_t n);

/*
 * Caches that can give memory back (names, inodes).  @shrink is asked to free about @n objects and
 * returns how many it did; it may be called with any lock held, so it only tries locks.
 */
struct shrinker {
	size_t (*shrink)(size_t n);
	struct shrinker *next;
};
void shrinker_register(struct shrinker *s);     /* stays registered for ever */
