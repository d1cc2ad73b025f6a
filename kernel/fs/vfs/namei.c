/* SPDX-License-Identifier: MIT */
/*
 * From a path to a dentry.
 *
 * A walk goes component by component through the name cache with dcache_lock held:
 * no references, no sleeping.  Where a name is not cached or is a symbolic link, the walk
 * "pins" its place (references in w->pin), drops the lock, asks the file system, and
 * goes on.  So a path that is cached costs one lock and the references of its end.
 *
 * States.  w->locked tells which: locked, w->cur is valid by the lock or by the pin; not
 * locked, w->cur is w->pin.  Every function below returns locked when it succeeds and in
 * any state when it fails: walk_end() cleans up after both.
 *
 * Symbolic links.  The text of a link becomes the new rest of the path; what was left
 * is pushed on w->stack.  A link in the last place pushes nothing.  At most
 * WALK_MAX_LINKS are followed in one walk.
 *
 * Locking.  The root and working directories (fs_context) change under dcache_lock.
 */
#define LOG_TAG "vfs"
#include "vfs.h"

#include <uapi/errno.h>

#include <gemel/cred.h>
#include <gemel/hash.h>
#include <gemel/log.h>
#include <gemel/slab.h>
#include <gemel/string.h>
#include <gemel/task.h>
#include <gemel/uaccess.h>

#include "fdtable.h"

/* ---- user strings ---- */

int user_path_get(struct user_path *up, const char __user *upath)
{
	ssize_t len = copy_string_from_user(up->room, upath, sizeof(up->room));

	up->name = up->room;
	if (len >= 0)
		return 0;
	if (len != -ENAMETOOLONG)
		return (int)len;
	up->name = kalloc(PATH_MAX);
	if (!up->name)
		return -ENOMEM;
	len = copy_string_from_user(up->name, upath, PATH_MAX);
	if (len >= 0)
		return 0;
	kfree(up->name);
	return (int)len;
}

void user_path_put(struct user_path *up)
{
	if (up->name != up->room)
		kfree(up->name);
}

/* ---- paths ---- */

void path_get(const struct path *p)
{
	if (p->mount)
		mount_get(p->mount);
	if (p->dentry)
		dentry_get(p->dentry);
}

void path_put(const struct path *p)
{
	if (p->dentry)
		dentry_put(p->dentry);
	if (p->mount)
		mount_put(p->mount);
}

bool path_is_equal(const struct path *a, const struct path *b)
{
	return a->dentry == b->dentry && a->mount == b->mount;
}

int path_permission(const struct path *p, int mask)
{
	mode_t mode = p->dentry->inode->mode;

	if ((mask & W_OK) && mount_is_read_only(p->mount) &&
	    (S_ISREG(mode) || S_ISDIR(mode) || S_ISLNK(mode)))
		return -EROFS;
	return inode_permission(p->dentry->inode, mask);
}

/* ---- the walk ---- */

static struct path walk_root(const struct walk *w)
{
	if (w->resolve & (RESOLVE_IN_ROOT | RESOLVE_BENEATH))
		return w->base;
	return current->fs ? current->fs->root : kernel_root;
}

void walk_lock(struct walk *w) __no_lock_analysis
{
	spin_lock(&dcache_lock);
	w->locked = true;
}

static void walk_unlock(struct walk *w) __no_lock_analysis
{
	w->locked = false;
	spin_unlock(&dcache_lock);
}

/* Let go of the lock with w->cur (and @child) referenced; the old pins are put. */
static void walk_pin_with(struct walk *w, struct dentry *child)
{
	struct path old = w->pin;
	struct dentry *old_child = w->pin_child;

	path_get(&w->cur);
	if (child)
		dentry_get(child);
	w->pin = w->cur;
	w->pin_child = child;
	walk_unlock(w);
	path_put(&old);
	if (old_child)
		dentry_put(old_child);
}

void walk_pin(struct walk *w)
{
	walk_pin_with(w, NULL);
}

void walk_end(struct walk *w)
{
	if (w->locked)
		walk_unlock(w);
	path_put(&w->pin);
	if (w->pin_child)
		dentry_put(w->pin_child);
	for (uint i = 0; i < w->nlinks; i++)
		kfree(w->bufs[i]);
	if (w->start)
		file_put(w->start);
}

void walk_take(struct walk *w, struct path *out)
{
	path_get(&w->cur);
	*out = w->cur;
	walk_end(w);
}

