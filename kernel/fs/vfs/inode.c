/* SPDX-License-Identifier: MIT */
/*
 * Inodes: the table by (file system, number), reference counts, and the wrappers
 * through which alone a file system's operations are called.
 *
 * States of a cached inode.
 *
 *	new		refs 1, INODE_NEW: others wait		[inode_get_cached]
 *	ready		any refs > 0				[inode_ready]
 *	bad		INODE_BAD, out of the table		[inode_fail]
 *	going		refs 0, still in the table: others wait	[inode_put]
 *
 * Names in the dentry cache hold references, so an inode without any has been
 * forgotten by everybody: its last put writes it back and frees it.
 *
 * Locking.  icache_lock covers the table, sb->inodes and states.  inode_changed is woken
 * when an inode leaves "new" or the table.  inode->lock: see the op table in fs.h.
 */
#include "vfs.h"

#include <uapi/errno.h>

#include <gemel/cred.h>
#include <gemel/hash.h>
#include <gemel/log.h>
#include <gemel/slab.h>
#include <gemel/string.h>
#include <gemel/task.h>
#include <gemel/time.h>
#include <gemel/work.h>

#define TABLE_BITS 9
#define FLUSH_AFTER_NS (5 * NSEC_PER_SEC)

static struct spinlock icache_lock = SPINLOCK_INIT(ICACHE);
static struct list table[1u << TABLE_BITS];
static struct wait_queue inode_changed = WAIT_QUEUE_INIT(inode_changed);
static struct slab_cache *inode_cache;
static struct delayed_work flush_work;

static struct list *chain_of(const struct superblock *sb, u64 ino)
{
	return &table[hash_bits((ulong)sb + ino, TABLE_BITS)];
}

struct timestamp time_stamp_now(void)
{
	u64 ns = time_realtime();

	return (struct timestamp){ (s64)(ns / NSEC_PER_SEC), (u32)(ns % NSEC_PER_SEC) };
}

static struct inode *inode_alloc(struct superblock *sb, mode_t mode)
{
	struct inode *ip = slab_alloc(inode_cache);

	if (!ip)
		return NULL;
	memset(ip, 0, sizeof(*ip));
	ip->sb = sb;
	ip->mode = mode;
	ip->nlink = 1;
	refs_init(&ip->refs, 1);
	mutex_init(&ip->lock, S_ISDIR(mode) ? LOCK_RANK_INODE : LOCK_RANK_INODEFILE);
	mapping_init(&ip->mapping, NULL, ip);
	list_init(&ip->hash_link);
	list_init(&ip->sb_link);
	list_init(&ip->lru_link);
	list_init(&ip->dentries);
	list_init(&ip->locks);
	list_init(&ip->watches);
	return ip;
}

struct inode *inode_create(struct superblock *sb, mode_t mode)
{
	struct inode *ip = inode_alloc(sb, mode);

	if (!ip)
		return NULL;
	ip->atime = ip->mtime = ip->ctime = time_stamp_now();
	spin_lock(&icache_lock);
	list_add_tail(&sb->inodes, &ip->sb_link);
	spin_unlock(&icache_lock);
	return ip;
}

/* The table's entry, maybe new or going. */
static struct inode *inode_find(struct superblock *sb, u64 ino)
{
	struct inode *ip;

	list_for_each(ip, chain_of(sb, ino), hash_link)
		if (ip->ino == ino && ip->sb == sb)
			return ip;
	return NULL;
}

enum found { FOUND_NONE, FOUND_READY, FOUND_BUSY };

static enum found inode_try_get(struct superblock *sb, u64 ino, struct inode **out)
{
	struct inode *ip;
	enum found how = FOUND_NONE;

	spin_lock(&icache_lock);
	ip = inode_find(sb, ino);
	if (ip)
		how = !(ip->state & INODE_NEW) && refs_try_get(&ip->refs) ? FOUND_READY :
			FOUND_BUSY;
	spin_unlock(&icache_lock);
	*out = ip;
	return how;
}

