/* SPDX-License-Identifier: MIT */
/*
 * mmap, munmap, mprotect, brk: changing the areas of a space.
 *
 * Every change is checked and everything it needs is allocated first; the
 * part under as->lock that changes areas cannot fail half-way (a split that
 * cannot be made is found before anything is unmapped).  Areas that go away
 * are put on a list of dead ones and destroyed after the lock is dropped:
 * that may close a file.
 *
 * Committed memory.  Writable private memory counts as committed when it is
 * mapped.  overcommit_mode 0 refuses only what could never fit, 1 nothing, 2
 * all beyond overcommit_ratio percent of RAM.
 */
#include <uapi/errno.h>
#include <uapi/mman.h>
#include <uapi/mount.h>
#include <uapi/resource.h>

#include <gemel/assert.h>
#include <gemel/cred.h>
#include <gemel/fs.h>
#include <gemel/process.h>
#include <gemel/syscalls.h>
#include <gemel/task.h>

#include "mm.h"

#define STACK_GAP_MIN   MIB(128)

uint overcommit_mode, overcommit_ratio = 50;
static u64 committed;   /* atomic; pages */

/* ---- limits ---- */

u64 commit_total(void)
{
	return READ_ONCE(committed);
}

int commit_charge(u64 pages)
{
	u64 total = page_total_count();
	u64 now = __atomic_add_fetch(&committed, pages, __ATOMIC_RELAXED);
	bool refuse = false;

	if (overcommit_mode == 0)
		refuse = pages > total;
	else if (overcommit_mode == 2)
		refuse = now > total * overcommit_ratio / 100;
	if (!refuse)
		return 0;
	commit_release(pages);
	return -ENOMEM;
}

void commit_release(u64 pages)
{
	__atomic_fetch_sub(&committed, pages, __ATOMIC_RELAXED);
}

bool as_is_over_limit(const struct address_space *as, u64 pages)
{
	return as->total_pages + pages > rlimit_get(RLIMIT_AS) >> PAGE_SHIFT;
}

static bool is_over_data_limit(const struct address_space *as, uint flags, u64 pages)
{
	return (flags & (AREA_WRITE | AREA_SHARED | AREA_GROWSDOWN)) == AREA_WRITE &&
	       as->data_pages + pages > rlimit_get(RLIMIT_DATA) >> PAGE_SHIFT;
}

/* 0, or -EAGAIN: RLIMIT_MEMLOCK. */
static int check_lock_limit(const struct address_space *as, u64 pages)
{
	if (as->locked_pages + pages <= rlimit_get(RLIMIT_MEMLOCK) >> PAGE_SHIFT ||
	    capable(CAP_IPC_LOCK))
		return 0;
	return -EAGAIN;
}

/* ---- unmap ---- */

int as_split_at(struct address_space *as, vaddr_t at)
{
	struct area *a = as_find(as, at);

	if (!a || a->start == at)
		return 0;
	return area_split(as, a, at);
}

int as_unmap_locked(struct address_space *as, vaddr_t start, vaddr_t end, struct list *dead)
{
	struct area *a, *next;
	int err;

	if (area_range_is_free(as, start, end))
		return 0;
	err = as_split_at(as, start);
	if (err == 0)
		err = as_split_at(as, end);
	if (err < 0)
		return err;
	for (a = area_find_from(as, start); a && a->start < end; a = next) {
		next = area_next(a);
		as_zap(as, a, a->start, a->end);
		as_account(as, a->flags, (a->end - a->start) >> PAGE_SHIFT, -1);
		commit_release(area_charged(a));
		area_erase(as, a);
		list_add_tail(dead, &a->mapping_link);
	}
	return 0;
}

static bool range_is_bad(vaddr_t addr, size_t len)
{
	return len > USER_END || addr > USER_END - len;
}

int as_munmap(struct address_space *as, vaddr_t addr, size_t len)
{
	struct list dead = LIST_INIT(dead);
	int err;

	if (!IS_ALIGNED(addr, PAGE_SIZE) || !len || range_is_bad(addr, len))
		return -EINVAL;
	len = ALIGN_UP(len, PAGE_SIZE);
	rwmutex_write_lock(&as->lock);
	err = as_unmap_locked(as, addr, addr + len, &dead);
	rwmutex_write_unlock(&as->lock);
	area_list_destroy(&dead);
	return err;
}

