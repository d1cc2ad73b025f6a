/* SPDX-License-Identifier: MIT */
/*
 * Advisory locks: flock(2), POSIX record locks, open-file-description locks.
 *
 * All are struct file_lock on inode->locks.  What differs is the owner: the open
 * description (flock, OFD) or the descriptor table (POSIX), and that a flock covers the
 * whole file and does not meet the others.  Locks of one owner and kind never overlap:
 * setting a range splits, shrinks or replaces what the owner had there.
 *
 * Locking.  filelock_lock covers the lists.  Sleepers wait on filelock_wait, woken by
 * every release: waiting for a file lock is rare, contention on the queue rarer.
 *
 * Limits.  Dead-lock detection follows the chain of POSIX owners, at most 16 long.
 */
#include "vfs.h"

#include <uapi/errno.h>

#include <gemel/process.h>
#include <gemel/signal.h>
#include <gemel/slab.h>
#include <gemel/syscalls.h>
#include <gemel/task.h>
#include <gemel/uaccess.h>

#include "fdtable.h"

#define LOCK_END (~0ull >> 1)           /* the end of every file: the largest s64 */

enum lock_kind { LOCK_FLOCK, LOCK_POSIX, LOCK_OFD };

struct file_lock {
	struct list link;
	enum lock_kind kind;
	bool is_write;
	pid_t pid;
	const void *owner;
	u64 start, end;                 /* inclusive */
};

static struct spinlock filelock_lock = SPINLOCK_INIT(FILELOCK);
static struct wait_queue filelock_wait = WAIT_QUEUE_INIT(filelock_wait);
/* Who waits for whom, for dead-lock detection. */
static struct list lock_waiters = LIST_INIT(lock_waiters);

struct lock_waiter {
	struct list link;
	const void *owner, *blocker;
};

static bool lock_conflicts(const struct file_lock *a, const struct file_lock *b)
{
	if ((a->kind == LOCK_FLOCK) != (b->kind == LOCK_FLOCK) ||
	    (a->owner == b->owner && a->kind == b->kind))
		return false;
	return (a->is_write || b->is_write) && a->start <= b->end && b->start <= a->end;
}

static struct file_lock *lock_find_conflict(struct inode *ip, const struct file_lock *want)
	__must_hold(filelock_lock)
{
	struct file_lock *l;

	list_for_each(l, &ip->locks, link)
		if (lock_conflicts(l, want))
			return l;
	return NULL;
}

static bool lock_is_same(const struct file_lock *a, const struct file_lock *b)
{
	return a->owner == b->owner && a->kind == b->kind;
}

/* Take [want->start, want->end] away from the owner's locks.  *spare is used for a split. */
static void lock_carve(struct inode *ip, const struct file_lock *want, struct file_lock **spare)
	__must_hold(filelock_lock)
{
	struct file_lock *l, *tmp, *tail;

	list_for_each_safe(l, tmp, &ip->locks, link) {
		if (!lock_is_same(l, want) || l->end < want->start || l->start > want->end)
			continue;
		if (l->start < want->start && l->end > want->end) {
			tail = *spare;
			*spare = NULL;
			*tail = *l;
			tail->start = want->end + 1;
			l->end = want->start - 1;
			list_add(&l->link, &tail->link);
		} else if (l->start < want->start) {
			l->end = want->start - 1;
		} else if (l->end > want->end) {
			l->start = want->end + 1;
		} else {
			list_remove(&l->link);
			kfree(l);
		}
	}
}

/* Join @l with neighbours of its kind, owner and mode. */
static void lock_merge(struct inode *ip, struct file_lock *l) __must_hold(filelock_lock)
{
	struct file_lock *o, *tmp;

	list_for_each_safe(o, tmp, &ip->locks, link) {
		if (o == l || !lock_is_same(o, l) || o->is_write != l->is_write)
			continue;
		if (o->end + 1 != l->start && l->end + 1 != o->start)
			continue;
		l->start = MIN(l->start, o->start);
		l->end = MAX(l->end, o->end);
		list_remove(&o->link);
		kfree(o);
	}
}

