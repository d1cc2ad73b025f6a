/* SPDX-License-Identifier: MIT */
/*
 * What a file is: stat, statx, statfs, access, readlink.
 *
 * Attributes are read without the inode's lock, as Linux does: each is one word, and a
 * caller who needs them to agree with each other must keep the file still himself.
 * access(2) asks with the real ids; since credentials never change, a changed copy
 * stands in for the task's own while the walk and the check run.
 */
#include "vfs.h"

#include <uapi/errno.h>
#include <uapi/mount.h>

#include <gemel/cred.h>
#include <gemel/process.h>
#include <gemel/slab.h>
#include <gemel/string.h>
#include <gemel/syscalls.h>
#include <gemel/task.h>
#include <gemel/uaccess.h>

#include "fdtable.h"

#define ANON_INODE_FS_MAGIC 0x09041934u

/* What stat(2) tells, before it is laid out for one of the two structures. */
struct stat_info {
	dev_t dev, rdev;
	u64 ino, size, blocks;
	mode_t mode;
	u32 nlink, uid, gid, blksize;
	struct timestamp atime, mtime, ctime;
	uint mount_id;
	bool is_mount_root;
};

static void stat_inode(struct inode *ip, struct stat_info *si)
{
	*si = (struct stat_info){
		.dev = ip->sb->dev, .rdev = ip->rdev, .ino = ip->ino, .size = ip->size,
		.blocks = ip->blocks, .mode = ip->mode, .nlink = ip->nlink, .uid = ip->uid,
		.gid = ip->gid, .blksize = ip->sb->block_size, .atime = ip->atime,
		.mtime = ip->mtime, .ctime = ip->ctime,
	};
}

static void stat_path(const struct path *p, struct stat_info *si)
{
	stat_inode(p->dentry->inode, si);
	si->mount_id = p->mount->id;
	si->is_mount_root = p->dentry == p->mount->root;
}

static void stat_file(struct file *f, struct stat_info *si)
{
	if (f->path.dentry) {
		stat_path(&f->path, si);
	} else if (f->inode) {
		stat_inode(f->inode, si);
	} else {
		*si = (struct stat_info){ .dev = superblock_anonymous()->dev, .ino = 1,
			.mode = 0600, .nlink = 1, .blksize = PAGE_SIZE };
	}
}

/* AT_EMPTY_PATH on a descriptor that has no path. */
static int stat_fd(int fd, struct stat_info *si)
{
	struct fd_ref r = fd_borrow_raw(fd);

	if (!fd_ref_file(r))
		return -EBADF;
	stat_file(fd_ref_file(r), si);
	fd_return(r);
	return 0;
}

static int stat_at(int dirfd, const char __user *upath, int flags, struct stat_info *si)
{
	uint lookup = flags & AT_SYMLINK_NOFOLLOW ? 0 : LOOKUP_FOLLOW;
	struct user_path up;
	struct path p;
	int err = user_path_get(&up, upath);

	if (err < 0)
		return err;
	if (flags & AT_EMPTY_PATH)
		lookup |= LOOKUP_EMPTY;
	if (!up.name[0] && (flags & AT_EMPTY_PATH) && dirfd >= 0) {
		err = stat_fd(dirfd, si);
	} else {
		err = path_lookup(dirfd, up.name, lookup, &p);
		if (err == 0) {
			stat_path(&p, si);
			path_put(&p);
		}
	}
	user_path_put(&up);
	return err;
}

static long stat_to_user(const struct stat_info *si, struct uapi_stat __user *ust)
{
	struct uapi_stat st;

	memset(&st, 0, sizeof(st));
	st.dev = si->dev;
	st.ino = si->ino;
	st.mode = si->mode;
	st.nlink = si->nlink;
	st.uid = si->uid;
	st.gid = si->gid;
	st.rdev = si->rdev;
	st.size = (s64)si->size;
	st.blksize = (s32)si->blksize;
	st.blocks = (s64)si->blocks;
	st.atime = si->atime.sec;
	st.atime_nsec = si->atime.nsec;
	st.mtime = si->mtime.sec;
	st.mtime_nsec = si->mtime.nsec;
	st.ctime = si->ctime.sec;
	st.ctime_nsec = si->ctime.nsec;
	return user_write(ust, &st) < 0 ? -EFAULT : 0;
}

