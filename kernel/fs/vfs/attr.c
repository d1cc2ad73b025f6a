/* SPDX-License-Identifier: MIT */
/*
 * Changing attributes: mode, owner, times, size; extended attributes (none).
 *
 * Each call looks its inode up by path or by descriptor, asks the mount whether
 * it may be written to, and calls a function on the inode, which checks the
 * caller's rights against the attributes as they are and hands the new ones to
 * inode_setattr().
 */
#include "vfs.h"

#include <uapi/errno.h>
#include <uapi/resource.h>
#include <uapi/time.h>

#include <gemel/cred.h>
#include <gemel/process.h>
#include <gemel/signal.h>
#include <gemel/syscalls.h>
#include <gemel/string.h>
#include <gemel/uaccess.h>

#include "fdtable.h"

#define NO_ID (~0u)

/* A change to @ip seen through @m, made by @fn under the inode's lock. */
typedef int attr_fn(struct inode *ip, void *arg);

static int attr_change(struct mount *m, struct inode *ip, attr_fn *fn, void *arg)
{
	int err;

	if (m && mount_is_read_only(m))
		return -EROFS;
	mutex_lock(&ip->lock);
	err = fn(ip, arg);
	mutex_unlock(&ip->lock);
	return err;
}

static long attr_change_fd(struct fd_ref r, attr_fn *fn, void *arg)
{
	struct file *f = fd_ref_file(r);
	long err = -EBADF;

	if (!f)
		return -EBADF;
	if (f->inode)
		err = attr_change(f->path.mount, f->inode, fn, arg);
	fd_return(r);
	return err;
}

static long attr_change_at(int dirfd, const char __user *path, uint lookup, attr_fn *fn, void *arg)
{
	struct path p;
	long err = user_path_lookup(dirfd, path, lookup, &p);

	if (err < 0)
		return err;
	err = attr_change(p.mount, p.dentry->inode, fn, arg);
	path_put(&p);
	return err;
}

static uint lookup_flags(int at_flags)
{
	return (at_flags & AT_SYMLINK_NOFOLLOW ? 0 : LOOKUP_FOLLOW) |
		(at_flags & AT_EMPTY_PATH ? LOOKUP_EMPTY : 0);
}

/* ---- chmod ---- */

static int chmod_inode(struct inode *ip, void *arg)
{
	struct inode_attr attr = { .valid = ATTR_MODE | ATTR_CTIME, .mode = *(mode_t *)arg };

	if (S_ISLNK(ip->mode))
		return -EOPNOTSUPP;
	if (!inode_is_owner_or_capable(ip))
		return -EPERM;
	if (!cred_in_group(current_cred(), ip->gid) && !capable(CAP_FSETID))
		attr.mode &= ~(mode_t)S_ISGID;
	attr.ctime = time_stamp_now();
	return inode_setattr(ip, &attr);
}

long sys_fchmod(int fd, mode_t mode)
{
	mode &= S_ALLPERM;
	return attr_change_fd(fd_borrow(fd), chmod_inode, &mode);
}

long sys_fchmodat(int dirfd, const char __user *path, mode_t mode)
{
	mode &= S_ALLPERM;
	return attr_change_at(dirfd, path, LOOKUP_FOLLOW, chmod_inode, &mode);
}

/* ---- chown ---- */

struct owner {
	uid_t uid;
	gid_t gid;
};

static bool chown_is_allowed(const struct inode *ip, const struct owner *o)
{
	const struct cred *c = current_cred();

	if (capable(CAP_CHOWN))
		return true;
	if (o->uid != NO_ID && (c->fsuid != ip->uid || o->uid != ip->uid))
		return false;
	if (o->gid == NO_ID)
		return true;
	return c->fsuid == ip->uid && (o->gid == ip->gid || cred_in_group(c, o->gid));
}

static int chown_inode(struct inode *ip, void *arg)
{
	const struct owner *o = arg;
	struct inode_attr attr = { .valid = ATTR_CTIME };

	if (!chown_is_allowed(ip, o))
		return -EPERM;
	if (o->uid != NO_ID) {
		attr.valid |= ATTR_UID;
		attr.uid = o->uid;
	}
	if (o->gid != NO_ID) {
		attr.valid |= ATTR_GID;
		attr.gid = o->gid;
	}
	attr.mode = ip->mode;
	if (!inode_is_dir(ip)) {
		attr.mode &= ~(mode_t)S_ISUID;
		if (ip->mode & S_IXGRP)
			attr.mode &= ~(mode_t)S_ISGID;
	}
	if (attr.mode != ip->mode)
		attr.valid |= ATTR_MODE;
	attr.ctime = time_stamp_now();
	return inode_setattr(ip, &attr);
}

long sys_fchown(int fd, uid_t uid, gid_t gid)
{
	struct owner o = { uid, gid };

	return attr_change_fd(fd_borrow(fd), chown_inode, &o);
}