/* ---- map ---- */

/* Where a mapping of @len goes, as->lock held.  The address, or -errno. */
static long place_find(struct address_space *as, vaddr_t hint, size_t len, uint flags)
{
	vaddr_t at;

	if (flags & (MAP_FIXED | MAP_FIXED_NOREPLACE)) {
		if (!IS_ALIGNED(hint, PAGE_SIZE))
			return -EINVAL;
		if (range_is_bad(hint, len))
			return -ENOMEM;
		if (hint < MMAP_MIN_ADDR && !capable(CAP_SYS_RAWIO))
			return -EPERM;
		if (flags & MAP_FIXED_NOREPLACE && !area_range_is_free(as, hint, hint + len))
			return -EEXIST;
		return (long)hint;
	}
	hint = ALIGN_UP(hint, PAGE_SIZE);
	if (hint >= MMAP_MIN_ADDR && !range_is_bad(hint, len)) {
		const struct area *next = area_find_from(as, hint);

		if (!next || area_low(next) >= hint + len)
			return (long)hint;
	}
	at = area_find_gap(as, len, MMAP_MIN_ADDR, as->mmap_base);
	if (!at)
		at = area_find_gap(as, len, as->mmap_base, USER_END);
	return at ? (long)at : -ENOMEM;
}

/* The rights that a file gives a mapping.  0, -EACCES, -ENODEV, -EPERM; *flags grows. */
static int file_check(const struct file *file, uint prot, uint *flags)
{
	bool shared = *flags & AREA_SHARED;

	if (!(file->mode & FILE_READ) || file->mode & FILE_PATH)
		return -EACCES;
	if (shared && prot & PROT_WRITE && !(file->mode & FILE_WRITE))
		return -EACCES;
	if (file->path.mount && file->path.mount->flags & MS_NOEXEC) {
		if (prot & PROT_EXEC)
			return -EPERM;
	} else {
		*flags |= AREA_MAYEXEC;
	}
	if (!file->ops->mmap)
		return -ENODEV;
	*flags |= AREA_MAYREAD;
	if (!shared || file->mode & FILE_WRITE)
		*flags |= AREA_MAYWRITE;
	return 0;
}

/* Translate MAP_* and PROT_* to AREA_*.  0 or -EINVAL, and what file_check() says. */
static int area_flags(uint prot, uint map, const struct file *file, uint *out)
{
	uint flags = prot & (PROT_READ | PROT_WRITE | PROT_EXEC);
	int err = 0;

	switch (map & MAP_TYPE) {
	case MAP_SHARED:
	case MAP_SHARED_VALIDATE:
		if (map & MAP_GROWSDOWN)
			return -EINVAL;
		flags |= AREA_SHARED;
		break;
	case MAP_PRIVATE:
		break;
	default:
		return -EINVAL;
	}
	if (map & MAP_GROWSDOWN)
		flags |= AREA_GROWSDOWN;
	if (map & MAP_NORESERVE && overcommit_mode != 2)
		flags |= AREA_NORESERVE;
	if (file)
		err = file_check(file, prot, &flags);
	else
		flags |= AREA_MAYREAD | AREA_MAYWRITE | AREA_MAYEXEC;
	if ((flags & (AREA_WRITE | AREA_SHARED | AREA_NORESERVE)) == AREA_WRITE)
		flags |= AREA_ACCOUNT;
	*out = flags;
	return err;
}

/* What the new area shows: the file's pages, a device's, shared memory.  0, -ENOMEM, -ENODEV ... */
static int area_attach(struct area *a, struct file *file)
{
	int err;

	if (!file)
		return a->flags & AREA_SHARED ?
		       shm_attach(a, (a->end - a->start) >> PAGE_SHIFT) : 0;
	a->file = file;
	file_get(file);
	err = file->ops->mmap(file, a);
	if (err < 0)
		return err;
	if (!a->ops && !a->mapping && !(a->flags & AREA_DEVICE) && file->inode)
		a->mapping = &file->inode->mapping;
	return 0;
}

/* Grow the neighbour below instead of making a new area, where they are alike.  True: done. */
static bool try_extend(struct address_space *as, vaddr_t start, vaddr_t end, uint flags,
		       struct list *dead)
{
	struct area *prev = start ? as_find(as, start - 1) : NULL;