/* Would waiting for @blocker close a circle? */
static bool lock_would_deadlock(const void *self, const void *blocker)
	__must_hold(filelock_lock)
{
	for (uint hops = 0; hops < 16; hops++) {
		struct lock_waiter *w;
		const void *next = NULL;

		list_for_each(w, &lock_waiters, link)
			if (w->owner == blocker)
				next = w->blocker;
		if (!next)
			return false;
		if (next == self)
			return true;
		blocker = next;
	}
	return false;
}

static bool lock_is_free(struct inode *ip, const struct file_lock *want)
{
	bool is_free;

	spin_lock(&filelock_lock);
	is_free = !lock_find_conflict(ip, want);
	spin_unlock(&filelock_lock);
	return is_free;
}

/* Sleep until @want may be tried again.  0, -EINTR, -EDEADLK. */
static int lock_sleep(struct inode *ip, const struct file_lock *want)
{
	struct lock_waiter w = { .link = LIST_INIT(w.link), .owner = want->owner };
	struct file_lock *blocker;
	int err = 0;

	spin_lock(&filelock_lock);
	blocker = lock_find_conflict(ip, want);
	if (blocker && want->kind == LOCK_POSIX) {
		if (lock_would_deadlock(want->owner, blocker->owner))
			err = -EDEADLK;
		w.blocker = blocker->owner;
		list_add(&lock_waiters, &w.link);
	}
	spin_unlock(&filelock_lock);
	if (err == 0)
		err = wait_event(&filelock_wait, lock_is_free(ip, want));
	spin_lock(&filelock_lock);
	list_remove(&w.link);
	spin_unlock(&filelock_lock);
	return err;
}

/* @fresh and @spare are allocated by the caller; what is used becomes NULL. */
static bool lock_try_set(struct inode *ip, const struct file_lock *want, struct file_lock **fresh,
			 struct file_lock **spare)
{
	bool ok;

	spin_lock(&filelock_lock);
	ok = !lock_find_conflict(ip, want);
	if (ok) {
		lock_carve(ip, want, spare);
		**fresh = *want;
		list_add_tail(&ip->locks, &(*fresh)->link);
		lock_merge(ip, *fresh);
		*fresh = NULL;
	}
	spin_unlock(&filelock_lock);
	if (ok)
		wake_all(&filelock_wait);       /* a write lock may have become a read lock */
	return ok;
}

static int lock_set(struct inode *ip, const struct file_lock *want, bool wait)
{
	struct file_lock *fresh = kalloc(sizeof(*fresh)), *spare = kalloc(sizeof(*spare));
	int err = fresh && spare ? 0 : -ENOLCK;

	while (err == 0 && !lock_try_set(ip, want, &fresh, &spare))
		err = wait ? lock_sleep(ip, want) : -EAGAIN;
	kfree(fresh);
	kfree(spare);
	return err;
}

static int lock_clear(struct inode *ip, const struct file_lock *range)
{
	struct file_lock *spare = kalloc(sizeof(*spare));

	if (!spare)
		return -ENOLCK;
	spin_lock(&filelock_lock);
	lock_carve(ip, range, &spare);
	spin_unlock(&filelock_lock);
	kfree(spare);
	wake_all(&filelock_wait);
	return 0;
}

/* Everything of one owner: splits nothing, so it cannot fail. */
static void lock_clear_owner(struct inode *ip, const void *owner)
{
	struct file_lock *l, *tmp;
	bool any = false;

	spin_lock(&filelock_lock);
	list_for_each_safe(l, tmp, &ip->locks, link) {
		if (l->owner != owner)
			continue;
		list_remove(&l->link);
		kfree(l);
		any = true;
	}
	spin_unlock(&filelock_lock);
	if (any)
		wake_all(&filelock_wait);
}

void locks_remove_posix(struct file *f, const void *owner)
{
	if (!list_is_empty(&f->inode->locks))
		lock_clear_owner(f->inode, owner);
}

void locks_remove_file(struct file *f)
{
	lock_clear_owner(f->inode, f);
}

/* ---- fcntl ---- */

static int flock_range(struct file *f, const struct uapi_flock *fl, struct file_lock *l)
{
	s64 base = 0, start, end;

	if (fl->whence == SEEK_CUR)
		base = (s64)f->pos;
	else if (fl->whence == SEEK_END)
		base = (s64)f->inode->size;
	else if (fl->whence != SEEK_SET)
		return -EINVAL;
	if (__builtin_add_overflow(base, fl->start, &start))
		return -EOVERFLOW;
	if (start < 0)
		return -EINVAL;
	end = (s64)LOCK_END;
	if (fl->len > 0 && __builtin_add_overflow(start, fl->len - 1, &end))
		return -EOVERFLOW;
	if (fl->len < 0) {
		end = start - 1;
		start += fl->len;
		if (start < 0)
			return -EINVAL;
	}
	l->start = (u64)start;
	l->end = (u64)end;
	return 0;
}

