/* SPDX-License-Identifier: MIT */
/*
 * Making and removing names: mkdir, mknod, link, symlink, unlink, rmdir, rename.
 *
 * Each walks to the directory, takes its lock, looks the last name up under it, checks and
 * then acts; the file system and the name cache change together under that lock.
 *
 * Locking.  Directory before what is in it.  A rename between two directories takes the file
 * system's rename_lock, which keeps the tree's shape, and then the two locks: an ancestor
 * first, else by address.
 */
#include "vfs.h"

#include <uapi/errno.h>

#include <gemel/cred.h>
#include <gemel/slab.h>
#include <gemel/string.h>
#include <gemel/syscalls.h>
#include <gemel/task.h>
#include <gemel/uaccess.h>

/* ---- creation ---- */

/* The directory locked, the name free; @mode has the umask taken off. */
static int name_create_locked(const struct path *dir, const struct name *n, mode_t mode,
			      dev_t rdev, const char *target)
{
	struct inode *parent = dir->dentry->inode, *ip;
	struct dentry *d;
	int err = dentry_lookup_locked(dir->dentry, n, &d);

	if (err < 0)
		return err;
	err = d->inode ? -EEXIST : dir_may_create(dir);
	if (err == 0)
		err = inode_make(parent, n, mode, rdev, target, &ip);
	if (err == 0)
		dentry_instantiate(d, ip);
	dentry_put(d);
	return err;
}

/* A last component for something new.  mkdir alone may end in a slash. */
static int walk_check_new(const struct walk *w, bool is_dir)
{
	if (w->last_type != LAST_NORMAL)
		return -EEXIST;
	if (w->last.len > w->pin.dentry->sb->max_name)
		return -ENAMETOOLONG;
	return w->need_dir && !is_dir ? -ENOENT : 0;
}

int name_create(int dirfd, const char *path, mode_t mode, dev_t rdev, const char *target)
{
	struct inode *dir;
	struct walk w;
	int err = walk_parent_of(&w, dirfd, path);

	if (err < 0)
		return err;
	err = walk_check_new(&w, S_ISDIR(mode));
	if (err == 0) {
		dir = w.pin.dentry->inode;
		mutex_lock(&dir->lock);
		err = name_create_locked(&w.pin, &w.last, mode, rdev, target);
		mutex_unlock(&dir->lock);
	}
	walk_end(&w);
	return err;
}

static long name_create_user(int dirfd, const char __user *upath, mode_t mode, dev_t rdev,
			     const char *target)
{
	struct user_path up;
	int err = user_path_get(&up, upath);

	if (err < 0)
		return err;
	err = name_create(dirfd, up.name, mode, rdev, target);
	user_path_put(&up);
	return err;
}

long sys_mkdirat(int dirfd, const char __user *path, mode_t mode)
{
	mode &= 01777 & ~current_umask();
	return name_create_user(dirfd, path, S_IFDIR | mode, 0, NULL);
}

long sys_mknodat(int dirfd, const char __user *path, mode_t mode, uint dev)
{
	mode_t type = mode & S_IFMT ? mode & S_IFMT : S_IFREG;

	if (S_ISDIR(type))
		return -EPERM;
	if (!S_ISREG(type) && !S_ISCHR(type) && !S_ISBLK(type) && !S_ISFIFO(type) &&
	    !S_ISSOCK(type))
		return -EINVAL;
	if ((S_ISCHR(type) || S_ISBLK(type)) && !capable(CAP_MKNOD))
		return -EPERM;
	mode = type | (mode & S_ALLPERM & ~current_umask());
	return name_create_user(dirfd, path, mode, S_ISCHR(type) || S_ISBLK(type) ? dev : 0, NULL);
}

long sys_symlinkat(const char __user *utarget, int dirfd, const char __user *path)
{
	struct user_path target;
	long err = user_path_get(&target, utarget);

	if (err < 0)
		return err;
	err = target.name[0] ? name_create_user(dirfd, path, S_IFLNK | 0777, 0, target.name) :
		-ENOENT;
	user_path_put(&target);
	return err;
}

/* ---- link ---- */