	if (flags & (AREA_SHARED | AREA_GROWSDOWN))
		return false;
	if (!prev || !area_can_extend(prev, start, flags, NULL, 0))
		return false;
	area_set_bounds(prev, prev->start, end);
	area_merge(as, prev, dead);
	return true;
}

static int check_limits(const struct address_space *as, uint flags, u64 pages)
{
	if (as_is_over_limit(as, pages) || is_over_data_limit(as, flags, pages))
		return -ENOMEM;
	if (as->area_count >= AREA_COUNT_MAX)
		return -ENOMEM;
	return flags & AREA_LOCKED ? check_lock_limit(as, pages) : 0;
}

/*
 * Insert [start, end), which is free by now, and account.  @a NULL: anonymous, perhaps by
 * extension.
 */
static void map_commit(struct address_space *as, struct area *a, struct list *dead)
{
	as_account(as, a->flags, (a->end - a->start) >> PAGE_SHIFT, 1);
	if (!a->file && !a->ops && !(a->flags & AREA_DEVICE) &&
	    try_extend(as, a->start, a->end, a->flags, dead)) {
		list_add(dead, &a->mapping_link);
		return;
	}
	area_insert(as, a);
	area_merge(as, a, dead);
}

/* as->lock held for writing; @a is new, its flags set, bounds 0 .. len.  The address or -errno. */
static long map_locked(struct address_space *as, struct area *a, vaddr_t addr, uint map,
		       struct list *dead)
{
	size_t len = a->end - a->start;
	u64 pages = len >> PAGE_SHIFT;
	long at = place_find(as, addr, len, map);
	int err;

	if (at < 0)
		return at;
	err = check_limits(as, a->flags, pages);
	if (err < 0)
		return err;
	if (a->flags & AREA_ACCOUNT) {
		err = commit_charge(pages);
		if (err < 0)
			return err;
	}
	if (map & MAP_FIXED) {
		err = as_unmap_locked(as, (vaddr_t)at, (vaddr_t)at + len, dead);
		if (err < 0) {
			commit_release(a->flags & AREA_ACCOUNT ? pages : 0);
			return err;
		}
	}
	a->start = (vaddr_t)at;
	a->end = (vaddr_t)at + len;
	map_commit(as, a, dead);
	return at;
}

static long map_area(struct address_space *as, struct area *a, vaddr_t addr, uint map)
{
	struct list dead = LIST_INIT(dead);
	vaddr_t end = a->end;
	bool locked;
	long at;

	rwmutex_write_lock(&as->lock);
	if (as->lock_future)
		a->flags |= AREA_LOCKED;
	locked = a->flags & AREA_LOCKED;
	at = map_locked(as, a, addr, map, &dead);
	rwmutex_write_unlock(&as->lock);
	if (at < 0)
		area_destroy(a);
	area_list_destroy(&dead);
	if (at >= 0 && (locked || (map & (MAP_POPULATE | MAP_NONBLOCK)) == MAP_POPULATE))
		(void)as_populate(as, (vaddr_t)at, (vaddr_t)at + end, false);
	return at;
}

long as_mmap(struct address_space *as, vaddr_t addr, size_t len, uint prot, uint map,
	     struct file *file, u64 offset)
{
	struct area *a;
	uint flags;
	int err;

	if (!len || !IS_ALIGNED(offset, PAGE_SIZE))
		return -EINVAL;
	if (len > USER_END)
		return -ENOMEM;
	len = ALIGN_UP(len, PAGE_SIZE);
	if (file && offset + len < offset)
		return -EOVERFLOW;
	err = area_flags(prot, map, file, &flags);
	if (err < 0)
		return err;
	if (map & MAP_LOCKED)
		flags |= AREA_LOCKED;
	a = area_create();
	if (!a)
		return -ENOMEM;
	a->end = len;
	a->flags = flags;
	a->offset = file ? offset : 0;
	err = area_attach(a, file);
	if (err < 0) {
		area_destroy(a);
		return err;
	}
	return map_area(as, a, addr, map);
}

