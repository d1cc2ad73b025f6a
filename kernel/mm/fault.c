/* SPDX-License-Identifier: MIT */
/*
 * Page faults.
 *
 * as_fault() looks the area up under as->lock (shared) and does one of:
 *
 *	anonymous, nothing there	a zeroed page
 *	file, page cached		map it, and its cached neighbours
 *	file, not cached		drop as->lock, read, start over
 *	write to a private page		the only owner of an anonymous page takes
 *					it as it is; otherwise a copy
 *	write to a shared file page	drop as->lock, let the file system prepare
 *					and mark it dirty, start over
 *
 * Whatever may sleep for the file system runs without as->lock, because
 * file-system locks rank below it; struct fault keeps a reference to the page
 * that was read, so that starting over makes progress.
 *
 * Locking.  Leaf entries change under as->page_table_lock only.  A fault that
 * allocates does it before taking that lock and looks again afterwards.
 *
 * Truncation.  The page cache clears pg->mapping before its last pass over
 * the page tables.  The fault checks pg->mapping under the page-table lock: it sees NULL,
 * or the pass comes later and removes what the fault installed.
 */
#include <arch/trap.h>
#include <arch/uaccess.h>

#include <uapi/errno.h>
#include <uapi/mman.h>
#include <uapi/signal.h>

#include <gemel/assert.h>
#include <gemel/fs.h>
#include <gemel/signal.h>
#include <gemel/string.h>
#include <gemel/trace.h>
#include <gemel/vmalloc.h>

#include "mm.h"

#define AROUND_PAGES 16u

/* Between the halves of a fault; positive, so never an errno. */
#define FAULT_READ_PAGE 1       /* read f->index of f->mapping, then again */
#define FAULT_MAKE_DIRTY 2      /* make f->pg writable, then again */

struct fault {
	struct address_space *as;
	vaddr_t va;             /* page aligned */
	uint access;
	int code;
	struct area *area;      /* valid under as->lock */
	struct page *pg;        /* referenced: what the slow half found, or NULL */
	struct file *file;      /* referenced over the slow half */
	struct mapping *mapping;
	u64 index;
	bool is_major;
};

static void fault_drop_page(struct fault *f)
{
	if (f->pg)
		page_put(f->pg);
	f->pg = NULL;
}

static void page_mapped(struct page *pg)
{
	if (__atomic_fetch_add(&pg->mapcount, 1, __ATOMIC_RELAXED) == 0)
		page_count_add(PAGE_COUNT_MAPPED, 1);
	if (!(READ_ONCE(pg->flags) & PAGE_REFERENCED))
		page_set_flags(pg, PAGE_REFERENCED);
}

/* Instructions in @pg become visible to instruction fetch, once. */
static void page_sync_code(const struct area *a, struct page *pg)
{
	if (!(a->flags & AREA_EXEC) || READ_ONCE(pg->flags) & PAGE_CODE)
		return;
	arch_mmu_cache_code(page_address(pg), PAGE_SIZE);
	page_set_flags(pg, PAGE_CODE);
}

static void rss_note_max(struct address_space *as)
{
	u64 rss = as->rss_anon + as->rss_file;

	if (rss > as->rss_max)
		as->rss_max = rss;
}

/* ---- anonymous pages ---- */

/* Install the fresh private @pg, whose one reference becomes the entry's.  0, -ENOMEM, -EEXIST. */
static int anon_install(struct fault *f, struct page *pg)
{
	struct address_space *as = f->as;
	uint prot = area_pte_prot(f->area, true);
	int err;

	pg->flags = PAGE_ANON;
	pg->mapcount = 1;
	page_sync_code(f->area, pg);
	spin_lock(&as->page_table_lock);
	err = arch_mmu_map(&as->mmu, f->va, page_to_phys(pg), 1, prot);
	if (likely(err == 0)) {
		as->rss_anon++;
		rss_note_max(as);
	}
	spin_unlock(&as->page_table_lock);
	if (likely(err == 0)) {
		page_count_add(PAGE_COUNT_ANON, 1);
		return 0;
	}
	pg->mapcount = 0;
	page_free(pg, 0);
	return err;
}

static int fault_anon(struct fault *f)
{
	struct page *pg = page_alloc(0, ALLOC_USER | ALLOC_ZERO);
	int err;

	if (unlikely(!pg))
		return -ENOMEM;
	err = anon_install(f, pg);
	/* Another thread was first: what it put there will do, or fault again. */
	return err == -EEXIST ? 0 : err;
}