static int walk_start_at_fd(struct walk *w, int dirfd)
{
	struct file *f = fd_get_raw(dirfd);

	if (!f)
		return -EBADF;
	w->start = f;
	if (!f->path.dentry || (*w->rest && !inode_is_dir(f->path.dentry->inode)))
		return *w->rest || !f->path.dentry ? -ENOTDIR : 0;
	return 0;
}

int walk_begin(struct walk *w, int dirfd, const char *name, uint flags)
{
	bool from_root = *name == '/' && !(w->resolve & RESOLVE_IN_ROOT);
	int err;

	w->pin = (struct path){ NULL, NULL };
	w->pin_child = NULL;
	w->flags = flags;
	w->rest = name;
	w->need_dir = w->locked = false;
	w->nlinks = w->depth = 0;
	w->start = NULL;
	if (!*name && !(flags & LOOKUP_EMPTY))
		return -ENOENT;
	if (from_root && (w->resolve & RESOLVE_BENEATH))
		return -EXDEV;
	if (!from_root && dirfd != AT_FDCWD) {
		err = walk_start_at_fd(w, dirfd);
		if (err < 0)
			return err;
	}
	walk_lock(w);
	if (w->start)
		w->cur = w->start->path;
	else if (!from_root)
		w->cur = current->fs ? current->fs->cwd : kernel_root;
	w->base = w->cur;
	if (from_root)
		w->cur = walk_root(w);
	return 0;
}

/* Search permission; the common case needs no credentials. */
static int walk_may_search(const struct walk *w)
{
	struct inode *ip = w->cur.dentry->inode;

	if (!ip || !inode_is_dir(ip))
		return -ENOTDIR;
	if ((ip->mode & 0111) == 0111)
		return 0;
	return inode_permission(ip, X_OK);
}

static void walk_dotdot(struct walk *w) __must_hold(dcache_lock)
{
	struct path root = walk_root(w);
	struct path *cur = &w->cur;

	while (!path_is_equal(cur, &root)) {
		if (cur->dentry != cur->mount->root) {
			cur->dentry = cur->dentry->parent;
			break;
		}
		if (!cur->mount->parent)
			break;
		*cur = (struct path){ cur->mount->parent, cur->mount->mountpoint };
	}
	path_cross_mounts(cur);
}

int dentry_lookup_locked(struct dentry *dir, const struct name *n, struct dentry **out)
{
	struct inode *ip = NULL;
	struct dentry *d;
	int err;

	spin_lock(&dcache_lock);
	d = dentry_find(dir, n);
	if (d)
		dentry_get(d);
	spin_unlock(&dcache_lock);
	if (d) {
		*out = d;
		return 0;
	}
	d = dentry_create(dir, n);
	if (!d)
		return -ENOMEM;
	err = dir->is_deleted ? -ENOENT : inode_lookup(dir->inode, n, &ip);
	if (err < 0 && err != -ENOENT)
		goto out_put;
	err = dentry_publish(d, ip);
	if (err < 0) {
		log_err("directory %llu has two names: run e2fsck", (unsigned long long)ip->ino);
		inode_put(ip);
		goto out_put;
	}
	*out = d;
	return 0;

out_put:
	dentry_put(d);
	return err;
}

/* Ask the file system for a name in w->cur; it stays pinned, and so does the answer. */
static int walk_ask(struct walk *w, const struct name *n, struct dentry **out)
{
	struct inode *dir;
	struct dentry *d;
	int err;

	walk_pin(w);
	dir = w->cur.dentry->inode;
	mutex_lock(&dir->lock);
	err = dentry_lookup_locked(w->cur.dentry, n, &d);
	mutex_unlock(&dir->lock);
	if (err < 0)
		return err;
	w->pin_child = d;
	*out = d;
	walk_lock(w);
	return 0;
}

/* The text of the link @ip becomes the rest of the walk. */
static int walk_push_link(struct walk *w, struct inode *ip)
{
	char *buf = kalloc(PATH_MAX);
	ssize_t len;

	if (!buf)
		return -ENOMEM;
	w->bufs[w->nlinks++] = buf;
	len = inode_readlink(ip, buf, PATH_MAX);
	if (len < 0)
		return (int)len;
	if (len == 0)
		return -ENOENT;
	if (len >= PATH_MAX)
		return -ENAMETOOLONG;
	if (buf[0] == '/' && (w->resolve & RESOLVE_BENEATH))
		return -EXDEV;
	while (*w->rest == '/') {
		w->rest++;
		if (!*w->rest && w->depth == 0)
			w->need_dir = true;
	}
	if (*w->rest)
		w->stack[w->depth++] = w->rest;
	w->rest = buf;
	walk_lock(w);
	if (buf[0] == '/')
		w->cur = walk_root(w);
	return 0;
}

