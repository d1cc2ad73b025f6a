/* SPDX-License-Identifier: MIT */
/*
 * openat(2): flags, the last component, creation.
 *
 * Without O_CREAT opening is a lookup and then file_open_path().  With it the walk stops
 * at the directory; what is cached is opened without the directory's lock, what is
 * missing is made under it.  A link in the last place continues the walk.
 */
#include "vfs.h"

#include <uapi/errno.h>

#include <gemel/signal.h>
#include <gemel/string.h>
#include <gemel/syscalls.h>
#include <gemel/task.h>
#include <gemel/uaccess.h>

#define OPEN_FLAGS_VALID (O_ACCMODE | O_CREAT | O_EXCL | O_NOCTTY | O_TRUNC | O_APPEND |        \
	O_NONBLOCK | O_SYNC | O_ASYNC | O_DIRECT | O_LARGEFILE | O_DIRECTORY | O_NOFOLLOW |     \
	O_NOATIME | O_CLOEXEC | O_PATH | O_TMPFILE_BIT)

int open_flags_check(int *flags, mode_t *mode)
{
	int f = *flags;

	if (f & O_PATH)
		f &= O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
	if (f & O_TMPFILE_BIT) {
		if ((f & O_TMPFILE) != O_TMPFILE || !(f & O_ACCMODE))
			return -EINVAL;
		return -EOPNOTSUPP;
	}
	if ((f & (O_CREAT | O_DIRECTORY)) == (O_CREAT | O_DIRECTORY))
		return -EINVAL;
	if (!(f & O_CREAT))
		*mode = 0;
	*mode &= S_ALLPERM;
	*flags = f;
	return 0;
}

/* A child that dir's lock does not allow to be there already.  *created tells if it was made. */
static int open_make(const struct path *dir, const struct name *n, int flags, mode_t mode,
		     bool *created, struct dentry **out)
{
	struct inode *parent = dir->dentry->inode, *ip;
	struct dentry *d;
	int err;

	*created = false;
	mutex_lock(&parent->lock);
	err = dentry_lookup_locked(dir->dentry, n, &d);
	if (err < 0)
		goto out_unlock;
	if (!d->inode) {
		err = dir_may_create(dir);
		if (err == 0)
			err = inode_make(parent, n, S_IFREG | (mode & ~current_umask()), 0,
					 NULL, &ip);
		if (err == 0) {
			dentry_instantiate(d, ip);
			*created = true;
		}
	} else if (flags & O_EXCL) {
		err = -EEXIST;
	}
	if (err == 0)
		*out = d;
	else
		dentry_put(d);
out_unlock:
	mutex_unlock(&parent->lock);
	return err;
}

/* The last component is a name that may have to be made.  *again: it was a link, walk on. */
static int open_create_step(struct walk *w, int flags, mode_t mode, bool *again,
			    struct file **out)
{
	struct name n = w->last;
	struct dentry *d = NULL;
	struct path p;
	bool created;
	int err;

	walk_pin(w);
	err = open_make(&w->pin, &n, flags, mode, &created, &d);
	if (err < 0)
		return err;
	p = (struct path){ w->pin.mount, d };
	if (created || (!S_ISLNK(d->inode->mode) && !READ_ONCE(d->is_mountpoint)))
		err = !created && inode_is_dir(d->inode) ? -EISDIR :
			file_open_path(&p, flags, created, out);
	else
		*again = true;
	dentry_put(d);
	return err;
}

/* The walk, locked, has ended at something that O_CREAT does not have to make. */
static int open_existing(struct walk *w, int flags, struct file **out)
{
	walk_pin(w);
	if (inode_is_dir(w->pin.dentry->inode))
		return -EISDIR;
	return file_open_path(&w->pin, flags, false, out);
}