static int lock_from_user(struct file *f, uint cmd, const struct uapi_flock *fl,
			  struct file_lock *l)
{
	bool ofd = cmd == F_OFD_GETLK || cmd == F_OFD_SETLK || cmd == F_OFD_SETLKW;

	if (fl->type != F_RDLCK && fl->type != F_WRLCK && fl->type != F_UNLCK)
		return -EINVAL;
	if (ofd && fl->pid)
		return -EINVAL;
	*l = (struct file_lock){ .kind = ofd ? LOCK_OFD : LOCK_POSIX,
		.is_write = fl->type == F_WRLCK, .pid = ofd ? -1 : current->process->pid,
		.owner = ofd ? (const void *)f : current->files };
	list_init(&l->link);
	return flock_range(f, fl, l);
}

static void lock_to_user(const struct file_lock *l, struct uapi_flock *fl)
{
	fl->type = l->is_write ? F_WRLCK : F_RDLCK;
	fl->whence = SEEK_SET;
	fl->start = (s64)l->start;
	fl->len = l->end == LOCK_END ? 0 : (s64)(l->end - l->start + 1);
	fl->pid = l->pid;
}

static long lock_query(struct file *f, struct file_lock *want, struct uapi_flock *fl)
{
	struct file_lock *l;

	if (fl->type == F_UNLCK)
		return -EINVAL;
	spin_lock(&filelock_lock);
	l = lock_find_conflict(f->inode, want);
	if (l)
		lock_to_user(l, fl);
	else
		fl->type = F_UNLCK;
	spin_unlock(&filelock_lock);
	return 0;
}

long locks_fcntl(struct file *f, int fd, uint cmd, ulong arg)
{
	bool wait = cmd == F_SETLKW || cmd == F_OFD_SETLKW;
	struct uapi_flock fl;
	struct file_lock want;
	long err;

	if (user_read(&fl, user_ptr(struct uapi_flock, arg)) < 0)
		return -EFAULT;
	if (!f->inode)
		return -EBADF;
	err = lock_from_user(f, cmd, &fl, &want);
	if (err < 0)
		return err;
	if (cmd == F_GETLK || cmd == F_OFD_GETLK) {
		err = lock_query(f, &want, &fl);
		if (err == 0 && user_write(user_ptr(struct uapi_flock, arg), &fl) < 0)
			err = -EFAULT;
		return err;
	}
	if (fl.type == F_UNLCK)
		return lock_clear(f->inode, &want);
	if (!(f->mode & (fl.type == F_WRLCK ? FILE_WRITE : FILE_READ)))
		return -EBADF;
	err = restart_if_interrupted(lock_set(f->inode, &want, wait));
	/* Closed by another thread while this one waited: the lock would never go. */
	if (err == 0 && want.kind == LOCK_POSIX) {
		struct file *now = files_get_file(current->files, fd);

		if (now != f) {
			locks_remove_posix(f, want.owner);
			err = -EBADF;
		}
		if (now)
			file_put(now);
	}
	return err;
}

/* ---- flock ---- */

static long flock_file(struct file *f, uint op)
{
	struct file_lock want = { .kind = LOCK_FLOCK, .is_write = (op & ~(uint)LOCK_NB) == LOCK_EX,
		.pid = current->process->pid, .owner = f, .start = 0, .end = LOCK_END };

	if (!f->inode)
		return -EBADF;
	list_init(&want.link);
	switch (op & ~(uint)LOCK_NB) {
	case LOCK_UN:
		return lock_clear(f->inode, &want);
	case LOCK_SH:
	case LOCK_EX:
		return restart_if_interrupted(lock_set(f->inode, &want, !(op & LOCK_NB)));
	default:
		return -EINVAL;
	}
}

long sys_flock(int fd, uint op)
{
	struct file *f = fd_get(fd);
	long err;

	if (!f)
		return -EBADF;
	err = flock_file(f, op);
	file_put(f);
	return err;
}