static bool inode_is_busy(struct superblock *sb, u64 ino)
{
	struct inode *ip;
	bool busy;

	spin_lock(&icache_lock);
	ip = inode_find(sb, ino);
	busy = ip && ((ip->state & INODE_NEW) || READ_ONCE(ip->refs.count) == 0);
	spin_unlock(&icache_lock);
	return busy;
}

/* Enter @ip unless somebody was faster. */
static bool inode_try_insert(struct inode *ip)
{
	bool is_first;

	spin_lock(&icache_lock);
	is_first = !inode_find(ip->sb, ip->ino);
	if (is_first) {
		ip->is_cached = true;
		list_add(chain_of(ip->sb, ip->ino), &ip->hash_link);
		list_add_tail(&ip->sb->inodes, &ip->sb_link);
	}
	spin_unlock(&icache_lock);
	return is_first;
}

int inode_get_cached(struct superblock *sb, u64 ino, struct inode **out, bool *is_new)
{
	struct inode *fresh = NULL;
	enum found how;

	for (;;) {
		how = inode_try_get(sb, ino, out);
		if (how == FOUND_READY)
			break;
		if (how == FOUND_BUSY) {
			wait_event_blocked(&inode_changed, !inode_is_busy(sb, ino));
			continue;
		}
		if (!fresh) {
			fresh = inode_alloc(sb, 0);
			if (!fresh)
				return -ENOMEM;
			fresh->ino = ino;
			fresh->state = INODE_NEW;
		}
		if (inode_try_insert(fresh)) {
			*out = fresh;
			*is_new = true;
			return 0;
		}
	}
	if (fresh) {
		mapping_fini(&fresh->mapping);
		slab_free(inode_cache, fresh);
	}
	*is_new = false;
	return 0;
}

static void inode_leave_table(struct inode *ip)
{
	spin_lock(&icache_lock);
	list_remove(&ip->hash_link);
	list_remove(&ip->sb_link);
	ip->is_cached = false;
	spin_unlock(&icache_lock);
	wake_all(&inode_changed);
}

void inode_ready(struct inode *ip)
{
	ip->lock.rank = S_ISDIR(ip->mode) ? LOCK_RANK_INODE : LOCK_RANK_INODEFILE;
	spin_lock(&icache_lock);
	ip->state &= (u8)~INODE_NEW;
	spin_unlock(&icache_lock);
	wake_all(&inode_changed);
}

void inode_fail(struct inode *ip)
{
	inode_leave_table(ip);
	mapping_fini(&ip->mapping);
	slab_free(inode_cache, ip);
}

void inode_get(struct inode *ip)
{
	refs_get(&ip->refs);
}

/* The last reference is gone; nobody can get another. */
static void inode_evict(struct inode *ip)
{
	if (ip->nlink > 0 && ip->is_cached) {
		int err = mapping_writeback(&ip->mapping, 0, ~0ull, true);

		if (inode_write(ip) < 0 || err < 0)
			printk(LOG_ERR, "fs", "inode %lu: changes lost", (ulong)ip->ino);
	}
	mapping_fini(&ip->mapping);
	if (ip->pipe && ip->sb != superblock_anonymous())
		fifo_evict(ip);
	if (ip->ops && ip->ops->evict)
		ip->ops->evict(ip);
	inode_leave_table(ip);
	slab_free(inode_cache, ip);
}

void inode_put(struct inode *ip)
{
	if (refs_put(&ip->refs))
		inode_evict(ip);
}

static void flush_run(struct work *w)
{
	(void)w;
	inodes_write_back();
}

void inode_mark_dirty(struct inode *ip)
{
	if (READ_ONCE(ip->dirty))
		return;
	WRITE_ONCE(ip->dirty, true);
	if (ip->is_cached)
		work_queue_delayed(system_work, &flush_work, FLUSH_AFTER_NS);
}