static int open_create(struct walk *w, int flags, mode_t mode, struct file **out)
{
	bool again, followed;
	int err;

	for (;;) {
		err = walk_parents(w);
		if (err < 0)
			return err;
		if (w->last_type == LAST_ROOT && w->nlinks) {
			/* A magic link led here. */
			return open_existing(w, flags, out);
		}
		if (w->last_type != LAST_NORMAL || w->need_dir)
			return -EISDIR;
		again = false;
		err = open_create_step(w, flags, mode, &again, out);
		if (err < 0 || !again)
			return err;
		walk_lock(w);
		err = walk_step(w, &w->last, !(flags & O_NOFOLLOW), &followed);
		if (err < 0)
			return err;
		if (!followed)
			return open_existing(w, flags, out);
	}
}

static int open_walk(struct walk *w, int dirfd, const char *name, int flags, mode_t mode,
		     struct file **out)
{
	uint lookup = flags & O_NOFOLLOW ? 0 : LOOKUP_FOLLOW;
	int err;

	if (flags & O_DIRECTORY)
		lookup |= LOOKUP_DIRECTORY;
	err = walk_begin(w, dirfd, name, lookup);
	if (err < 0)
		return err;
	if (flags & O_CREAT)
		return open_create(w, flags, mode, out);
	err = walk_to_end(w);
	if (err < 0)
		return err;
	walk_pin(w);
	return file_open_path(&w->pin, flags, false, out);
}

static int open_resolved(int dirfd, const char *name, int flags, mode_t mode, uint resolve,
			 struct file **out)
{
	struct walk w;
	int err;

	w.resolve = resolve;
	err = open_walk(&w, dirfd, name, flags, mode, out);
	walk_end(&w);
	return err;
}

int file_open(int dirfd, const char *path, int flags, mode_t mode, struct file **out)
{
	return open_resolved(dirfd, path, flags, mode, 0, out);
}

static long open_user(int dirfd, const char __user *upath, int flags, mode_t mode, uint resolve)
{
	struct user_path up;
	struct file *f;
	int err, fd;

	flags |= flags & O_PATH ? 0 : O_LARGEFILE;
	err = open_flags_check(&flags, &mode);
	if (err < 0)
		return err;
	err = user_path_get(&up, upath);
	if (err < 0)
		return err;
	fd = fd_reserve(0, flags & O_CLOEXEC);
	if (fd < 0) {
		err = fd;
		goto out_put_path;
	}
	err = open_resolved(dirfd, up.name, flags, mode, resolve, &f);
	if (err < 0) {
		fd_release(fd);
	} else {
		fd_fill(fd, f);
		err = fd;
	}
out_put_path:
	user_path_put(&up);
	return restart_if_interrupted(err);
}

long sys_openat(int dirfd, const char __user *path, int flags, mode_t mode)
{
	return open_user(dirfd, path, flags & OPEN_FLAGS_VALID, mode, 0);
}

long sys_openat2(int dirfd, const char __user *path, const struct uapi_open_how __user *how,
		 size_t size)
{
	struct uapi_open_how h;

	if (size < sizeof(h))
		return -EINVAL;
	if (size > sizeof(h))
		return -E2BIG;
	if (user_read(&h, how) < 0)
		return -EFAULT;
	if ((h.flags & ~(u64)(uint)OPEN_FLAGS_VALID) || (h.mode & ~(u64)S_ALLPERM) ||
	    (h.mode && !(h.flags & (O_CREAT | O_TMPFILE_BIT))))
		return -EINVAL;
	if ((h.flags & O_PATH) && (h.flags & ~(u64)(O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)))
		return -EINVAL;
	if (h.resolve & ~0x3full || (h.resolve & (RESOLVE_BENEATH | RESOLVE_IN_ROOT)) ==
	    (RESOLVE_BENEATH | RESOLVE_IN_ROOT))
		return -EINVAL;
	if (h.resolve & RESOLVE_CACHED)
		return -EAGAIN;
	return open_user(dirfd, path, (int)h.flags, (mode_t)h.mode, (uint)h.resolve);
}
