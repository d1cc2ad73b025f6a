/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Descriptor tables.
 *
 * A table belongs to one task or is shared by several (CLONE_FILES).  As long as one
 * task alone has it, only that task changes it, so its own lookups need neither
 * the lock nor a reference to the file: fd_borrow().
 *
 * Locking.  files->lock covers all members; the owner of an unshared table reads without it.
 */
#include <gemel/fs.h>
#include <gemel/task.h>

#define FDS_INLINE 64

struct files {
	struct refs refs;               /* tasks that use it, and /proc looking */
	struct spinlock lock;           /* rank FDTABLE */
	/* lock */
	uint max;                       /* slots in fd; a multiple of 64 */
	uint hint;                      /* no free slot below */
	struct file **fd;               /* NULL: free or reserved */
	ulong *open;                    /* bit set: used or reserved */
	ulong *cloexec;
	struct file *fd_inline[FDS_INLINE];
	ulong open_inline, cloexec_inline;
};

/* A file for the length of a system call: bit 0 set, a reference to drop. */
struct fd_ref {
	ulong word;
};

static inline struct file *fd_ref_file(struct fd_ref r)
{
	return (struct file *)(r.word & ~1ul);
}

/* Descriptor @fd, O_PATH files too, with a reference; NULL: not open. */
struct file *fd_get_raw(int fd);
struct fd_ref fd_borrow_shared(struct files *fs, uint fd);

static inline struct fd_ref fd_borrow_raw(int fd)
{
	struct files *fs = current->files;

	if (likely(READ_ONCE(fs->refs.count) == 1))
		return (struct fd_ref){ (uint)fd < fs->max ? (ulong)fs->fd[fd] : 0 };
	return fd_borrow_shared(fs, (uint)fd);
}

static inline void fd_return(struct fd_ref r)
{
	if (r.word & 1)
		file_put(fd_ref_file(r));
}

/* Not O_PATH files.  fd_ref_file() is NULL: -EBADF. */
static inline struct fd_ref fd_borrow(int fd)
{
	struct fd_ref r = fd_borrow_raw(fd);

	if (likely(r.word && !(fd_ref_file(r)->mode & FILE_PATH)))
		return r;
	if (r.word)
		fd_return(r);
	return (struct fd_ref){ 0 };
}

void fd_set_cloexec(int fd, bool on);