int inode_write(struct inode *ip)
{
	int err;

	if (!READ_ONCE(ip->dirty) || !ip->ops || !ip->ops->write)
		return 0;
	WRITE_ONCE(ip->dirty, false);
	err = ip->ops->write(ip);
	if (err < 0)
		WRITE_ONCE(ip->dirty, true);
	return err;
}

/* The disk's cache is emptied even if nothing is dirty: the flusher may have written it all. */
int inode_fsync(struct inode *ip, u64 first, u64 last)
{
	const struct super_ops *ops = ip->sb->ops;
	int err = mapping_writeback(&ip->mapping, first, last, true);
	int err2 = ip->sb->read_only ? 0 : inode_write(ip);

	if (err2 == 0 && !ip->sb->read_only && ops && ops->sync)
		err2 = ops->sync(ip->sb, true);
	return err < 0 ? err : err2;
}

/* The next inode of @sb after @prev (put), referenced; NULL at the end. */
static struct inode *inode_next(struct superblock *sb, struct inode *prev)
{
	struct inode *ip = NULL;
	struct list *at;

	spin_lock(&icache_lock);
	at = prev ? prev->sb_link.next : sb->inodes.next;
	for (; at != &sb->inodes; at = at->next) {
		ip = list_entry(at, struct inode, sb_link);
		if (!(ip->state & INODE_NEW) && refs_try_get(&ip->refs))
			break;
		ip = NULL;
	}
	spin_unlock(&icache_lock);
	if (prev)
		inode_put(prev);
	return ip;
}

void sb_write_inodes(struct superblock *sb)
{
	struct inode *ip = NULL;

	while ((ip = inode_next(sb, ip)))
		if (inode_write(ip) < 0)
			printk(LOG_ERR, "fs", "inode %lu: not written", (ulong)ip->ino);
}

int sb_sync(struct superblock *sb, bool wait)
{
	struct inode *ip = NULL;
	int first = 0;

	while ((ip = inode_next(sb, ip))) {
		int err = 0;

		if (!ip->is_cached)
			continue;
		if (ip->mapping.npages)
			err = mapping_writeback(&ip->mapping, 0, ~0ull, wait);
		if (err == 0)
			err = inode_write(ip);
		if (err < 0 && first == 0)
			first = err;
	}
	if (sb->ops && sb->ops->sync) {
		int err = sb->ops->sync(sb, wait);

		if (err < 0 && first == 0)
			first = err;
	}
	return first;
}

int sb_set_root(struct superblock *sb, struct inode *ip)
{
	sb->root = dentry_create_root(sb, ip, "/");
	if (sb->root)
		return 0;
	inode_put(ip);
	return -ENOMEM;
}

/* ---- operations ---- */

int inode_lookup(struct inode *dir, const struct name *n, struct inode **out)
{
	ASSERT(mutex_is_held(&dir->lock));
	if (!dir->ops->lookup)
		return -ENOTDIR;
	return dir->ops->lookup(dir, n->text, n->len, out);
}

void inode_init_owner(struct inode *ip, const struct inode *dir, mode_t mode)
{
	const struct cred *c = current_cred();

	ip->uid = c->fsuid;
	ip->gid = c->fsgid;
	if (dir->mode & S_ISGID) {
		ip->gid = dir->gid;
		if (S_ISDIR(mode))
			mode |= S_ISGID;
	}
	ip->mode = mode;
}

static int inode_call_make(struct inode *dir, const struct name *n, mode_t mode, dev_t rdev,
			   const char *target, struct inode **out)
{
	const struct inode_ops *ops = dir->ops;

	if (S_ISDIR(mode))
		return ops->mkdir ? ops->mkdir(dir, n->text, n->len, mode, out) : -EPERM;
	if (S_ISLNK(mode))
		return ops->symlink ? ops->symlink(dir, n->text, n->len, target, out) : -EPERM;
	return ops->create ? ops->create(dir, n->text, n->len, mode, rdev, out) : -EACCES;
}