/* ---- copy on write ---- */

/* Put @copy in the place of @old, unless the entry has changed.  True: done. */
static bool cow_replace(struct fault *f, struct page *old, struct page *copy)
{
	struct address_space *as = f->as;
	paddr_t pa;
	uint prot;
	int err = -EAGAIN;

	spin_lock(&as->page_table_lock);
	if (arch_mmu_query(&as->mmu, f->va, &pa, &prot) && phys_to_page(pa) == old) {
		/* No CPU may see the old page after another has seen the new one. */
		arch_mmu_unmap(&as->mmu, f->va, 1);
		arch_tlb_flush(&as->mmu, f->va, 1);
		err = arch_mmu_map(&as->mmu, f->va, page_to_phys(copy), 1,
				   area_pte_prot(f->area, true));
		ASSERT(err == 0);
		if (!(old->flags & PAGE_ANON)) {
			as->rss_file--;
			as->rss_anon++;
		}
	}
	spin_unlock(&as->page_table_lock);
	return err == 0;
}

/* Copy @old (referenced for us) and map the copy. */
static int fault_cow_copy(struct fault *f, struct page *old)
{
	struct page *copy = page_alloc(0, ALLOC_USER);
	bool was_anon = old->flags & PAGE_ANON;

	if (!copy)
		return -ENOMEM;
	memcpy(page_address(copy), page_address(old), PAGE_SIZE);
	copy->flags = PAGE_ANON;
	copy->mapcount = 1;
	page_sync_code(f->area, copy);
	if (!cow_replace(f, old, copy)) {
		copy->mapcount = 0;
		page_free(copy, 0);
		return 0;
	}
	if (!was_anon)
		page_count_add(PAGE_COUNT_ANON, 1);
	if (__atomic_sub_fetch(&old->mapcount, 1, __ATOMIC_RELAXED) == 0 && !was_anon)
		page_count_add(PAGE_COUNT_MAPPED, -1);
	/* The entry's reference; the caller has its own. */
	page_put(old);
	return 0;
}

/* May a shared page be made writable at once: nobody has to write it back, or it is dirty. */
static bool shared_is_writable(const struct fault *f, const struct page *pg)
{
	return f->area->mapping->no_reclaim || READ_ONCE(pg->flags) & PAGE_DIRTY;
}

/* A write to the page that is mapped, read-only, at f->va; page-table lock held, dropped. */
static int fault_write_present(struct fault *f, struct page *pg, uint prot) __no_lock_analysis;
static int fault_write_present(struct fault *f, struct page *pg, uint prot)
{
	struct address_space *as = f->as;
	struct area *a = f->area;
	bool reuse;
	int err;

	if (a->flags & AREA_SHARED) {
		reuse = !a->mapping || shared_is_writable(f, pg);
	} else {
		/* Only this entry refers to it. */
		reuse = pg->flags & PAGE_ANON && READ_ONCE(pg->refs.count) == 1;
	}
	if (reuse) {
		arch_mmu_protect(&as->mmu, f->va, 1, prot | PROT_WRITE_BIT);
		arch_tlb_fixup_local(&as->mmu, f->va);
		spin_unlock(&as->page_table_lock);
		return 0;
	}
	page_get(pg);
	spin_unlock(&as->page_table_lock);
	if (a->flags & AREA_SHARED) {
		fault_drop_page(f);
		f->pg = pg;
		return FAULT_MAKE_DIRTY;
	}
	err = fault_cow_copy(f, pg);
	page_put(pg);
	return err;
}

/* Something is mapped at f->va: a write to a read-only page, or nothing to do. */
static int fault_present(struct fault *f) __no_lock_analysis;
static int fault_present(struct fault *f)
{
	struct address_space *as = f->as;
	struct area *a = f->area;
	paddr_t pa;
	uint prot, want = area_pte_prot(a, false);

	spin_lock(&as->page_table_lock);
	if (!arch_mmu_query(&as->mmu, f->va, &pa, &prot)) {
		spin_unlock(&as->page_table_lock);
		return 0;
	}
	if (a->flags & AREA_DEVICE) {
		spin_unlock(&as->page_table_lock);
		return 0;
	}
	if (f->access & FAULT_WRITE && !(prot & PROT_WRITE_BIT))
		return fault_write_present(f, phys_to_page(pa), want);
	/* Another CPU has done it since, or the area has gained rights. */
	if ((prot & want) != want)
		arch_mmu_protect(&as->mmu, f->va, 1, prot | want);
	arch_tlb_fixup_local(&as->mmu, f->va);
	spin_unlock(&as->page_table_lock);
	return 0;
}

