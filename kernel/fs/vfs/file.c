/* SPDX-License-Identifier: MIT */
/*
 * Open descriptions: from a path to a struct file, and its end.
 *
 * f->ops is chosen once, at open: by the inode's file system (ops->open), by device
 * number, or by type.  Writers of a regular file are counted in inode->write_count; a
 * program that is being executed has it below zero, and the two exclude each other.
 *
 * Locking.  The count alone keeps a file; f->pos_lock covers the position.
 */
#include "vfs.h"

#include <uapi/errno.h>
#include <uapi/mount.h>

#include <gemel/cred.h>
#include <gemel/iobuf.h>
#include <gemel/slab.h>
#include <gemel/string.h>

static struct slab_cache *file_cache;
static u32 files_open;                  /* atomic: system wide */

struct file *file_alloc(void)
{
	struct file *f = slab_alloc(file_cache);

	if (!f)
		return NULL;
	memset(f, 0, sizeof(*f));
	refs_init(&f->refs, 1);
	mutex_init(&f->pos_lock, LOCK_RANK_FILEPOS);
	list_init(&f->epolls);
	__atomic_fetch_add(&files_open, 1, __ATOMIC_RELAXED);
	return f;
}

static void file_free(struct file *f)
{
	__atomic_fetch_sub(&files_open, 1, __ATOMIC_RELAXED);
	slab_free(file_cache, f);
}

uint file_count(void)
{
	return READ_ONCE(files_open);
}

struct file *file_create(const struct file_ops *ops, void *private, uint mode, u32 flags,
			 const char *name)
{
	struct file *f = file_alloc();

	if (!f)
		return NULL;
	f->ops = ops;
	f->private = private;
	f->mode = mode;
	f->flags = flags;
	f->name = name;
	return f;
}

void file_get(struct file *f)
{
	refs_get(&f->refs);
}

/* ---- write_count ---- */

static int inode_add_writer(struct inode *ip)
{
	s32 old = READ_ONCE(ip->write_count);

	do {
		if (old < 0)
			return -ETXTBSY;
	} while (!__atomic_compare_exchange_n(&ip->write_count, &old, old + 1, true,
					      __ATOMIC_ACQUIRE, __ATOMIC_RELAXED));
	return 0;
}

int inode_deny_write(struct inode *ip)
{
	s32 old = READ_ONCE(ip->write_count);

	do {
		if (old > 0)
			return -ETXTBSY;
	} while (!__atomic_compare_exchange_n(&ip->write_count, &old, old - 1, true,
					      __ATOMIC_ACQUIRE, __ATOMIC_RELAXED));
	return 0;
}

void inode_allow_write(struct inode *ip)
{
	__atomic_fetch_add(&ip->write_count, 1, __ATOMIC_RELEASE);
}

/* ---- open ---- */

static const struct file_ops path_ops = { 0 };  /* O_PATH: nothing works */

static int socket_open(struct inode *ip, struct file *f)
{
	(void)ip;
	(void)f;
	return -ENXIO;
}

/* Give @f its ops. */
static int file_choose_ops(struct inode *ip, struct file *f)
{
	f->ops = ip->fops;
	if (ip->ops && ip->ops->open)
		return ip->ops->open(ip, f);
	if (f->ops)
		return 0;
	switch (ip->mode & S_IFMT) {
	case S_IFREG:
		f->ops = &generic_file_ops;
		return 0;
	case S_IFDIR:
		f->ops = &generic_dir_ops;
		return 0;
	case S_IFIFO:
		return fifo_open(ip, f);
	case S_IFCHR:
	case S_IFBLK:
		return device_open(ip, f);
	default:
		return socket_open(ip, f);
	}
}

static int open_access_mask(int flags)
{
	static const u8 masks[4] = { R_OK, W_OK, R_OK | W_OK, R_OK | W_OK };
	int mask = masks[flags & O_ACCMODE];

	return flags & O_TRUNC ? mask | W_OK : mask;
}

/* What the type of the file and its mount allow, then permission. */
static int open_may(const struct path *p, int flags)
{
	struct inode *ip = p->dentry->inode;
	int mask = open_access_mask(flags);
	int err;

	if (S_ISLNK(ip->mode))
		return -ELOOP;
	if (inode_is_dir(ip) && (mask & W_OK))
		return -EISDIR;
	if ((S_ISCHR(ip->mode) || S_ISBLK(ip->mode)) && (p->mount->flags & MS_NODEV))
		return -EACCES;
	err = path_permission(p, mask);
	if (err < 0)
		return err;
	if ((flags & O_NOATIME) && !inode_is_owner_or_capable(ip))
		return -EPERM;
	return 0;
}

