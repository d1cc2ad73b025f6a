/* SPDX-License-Identifier: MIT */
/*
 * Descriptor tables.
 *
 * A table starts with 64 slots inside its own struct; a larger one is a single allocation of
 * slots and two bit maps (used, close-on-exec), doubled as needed and never shrunk.  The
 * hint keeps the search for the lowest free number short.
 *
 * States of a slot.  Free; reserved (bit set, no file: fd_reserve); open (fd_fill).
 *
 * Locking.  See fdtable.h: the owner of an unshared table reads it without the lock.
 */
#include "fdtable.h"

#include <uapi/errno.h>

#include <gemel/bits.h>
#include <gemel/process.h>
#include <gemel/slab.h>
#include <gemel/string.h>
#include <gemel/syscalls.h>

#include "vfs.h"

#define RLIMIT_NOFILE   7
#define FDS_LIMIT       (1u << 20)

static bool fd_bit(const ulong *map, uint fd)
{
	return map[fd / BITS_PER_LONG] & BIT(fd % BITS_PER_LONG);
}

static void fd_bit_set(ulong *map, uint fd, bool on)
{
	if (on)
		map[fd / BITS_PER_LONG] |= BIT(fd % BITS_PER_LONG);
	else
		map[fd / BITS_PER_LONG] &= ~BIT(fd % BITS_PER_LONG);
}

/* ---- tables ---- */

struct files *files_create(void)
{
	struct files *fs = kzalloc(sizeof(*fs));

	if (!fs)
		return NULL;
	refs_init(&fs->refs, 1);
	spin_init(&fs->lock, LOCK_RANK_FDTABLE);
	fs->max = FDS_INLINE;
	fs->fd = fs->fd_inline;
	fs->open = &fs->open_inline;
	fs->cloexec = &fs->cloexec_inline;
	return fs;
}

struct fd_arrays {
	uint max;
	struct file **fd;
	ulong *open, *cloexec;
};

/* One allocation: slots, then the two maps. */
static bool fd_arrays_alloc(struct fd_arrays *a, uint max)
{
	size_t map = max / 8;

	a->max = max;
	a->fd = kcalloc(1, max * sizeof(struct file *) + 2 * map);
	if (!a->fd)
		return false;
	a->open = (ulong *)(a->fd + max);
	a->cloexec = a->open + max / BITS_PER_LONG;
	return true;
}

static void fd_arrays_copy(const struct fd_arrays *a, const struct files *fs)
{
	uint n = MIN(a->max, fs->max);

	memcpy(a->fd, fs->fd, n * sizeof(*a->fd));
	memcpy(a->open, fs->open, n / 8);
	memcpy(a->cloexec, fs->cloexec, n / 8);
}

/* Make room for descriptor @fd.  0, -ENOMEM.  No lock held. */
static int files_grow(struct files *fs, uint fd)
{
	struct fd_arrays a;
	struct file **old = NULL;

	if (!fd_arrays_alloc(&a, (uint)roundup_pow2(fd + 1)))
		return -ENOMEM;
	spin_lock(&fs->lock);
	if (a.max > fs->max) {
		fd_arrays_copy(&a, fs);
		if (fs->fd != fs->fd_inline)
			old = fs->fd;
		fs->fd = a.fd;
		fs->open = a.open;
		fs->cloexec = a.cloexec;
		fs->max = a.max;
	} else {
		old = a.fd;
	}
	spin_unlock(&fs->lock);
	kfree(old);
	return 0;
}

/* One more than the highest slot in use, at least 64, a multiple of it. */
static uint files_used(const struct files *fs)
{
	uint words = fs->max / BITS_PER_LONG;

	while (words > 1 && !fs->open[words - 1])
		words--;
	return words * BITS_PER_LONG;
}

/* Reserved slots are not copied. */
static void files_take_refs(struct files *fs)
{
	for (uint w = 0; w < fs->max / BITS_PER_LONG; w++) {
		for (ulong left = fs->open[w]; left; left &= left - 1) {
			uint fd = w * BITS_PER_LONG + bit_lowest(left);

			if (fs->fd[fd])
				file_get(fs->fd[fd]);
			else
				fd_bit_set(fs->open, fd, false);
		}
	}
}

int files_copy(struct files *old, struct files **out)
{
	struct files *fs = files_create();
	int err = 0;
	uint used;

	if (!fs)
		return -ENOMEM;
	spin_lock(&old->lock);
	while ((used = files_used(old)) > fs->max) {
		spin_unlock(&old->lock);
		err = files_grow(fs, used - 1);
		if (err < 0)
			goto err_free;
		spin_lock(&old->lock);
	}
	memcpy(fs->fd, old->fd, used * sizeof(*fs->fd));
	memcpy(fs->open, old->open, used / 8);
	memcpy(fs->cloexec, old->cloexec, used / 8);
	fs->hint = old->hint;
	files_take_refs(fs);
	spin_unlock(&old->lock);
	*out = fs;
	return 0;

err_free:
	kfree(fs);
	return err;
}