/* ---- file pages ---- */

/* Pages that the mapping of @a has: beyond is SIGBUS. */
static u64 area_file_pages(const struct area *a)
{
	const struct inode *ip = a->mapping->inode;

	if (ip)
		return DIV_ROUND_UP(READ_ONCE(ip->size), PAGE_SIZE);
	return a->file ? ~0ull : shm_pages(a);
}

/*
 * Map @pg at @va; the page-table lock is held.  On success the caller's reference is the
 * entry's.
 */
static int file_install_locked(struct fault *f, vaddr_t va, struct page *pg, bool writable)
{
	struct address_space *as = f->as;
	int err;

	if (READ_ONCE(pg->mapping) != f->area->mapping)
		return -EAGAIN;
	err = arch_mmu_map(&as->mmu, va, page_to_phys(pg), 1, area_pte_prot(f->area, writable));
	if (err < 0)
		return err;
	as->rss_file++;
	page_mapped(pg);
	return 0;
}

/* Cached pages of the aligned window around f->va that lie in the area, referenced. */
static uint around_find(struct fault *f, u64 *first, struct page **pages)
{
	const struct area *a = f->area;
	vaddr_t start = ALIGN_DOWN(f->va, AROUND_PAGES * PAGE_SIZE);
	vaddr_t end = MIN(start + AROUND_PAGES * PAGE_SIZE, a->end);
	u64 npages = area_file_pages(a);

	start = MAX(start, a->start);
	*first = area_index(a, start);
	if (*first >= npages)
		return 0;
	return mapping_find_range(a->mapping, *first,
				  (uint)MIN((end - start) >> PAGE_SHIFT, npages - *first), pages);
}

/* Map what is cached around the page that faulted; failures do not matter. */
static void fault_around(struct fault *f)
{
	struct page *pages[AROUND_PAGES];
	struct area *a = f->area;
	u64 first;
	uint n = around_find(f, &first, pages);
	vaddr_t va = a->start + ((first - (a->offset >> PAGE_SHIFT)) << PAGE_SHIFT);

	spin_lock(&f->as->page_table_lock);
	for (uint i = 0; i < n; i++) {
		if (!pages[i] || (a->flags & AREA_EXEC && !(pages[i]->flags & PAGE_CODE)))
			continue;
		if (file_install_locked(f, va + i * PAGE_SIZE, pages[i], false) == 0)
			pages[i] = NULL;
	}
	rss_note_max(f->as);
	spin_unlock(&f->as->page_table_lock);
	for (uint i = 0; i < n; i++)
		if (pages[i])
			page_put(pages[i]);
}

/* The cached page for the fault, referenced, up to date; NULL: not there. */
static struct page *fault_find_page(struct fault *f)
{
	struct page *pg = f->pg;

	if (pg && READ_ONCE(pg->mapping) == f->area->mapping && pg->index == f->index) {
		f->pg = NULL;
		return pg;
	}
	pg = mapping_find(f->area->mapping, f->index);
	if (pg && !(READ_ONCE(pg->flags) & PAGE_UPTODATE)) {
		page_put(pg);
		pg = NULL;
	}
	return pg;
}

/* The first write to a page of a private file mapping: the copy at once. */
static int fault_file_private_write(struct fault *f, struct page *pg)
{
	struct page *copy = page_alloc(0, ALLOC_USER);
	int err;

	if (!copy)
		return -ENOMEM;
	memcpy(page_address(copy), page_address(pg), PAGE_SIZE);
	err = anon_install(f, copy);
	return err == -EEXIST ? 0 : err;
}

static int fault_file_map(struct fault *f, struct page *pg)
{
	struct area *a = f->area;
	bool is_write = f->access & FAULT_WRITE, writable;
	int err;

	if (is_write && !(a->flags & AREA_SHARED)) {
		err = fault_file_private_write(f, pg);
		page_put(pg);
		return err;
	}
	page_sync_code(a, pg);
	spin_lock(&f->as->page_table_lock);
	/* Under the lock, for the sake of writeback.c's second step. */
	writable = a->flags & AREA_SHARED && shared_is_writable(f, pg);
	if (is_write && !writable) {
		spin_unlock(&f->as->page_table_lock);
		f->pg = pg;
		return FAULT_MAKE_DIRTY;
	}
	err = file_install_locked(f, f->va, pg, writable);
	spin_unlock(&f->as->page_table_lock);
	if (err < 0)
		page_put(pg);
	else if (!is_write)
		fault_around(f);
	/* Someone else mapped it, or it left the file just now: look again. */
	return err == -EEXIST || err == -EAGAIN ? 0 : err;
}

