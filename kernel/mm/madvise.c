/* SPDX-License-Identifier: MIT */
/*
 * Advice, locking, presence, msync: what programs say about ranges of their
 * memory without changing what is mapped where.
 *
 * Every call walks the areas of its range from below.  A hole is -ENOMEM, but
 * what lies before and after it is done all the same, as in Linux.
 *
 * Locking.  as->lock is exclusive where areas change (a flag may split one),
 * and shared where only pages come and go.
 */
#include <uapi/errno.h>
#include <uapi/mman.h>
#include <uapi/resource.h>

#include <gemel/cred.h>
#include <gemel/fs.h>
#include <gemel/process.h>
#include <gemel/string.h>
#include <gemel/syscalls.h>
#include <gemel/task.h>
#include <gemel/uaccess.h>

#include "mm.h"

/* Page-align [addr, addr + *len).  0 or -EINVAL, -ENOMEM. */
static int range_check(ulong addr, size_t *len)
{
	size_t n = ALIGN_UP(*len, PAGE_SIZE);

	if (!IS_ALIGNED(addr, PAGE_SIZE) || n < *len)
		return -EINVAL;
	if (n > USER_END || addr > USER_END - n)
		return -ENOMEM;
	*len = n;
	return 0;
}

/* ---- flags of areas ---- */

/* Set and clear flag bits of [start, end), splitting; holes are -ENOMEM in the end. */
static int areas_change_flags(struct address_space *as, vaddr_t start, vaddr_t end, uint set,
			      uint clear, struct list *dead)
{
	bool hole = false;

	for (vaddr_t at = start; at < end;) {
		struct area *a = area_find_from(as, at);
		uint flags;

		if (!a || a->start >= end) {
			hole = true;
			break;
		}
		if (a->start > at) {
			hole = true;
			at = a->start;
		}
		flags = (a->flags | set) & ~clear;
		if (flags == a->flags) {
			at = a->end;
			continue;
		}
		if (a->start < at && area_split(as, a, at) < 0)
			return -ENOMEM;
		a = as_find(as, at);
		if (a->end > end && area_split(as, a, end) < 0)
			return -ENOMEM;
		at = a->end;
		as_account(as, a->flags, (a->end - a->start) >> PAGE_SHIFT, -1);
		a->flags = flags;
		as_account(as, a->flags, (a->end - a->start) >> PAGE_SHIFT, 1);
		area_merge(as, a, dead);
	}
	return hole ? -ENOMEM : 0;
}

static int as_change_flags(struct address_space *as, vaddr_t start, vaddr_t end, uint set,
			   uint clear)
{
	struct list dead = LIST_INIT(dead);
	int err;

	rwmutex_write_lock(&as->lock);
	err = areas_change_flags(as, start, end, set, clear, &dead);
	rwmutex_write_unlock(&as->lock);
	area_list_destroy(&dead);
	return err;
}

/* ---- madvise ---- */

/* MADV_DONTNEED, FREE: the pages go.  @anon_only: refuse file areas. */
static int advise_zap(struct address_space *as, vaddr_t start, vaddr_t end, bool anon_only)
{
	bool hole = false;
	int err = 0;

	rwmutex_read_lock(&as->lock);
	for (vaddr_t at = start; at < end;) {
		struct area *a = area_find_from(as, at);

		if (!a || a->start >= end) {
			hole = true;
			break;
		}
		hole = hole || a->start > at;
		if (a->flags & (AREA_LOCKED | AREA_DEVICE) || (anon_only && a->mapping)) {
			err = -EINVAL;
			break;
		}
		as_zap(as, a, MAX(a->start, at), MIN(a->end, end));
		at = a->end;
	}
	rwmutex_read_unlock(&as->lock);
	return err < 0 ? err : hole ? -ENOMEM : 0;
}

/* Is all of it mapped?  0 or -ENOMEM. */
static int advise_nothing(struct address_space *as, vaddr_t start, vaddr_t end)
{
	int err = 0;

	rwmutex_read_lock(&as->lock);
	while (start < end) {
		const struct area *a = as_find(as, start);

		if (!a) {
			err = -ENOMEM;
			break;
		}
		start = a->end;
	}
	rwmutex_read_unlock(&as->lock);
	return err;
}