long as_map_device(struct address_space *as, vaddr_t hint, paddr_t pa, size_t len, uint prot)
{
	struct area *a = area_create();

	if (!a)
		return -ENOMEM;
	a->end = ALIGN_UP(len, PAGE_SIZE);
	a->flags = (prot & (AREA_READ | AREA_WRITE | AREA_EXEC)) | AREA_DEVICE | AREA_SHARED |
		   AREA_MAYREAD;
	if (prot & PROT_WRITE_BIT)
		a->flags |= AREA_MAYWRITE;
	if (prot & PROT_DEVICE_BIT)
		a->flags |= AREA_UNCACHED;
	a->private = (void *)(ulong)pa;
	return map_area(as, a, hint, 0);
}

static int kernel_page_fault(struct area *a, u64 offset __unused, struct page **pg)
{
	*pg = virt_to_page(a->private);
	page_get(*pg);
	return 0;
}

static const struct area_ops kernel_page_ops = { .fault = kernel_page_fault };

long as_map_kernel_page(struct address_space *as, vaddr_t hint, void *page, bool exec)
{
	struct area *a = area_create();

	if (!a)
		return -ENOMEM;
	a->end = PAGE_SIZE;
	a->flags = AREA_READ | AREA_VDSO | AREA_MAYREAD | (exec ? AREA_EXEC | AREA_MAYEXEC : 0);
	a->ops = &kernel_page_ops;
	a->private = page;
	return map_area(as, a, hint, 0);
}

/* ---- the stack ---- */

int as_map_stack(struct address_space *as, vaddr_t top, size_t initial, bool exec)
{
	u64 gap = MIN(MAX(rlimit_get(RLIMIT_STACK), STACK_GAP_MIN), USER_END / 6 * 5);
	struct area *a = area_create();
	long at;

	if (!a)
		return -ENOMEM;
	as->stack_top = top;
	as->mmap_base = ALIGN_DOWN(top - gap, PAGE_SIZE) - (STACK_GUARD_PAGES << PAGE_SHIFT);
	initial = ALIGN_UP(initial, PAGE_SIZE);
	a->end = initial;
	a->flags = AREA_READ | AREA_WRITE | (exec ? AREA_EXEC : 0) | AREA_GROWSDOWN | AREA_STACK |
		   AREA_ACCOUNT | AREA_MAYREAD | AREA_MAYWRITE | AREA_MAYEXEC;
	at = map_area(as, a, top - initial, MAP_FIXED_NOREPLACE);
	return at < 0 ? (int)at : 0;
}

bool as_grow_stack(struct address_space *as, vaddr_t va)
{
	struct area *a = area_find_from(as, va);
	const struct area *prev;
	u64 pages;

	if (!a || !(a->flags & AREA_GROWSDOWN))
		return false;
	if (a->start <= va)
		return true;
	if (va < MMAP_MIN_ADDR || a->end - va > rlimit_get(RLIMIT_STACK))
		return false;
	prev = area_prev(a);
	if (prev && !(prev->flags & AREA_GROWSDOWN) && prev->flags & (AREA_READ | AREA_WRITE |
	    AREA_EXEC) && va < prev->end + (STACK_GUARD_PAGES << PAGE_SHIFT))
		return false;
	if (prev && va < prev->end)
		return false;
	pages = (a->start - va) >> PAGE_SHIFT;
	if (as_is_over_limit(as, pages) ||
	    (a->flags & AREA_LOCKED && check_lock_limit(as, pages) < 0))
		return false;
	if (a->flags & AREA_ACCOUNT && commit_charge(pages) < 0)
		return false;
	area_set_bounds(a, va, a->end);
	as_account(as, a->flags, pages, 1);
	return true;
}

/* ---- protection ---- */

/* Give the pages of [start, end) of @a the rights that its new flags allow.  True: flush. */
static void pages_protect(struct address_space *as, struct area *a, vaddr_t start, vaddr_t end)
{
	struct mmu_leaf leaf[64];
	vaddr_t va = start;

	spin_lock(&as->page_table_lock);
	while (va < end) {
		uint n = mmu_collect(&as->mmu, &va, end, leaf, ARRAY_SIZE(leaf), false);

		for (uint i = 0; i < n; i++) {
			struct page *pg = phys_to_page(leaf[i].pa);
			uint prot = area_pte_prot(a, false) | (leaf[i].prot & PROT_DEVICE_BIT);

			if (a->flags & AREA_DEVICE)
				prot = area_pte_prot(a, true) | (leaf[i].prot & PROT_DEVICE_BIT);
			else if (!(a->flags & AREA_SHARED) && pg->flags & PAGE_ANON &&
				 READ_ONCE(pg->refs.count) == 1)
				prot = area_pte_prot(a, true);
			if (prot & PROT_EXEC_BIT && !(leaf[i].prot & PROT_EXEC_BIT) &&
			    !(a->flags & AREA_DEVICE))
				arch_mmu_cache_code(page_address(pg), PAGE_SIZE);
			if (prot != leaf[i].prot)
				arch_mmu_protect(&as->mmu, leaf[i].va, 1, prot);
		}
	}
	spin_unlock(&as->page_table_lock);
}