static int name_link_locked(const struct path *from, const struct path *dir, const struct name *n)
{
	struct inode *ip = from->dentry->inode;
	struct dentry *d;
	int err = dentry_lookup_locked(dir->dentry, n, &d);

	if (err < 0)
		return err;
	err = d->inode ? -EEXIST : dir_may_create(dir);
	if (err == 0 && inode_is_dir(ip))
		err = -EPERM;
	if (err == 0) {
		mutex_lock_nested(&ip->lock);
		err = ip->nlink == 0 ? -ENOENT : inode_link(dir->dentry->inode, n, ip);
		mutex_unlock(&ip->lock);
	}
	if (err == 0) {
		inode_get(ip);
		dentry_instantiate(d, ip);
	}
	dentry_put(d);
	return err;
}

int name_link(const struct path *from, int dirfd, const char *path)
{
	struct inode *dir;
	struct walk w;
	int err = walk_parent_of(&w, dirfd, path);

	if (err < 0)
		return err;
	err = walk_check_new(&w, false);
	if (err == 0 && from->mount != w.pin.mount)
		err = -EXDEV;
	if (err == 0) {
		dir = w.pin.dentry->inode;
		mutex_lock(&dir->lock);
		err = name_link_locked(from, &w.pin, &w.last);
		mutex_unlock(&dir->lock);
	}
	walk_end(&w);
	return err;
}

long sys_linkat(int old_dirfd, const char __user *old_path, int new_dirfd,
		const char __user *new_path, int flags)
{
	uint lookup = flags & AT_SYMLINK_FOLLOW ? LOOKUP_FOLLOW : 0;
	struct user_path up;
	struct path from;
	int err;

	if (flags & ~(AT_SYMLINK_FOLLOW | AT_EMPTY_PATH))
		return -EINVAL;
	if (flags & AT_EMPTY_PATH) {
		if (!capable(CAP_DAC_READ_SEARCH))
			return -ENOENT;
		lookup |= LOOKUP_EMPTY;
	}
	err = user_path_lookup(old_dirfd, old_path, lookup, &from);
	if (err < 0)
		return err;
	err = user_path_get(&up, new_path);
	if (err == 0) {
		err = name_link(&from, new_dirfd, up.name);
		user_path_put(&up);
	}
	path_put(&from);
	return err;
}

/* ---- removal ---- */

static int name_remove_locked(const struct walk *w, bool is_dir)
{
	const struct path *dir = &w->pin;
	struct dentry *d;
	int err = dentry_lookup_locked(dir->dentry, &w->last, &d);

	if (err < 0)
		return err;
	if (!d->inode)
		err = -ENOENT;
	else if (w->need_dir && !is_dir)
		err = inode_is_dir(d->inode) ? -EISDIR : -ENOTDIR;
	else
		err = dir_may_delete(dir, d->inode, is_dir);
	if (err == 0 && READ_ONCE(d->is_mountpoint))
		err = -EBUSY;
	if (err == 0)
		err = is_dir ? inode_rmdir(dir->dentry->inode, &w->last, d->inode) :
			inode_unlink(dir->dentry->inode, &w->last, d->inode);
	if (err == 0)
		dentry_delete(d);
	dentry_put(d);
	return err;
}

int name_remove(int dirfd, const char *path, bool is_dir)
{
	static const int rmdir_errors[] = { 0, -EBUSY, -EINVAL, -ENOTEMPTY };
	struct inode *dir;
	struct walk w;
	int err = walk_parent_of(&w, dirfd, path);

	if (err < 0)
		return err;
	if (w.last_type != LAST_NORMAL) {
		err = is_dir ? rmdir_errors[w.last_type] : -EISDIR;
	} else {
		dir = w.pin.dentry->inode;
		mutex_lock(&dir->lock);
		err = name_remove_locked(&w, is_dir);
		mutex_unlock(&dir->lock);
	}
	walk_end(&w);
	return err;
}

long sys_unlinkat(int dirfd, const char __user *path, int flags)
{
	struct user_path up;
	int err;

	if (flags & ~AT_REMOVEDIR)
		return -EINVAL;
	err = user_path_get(&up, path);
	if (err < 0)
		return err;
	err = name_remove(dirfd, up.name, flags & AT_REMOVEDIR);
	user_path_put(&up);
	return err;
}

/* ---- rename ---- */

struct rename {
	struct walk from, to;
	struct dentry *old, *victim;    /* referenced, looked up under the locks */
	uint flags;
};

/* Both directories; *trap is set to -EINVAL or -ENOTEMPTY when one directory is below the other:
 * the name on the way must not be what moves. */