long sys_madvise(ulong addr, size_t len, int advice)
{
	struct address_space *as = current->as;
	int err = range_check(addr, &len);
	vaddr_t end = addr + len;

	if (err < 0)
		return -EINVAL;
	switch (advice) {
	case MADV_DONTNEED:
		return len ? advise_zap(as, addr, end, false) : 0;
	case MADV_FREE:
		return len ? advise_zap(as, addr, end, true) : 0;
	case MADV_DONTFORK:
		return as_change_flags(as, addr, end, AREA_DONTFORK, 0);
	case MADV_DOFORK:
		return as_change_flags(as, addr, end, 0, AREA_DONTFORK);
	case MADV_WIPEONFORK:
		return as_change_flags(as, addr, end, AREA_WIPEONFORK, 0);
	case MADV_KEEPONFORK:
		return as_change_flags(as, addr, end, 0, AREA_WIPEONFORK);
	case MADV_DONTDUMP:
		return as_change_flags(as, addr, end, AREA_DONTDUMP, 0);
	case MADV_DODUMP:
		return as_change_flags(as, addr, end, 0, AREA_DONTDUMP);
	case MADV_POPULATE_READ:
	case MADV_POPULATE_WRITE:
		err = advise_nothing(as, addr, end);
		return err < 0 ? err : as_populate(as, addr, end, false);
	case MADV_NORMAL:
	case MADV_RANDOM:
	case MADV_SEQUENTIAL:
	case MADV_WILLNEED:
	case MADV_MERGEABLE:
	case MADV_UNMERGEABLE:
	case MADV_HUGEPAGE:
	case MADV_NOHUGEPAGE:
	case MADV_COLD:
	case MADV_PAGEOUT:
		return advise_nothing(as, addr, end);
	default:
		return -EINVAL;
	}
}

/* ---- mlock ---- */

static u64 memlock_limit(void)
{
	return capable(CAP_IPC_LOCK) ? ~0ull : rlimit_get(RLIMIT_MEMLOCK) >> PAGE_SHIFT;
}

static int lock_range(ulong addr, size_t len, bool populate)
{
	struct address_space *as = current->as;
	u64 limit = memlock_limit();
	size_t n = len + (addr & (PAGE_SIZE - 1));
	int err;

	addr = ALIGN_DOWN(addr, PAGE_SIZE);
	err = n < len ? -EINVAL : range_check(addr, &n);
	if (err < 0)
		return err;
	if (!limit)
		return -EPERM;
	if (READ_ONCE(as->locked_pages) + (n >> PAGE_SHIFT) > limit)
		return -ENOMEM;
	err = as_change_flags(as, addr, addr + n, AREA_LOCKED, 0);
	if (err == 0 && populate)
		err = as_populate(as, addr, addr + n, true);
	return err == -EFAULT || err == -EIO ? -ENOMEM : err;
}

long sys_mlock(ulong addr, size_t len)
{
	return lock_range(addr, len, true);
}

long sys_mlock2(ulong addr, size_t len, int flags)
{
	if (flags & ~MLOCK_ONFAULT)
		return -EINVAL;
	return lock_range(addr, len, !(flags & MLOCK_ONFAULT));
}

long sys_munlock(ulong addr, size_t len)
{
	size_t n = len + (addr & (PAGE_SIZE - 1));
	int err;

	addr = ALIGN_DOWN(addr, PAGE_SIZE);
	err = n < len ? -EINVAL : range_check(addr, &n);
	return err < 0 ? err : as_change_flags(current->as, addr, addr + n, 0, AREA_LOCKED);
}

/* Holes are what they are: not an error here. */
static void lock_all(uint set, uint clear)
{
	(void)as_change_flags(current->as, 0, USER_END, set, clear);
}

long sys_mlockall(int flags)
{
	struct address_space *as = current->as;
	u64 limit = memlock_limit();

	if (!flags || flags & ~(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT) || flags == MCL_ONFAULT)
		return -EINVAL;
	if (!limit)
		return -EPERM;
	if (flags & MCL_CURRENT && READ_ONCE(as->total_pages) > limit)
		return -ENOMEM;
	WRITE_ONCE(as->lock_future, flags & MCL_FUTURE ? 1u : 0u);
	if (flags & MCL_CURRENT) {
		lock_all(AREA_LOCKED, 0);
		if (!(flags & MCL_ONFAULT))
			(void)as_populate_all(as);
	}
	return 0;
}