static int fault_file(struct fault *f)
{
	struct area *a = f->area;
	struct page *pg;

	f->index = area_index(a, f->va);
	if (f->index >= area_file_pages(a))
		return -EIO;
	pg = fault_find_page(f);
	if (pg)
		return fault_file_map(f, pg);
	f->mapping = a->mapping;
	if (a->file) {
		file_get(a->file);
		f->file = a->file;
		return FAULT_READ_PAGE;
	}
	/* Shared anonymous memory needs no I/O and lives as long as the area. */
	if (mapping_get(a->mapping, f->index, &pg) < 0)
		return -ENOMEM;
	return fault_file_map(f, pg);
}

/* ---- devices ---- */

static int fault_device(struct fault *f)
{
	struct area *a = f->area;
	struct address_space *as = f->as;
	paddr_t pa = (paddr_t)(ulong)a->private + a->offset + (f->va - a->start);
	uint prot = area_pte_prot(a, true) | (a->flags & AREA_UNCACHED ? PROT_DEVICE_BIT : 0);
	int err;

	spin_lock(&as->page_table_lock);
	err = arch_mmu_map(&as->mmu, f->va, pa, 1, prot);
	spin_unlock(&as->page_table_lock);
	return err == -EEXIST ? 0 : err;
}

static int fault_ops(struct fault *f)
{
	struct area *a = f->area;
	struct address_space *as = f->as;
	struct page *pg;
	int err = a->ops->fault(a, a->offset + (f->va - a->start), &pg);

	if (err < 0)
		return err == -EFAULT ? -EIO : err;
	page_sync_code(a, pg);
	spin_lock(&as->page_table_lock);
	err = arch_mmu_map(&as->mmu, f->va, page_to_phys(pg), 1, area_pte_prot(a, true));
	if (err == 0) {
		as->rss_file++;
		page_mapped(pg);
	}
	spin_unlock(&as->page_table_lock);
	if (err < 0)
		page_put(pg);
	return err == -EEXIST ? 0 : err;
}

/* ---- the two halves ---- */

static bool area_allows(const struct area *a, uint access)
{
	if (access & FAULT_WRITE)
		return a->flags & AREA_WRITE;
	if (access & FAULT_EXEC)
		return a->flags & AREA_EXEC;
	return a->flags & (AREA_READ | AREA_WRITE | AREA_EXEC);
}

static int fault_absent(struct fault *f)
{
	const struct area *a = f->area;

	if (likely(!a->mapping && !(a->flags & AREA_DEVICE) && !(a->ops && a->ops->fault)))
		return fault_anon(f);
	if (a->flags & AREA_DEVICE)
		return fault_device(f);
	if (a->ops && a->ops->fault)
		return fault_ops(f);
	return fault_file(f);
}

/* as->lock held shared.  0, FAULT_*, or an errno. */
static int fault_in_area(struct fault *f)
{
	struct area *a = as_find(f->as, f->va);
	int err;

	if (unlikely(!a)) {
		f->code = SEGV_MAPERR;
		return -EFAULT;
	}
	if (unlikely(!area_allows(a, f->access))) {
		f->code = SEGV_ACCERR;
		return -EFAULT;
	}
	f->area = a;
	if (f->access & FAULT_PRESENT)
		return fault_present(f);
	err = fault_absent(f);
	return err;
}

static int fault_read_page(struct fault *f)
{
	int err;

	fault_drop_page(f);
	f->is_major = true;
	err = mapping_get(f->mapping, f->index, &f->pg);
	file_put(f->file);
	f->file = NULL;
	return err;
}

/* Let the file system know that f->pg will be written to; it is dirty afterwards. */
static int fault_make_dirty(struct fault *f)
{
	struct page *pg = f->pg;
	struct mapping *m;
	int err = 0;

	page_lock(pg);
	m = pg->mapping;
	/* It left the file meanwhile: the fault starts over and finds out. */
	if (m) {
		page_wait_writeback(pg);
		if (m->ops && m->ops->prepare_write)
			err = m->ops->prepare_write(m, pg, 0, PAGE_SIZE);
		if (err == 0)
			page_set_dirty(pg);
	}
	page_unlock(pg);
	if (!m)
		fault_drop_page(f);
	return err == -ENOMEM ? err : err < 0 ? -EIO : 0;
}