int inode_make(struct inode *dir, const struct name *n, mode_t mode, dev_t rdev,
	       const char *target, struct inode **out)
{
	ASSERT(mutex_is_held(&dir->lock));
	if (dir->nlink == 0)
		return -ENOENT;
	/* A new set-group-id program in a group that is not the caller's loses the bit. */
	if ((dir->mode & S_ISGID) && !S_ISDIR(mode) && (mode & (S_ISGID | S_IXGRP)) ==
	    (S_ISGID | S_IXGRP) && !cred_in_group(current_cred(), dir->gid) && !capable(CAP_FSETID))
		mode &= ~(mode_t)S_ISGID;
	return inode_call_make(dir, n, mode, rdev, target, out);
}

int inode_link(struct inode *dir, const struct name *n, struct inode *ip)
{
	ASSERT(mutex_is_held(&dir->lock) && mutex_is_held(&ip->lock));
	if (dir->nlink == 0)
		return -ENOENT;
	if (!dir->ops->link)
		return -EPERM;
	return dir->ops->link(dir, n->text, n->len, ip);
}

int inode_unlink(struct inode *dir, const struct name *n, struct inode *ip)
{
	int err;

	ASSERT(mutex_is_held(&dir->lock));
	if (!dir->ops->unlink)
		return -EPERM;
	mutex_lock_nested(&ip->lock);
	err = dir->ops->unlink(dir, n->text, n->len, ip);
	mutex_unlock(&ip->lock);
	return err;
}

int inode_rmdir(struct inode *dir, const struct name *n, struct inode *ip)
{
	int err;

	ASSERT(mutex_is_held(&dir->lock));
	if (!dir->ops->rmdir)
		return -EPERM;
	mutex_lock_nested(&ip->lock);
	err = dir->ops->rmdir(dir, n->text, n->len, ip);
	mutex_unlock(&ip->lock);
	return err;
}

ssize_t inode_readlink(struct inode *ip, char *buf, size_t size)
{
	if (!ip->ops->readlink)
		return -EINVAL;
	return ip->ops->readlink(ip, buf, size);
}

int generic_setattr(struct inode *ip, const struct inode_attr *attr)
{
	if (attr->valid & ATTR_UID)
		ip->uid = attr->uid;
	if (attr->valid & ATTR_GID)
		ip->gid = attr->gid;
	if (attr->valid & ATTR_MODE)
		ip->mode = (ip->mode & S_IFMT) | (attr->mode & S_ALLPERM);
	if (attr->valid & ATTR_ATIME)
		ip->atime = attr->atime;
	if (attr->valid & ATTR_MTIME)
		ip->mtime = attr->mtime;
	if (attr->valid & ATTR_CTIME)
		ip->ctime = attr->ctime;
	inode_mark_dirty(ip);
	return 0;
}

/* Pages and backing beyond @size go; pages between an old smaller size and @size read as zero. */
static int inode_set_size(struct inode *ip, u64 size)
{
	u64 old = ip->size;
	int err = 0;

	if (size > ip->sb->max_file_size)
		return -EFBIG;
	if (size < old) {
		WRITE_ONCE(ip->size, size);
		mapping_truncate(&ip->mapping, size);
	} else if (size > old) {
		err = mapping_zero_tail(&ip->mapping, old);
	}
	if (err == 0 && ip->ops->truncate)
		err = ip->ops->truncate(ip, size);
	if (err < 0) {
		WRITE_ONCE(ip->size, old);
		return err;
	}
	WRITE_ONCE(ip->size, size);
	return 0;
}

int inode_setattr(struct inode *ip, const struct inode_attr *attr)
{
	int err;

	ASSERT(mutex_is_held(&ip->lock));
	if (attr->valid & ATTR_SIZE) {
		err = inode_set_size(ip, attr->size);
		if (err < 0)
			return err;
	}
	if (ip->ops && ip->ops->setattr)
		return ip->ops->setattr(ip, attr);
	return generic_setattr(ip, attr);
}