long sys_munlockall(void)
{
	WRITE_ONCE(current->as->lock_future, 0);
	lock_all(0, AREA_LOCKED);
	return 0;
}

/* ---- mincore ---- */

static bool page_is_in_core(struct address_space *as, const struct area *a, vaddr_t va)
{
	struct page *pg;
	paddr_t pa;
	uint prot;
	bool yes;

	spin_lock(&as->page_table_lock);
	yes = arch_mmu_query(&as->mmu, va, &pa, &prot);
	spin_unlock(&as->page_table_lock);
	if (yes || !a->mapping)
		return yes;
	pg = mapping_find(a->mapping, area_index(a, va));
	if (!pg)
		return false;
	yes = READ_ONCE(pg->flags) & PAGE_UPTODATE;
	page_put(pg);
	return yes;
}

/* A byte a page for up to @n pages from @va on.  0 or -ENOMEM. */
static int incore_fill(struct address_space *as, vaddr_t va, size_t n, u8 *vec)
{
	int err = 0;

	rwmutex_read_lock(&as->lock);
	for (size_t i = 0; i < n && err == 0; i++) {
		const struct area *a = as_find(as, va + i * PAGE_SIZE);

		if (a)
			vec[i] = page_is_in_core(as, a, va + i * PAGE_SIZE);
		else
			err = -ENOMEM;
	}
	rwmutex_read_unlock(&as->lock);
	return err;
}

long sys_mincore(ulong addr, size_t len, u8 __user *uvec)
{
	u8 vec[256];
	size_t done = 0;

	if (!IS_ALIGNED(addr, PAGE_SIZE))
		return -EINVAL;
	if (range_check(addr, &len) < 0)
		return -ENOMEM;
	if (!user_range_ok(uvec, len >> PAGE_SHIFT))
		return -EFAULT;
	while (done < len >> PAGE_SHIFT) {
		size_t n = MIN((len >> PAGE_SHIFT) - done, sizeof(vec));
		int err = incore_fill(current->as, addr + done * PAGE_SIZE, n, vec);

		if (err < 0)
			return err;
		if (copy_to_user(uvec + done, vec, n) < 0)
			return -EFAULT;
		done += n;
	}
	return 0;
}

/* ---- msync ---- */

/* The file behind @at and how far its area goes, referenced; NULL: nothing to write there. */
static struct file *sync_target(struct address_space *as, vaddr_t *at, vaddr_t end, u64 *first,
				u64 *last, bool *hole)
{
	struct file *file = NULL;
	const struct area *a;

	rwmutex_read_lock(&as->lock);
	a = area_find_from(as, *at);
	if (!a || a->start >= end) {
		*hole = true;
		*at = end;
	} else {
		vaddr_t from = MAX(*at, a->start), to = MIN(end, a->end);

		*hole = *hole || a->start > *at;
		*at = to;
		if (a->file && a->mapping && a->flags & AREA_SHARED) {
			*first = a->offset + (from - a->start);
			*last = a->offset + (to - a->start) - 1;
			file = a->file;
			file_get(file);
		}
	}
	rwmutex_read_unlock(&as->lock);
	return file;
}

long sys_msync(ulong addr, size_t len, int flags)
{
	bool hole = false;
	int err = range_check(addr, &len);
	vaddr_t end = addr + len;

	if (flags & ~(MS_ASYNC | MS_INVALIDATE | MS_SYNC) ||
	    (flags & MS_ASYNC && flags & MS_SYNC) || err == -EINVAL)
		return -EINVAL;
	if (err < 0)
		return err;
	for (vaddr_t at = addr; at < end && err == 0;) {
		u64 first = 0, last = 0;
		struct file *file = sync_target(current->as, &at, end, &first, &last, &hole);

		if (!file)
			continue;
		if (flags & MS_SYNC) {
			err = mapping_writeback(&file->inode->mapping, first, last, true);
			if (err == 0 && file->ops->fsync)
				err = file->ops->fsync(file, true);
		}
		file_put(file);
	}
	return err < 0 ? err : hole ? -ENOMEM : 0;
}
