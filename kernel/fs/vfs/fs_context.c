/* SPDX-License-Identifier: MIT */
/*
 * Root, working directory and umask of a task.
 *
 * Locking.  root and cwd change under dcache_lock, which every walk holds when it starts;
 * umask is one word.
 */
#include "vfs.h"

#include <uapi/errno.h>

#include <gemel/cred.h>
#include <gemel/slab.h>
#include <gemel/syscalls.h>
#include <gemel/task.h>
#include <gemel/uaccess.h>

#include "fdtable.h"

static struct fs_context *fs_context_alloc(void)
{
	struct fs_context *fs = kzalloc(sizeof(*fs));

	if (!fs)
		return NULL;
	refs_init(&fs->refs, 1);
	spin_init(&fs->lock, LOCK_RANK_FDTABLE);
	fs->umask = 022;
	return fs;
}

mode_t current_umask(void)
{
	return current->fs ? READ_ONCE(current->fs->umask) : 0;
}

struct fs_context *fs_context_create(void)
{
	struct fs_context *fs = fs_context_alloc();

	if (!fs)
		return NULL;
	spin_lock(&dcache_lock);
	fs->root = fs->cwd = kernel_root;
	path_get(&fs->root);
	path_get(&fs->cwd);
	spin_unlock(&dcache_lock);
	return fs;
}

struct fs_context *fs_context_copy(struct fs_context *old)
{
	struct fs_context *fs = fs_context_alloc();

	if (!fs)
		return NULL;
	fs->umask = old->umask;
	spin_lock(&dcache_lock);
	fs->root = old->root;
	fs->cwd = old->cwd;
	path_get(&fs->root);
	path_get(&fs->cwd);
	spin_unlock(&dcache_lock);
	return fs;
}

void fs_context_get(struct fs_context *fs)
{
	refs_get(&fs->refs);
}

void fs_context_put(struct fs_context *fs)
{
	if (!refs_put(&fs->refs))
		return;
	path_put(&fs->root);
	path_put(&fs->cwd);
	kfree(fs);
}

/* @slot is a member of a fs_context; @p's references are taken over. */
static void fs_context_set(struct path *slot, const struct path *p)
{
	struct path old;

	spin_lock(&dcache_lock);
	old = *slot;
	*slot = *p;
	spin_unlock(&dcache_lock);
	path_put(&old);
}

static int chdir_to(struct path *p)
{
	int err = inode_permission(p->dentry->inode, X_OK);

	if (err < 0)
		path_put(p);
	else
		fs_context_set(&current->fs->cwd, p);
	return err;
}

long sys_chdir(const char __user *path)
{
	struct path p;
	int err = user_path_lookup(AT_FDCWD, path, LOOKUP_FOLLOW | LOOKUP_DIRECTORY, &p);

	return err < 0 ? err : chdir_to(&p);
}

long sys_fchdir(int fd)
{
	struct file *f = fd_get_raw(fd);
	struct path p;
	int err = -ENOTDIR;

	if (!f)
		return -EBADF;
	if (f->path.dentry && f->inode && inode_is_dir(f->inode)) {
		p = f->path;
		path_get(&p);
		err = chdir_to(&p);
	}
	file_put(f);
	return err;
}

long sys_chroot(const char __user *path)
{
	struct path p;
	int err = user_path_lookup(AT_FDCWD, path, LOOKUP_FOLLOW | LOOKUP_DIRECTORY, &p);

	if (err < 0)
		return err;
	err = inode_permission(p.dentry->inode, X_OK);
	if (err == 0 && !capable(CAP_SYS_CHROOT))
		err = -EPERM;
	if (err < 0)
		path_put(&p);
	else
		fs_context_set(&current->fs->root, &p);
	return err;
}

long sys_umask(mode_t mask)
{
	return __atomic_exchange_n(&current->fs->umask, mask & 0777, __ATOMIC_RELAXED);
}

long sys_getcwd(char __user *ubuf, size_t size)
{
	char *buf = kalloc(PATH_MAX), *name;
	struct path cwd;
	long ret;

	if (!buf)
		return -ENOMEM;
	spin_lock(&dcache_lock);
	cwd = current->fs->cwd;
	path_get(&cwd);
	spin_unlock(&dcache_lock);
	name = path_name(&cwd, buf, PATH_MAX);
	if (cwd.dentry->is_deleted) {
		ret = -ENOENT;
	} else if (!name) {
		ret = -ENAMETOOLONG;
	} else {
		ret = buf + PATH_MAX - name;
		if ((size_t)ret > size)
			ret = -ERANGE;
		else if (copy_to_user(ubuf, name, (size_t)ret) < 0)
			ret = -EFAULT;
	}
	path_put(&cwd);
	kfree(buf);
	return ret;
}

/* Everybody whose root or working directory is @from goes to @to (pivot_root). */
void fs_contexts_move(const struct path *from, const struct path *to)
{
	struct fs_context *fs = current->fs;

	if (path_is_equal(&fs->root, from)) {
		path_get(to);
		fs_context_set(&fs->root, to);
	}
	if (path_is_equal(&fs->cwd, from)) {
		path_get(to);
		fs_context_set(&fs->cwd, to);
	}
}