static int fault_slow(struct fault *f, int what)
{
	return what == FAULT_READ_PAGE ? fault_read_page(f) : fault_make_dirty(f);
}

static bool is_stack_growth(struct address_space *as, vaddr_t va)
{
	const struct area *a = area_find_from(as, va);

	return a && a->start > va && a->flags & AREA_GROWSDOWN;
}

/* Try to make the stack reach down to f->va.  True: it does now. */
static bool fault_grow_stack(struct fault *f)
{
	bool done;

	rwmutex_write_lock(&f->as->lock);
	done = as_grow_stack(f->as, f->va);
	rwmutex_write_unlock(&f->as->lock);
	return done;
}

static int fault_resolve(struct fault *f)
{
	for (;;) {
		bool grow = false;
		int err;

		rwmutex_read_lock(&f->as->lock);
		err = fault_in_area(f);
		if (unlikely(err == -EFAULT && f->code == SEGV_MAPERR))
			grow = is_stack_growth(f->as, f->va);
		rwmutex_read_unlock(&f->as->lock);
		if (likely(err == 0))
			return 0;
		if (grow && fault_grow_stack(f))
			continue;
		if (err < 0)
			return err;
		err = fault_slow(f, err);
		if (err < 0)
			return err;
		if (signal_is_fatal_pending(current))
			return -EINTR;
	}
}

int as_fault(struct address_space *as, vaddr_t va, uint access, int *code)
{
	struct fault f = { .as = as, .va = ALIGN_DOWN(va, PAGE_SIZE), .access = access };
	int err = fault_resolve(&f);

	if (f.file)
		file_put(f.file);
	fault_drop_page(&f);
	if (likely(!f.is_major))
		current->min_faults++;
	else
		current->maj_faults++;
	*code = f.code;
	return err;
}

/* ---- the upward call ---- */

/* A fault in the kernel that is no access to user memory that may fault. */
static void fault_fixup(struct trapframe *tf, ulong addr)
{
	if (arch_uaccess_fixup(tf))
		return;
	if (vmalloc_is_guard(addr))
		kernel_exception(tf, "kernel stack overflow");
	kernel_exception(tf, addr < PAGE_SIZE ? "null pointer" : "page fault");
}

static void kernel_fault(struct trapframe *tf, ulong addr, uint access)
{
	struct address_space *as = current->as;
	int code, err;

	if (addr >= USER_END || !as || current->pagefault_disabled || !can_sleep()) {
		fault_fixup(tf, addr);
		return;
	}
	err = as_fault(as, addr, access, &code);
	if (likely(err == 0))
		return;
	if (err == -ENOMEM && !signal_is_fatal_pending(current)) {
		oom_kill();
		return;
	}
	fault_fixup(tf, addr);
}

static void user_fault_failed(struct trapframe *tf, ulong addr, int err, int code)
{
	switch (err) {
	case -EINTR:            /* killed: the exit path sees to it */
		return;
	case -ENOMEM:
		if (!signal_is_fatal_pending(current))
			oom_kill();
		return;
	case -EFAULT:
		user_exception(tf, SIGSEGV, code, addr);
		return;
	default:
		user_exception(tf, SIGBUS, BUS_ADRERR, addr);
	}
}

void page_fault(struct trapframe *tf, ulong addr, uint access)
{
	int code = SEGV_MAPERR, err = -EFAULT;

	trace(TRACE_FAULT, addr, access);
	if (unlikely(!(access & FAULT_USER))) {
		kernel_fault(tf, addr, access);
		return;
	}
	if (likely(addr < USER_END))
		err = as_fault(current->as, addr, access, &code);
	if (unlikely(err < 0))
		user_fault_failed(tf, addr, err, code);
}

/* ---- by hand ---- */

/* Make the page at @va present for @access: a fault without an access. */
static int fault_soft(struct address_space *as, vaddr_t va, uint access)
{
	paddr_t pa;
	uint prot;
	int code;

	for (uint try = 0; try < 100; try++) {
		bool present, enough;
		int err;

		spin_lock(&as->page_table_lock);
		present = arch_mmu_query(&as->mmu, va, &pa, &prot);
		enough = present && (prot & PROT_READ_BIT) &&
			 (!(access & FAULT_WRITE) || prot & PROT_WRITE_BIT);
		spin_unlock(&as->page_table_lock);
		if (enough)
			return 0;
		err = as_fault(as, va, access | (present ? FAULT_PRESENT : 0), &code);
		if (err < 0)
			return err;
	}
	return -EFAULT;
}