/*
 * Can every area of [start, end) get @prot?  0, -ENOMEM (hole), -EACCES.  *charge: pages that
 * become committed.
 */
static int protect_check(struct address_space *as, vaddr_t start, vaddr_t end, uint prot,
			 u64 *charge)
{
	const struct area *a = as_find(as, start);
	vaddr_t at = start;

	*charge = 0;
	for (; at < end; a = area_next(a)) {
		if (!a || a->start > at)
			return -ENOMEM;
		if ((prot & PROT_READ && !(a->flags & AREA_MAYREAD)) ||
		    (prot & PROT_WRITE && !(a->flags & AREA_MAYWRITE)) ||
		    (prot & PROT_EXEC && !(a->flags & AREA_MAYEXEC)))
			return -EACCES;
		if (prot & PROT_WRITE &&
		    !(a->flags & (AREA_WRITE | AREA_SHARED | AREA_ACCOUNT | AREA_NORESERVE)))
			*charge += (MIN(a->end, end) - at) >> PAGE_SHIFT;
		at = a->end;
	}
	return 0;
}

static void area_protect(struct address_space *as, struct area *a, uint prot, struct list *dead)
{
	uint flags = (a->flags & ~(AREA_READ | AREA_WRITE | AREA_EXEC)) | prot;
	u64 pages = (a->end - a->start) >> PAGE_SHIFT;

	if (prot & PROT_WRITE && !(flags & (AREA_SHARED | AREA_NORESERVE)))
		flags |= AREA_ACCOUNT;
	if (flags != a->flags) {
		as_account(as, a->flags, pages, -1);
		a->flags = flags;
		as_account(as, flags, pages, 1);
		pages_protect(as, a, a->start, a->end);
	}
	area_merge(as, a, dead);
}

static int protect_locked(struct address_space *as, vaddr_t start, vaddr_t end, uint prot,
			  struct list *dead)
{
	struct area *a;
	u64 charge;
	int err = protect_check(as, start, end, prot, &charge);

	if (err < 0)
		return err;
	if (charge && as->data_pages + charge > rlimit_get(RLIMIT_DATA) >> PAGE_SHIFT)
		return -ENOMEM;
	err = commit_charge(charge);
	if (err < 0)
		return err;
	err = as_split_at(as, start);
	if (err == 0)
		err = as_split_at(as, end);
	if (err < 0) {
		commit_release(charge);
		return err;
	}
	/* Merging may swallow the area in hand: go on by address. */
	for (vaddr_t at = start; at < end;) {
		a = as_find(as, at);
		at = a->end;
		area_protect(as, a, prot, dead);
	}
	arch_tlb_flush(&as->mmu, start, (end - start) >> PAGE_SHIFT);
	return 0;
}

int as_mprotect(struct address_space *as, vaddr_t addr, size_t len, uint prot)
{
	struct list dead = LIST_INIT(dead);
	struct area *a;
	int err;

	if (!IS_ALIGNED(addr, PAGE_SIZE) ||
	    prot & ~(PROT_READ | PROT_WRITE | PROT_EXEC | PROT_GROWSDOWN))
		return -EINVAL;
	if (!len)
		return 0;
	len = ALIGN_UP(len, PAGE_SIZE);
	if (!len || range_is_bad(addr, len))
		return -ENOMEM;
	rwmutex_write_lock(&as->lock);
	a = as_find(as, addr);
	if (prot & PROT_GROWSDOWN && a && a->flags & AREA_GROWSDOWN) {
		len += addr - a->start;
		addr = a->start;
	}
	if (prot & PROT_GROWSDOWN && (!a || !(a->flags & AREA_GROWSDOWN)))
		err = -EINVAL;
	else
		err = protect_locked(as, addr, addr + len, prot & ~PROT_GROWSDOWN, &dead);
	rwmutex_write_unlock(&as->lock);
	area_list_destroy(&dead);
	return err;
}