static void rename_lock(struct rename *rn) __no_lock_analysis
{
	struct dentry *a = rn->from.pin.dentry, *b = rn->to.pin.dentry;
	bool a_first;

	if (a == b) {
		mutex_lock(&a->inode->lock);
		return;
	}
	mutex_lock(&a->sb->rename_lock);
	spin_lock(&dcache_lock);
	a_first = dentry_is_ancestor(a, b) || (!dentry_is_ancestor(b, a) && a < b);
	spin_unlock(&dcache_lock);
	mutex_lock(a_first ? &a->inode->lock : &b->inode->lock);
	mutex_lock_nested(a_first ? &b->inode->lock : &a->inode->lock);
}

static void rename_unlock(struct rename *rn) __no_lock_analysis
{
	struct dentry *a = rn->from.pin.dentry, *b = rn->to.pin.dentry;

	mutex_unlock(&a->inode->lock);
	if (a == b)
		return;
	mutex_unlock(&b->inode->lock);
	mutex_unlock(&a->sb->rename_lock);
}

static int rename_lookup(struct rename *rn)
{
	int err = dentry_lookup_locked(rn->from.pin.dentry, &rn->from.last, &rn->old);

	if (err < 0)
		return err;
	err = dentry_lookup_locked(rn->to.pin.dentry, &rn->to.last, &rn->victim);
	if (err < 0)
		dentry_put(rn->old);
	return err;
}

/* Would a directory end up below itself? */
static int rename_check_tree(const struct rename *rn)
{
	int err = 0;

	spin_lock(&dcache_lock);
	if (dentry_is_ancestor(rn->old, rn->to.pin.dentry))
		err = -EINVAL;
	else if (dentry_is_ancestor(rn->victim, rn->from.pin.dentry))
		err = rn->flags & RENAME_EXCHANGE ? -EINVAL : -ENOTEMPTY;
	spin_unlock(&dcache_lock);
	return err;
}

static int rename_check_names(const struct rename *rn)
{
	struct inode *ip = rn->old->inode, *victim = rn->victim->inode;

	if (!ip)
		return -ENOENT;
	if ((rn->flags & RENAME_NOREPLACE) && victim)
		return -EEXIST;
	if ((rn->flags & RENAME_EXCHANGE) && !victim)
		return -ENOENT;
	if (!inode_is_dir(ip)) {
		if (rn->from.need_dir)
			return -ENOTDIR;
		if (rn->to.need_dir && !(rn->flags & RENAME_EXCHANGE))
			return -ENOTDIR;
	}
	if (victim && !inode_is_dir(victim) && rn->to.need_dir)
		return -ENOTDIR;
	return rename_check_tree(rn);
}

static int rename_check_permission(const struct rename *rn)
{
	struct inode *ip = rn->old->inode, *victim = rn->victim->inode;
	bool is_dir = inode_is_dir(ip);
	int err = dir_may_delete(&rn->from.pin, ip, is_dir);

	if (err < 0)
		return err;
	if (!victim)
		err = dir_may_create(&rn->to.pin);
	else if (rn->flags & RENAME_EXCHANGE)
		err = dir_may_delete(&rn->to.pin, victim, inode_is_dir(victim));
	else
		err = dir_may_delete(&rn->to.pin, victim, is_dir);
	/* A directory that changes its parent changes itself: its "..". */
	if (err == 0 && is_dir && rn->from.pin.dentry != rn->to.pin.dentry)
		err = inode_permission(ip, W_OK);
	if (err == 0 && (READ_ONCE(rn->old->is_mountpoint) || READ_ONCE(rn->victim->is_mountpoint)))
		err = -EBUSY;
	return err;
}

/* Room for a name too long for the dentry; true if it is there or not needed. */
static bool name_room(size_t len, char **room)
{
	*room = NULL;
	if (len < sizeof(((struct dentry *)NULL)->inline_name))
		return true;
	*room = kalloc(len + 1);
	return *room != NULL;
}