void files_get(struct files *fs)
{
	refs_get(&fs->refs);
}

static void files_close_slot(struct files *fs, struct file *f)
{
	if (f->inode)
		locks_remove_posix(f, fs);
	if (f->ops->flush)
		f->ops->flush(f);
	file_put(f);
}

void files_put(struct files *fs)
{
	if (!refs_put(&fs->refs))
		return;
	for (uint w = 0; w < fs->max / BITS_PER_LONG; w++) {
		for (ulong left = fs->open[w]; left; left &= left - 1) {
			struct file *f = fs->fd[w * BITS_PER_LONG + bit_lowest(left)];

			if (f)
				files_close_slot(fs, f);
		}
	}
	if (fs->fd != fs->fd_inline)
		kfree(fs->fd);
	kfree(fs);
}

int files_unshare(void)
{
	struct files *old = current->files, *fresh;
	int err;

	if (READ_ONCE(old->refs.count) == 1)
		return 0;
	err = files_copy(old, &fresh);
	if (err < 0)
		return err;
	current->files = fresh;
	files_put(old);
	return 0;
}

uint files_count(const struct files *fs)
{
	uint n = 0;

	for (uint w = 0; w < fs->max / BITS_PER_LONG; w++)
		n += bit_count(fs->open[w]);
	return n;
}

struct file *files_get_file(struct files *fs, int fd)
{
	struct file *f = NULL;

	spin_lock(&fs->lock);
	if ((uint)fd < fs->max)
		f = fs->fd[fd];
	if (f)
		file_get(f);
	spin_unlock(&fs->lock);
	return f;
}

int files_next_fd(struct files *fs, int fd)
{
	int found = -1;

	spin_lock(&fs->lock);
	for (uint i = (uint)fd; i < fs->max; i++) {
		if (fs->fd[i]) {
			found = (int)i;
			break;
		}
	}
	spin_unlock(&fs->lock);
	return found;
}

/* ---- descriptors of current ---- */

struct fd_ref fd_borrow_shared(struct files *fs, uint fd)
{
	struct file *f = files_get_file(fs, (int)fd);

	return (struct fd_ref){ f ? (ulong)f | 1 : 0 };
}

struct file *fd_get_raw(int fd)
{
	struct fd_ref r = fd_borrow_raw(fd);
	struct file *f = fd_ref_file(r);

	if (f && !(r.word & 1))
		file_get(f);
	return f;
}

struct file *fd_get(int fd)
{
	struct file *f = fd_get_raw(fd);

	if (f && (f->mode & FILE_PATH)) {
		file_put(f);
		return NULL;
	}
	return f;
}

static uint fd_limit(void)
{
	u64 limit = rlimit_get(RLIMIT_NOFILE);

	return limit < FDS_LIMIT ? (uint)limit : FDS_LIMIT;
}

/* The lowest free slot >= @min, or fs->max. */
static uint files_find_free(const struct files *fs, uint min) __must_hold(fs->lock)
{
	uint w = min / BITS_PER_LONG;
	ulong taken;

	if (min >= fs->max)
		return min;
	taken = fs->open[w] | (BIT(min % BITS_PER_LONG) - 1);
	while (taken == ~0ul) {
		if (++w >= fs->max / BITS_PER_LONG)
			return fs->max;
		taken = fs->open[w];
	}
	return w * BITS_PER_LONG + bit_lowest(~taken);
}

int fd_reserve(int min, bool cloexec)
{
	struct files *fs = current->files;
	uint fd, limit = fd_limit();
	int err;

	for (;;) {
		spin_lock(&fs->lock);
		fd = files_find_free(fs, MAX((uint)min, fs->hint));
		if (fd >= limit || fd < fs->max)
			break;
		spin_unlock(&fs->lock);
		err = files_grow(fs, fd);
		if (err < 0)
			return err;
	}
	if (fd < limit) {
		fd_bit_set(fs->open, fd, true);
		fd_bit_set(fs->cloexec, fd, cloexec);
		if ((uint)min <= fs->hint)
			fs->hint = fd + 1;
	}
	spin_unlock(&fs->lock);
	return fd < limit ? (int)fd : -EMFILE;
}

void fd_fill(int fd, struct file *f)
{
	struct files *fs = current->files;

	spin_lock(&fs->lock);
	ASSERT(!fs->fd[fd] && fd_bit(fs->open, (uint)fd));
	fs->fd[fd] = f;
	spin_unlock(&fs->lock);
}

static void files_free_slot(struct files *fs, uint fd) __must_hold(fs->lock)
{
	fs->fd[fd] = NULL;
	fd_bit_set(fs->open, fd, false);
	fd_bit_set(fs->cloexec, fd, false);
	if (fd < fs->hint)
		fs->hint = fd;
}

void fd_release(int fd)
{
	struct files *fs = current->files;

	spin_lock(&fs->lock);
	files_free_slot(fs, (uint)fd);
	spin_unlock(&fs->lock);
}