long sys_fstat(int fd, struct uapi_stat __user *ust)
{
	struct stat_info si;
	int err = stat_fd(fd, &si);

	return err < 0 ? err : stat_to_user(&si, ust);
}

long sys_newfstatat(int dirfd, const char __user *path, struct uapi_stat __user *ust, int flags)
{
	struct stat_info si;
	int err;

	if (flags & ~(AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_EMPTY_PATH))
		return -EINVAL;
	err = stat_at(dirfd, path, flags, &si);
	return err < 0 ? err : stat_to_user(&si, ust);
}

static struct uapi_statx_timestamp statx_time(struct timestamp ts)
{
	return (struct uapi_statx_timestamp){ .sec = ts.sec, .nsec = ts.nsec };
}

long sys_statx(int dirfd, const char __user *path, int flags, uint mask,
	       struct uapi_statx __user *ust)
{
	struct stat_info si;
	struct uapi_statx st;
	int err;

	if (mask & STATX_RESERVED)
		return -EINVAL;
	if ((flags & ~(AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_EMPTY_PATH |
		       AT_STATX_SYNC_TYPE)) || (flags & AT_STATX_SYNC_TYPE) == AT_STATX_SYNC_TYPE)
		return -EINVAL;
	err = stat_at(dirfd, path, flags, &si);
	if (err < 0)
		return err;
	st = (struct uapi_statx){
		.mask = STATX_BASIC_STATS | STATX_MNT_ID, .blksize = si.blksize,
		.attributes = si.is_mount_root ? STATX_ATTR_MOUNT_ROOT : 0,
		.attributes_mask = STATX_ATTR_MOUNT_ROOT, .nlink = si.nlink, .uid = si.uid,
		.gid = si.gid, .mode = (u16)si.mode, .ino = si.ino, .size = si.size,
		.blocks = si.blocks, .atime = statx_time(si.atime), .ctime = statx_time(si.ctime),
		.mtime = statx_time(si.mtime), .rdev_major = dev_major(si.rdev),
		.rdev_minor = dev_minor(si.rdev), .dev_major = dev_major(si.dev),
		.dev_minor = dev_minor(si.dev), .mnt_id = si.mount_id,
	};
	return user_write(ust, &st) < 0 ? -EFAULT : 0;
}

/* ---- statfs ---- */

static long statfs_to_user(struct superblock *sb, uint mount_flags, struct uapi_statfs __user *ust)
{
	struct statfs_info si = { .type = sb->magic, .bsize = sb->block_size,
		.namelen = sb->max_name, .frsize = sb->block_size, .fsid = sb->dev };
	struct uapi_statfs st;
	int err = 0;

	if (sb->ops && sb->ops->statfs)
		err = sb->ops->statfs(sb, &si);
	if (err < 0)
		return err;
	memset(&st, 0, sizeof(st));
	st.type = (s64)si.type;
	st.bsize = (s64)si.bsize;
	st.blocks = si.blocks;
	st.bfree = si.bfree;
	st.bavail = si.bavail;
	st.files = si.files;
	st.ffree = si.ffree;
	st.fsid[0] = (s32)si.fsid;
	st.fsid[1] = (s32)(si.fsid >> 32);
	st.namelen = (s64)si.namelen;
	st.frsize = (s64)(si.frsize ? si.frsize : si.bsize);
	st.flags = ST_VALID | (mount_flags & (ST_RDONLY | ST_NOSUID | ST_NODEV | ST_NOEXEC |
		ST_NOATIME | ST_NODIRATIME)) | (sb->read_only ? ST_RDONLY : 0) |
		(mount_flags & MS_NOATIME ? 0 : ST_RELATIME);
	return user_write(ust, &st) < 0 ? -EFAULT : 0;
}

long sys_statfs(const char __user *path, struct uapi_statfs __user *ust)
{
	struct path p;
	long err = user_path_lookup(AT_FDCWD, path, LOOKUP_FOLLOW, &p);

	if (err < 0)
		return err;
	err = statfs_to_user(p.mount->sb, p.mount->flags, ust);
	path_put(&p);
	return err;
}

