/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * User address spaces: an ordered tree of areas over a page table.
 *
 * Anonymous memory is copy-on-write by page reference count with sole-owner
 * reuse; file memory comes from the page cache of the inode.  as->lock (rank MM): writers
 * change areas, faults take it shared.  mm/.
 */
#include <arch/mmu.h>
#include <gemel/mutex.h>
#include <gemel/rbtree.h>
#include <gemel/refs.h>

struct file;
struct task;
struct trapframe;

/* area->flags */
#define AREA_READ       PROT_READ_BIT
#define AREA_WRITE      PROT_WRITE_BIT
#define AREA_EXEC       PROT_EXEC_BIT
#define AREA_SHARED     0x100u
#define AREA_GROWSDOWN  0x200u
#define AREA_LOCKED     0x400u
#define AREA_DONTFORK   0x800u
#define AREA_DEVICE     0x1000u         /* physical memory of a device; pages have no struct page */
#define AREA_STACK      0x2000u
#define AREA_HEAP       0x4000u
#define AREA_VDSO       0x8000u         /* a page of the kernel's: gemel/vdso.h */
/* mprotect() may add write (shared file opened for writing) */
#define AREA_MAYWRITE   0x10000u
#define AREA_ACCOUNT    0x20000u        /* counts as committed memory */
#define AREA_UNCACHED   0x40000u        /* with AREA_DEVICE: registers rather than memory */
#define AREA_NORESERVE  0x80000u
#define AREA_WIPEONFORK 0x400000u
#define AREA_DONTDUMP   0x800000u
#define AREA_MAYREAD    0x100000u
#define AREA_MAYEXEC    0x200000u

/*
 * as->lock for writing to change, shared to read; bounds and mapping_link also under
 * mapping->areas_lock, so that either is enough to read them.
 */
struct area {
	struct rb_node node;
	vaddr_t start, end;             /* page aligned */
	/* Hole below start; the largest in the subtree: mm/area.c */
	vaddr_t gap, max_gap;
	uint flags;
	struct address_space *as;
	struct file *file;              /* referenced; NULL: anonymous */
	/* Page cache of file, or a shared anonymous object; or NULL */
	struct mapping *mapping;
	struct list mapping_link;       /* mapping->areas */
	u64 offset;                     /* of start in the file, bytes */
	const struct area_ops *ops;     /* NULL: page cache or anonymous */
	void *private;                  /* AREA_DEVICE: physical address of offset 0 */
};

/* For mappings that are neither: devices, shared memory.  All optional. */
struct area_ops {
	/*
	 * The page for @offset; *pg referenced.  0, -ENOMEM, -EFAULT (SIGBUS).  as->lock held
	 * shared.
	 */
	int (*fault)(struct area *a, u64 offset, struct page **pg);
	void (*open)(struct area *a);           /* fork, split */
	void (*close)(struct area *a);
};

struct address_space {
	struct arch_mmu mmu;            /* page tables: page_table_lock */
	struct refs refs;               /* tasks and others who may look at it */
	struct refs users;              /* tasks that run in it; 0: contents are gone */
	struct rwmutex lock;            /* MM: areas */
	struct rb_root areas;
	struct area *last_hit;          /* hint */
	struct spinlock page_table_lock; /* PGTABLE: leaf entries, rss */
	/* as->lock */
	vaddr_t brk_start, brk;
	vaddr_t stack_top, arg_start, arg_end, env_start, env_end;
	vaddr_t mmap_base, vdso;
	u64 total_pages, peak_pages, locked_pages, data_pages, stack_pages;
	uint area_count;
	uint lock_future;               /* mlockall(MCL_FUTURE): AREA_LOCKED for new areas */
	bool oom_victim;                /* atomic */
	struct file *exe;               /* /proc/PID/exe; referenced */
	u8 auxv[512];
	size_t auxv_len;
	/* page_table_lock to change. */
	u64 rss_anon, rss_file, rss_max;
	/* Atomic. */
	u64 cpu_mask;                   /* CPUs where it is active: arch TLB code */
};

/* An empty one, one user.  0, -ENOMEM. */
int __must_check as_create(struct address_space **out);
/* fork(): a copy-on-write copy of @as.  0, -ENOMEM. */
int __must_check as_fork(struct address_space *as, struct address_space **out);
void as_get(struct address_space *as);          /* refs */
void as_put(struct address_space *as);
void as_use(struct address_space *as);          /* users, for CLONE_VM */
void as_unuse(struct address_space *as);        /* last: unmaps everything, drops exe, a ref */
/*
 * Make @as the running space of current (exec); takes over the caller's user count; drops the
 * old.
 */
void as_switch_to(struct address_space *as);

/*
 * mmap(2) in kernel terms.  @flags: MAP_* of uapi/mman.h; @file may be NULL.  Returns the
 * address or -errno.  Takes as->lock.
 */
long as_mmap(struct address_space *as, vaddr_t addr, size_t len, uint prot, uint flags,
	     struct file *file, u64 offset);
int as_munmap(struct address_space *as, vaddr_t addr, size_t len);
int as_mprotect(struct address_space *as, vaddr_t addr, size_t len, uint prot);
long as_brk(struct address_space *as, vaddr_t brk);
/* Device memory (fb): physical range. */
long as_map_device(struct address_space *as, vaddr_t hint, paddr_t pa, size_t len, uint prot);
/*
 * A page of the kernel, shared by all programs: mapped for reading, and @exec, at @hint or above
 * everything.  The address, or -ENOMEM.
 */
long as_map_kernel_page(struct address_space *as, vaddr_t hint, void *page, bool exec);
/* exec: the stack area below @top of at most RLIMIT_STACK, growing.  0, -ENOMEM. */
int __must_check as_map_stack(struct address_space *as, vaddr_t top, size_t initial, bool exec);

/* The area that contains @va, or NULL; as->lock held. */
struct area *as_find(struct address_space *as, vaddr_t va);

/* Resolve a fault; called by page_fault().  0: retry the access; -EFAULT: SIGSEGV, *code SEGV_*;
 * -EIO: SIGBUS; -ENOMEM: the OOM killer took it up.  May sleep. */
int as_fault(struct address_space *as, vaddr_t va, uint access, int *code);

/*
 * Access memory of any space (ptrace, /proc/PID/mem, cmdline): faults pages in.  Bytes moved.
 */
/* What of @a is there, in pages; @share: each page divided by how often it is mapped, in bytes. */
struct area_usage {
	u64 present, anon, private_anon, private_file, share_bytes;
};
/* Adds to *u.  as->lock held. */
void as_area_usage(struct address_space *as, const struct area *a, struct area_usage *u);
size_t as_read(struct address_space *as, vaddr_t va, void *buf, size_t n);
size_t as_write(struct address_space *as, vaddr_t va, const void *buf, size_t n);
/* 0, or what its fault says: -EFAULT, -ENOMEM, -EIO of a file. */
int as_write_all(struct address_space *as, vaddr_t va, const void *buf, size_t n);

/* Remove [first, last] pages of a file's mapping from every space (truncate, invalidate). */
struct mapping;
void mapping_unmap_range(struct mapping *m, u64 first, u64 last);

/* The worst process gets SIGKILL, unless one is dying already; waits a moment.  May sleep.  False:
 * there is none. */
bool oom_kill(void);
/* OOM badness of a process: 0 .. 1000 of all memory, adjustment included. */
struct process;
int oom_badness(struct process *p);

/* /proc/sys/vm: 0 heuristic, 1 always, 2 never more than swap + ratio % of RAM. */
extern uint overcommit_mode, overcommit_ratio;