int fd_install(struct file *f, int min, bool cloexec)
{
	int fd = fd_reserve(min, cloexec);

	if (fd >= 0)
		fd_fill(fd, f);
	return fd;
}

int fd_close(int fd)
{
	struct files *fs = current->files;
	struct file *f = NULL;
	int err = 0;

	spin_lock(&fs->lock);
	if ((uint)fd < fs->max)
		f = fs->fd[fd];
	if (f)
		files_free_slot(fs, (uint)fd);
	spin_unlock(&fs->lock);
	if (!f)
		return -EBADF;
	if (f->inode)
		locks_remove_posix(f, fs);
	if (f->ops->flush)
		err = f->ops->flush(f);
	file_put(f);
	return err;
}

void files_close_on_exec(void)
{
	struct files *fs = current->files;

	for (uint w = 0; w < fs->max / BITS_PER_LONG; w++) {
		for (ulong left = fs->cloexec[w] & fs->open[w]; left; left &= left - 1)
			if (fd_close((int)(w * BITS_PER_LONG + bit_lowest(left))) < 0)
				continue;
		fs->cloexec[w] = 0;
	}
}

/* Put a new reference to @f at @fd exactly; what was there is closed. */
static int fd_replace(struct file *f, uint fd, bool cloexec)
{
	struct files *fs = current->files;
	struct file *old;
	int err = 0;

	if (fd >= fd_limit())
		return -EBADF;
	if (fd >= fs->max)
		err = files_grow(fs, fd);
	if (err < 0)
		return err;
	spin_lock(&fs->lock);
	old = fs->fd[fd];
	if (!old && fd_bit(fs->open, fd)) {
		spin_unlock(&fs->lock);
		return -EBUSY;
	}
	file_get(f);
	fs->fd[fd] = f;
	fd_bit_set(fs->open, fd, true);
	fd_bit_set(fs->cloexec, fd, cloexec);
	spin_unlock(&fs->lock);
	if (old)
		files_close_slot(fs, old);
	return (int)fd;
}

/* ---- system calls ---- */

long sys_close(int fd)
{
	int err = fd_close(fd);

	/* The descriptor is gone: a restart would close another's. */
	return err <= -ERESTARTSYS ? -EINTR : err;
}

long sys_dup(int fd)
{
	struct file *f = fd_get_raw(fd);
	int new_fd;

	if (!f)
		return -EBADF;
	new_fd = fd_install(f, 0, false);
	if (new_fd < 0)
		file_put(f);
	return new_fd;
}

static long fd_dup_to(int old_fd, int new_fd, bool cloexec)
{
	struct file *f = fd_get_raw(old_fd);
	int err;

	if (!f)
		return -EBADF;
	err = new_fd < 0 ? -EBADF : fd_replace(f, (uint)new_fd, cloexec);
	file_put(f);
	return err;
}

long sys_dup3(int old_fd, int new_fd, int flags)
{
	if ((flags & ~O_CLOEXEC) || old_fd == new_fd)
		return -EINVAL;
	return fd_dup_to(old_fd, new_fd, flags & O_CLOEXEC);
}

long fd_dup2(int old_fd, int new_fd)
{
	struct file *f;

	if (old_fd != new_fd)
		return fd_dup_to(old_fd, new_fd, false);
	f = fd_get_raw(old_fd);
	if (!f)
		return -EBADF;
	file_put(f);
	return new_fd;
}

bool fd_is_cloexec(int fd)
{
	return files_is_cloexec(current->files, fd);
}

bool files_is_cloexec(struct files *fs, int fd)
{
	bool is;

	spin_lock(&fs->lock);
	is = (uint)fd < fs->max && fd_bit(fs->cloexec, (uint)fd);
	spin_unlock(&fs->lock);
	return is;
}

void fd_set_cloexec(int fd, bool on)
{
	struct files *fs = current->files;

	spin_lock(&fs->lock);
	if ((uint)fd < fs->max && fs->fd[fd])
		fd_bit_set(fs->cloexec, (uint)fd, on);
	spin_unlock(&fs->lock);
}

long sys_close_range(uint first, uint last, uint flags)
{
	int err = 0;

	if ((flags & ~(uint)(CLOSE_RANGE_UNSHARE | CLOSE_RANGE_CLOEXEC)) || first > last)
		return -EINVAL;
	if (flags & CLOSE_RANGE_UNSHARE)
		err = files_unshare();
	if (err < 0)
		return err;
	last = MIN(last, current->files->max - 1);
	for (uint fd = first; fd <= last; fd++) {
		int at = files_next_fd(current->files, (int)fd);

		if (at < 0 || (uint)at > last)
			break;
		fd = (uint)at;
		if (flags & CLOSE_RANGE_CLOEXEC)
			fd_set_cloexec(at, true);
		else if (fd_close(at) == -EBADF)
			continue;
	}
	return 0;
}