static uint open_file_mode(int flags)
{
	uint mode = 0;

	if ((flags & O_ACCMODE) != O_WRONLY)
		mode |= FILE_READ;
	if ((flags & O_ACCMODE) != O_RDONLY)
		mode |= FILE_WRITE;
	return mode;
}

static int file_open_inode(struct file *f, struct inode *ip, int flags)
{
	bool counts = S_ISREG(ip->mode) && (open_access_mask(flags) & W_OK);
	int err;

	if (counts) {
		err = inode_add_writer(ip);
		if (err < 0)
			return err;
		f->mode |= FILE_WRITER;
	}
	err = file_choose_ops(ip, f);
	if (err == 0 && (flags & O_TRUNC) && S_ISREG(ip->mode))
		err = inode_truncate(ip, 0);
	return err;
}

static void file_destroy(struct file *f, bool was_open)
{
	if (!list_is_empty(&f->epolls))
		epoll_release_file(f);
	if (f->async)
		file_async_stop(f);
	if (was_open && f->inode && !list_is_empty(&f->inode->locks))
		locks_remove_file(f);
	if (was_open && f->ops && f->ops->release)
		f->ops->release(f);
	if (f->mode & FILE_EXECUTED)
		inode_allow_write(f->inode);
	if (f->mode & FILE_WRITER)
		__atomic_fetch_sub(&f->inode->write_count, 1, __ATOMIC_RELEASE);
	if (f->inode)
		inode_put(f->inode);
	path_put(&f->path);
	file_free(f);
}

void file_put(struct file *f)
{
	if (refs_put(&f->refs))
		file_destroy(f, true);
}

int file_open_path(const struct path *p, int flags, bool created, struct file **out)
{
	struct inode *ip = p->dentry->inode;
	struct file *f;
	int err = 0;

	if (!created && !(flags & O_PATH))
		err = open_may(p, flags);
	if (err < 0)
		return err;
	f = file_alloc();
	if (!f)
		return -ENOMEM;
	f->path = *p;
	path_get(p);
	f->inode = ip;
	inode_get(ip);
	f->flags = (u32)flags & ~(u32)(O_CREAT | O_EXCL | O_TRUNC | O_CLOEXEC);
	if (flags & O_PATH) {
		f->mode = FILE_PATH;
		f->ops = &path_ops;
	} else {
		f->mode = open_file_mode(flags);
		err = file_open_inode(f, ip, created ? flags & ~O_TRUNC : flags);
	}
	f->flags &= ~(u32)O_NOCTTY;     /* a terminal has seen it */
	if (err < 0) {
		file_destroy(f, false);
		return err;
	}
	*out = f;
	return 0;
}

int file_install(struct file *f, bool cloexec)
{
	int fd = fd_install(f, 0, cloexec);

	if (fd < 0)
		file_put(f);
	return fd;
}

int file_open_exec(int dirfd, const char *path, int at_flags, struct file **out)
{
	uint flags = at_flags & AT_SYMLINK_NOFOLLOW ? 0 : LOOKUP_FOLLOW;
	struct path p;
	struct inode *ip;
	int err;

	if (at_flags & AT_EMPTY_PATH)
		flags |= LOOKUP_EMPTY;
	err = path_lookup(dirfd, path, flags, &p);
	if (err < 0)
		return err;
	ip = p.dentry->inode;
	if (S_ISLNK(ip->mode))
		err = -ELOOP;
	else if (!S_ISREG(ip->mode) || (p.mount->flags & MS_NOEXEC))
		err = -EACCES;
	else
		err = inode_permission(ip, X_OK);
	if (err == 0)
		err = inode_deny_write(ip);
	if (err == 0) {
		err = file_open_path(&p, O_RDONLY, true, out);
		if (err < 0)
			inode_allow_write(ip);
		else
			(*out)->mode |= FILE_EXECUTED;
	}
	path_put(&p);
	return err;
}

void file_init(void)
{
	file_cache = slab_cache_create("file", sizeof(struct file), 8, NULL);
	if (!file_cache)
		panic("fs: no memory for open files");
}