/* /proc/PID/fd/N and its like: straight to the object. */
static int walk_jump(struct walk *w, struct inode *ip)
{
	struct path to, old = w->pin;
	int err;

	if (w->resolve & (RESOLVE_NO_MAGICLINKS | RESOLVE_BENEATH | RESOLVE_IN_ROOT))
		return w->resolve & RESOLVE_NO_MAGICLINKS ? -ELOOP : -EXDEV;
	err = ip->ops->follow(ip, &to);
	if (err < 0)
		return err;
	w->bufs[w->nlinks++] = NULL;
	w->pin = w->cur = to;
	path_put(&old);
	walk_lock(w);
	return 0;
}

static int walk_follow(struct walk *w, struct dentry *link)
{
	struct inode *ip = link->inode;

	if (w->nlinks >= WALK_MAX_LINKS || (w->resolve & RESOLVE_NO_SYMLINKS) ||
	    (w->cur.mount->flags & 256u))
		return -ELOOP;
	walk_pin_with(w, link);
	if (ip->ops->follow)
		return walk_jump(w, ip);
	return walk_push_link(w, ip);
}

int walk_step(struct walk *w, const struct name *n, bool follow, bool *followed)
	__no_lock_analysis
{
	struct mount *mount = w->cur.mount;
	struct dentry *d = NULL;
	int err;

	*followed = false;
	if (n->len > w->cur.dentry->sb->max_name)
		return -ENAMETOOLONG;
	if (likely(!w->cur.dentry->sb->is_volatile))
		d = dentry_find(w->cur.dentry, n);
	if (!d) {
		err = walk_ask(w, n, &d);
		if (err < 0)
			return err;
	}
	if (!d->inode)
		return -ENOENT;
	if (S_ISLNK(d->inode->mode) && follow) {
		*followed = true;
		return walk_follow(w, d);
	}
	w->cur.dentry = d;
	if (d->is_mountpoint)
		path_cross_mounts(&w->cur);
	if (w->cur.mount != mount && (w->resolve & RESOLVE_NO_XDEV))
		return -EXDEV;
	return 0;
}

static int walk_step_up(struct walk *w) __no_lock_analysis
{
	struct path was = w->cur;

	if ((w->resolve & RESOLVE_BENEATH) && path_is_equal(&was, &w->base))
		return -EXDEV;
	walk_dotdot(w);
	return w->cur.mount != was.mount && (w->resolve & RESOLVE_NO_XDEV) ? -EXDEV : 0;
}

/* Split the next component off w->rest into w->last. */
static int walk_next_name(struct walk *w)
{
	const char *text = w->rest;
	size_t len = 0;

	while (text[len] && text[len] != '/')
		len++;
	w->rest += len;
	w->last_type = LAST_NORMAL;
	if (text[0] == '.' && len == 1)
		w->last_type = LAST_DOT;
	else if (text[0] == '.' && text[1] == '.' && len == 2)
		w->last_type = LAST_DOTDOT;
	else if (len > NAME_MAX)
		return -ENAMETOOLONG;
	w->last = name_make(text, len);
	return 0;
}

/* Nothing but slashes left? */
static bool walk_is_at_last(struct walk *w)
{
	const char *p = w->rest;

	while (*p == '/')
		p++;
	if (*p || w->depth)
		return false;
	if (p != w->rest)
		w->need_dir = true;
	w->rest = p;
	return true;
}

int walk_parents(struct walk *w)
{
	bool followed;
	int err;

	for (;;) {
		while (*w->rest == '/')
			w->rest++;
		if (!*w->rest && w->depth) {
			w->rest = w->stack[--w->depth];
			continue;
		}
		if (!*w->rest) {
			w->last_type = LAST_ROOT;
			w->last.len = 0;
			return 0;
		}
		err = walk_may_search(w);
		if (err == 0)
			err = walk_next_name(w);
		if (err < 0 || walk_is_at_last(w))
			return err;
		if (w->last_type == LAST_NORMAL)
			err = walk_step(w, &w->last, true, &followed);
		else if (w->last_type == LAST_DOTDOT)
			err = walk_step_up(w);
		if (err < 0)
			return err;
	}
}