/* The mode without set-id bits that a change by an ordinary user removes. */
static mode_t mode_without_privileges(const struct inode *ip)
{
	mode_t mode = ip->mode;

	if (!S_ISREG(mode) || !(mode & (S_ISUID | S_ISGID)) || capable(CAP_FSETID))
		return mode;
	mode &= ~(mode_t)S_ISUID;
	if (mode & S_IXGRP)
		mode &= ~(mode_t)S_ISGID;
	return mode;
}

void inode_strip_privileges(struct inode *ip)
{
	struct inode_attr attr = { .valid = ATTR_MODE };

	attr.mode = mode_without_privileges(ip);
	if (attr.mode != ip->mode && inode_setattr(ip, &attr) < 0)
		inode_mark_dirty(ip);
}

int inode_truncate(struct inode *ip, u64 size)
{
	struct inode_attr attr = { .valid = ATTR_SIZE | ATTR_MTIME | ATTR_CTIME, .size = size };
	int err;

	mutex_lock(&ip->lock);
	attr.mtime = attr.ctime = time_stamp_now();
	attr.mode = mode_without_privileges(ip);
	if (attr.mode != ip->mode)
		attr.valid |= ATTR_MODE;
	err = inode_setattr(ip, &attr);
	mutex_unlock(&ip->lock);
	return err;
}

static bool timestamp_is_before(struct timestamp a, struct timestamp b)
{
	return a.sec < b.sec || (a.sec == b.sec && a.nsec <= b.nsec);
}

/* As Linux's relatime: only when older than the last change, or than a day. */
void inode_touch_atime(struct file *f)
{
	struct inode *ip = f->inode;
	struct timestamp now;

	if (!f->path.mount || (f->path.mount->flags & 1024u) || (f->flags & O_NOATIME) ||
	    mount_is_read_only(f->path.mount))
		return;
	if (!timestamp_is_before(ip->atime, ip->mtime) &&
	    !timestamp_is_before(ip->atime, ip->ctime)) {
		now = time_stamp_now();
		if (now.sec - ip->atime.sec < 24 * 3600)
			return;
	} else {
		now = time_stamp_now();
	}
	ip->atime = now;
	inode_mark_dirty(ip);
}

bool inode_is_owner_or_capable(const struct inode *ip)
{
	return current_cred()->fsuid == ip->uid || capable(CAP_FOWNER);
}

int inode_permission(struct inode *ip, int mask)
{
	const struct cred *c;
	mode_t mode = ip->mode;

	if ((mask & W_OK) && ip->sb->read_only &&
	    (S_ISREG(mode) || S_ISDIR(mode) || S_ISLNK(mode)))
		return -EROFS;
	c = current_cred();
	if (c->fsuid == ip->uid)
		mode >>= 6;
	else if (cred_in_group(c, ip->gid))
		mode >>= 3;
	if (((uint)mask & ~mode & 7) == 0)
		return 0;
	if (S_ISDIR(ip->mode)) {
		if (!(mask & W_OK) && capable(CAP_DAC_READ_SEARCH))
			return 0;
		return capable(CAP_DAC_OVERRIDE) ? 0 : -EACCES;
	}
	if (mask == R_OK && capable(CAP_DAC_READ_SEARCH))
		return 0;
	if ((!(mask & X_OK) || (ip->mode & 0111)) && capable(CAP_DAC_OVERRIDE))
		return 0;
	return -EACCES;
}

void icache_init(void)
{
	for (uint i = 0; i < ARRAY_SIZE(table); i++)
		list_init(&table[i]);
	inode_cache = slab_cache_create("inode", sizeof(struct inode), 8, NULL);
	if (!inode_cache)
		panic("fs: no memory for the inode table");
	delayed_work_init(&flush_work, flush_run);
}