static int rename_exchange(struct rename *rn)
{
	struct inode *a = rn->from.pin.dentry->inode, *b = rn->to.pin.dentry->inode;
	char *room_a, *room_b;
	int err = -EINVAL;

	if (!a->ops->exchange)
		return -EINVAL;
	if (!name_room(rn->victim->len, &room_a))
		return -ENOMEM;
	if (!name_room(rn->old->len, &room_b)) {
		kfree(room_a);
		return -ENOMEM;
	}
	err = a->ops->exchange(a, rn->from.last.text, rn->from.last.len, rn->old->inode,
			       b, rn->to.last.text, rn->to.last.len, rn->victim->inode);
	if (err < 0) {
		kfree(room_a);
		kfree(room_b);
		return err;
	}
	dentry_exchange(rn->old, rn->victim, room_a, room_b);
	return 0;
}

static int rename_move(struct rename *rn) __no_lock_analysis
{
	struct inode *from = rn->from.pin.dentry->inode, *to = rn->to.pin.dentry->inode;
	struct inode *victim = rn->victim->inode;
	char *room;
	int err;

	if (!from->ops->rename)
		return -EPERM;
	if (to->nlink == 0)
		return -ENOENT;
	if (!name_room(rn->to.last.len, &room))
		return -ENOMEM;
	if (victim)
		mutex_lock_nested(&victim->lock);
	err = from->ops->rename(from, rn->from.last.text, rn->from.last.len, to,
				rn->to.last.text, rn->to.last.len, rn->old->inode, victim);
	if (victim)
		mutex_unlock(&victim->lock);
	if (err < 0) {
		kfree(room);
		return err;
	}
	/* The victim's dentry leaves the cache, negative or not: its name is the other's now. */
	if (victim)
		dentry_delete(rn->victim);
	dentry_drop(rn->victim);
	dentry_move(rn->old, rn->to.pin.dentry, &rn->to.last, room);
	return 0;
}

static int rename_locked(struct rename *rn)
{
	int err = rename_lookup(rn);

	if (err < 0)
		return err;
	err = rename_check_names(rn);
	if (err == 0)
		err = rename_check_permission(rn);
	/* Two names of one file: nothing to do, says POSIX. */
	if (err == 0 && rn->old->inode != rn->victim->inode)
		err = rn->flags & RENAME_EXCHANGE ? rename_exchange(rn) : rename_move(rn);
	dentry_put(rn->old);
	dentry_put(rn->victim);
	return err;
}

static int rename_walked(struct rename *rn)
{
	int err;

	if (rn->from.pin.mount != rn->to.pin.mount)
		return -EXDEV;
	if (rn->from.last_type != LAST_NORMAL)
		return -EBUSY;
	if (rn->to.last_type != LAST_NORMAL)
		return rn->flags & RENAME_NOREPLACE ? -EEXIST : -EBUSY;
	if (rn->to.last.len > rn->to.pin.dentry->sb->max_name)
		return -ENAMETOOLONG;
	if (mount_is_read_only(rn->from.pin.mount))
		return -EROFS;
	rename_lock(rn);
	err = rename_locked(rn);
	rename_unlock(rn);
	return err;
}

int name_rename(int old_dirfd, const char *old_path, int new_dirfd, const char *new_path,
		uint flags)
{
	struct rename *rn = kalloc(sizeof(*rn));
	int err;

	if (!rn)
		return -ENOMEM;
	rn->flags = flags;
	err = walk_parent_of(&rn->from, old_dirfd, old_path);
	if (err < 0)
		goto out_free;
	err = walk_parent_of(&rn->to, new_dirfd, new_path);
	if (err == 0) {
		err = rename_walked(rn);
		walk_end(&rn->to);
	}
	walk_end(&rn->from);
out_free:
	kfree(rn);
	return err;
}

long sys_renameat2(int old_dirfd, const char __user *old_path, int new_dirfd,
		   const char __user *new_path, uint flags)
{
	struct user_path from, to;
	int err;

	if ((flags & ~(uint)(RENAME_NOREPLACE | RENAME_EXCHANGE)) ||
	    flags == (RENAME_NOREPLACE | RENAME_EXCHANGE))
		return -EINVAL;
	err = user_path_get(&from, old_path);
	if (err < 0)
		return err;
	err = user_path_get(&to, new_path);
	if (err == 0) {
		err = name_rename(old_dirfd, from.name, new_dirfd, to.name, flags);
		user_path_put(&to);
	}
	user_path_put(&from);
	return err;
}

long sys_renameat(int old_dirfd, const char __user *old_path, int new_dirfd,
		  const char __user *new_path)
{
	return sys_renameat2(old_dirfd, old_path, new_dirfd, new_path, 0);
}