/* ---- brk ---- */

#define HEAP_FLAGS (AREA_READ | AREA_WRITE | AREA_HEAP | AREA_ACCOUNT | AREA_MAYREAD | \
		    AREA_MAYWRITE | AREA_MAYEXEC)

/* Make [old, new) heap; as->lock held.  0, -ENOMEM. */
static int brk_grow(struct address_space *as, vaddr_t old, vaddr_t new, struct list *dead)
{
	const struct area *next = area_find_from(as, old);
	u64 pages = (new - old) >> PAGE_SHIFT;
	struct area *a;

	if (next && area_low(next) < new)
		return -ENOMEM;
	if (check_limits(as, HEAP_FLAGS, pages) < 0 || commit_charge(pages) < 0)
		return -ENOMEM;
	as_account(as, HEAP_FLAGS, pages, 1);
	if (try_extend(as, old, new, HEAP_FLAGS, dead))
		return 0;
	a = area_create();
	if (!a) {
		as_account(as, HEAP_FLAGS, pages, -1);
		commit_release(pages);
		return -ENOMEM;
	}
	a->start = old;
	a->end = new;
	a->flags = HEAP_FLAGS;
	area_insert(as, a);
	return 0;
}

static bool brk_is_allowed(const struct address_space *as, vaddr_t brk)
{
	return brk >= as->brk_start && brk < as->mmap_base &&
	       brk - as->brk_start <= rlimit_get(RLIMIT_DATA);
}

long as_brk(struct address_space *as, vaddr_t brk)
{
	struct list dead = LIST_INIT(dead);
	vaddr_t old, new;
	bool populate = false;
	long result;
	int err = 0;

	rwmutex_write_lock(&as->lock);
	if (brk_is_allowed(as, brk)) {
		old = ALIGN_UP(as->brk, PAGE_SIZE);
		new = ALIGN_UP(brk, PAGE_SIZE);
		if (new > old)
			err = brk_grow(as, old, new, &dead);
		else if (new < old)
			err = as_unmap_locked(as, new, old, &dead);
		if (err == 0)
			as->brk = brk;
		populate = err == 0 && new > old && as->lock_future;
	}
	result = (long)as->brk;
	rwmutex_write_unlock(&as->lock);
	area_list_destroy(&dead);
	if (populate)
		(void)as_populate(as, old, new, false);
	return result;
}

/* ---- system calls ---- */

#define MAP_IGNORED     (MAP_DENYWRITE | MAP_EXECUTABLE | MAP_STACK | MAP_NONBLOCK)
#define MAP_KNOWN       (MAP_TYPE | MAP_FIXED | MAP_ANONYMOUS | MAP_GROWSDOWN | MAP_LOCKED | \
			 MAP_NORESERVE | MAP_POPULATE | MAP_FIXED_NOREPLACE | MAP_IGNORED)

long sys_mmap(ulong addr, size_t len, ulong prot, ulong flags, int fd, ulong offset)
{
	struct file *file = NULL;
	long at;

	if (!IS_ALIGNED(offset, PAGE_SIZE) || flags & MAP_HUGETLB)
		return -EINVAL;
	/* Old programs pass rubbish in other bits; only MAP_SHARED_VALIDATE asks for a check. */
	if ((flags & MAP_TYPE) == MAP_SHARED_VALIDATE && flags & ~(ulong)MAP_KNOWN)
		return -EOPNOTSUPP;
	if (!(flags & MAP_ANONYMOUS)) {
		file = fd_get(fd);
		if (!file)
			return -EBADF;
	}
	at = as_mmap(current->as, addr, len, (uint)prot & (PROT_READ | PROT_WRITE | PROT_EXEC),
		     (uint)flags, file, offset);
	if (file)
		file_put(file);
	return at;
}

long sys_munmap(ulong addr, size_t len)
{
	return as_munmap(current->as, addr, len);
}

long sys_mprotect(ulong addr, size_t len, ulong prot)
{
	if (prot >> 32)
		return -EINVAL;
	return as_mprotect(current->as, addr, len, (uint)prot);
}

long sys_brk(ulong brk)
{
	return as_brk(current->as, brk);
}