long sys_fstatfs(int fd, struct uapi_statfs __user *ust)
{
	struct fd_ref r = fd_borrow_raw(fd);
	struct file *f = fd_ref_file(r);
	struct uapi_statfs st = { .type = ANON_INODE_FS_MAGIC, .bsize = PAGE_SIZE,
		.namelen = NAME_MAX, .frsize = PAGE_SIZE, .flags = ST_VALID };
	long err;

	if (!f)
		return -EBADF;
	if (f->path.mount)
		err = statfs_to_user(f->path.mount->sb, f->path.mount->flags, ust);
	else
		err = user_write(ust, &st) < 0 ? -EFAULT : 0;
	fd_return(r);
	return err;
}

/* ---- access ---- */

static void cred_swap(const struct cred *c)
{
	irq_lock(&process_lock);
	current->cred = c;
	irq_unlock(&process_lock);
}

/* access(2) asks with the real ids: a copy of the credentials stands in meanwhile.  NULL in @copy:
 * they are the same anyway.  0, -ENOMEM. */
static int cred_use_real(const struct cred *own, struct cred **copy)
{
	struct cred *c;
	size_t size;

	*copy = NULL;
	if (own->uid == own->fsuid && own->gid == own->fsgid &&
	    own->cap_effective == (own->uid ? 0 : own->cap_permitted))
		return 0;
	size = sizeof(*c) + own->ngroups * sizeof(own->groups[0]);
	c = kalloc(size);
	if (!c)
		return -ENOMEM;
	memcpy(c, own, size);
	refs_init(&c->refs, 1);
	c->fsuid = c->uid;
	c->fsgid = c->gid;
	c->cap_effective = c->uid ? 0 : c->cap_permitted;
	cred_swap(c);
	*copy = c;
	return 0;
}

static int access_path(const struct path *p, int mode)
{
	struct inode *ip = p->dentry->inode;

	if ((mode & X_OK) && S_ISREG(ip->mode) && (p->mount->flags & MS_NOEXEC))
		return -EACCES;
	if ((mode & W_OK) && (S_ISCHR(ip->mode) || S_ISBLK(ip->mode) || S_ISFIFO(ip->mode) ||
			      S_ISSOCK(ip->mode)))
		return inode_permission(ip, mode);
	return path_permission(p, mode);
}

static long access_at(int dirfd, const char __user *path, int mode, int flags)
{
	uint lookup = flags & AT_SYMLINK_NOFOLLOW ? 0 : LOOKUP_FOLLOW;
	const struct cred *own = current_cred();
	struct cred *copy = NULL;
	struct path p;
	long err;

	if ((mode & ~7) || (flags & ~(AT_EACCESS | AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH)))
		return -EINVAL;
	if (flags & AT_EMPTY_PATH)
		lookup |= LOOKUP_EMPTY;
	if (!(flags & AT_EACCESS)) {
		err = cred_use_real(own, &copy);
		if (err < 0)
			return err;
	}
	err = user_path_lookup(dirfd, path, lookup, &p);
	if (err == 0) {
		err = mode ? access_path(&p, mode) : 0;
		path_put(&p);
	}
	if (copy) {
		cred_swap(own);
		kfree(copy);
	}
	return err;
}

long sys_faccessat(int dirfd, const char __user *path, int mode)
{
	return access_at(dirfd, path, mode, 0);
}

long sys_faccessat2(int dirfd, const char __user *path, int mode, int flags)
{
	return access_at(dirfd, path, mode, flags);
}

/* ---- readlink ---- */

static ssize_t readlink_path(const struct path *p, char *buf, size_t size)
{
	struct inode *ip = p->dentry->inode;

	if (!S_ISLNK(ip->mode))
		return -EINVAL;
	return inode_readlink(ip, buf, size);
}

long sys_readlinkat(int dirfd, const char __user *upath, char __user *ubuf, int size)
{
	struct path p;
	char *buf;
	ssize_t len;

	if (size <= 0)
		return -EINVAL;
	len = user_path_lookup(dirfd, upath, LOOKUP_EMPTY, &p);
	if (len < 0)
		return len;
	buf = kalloc(PATH_MAX);
	if (!buf) {
		path_put(&p);
		return -ENOMEM;
	}
	len = readlink_path(&p, buf, PATH_MAX);
	path_put(&p);
	if (len > size)
		len = size;
	if (len > 0 && copy_to_user(ubuf, buf, (size_t)len) < 0)
		len = -EFAULT;
	kfree(buf);
	return len;
}