int walk_to_end(struct walk *w)
{
	bool followed = true;
	int err = 0;

	while (followed) {
		err = walk_parents(w);
		if (err < 0)
			return err;
		followed = false;
		if (w->last_type == LAST_NORMAL)
			err = walk_step(w, &w->last, (w->flags & LOOKUP_FOLLOW) || w->need_dir,
					&followed);
		else if (w->last_type == LAST_DOTDOT)
			err = walk_step_up(w);
		if (err < 0)
			return err;
	}
	if (((w->flags & LOOKUP_DIRECTORY) || w->need_dir) && !inode_is_dir(w->cur.dentry->inode))
		return -ENOTDIR;
	return 0;
}

int path_lookup(int dirfd, const char *path, uint flags, struct path *out)
{
	struct walk w;
	int err;

	w.resolve = 0;
	err = walk_begin(&w, dirfd, path, flags);
	if (err == 0)
		err = walk_to_end(&w);
	if (err == 0)
		walk_take(&w, out);
	else
		walk_end(&w);
	return err;
}

int user_path_lookup(int dirfd, const char __user *upath, uint flags, struct path *out)
{
	struct user_path up;
	int err = user_path_get(&up, upath);

	if (err < 0)
		return err;
	err = path_lookup(dirfd, up.name, flags, out);
	user_path_put(&up);
	return err;
}

int walk_parent_of(struct walk *w, int dirfd, const char *name)
{
	int err;

	w->resolve = 0;
	err = walk_begin(w, dirfd, name, LOOKUP_PARENT);
	if (err == 0)
		err = walk_parents(w);
	if (err == 0)
		walk_pin(w);
	else
		walk_end(w);
	return err;
}

/* ---- permission to change a directory ---- */

int dir_may_create(const struct path *dir)
{
	return path_permission(dir, W_OK | X_OK);
}

int dir_may_delete(const struct path *dir, struct inode *victim, bool is_dir)
{
	struct inode *ip = dir->dentry->inode;
	int err = path_permission(dir, W_OK | X_OK);

	if (err < 0)
		return err;
	if ((ip->mode & S_ISVTX) && victim->uid != current_cred()->fsuid &&
	    ip->uid != current_cred()->fsuid && !capable(CAP_FOWNER))
		return -EPERM;
	if (is_dir && !inode_is_dir(victim))
		return -ENOTDIR;
	if (!is_dir && inode_is_dir(victim))
		return -EISDIR;
	return 0;
}

/* ---- back from a dentry to a path ---- */

static bool text_prepend(char **at, const char *start, const char *text, size_t len)
{
	if ((size_t)(*at - start) < len)
		return false;
	*at -= len;
	memcpy(*at, text, len);
	return true;
}

/* The names from @p up to @root; *reached tells whether it is above. */
static bool path_prepend_names(struct path p, const struct path *root, char **at,
			       const char *start, bool *reached)
{
	*reached = true;
	while (!path_is_equal(&p, root)) {
		if (p.dentry == p.mount->root || p.dentry->parent == p.dentry) {
			if (!p.mount->parent || p.dentry != p.mount->root) {
				*reached = p.mount->root == root->dentry &&
					p.dentry == root->dentry;
				return true;
			}
			p = (struct path){ p.mount->parent, p.mount->mountpoint };
			continue;
		}
		if (!text_prepend(at, start, p.dentry->name, p.dentry->len) ||
		    !text_prepend(at, start, "/", 1))
			return false;
		p.dentry = p.dentry->parent;
	}
	return true;
}

char *path_name(const struct path *p, char *buf, size_t size)
{
	char *at = buf + size, *end;
	struct path root;
	bool fits, reached;

	if (!text_prepend(&at, buf, "", 1))
		return NULL;
	spin_lock(&dcache_lock);
	root = current->fs ? current->fs->root : kernel_root;
	if (p->dentry->is_deleted && !text_prepend(&at, buf, " (deleted)", 10)) {
		spin_unlock(&dcache_lock);
		return NULL;
	}
	end = at;
	fits = path_prepend_names(*p, &root, &at, buf, &reached);
	spin_unlock(&dcache_lock);
	if (fits && at == end)
		fits = text_prepend(&at, buf, "/", 1);
	if (fits && !reached)
		fits = text_prepend(&at, buf, "(unreachable)", 13);
	return fits ? at : NULL;
}