int as_populate(struct address_space *as, vaddr_t start, vaddr_t end, bool locked_only)
{
	for (vaddr_t va = start; va < end; va += PAGE_SIZE) {
		const struct area *a;
		uint access = FAULT_READ;
		int err;

		rwmutex_read_lock(&as->lock);
		a = as_find(as, va);
		/* Private memory is written to sooner or later; shared file pages stay clean. */
		if (a && (a->flags & (AREA_WRITE | AREA_SHARED)) == AREA_WRITE)
			access = FAULT_WRITE;
		if (a && (locked_only && !(a->flags & AREA_LOCKED)))
			a = NULL;
		if (a && !(a->flags & (AREA_READ | AREA_WRITE | AREA_EXEC)))
			a = NULL;
		rwmutex_read_unlock(&as->lock);
		if (!a)
			continue;
		err = fault_soft(as, va, access);
		if (err < 0)
			return err;
		if (signal_is_fatal_pending(current))
			return -EINTR;
	}
	return 0;
}

int as_populate_all(struct address_space *as)
{
	vaddr_t at = 0;

	for (;;) {
		const struct area *a;
		vaddr_t start, end;
		int err;

		rwmutex_read_lock(&as->lock);
		a = area_find_from(as, at);
		start = a ? a->start : 0;
		end = a ? a->end : 0;
		rwmutex_read_unlock(&as->lock);
		if (!a)
			return 0;
		err = as_populate(as, start, end, false);
		if (err == -EINTR)
			return err;
		at = end;
	}
}

/* ---- access to any space ---- */

/* The page at @va, referenced, once it is present for @access; NULL: *err says what of it. */
static struct page *as_get_page(struct address_space *as, vaddr_t va, uint access, int *err)
{
	for (uint try = 0; try < 100; try++) {
		struct page *pg = NULL;
		paddr_t pa;
		uint prot;

		*err = fault_soft(as, va, access);
		if (*err < 0)
			return NULL;
		rwmutex_read_lock(&as->lock);
		spin_lock(&as->page_table_lock);
		if (arch_mmu_query(&as->mmu, va, &pa, &prot) &&
		    (!(access & FAULT_WRITE) || prot & PROT_WRITE_BIT) &&
		    pfn_is_ram(pa >> PAGE_SHIFT)) {
			pg = phys_to_page(pa);
			page_get(pg);
		}
		spin_unlock(&as->page_table_lock);
		rwmutex_read_unlock(&as->lock);
		if (pg)
			return pg;
	}
	*err = -EFAULT;
	return NULL;
}

/* Bytes done; fewer than @n: *err says why. */
static size_t as_access(struct address_space *as, vaddr_t va, void *buf, size_t n, uint access,
			int *err)
{
	size_t done = 0;

	*err = -EFAULT;

	while (done < n && va + done < USER_END) {
		size_t offset = (va + done) & (PAGE_SIZE - 1);
		size_t here = MIN(n - done, PAGE_SIZE - offset);
		struct page *pg = as_get_page(as, ALIGN_DOWN(va + done, PAGE_SIZE), access,
					      err);
		char *at;

		if (!pg)
			break;
		at = (char *)page_address(pg) + offset;
		if (access & FAULT_WRITE) {
			memcpy(at, (char *)buf + done, here);
			arch_mmu_cache_code(at, here);
		} else {
			memcpy((char *)buf + done, at, here);
		}
		page_put(pg);
		done += here;
	}
	return done;
}

size_t as_read(struct address_space *as, vaddr_t va, void *buf, size_t n)
{
	int err;

	return as_access(as, va, buf, n, FAULT_READ, &err);
}

size_t as_write(struct address_space *as, vaddr_t va, const void *buf, size_t n)
{
	int err;

	return as_access(as, va, (void *)(ulong)buf, n, FAULT_WRITE, &err);
}

int as_write_all(struct address_space *as, vaddr_t va, const void *buf, size_t n)
{
	int err;

	return as_access(as, va, (void *)(ulong)buf, n, FAULT_WRITE, &err) == n ? 0 : err;
}