long sys_fchownat(int dirfd, const char __user *path, uid_t uid, gid_t gid, int flags)
{
	struct owner o = { uid, gid };

	if (flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
		return -EINVAL;
	return attr_change_at(dirfd, path, lookup_flags(flags), chown_inode, &o);
}

/* ---- times ---- */

struct times {
	bool is_now;            /* no times given */
	struct uapi_timespec t[2];
};

static int times_inode(struct inode *ip, void *arg)
{
	const struct times *t = arg;
	struct inode_attr attr = { .valid = ATTR_CTIME };
	struct timestamp now = time_stamp_now();
	bool both_now = t->is_now || (t->t[0].nsec == UTIME_NOW && t->t[1].nsec == UTIME_NOW);
	int err;

	if (!t->is_now && t->t[0].nsec == UTIME_OMIT && t->t[1].nsec == UTIME_OMIT)
		return 0;
	if (!inode_is_owner_or_capable(ip)) {
		err = both_now ? inode_permission(ip, W_OK) : -EPERM;
		if (err < 0)
			return err;
	}
	attr.ctime = attr.atime = attr.mtime = now;
	if (t->is_now || t->t[0].nsec != UTIME_OMIT)
		attr.valid |= ATTR_ATIME;
	if (t->is_now || t->t[1].nsec != UTIME_OMIT)
		attr.valid |= ATTR_MTIME;
	if (!t->is_now && t->t[0].nsec < UTIME_OMIT)
		attr.atime = (struct timestamp){ t->t[0].sec, (u32)t->t[0].nsec };
	if (!t->is_now && t->t[1].nsec < UTIME_OMIT)
		attr.mtime = (struct timestamp){ t->t[1].sec, (u32)t->t[1].nsec };
	return inode_setattr(ip, &attr);
}

static bool time_is_valid(const struct uapi_timespec *ts)
{
	return ts->nsec == UTIME_NOW || ts->nsec == UTIME_OMIT ||
		(ts->nsec >= 0 && ts->nsec < 1000000000);
}

long path_set_times(int dirfd, const char __user *path, const struct uapi_timespec *times,
		    int flags)
{
	struct times t = { .is_now = !times };

	if (times && (!time_is_valid(&times[0]) || !time_is_valid(&times[1])))
		return -EINVAL;
	if (times)
		memcpy(t.t, times, sizeof(t.t));
	if (!path) {
		if (dirfd == AT_FDCWD)
			return -EFAULT;
		return flags ? -EINVAL : attr_change_fd(fd_borrow(dirfd), times_inode, &t);
	}
	if (flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
		return -EINVAL;
	return attr_change_at(dirfd, path, lookup_flags(flags), times_inode, &t);
}

long sys_utimensat(int dirfd, const char __user *path, const struct uapi_timespec __user *utimes,
		   int flags)
{
	struct uapi_timespec times[2];

	if (utimes && copy_from_user(times, utimes, sizeof(times)) < 0)
		return -EFAULT;
	return path_set_times(dirfd, path, utimes ? times : NULL, flags);
}

/* ---- size ---- */

/* A file may not be made larger than RLIMIT_FSIZE. */
static int truncate_check(struct inode *ip, u64 size)
{
	if (size <= READ_ONCE(ip->size) || size <= rlimit_get(RLIMIT_FSIZE))
		return 0;
	signal_raise(SIGXFSZ);
	return -EFBIG;
}

static long truncate_path(const struct path *p, s64 size)
{
	struct inode *ip = p->dentry->inode;
	int err;

	if (inode_is_dir(ip))
		return -EISDIR;
	if (!S_ISREG(ip->mode))
		return -EINVAL;
	err = path_permission(p, W_OK);
	if (err == 0 && READ_ONCE(ip->write_count) < 0)
		err = -ETXTBSY;
	if (err == 0)
		err = truncate_check(ip, (u64)size);
	if (err == 0)
		err = inode_truncate(ip, (u64)size);
	return err;
}

long sys_truncate(const char __user *path, s64 size)
{
	struct path p;
	long err;

	if (size < 0)
		return -EINVAL;
	err = user_path_lookup(AT_FDCWD, path, LOOKUP_FOLLOW, &p);
	if (err < 0)
		return err;
	err = truncate_path(&p, size);
	path_put(&p);
	return err;
}

long sys_ftruncate(int fd, s64 size)
{
	struct fd_ref r = fd_borrow(fd);
	struct file *f = fd_ref_file(r);
	long err = -EINVAL;

	if (!f)
		return -EBADF;
	if (size >= 0 && f->inode && S_ISREG(f->inode->mode) && (f->mode & FILE_WRITE)) {
		err = truncate_check(f->inode, (u64)size);
		if (err == 0)
			err = inode_truncate(f->inode, (u64)size);
	}
	fd_return(r);
	return err;
}

static long fallocate_file(struct file *f, int mode, s64 off, s64 len)
{
	struct inode *ip = f->inode;
	u64 end = (u64)off + (u64)len;
	int err;

	if (!(f->mode & FILE_WRITE))
		return -EBADF;
	if (!ip || S_ISFIFO(ip->mode))
		return -ESPIPE;
	if (inode_is_dir(ip))
		return -EISDIR;
	if (!S_ISREG(ip->mode))
		return -ENODEV;
	if (end > ip->sb->max_file_size)
		return -EFBIG;
	if (!f->ops->fallocate)
		return -EOPNOTSUPP;
	err = mode & FALLOC_FL_KEEP_SIZE ? 0 : truncate_check(ip, end);
	return err < 0 ? err : f->ops->fallocate(f, mode, (u64)off, (u64)len);
}

long sys_fallocate(int fd, int mode, s64 off, s64 len)
{
	struct fd_ref r = fd_borrow(fd);
	long err;

	if (!fd_ref_file(r))
		return -EBADF;
	if (off < 0 || len <= 0)
		err = -EINVAL;
	else if (mode & ~(FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE | FALLOC_FL_ZERO_RANGE))
		err = -EOPNOTSUPP;
	else
		err = fallocate_file(fd_ref_file(r), mode, off, len);
	fd_return(r);
	return err;
}
