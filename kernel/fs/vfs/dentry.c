/* SPDX-License-Identifier: MIT */
/*
 * The name cache.
 *
 * A dentry is one name in one directory and what it leads to: an inode, or
 * nothing (negative).  The cache holds one reference to each dentry in it; a name that
 * nobody uses therefore has a count of one, and only the shrinker, unmounting
 * and the death of the name take it out.  A dentry holds its parent and its inode.
 *
 * States.
 *
 *	fresh		refs 1, not hashed			[dentry_create]
 *	cached		hashed, on the LRU list			[dentry_publish]
 *	negative	cached, inode NULL			[dentry_publish, dentry_delete]
 *	dropped		not hashed, freed by the last put	[dentry_delete, dentry_drop]
 *
 * Locking.  dcache_lock covers hash chains, LRU, tree and alias lists, name, parent and
 * inode.  A walk through the cache holds it throughout and needs no references.
 * The inode of a dentry that somebody references does not become NULL; a negative
 * one may become positive (under its directory's lock).
 *
 * A put may free: inodes are written back by their last put, so it sleeps.
 */
#include "vfs.h"

#include <uapi/errno.h>

#include <gemel/bits.h>
#include <gemel/hash.h>
#include <gemel/page.h>
#include <gemel/slab.h>
#include <gemel/string.h>
#include <gemel/work.h>

struct spinlock dcache_lock = SPINLOCK_INIT(DCACHE);

static struct slab_cache *dentry_cache;
static struct list *table;
static uint table_bits;
static struct list lru = LIST_INIT(lru);        /* dcache_lock; oldest first */
static size_t lru_count;                        /* dcache_lock */

static struct list *chain_of(const struct dentry *dir, u32 hash)
{
	return &table[hash_bits((ulong)dir + hash, table_bits)];
}

struct name name_make(const char *text, size_t len)
{
	return (struct name){ text, len, (u32)hash_bytes(text, len, 0) };
}

struct dentry *dentry_find(struct dentry *dir, const struct name *n)
{
	struct list *chain = chain_of(dir, n->hash);
	struct dentry *d;

	list_for_each(d, chain, hash_link) {
		if (d->hash == n->hash && d->parent == dir && d->len == n->len &&
		    memcmp(d->name, n->text, n->len) == 0) {
			d->is_recent = true;
			return d;
		}
	}
	return NULL;
}

static struct dentry *dentry_alloc(struct superblock *sb)
{
	struct dentry *d = slab_alloc(dentry_cache);

	if (!d)
		return NULL;
	memset(d, 0, sizeof(*d));
	refs_init(&d->refs, 1);
	d->sb = sb;
	d->name = d->inline_name;
	list_init(&d->hash_link);
	list_init(&d->lru_link);
	list_init(&d->child_link);
	list_init(&d->children);
	list_init(&d->alias_link);
	return d;
}

static bool dentry_set_name(struct dentry *d, const struct name *n, char *room)
{
	char *old = d->name;

	if (n->len >= sizeof(d->inline_name)) {
		if (!room)
			return false;
		d->name = room;
	} else {
		d->name = d->inline_name;
		kfree(room);
	}
	if (old != d->inline_name && old != d->name)
		kfree(old);
	memcpy(d->name, n->text, n->len);
	d->name[n->len] = '\0';
	d->len = (u16)n->len;
	d->hash = n->hash;
	return true;
}

struct dentry *dentry_create(struct dentry *dir, const struct name *n)
{
	struct dentry *d = dentry_alloc(dir->sb);
	char *room = NULL;

	if (!d)
		return NULL;
	if (n->len >= sizeof(d->inline_name))
		room = kalloc(n->len + 1);
	if (!dentry_set_name(d, n, room)) {
		slab_free(dentry_cache, d);
		return NULL;
	}
	dentry_get(dir);
	d->parent = dir;
	return d;
}

struct dentry *dentry_create_root(struct superblock *sb, struct inode *ip, const char *text)
{
	struct dentry *d = dentry_alloc(sb);

	if (!d)
		return NULL;
	strscpy(d->inline_name, text, sizeof(d->inline_name));
	d->len = (u16)strlen(d->inline_name);
	d->parent = d;
	d->inode = ip;
	spin_lock(&dcache_lock);
	list_add_tail(&ip->dentries, &d->alias_link);
	spin_unlock(&dcache_lock);
	return d;
}

static void dentry_attach_inode(struct dentry *d, struct inode *ip) __must_hold(dcache_lock)
{
	d->inode = ip;
	if (ip)
		list_add_tail(&ip->dentries, &d->alias_link);
}

static void dentry_hash(struct dentry *d) __must_hold(dcache_lock)
{
	d->is_hashed = true;
	list_add(chain_of(d->parent, d->hash), &d->hash_link);
}

/* In the tree, or out of it by removal. */
static bool inode_has_name(const struct inode *ip) __must_hold(dcache_lock)
{
	const struct dentry *d;

	list_for_each(d, &ip->dentries, alias_link)
		if (d->is_hashed || d->is_deleted || d->parent == d)
			return true;
	return false;
}

int dentry_publish(struct dentry *d, struct inode *ip)
{
	spin_lock(&dcache_lock);
	/* What is locked from the root down must be a tree. */
	if (ip && inode_is_dir(ip) && !d->sb->is_volatile && inode_has_name(ip)) {
		spin_unlock(&dcache_lock);
		return -ELOOP;
	}
	dentry_attach_inode(d, ip);
	if (!d->sb->is_volatile) {
		dentry_hash(d);
		d->is_recent = true;
		list_add_tail(&lru, &d->lru_link);
		lru_count++;
		list_add_tail(&d->parent->children, &d->child_link);
		refs_get(&d->refs);
	}
	spin_unlock(&dcache_lock);
	return 0;
}

void dentry_instantiate(struct dentry *d, struct inode *ip)
{
	spin_lock(&dcache_lock);
	dentry_attach_inode(d, ip);
	spin_unlock(&dcache_lock);
}

/* True: the cache's reference is the caller's now, to put after unlocking. */
static bool dentry_unhash(struct dentry *d) __must_hold(dcache_lock)
{
	if (!d->is_hashed)
		return false;
	d->is_hashed = false;
	list_remove(&d->hash_link);
	list_remove(&d->lru_link);
	lru_count--;
	return true;
}

void dentry_drop(struct dentry *d)
{
	bool had;

	spin_lock(&dcache_lock);
	had = dentry_unhash(d);
	spin_unlock(&dcache_lock);
	if (had)
		dentry_put(d);
}

/* A name in @dir that nobody uses, taken out of the cache, or NULL. */
static struct dentry *take_idle_child(struct dentry *dir)
{
	struct dentry *d, *found = NULL;

	spin_lock(&dcache_lock);
	list_for_each(d, &dir->children, child_link) {
		if (READ_ONCE(d->refs.count) != 1 || !dentry_unhash(d))
			continue;
		found = d;
		break;
	}
	spin_unlock(&dcache_lock);
	return found;
}

void dentry_delete(struct dentry *d)
{
	struct inode *ip = NULL;
	struct dentry *child;
	bool had = false;

	/* The negative names in a directory that goes would keep it, and its inode, for ever. */
	while ((child = take_idle_child(d)))
		dentry_put(child);
	spin_lock(&dcache_lock);
	/* The caller's and the cache's. */
	if (d->is_hashed && READ_ONCE(d->refs.count) == 2 && d->inode) {
		ip = d->inode;
		d->inode = NULL;
		list_remove(&d->alias_link);
	} else {
		d->is_deleted = true;
		had = dentry_unhash(d);
	}
	spin_unlock(&dcache_lock);
	if (ip)
		inode_put(ip);
	if (had)
		dentry_put(d);
}

static struct dentry *dentry_relink(struct dentry *d, struct dentry *dir)
	__must_hold(dcache_lock)
{
	struct dentry *old = d->parent;

	d->parent = dir;
	list_remove(&d->child_link);
	list_add_tail(&dir->children, &d->child_link);
	return old;
}

void dentry_move(struct dentry *d, struct dentry *dir, const struct name *n, char *room)
{
	struct dentry *old_dir;
	bool was_hashed;

	dentry_get(dir);
	spin_lock(&dcache_lock);
	was_hashed = d->is_hashed;
	list_remove(&d->hash_link);
	old_dir = dentry_relink(d, dir);
	dentry_set_name(d, n, room);
	if (was_hashed)
		dentry_hash(d);
	spin_unlock(&dcache_lock);
	dentry_put(old_dir);
}

void dentry_exchange(struct dentry *a, struct dentry *b, char *room_a, char *room_b)
{
	char text_a[NAME_MAX + 1], text_b[NAME_MAX + 1];
	struct dentry *dir_a, *dir_b;
	struct name na, nb;

	spin_lock(&dcache_lock);
	memcpy(text_a, a->name, a->len);
	memcpy(text_b, b->name, b->len);
	na = (struct name){ text_a, a->len, a->hash };
	nb = (struct name){ text_b, b->len, b->hash };
	list_remove(&a->hash_link);
	list_remove(&b->hash_link);
	/* Each takes the other's reference to its directory along. */
	dir_a = a->parent;
	dir_b = b->parent;
	dentry_relink(a, dir_b);
	dentry_relink(b, dir_a);
	dentry_set_name(a, &nb, room_a);
	dentry_set_name(b, &na, room_b);
	if (a->is_hashed)
		dentry_hash(a);
	if (b->is_hashed)
		dentry_hash(b);
	spin_unlock(&dcache_lock);
}

void dentry_get(struct dentry *d)
{
	refs_get(&d->refs);
}

/* Nobody can find it any more.  Its parent, whose reference the caller must put, or NULL. */
static struct dentry *dentry_free(struct dentry *d)
{
	struct dentry *parent = d->parent == d ? NULL : d->parent;

	spin_lock(&dcache_lock);
	ASSERT(!d->is_hashed && list_is_empty(&d->children));
	list_remove(&d->child_link);
	list_remove(&d->alias_link);
	spin_unlock(&dcache_lock);
	if (d->inode)
		inode_put(d->inode);
	if (d->name != d->inline_name)
		kfree(d->name);
	slab_free(dentry_cache, d);
	return parent;
}

void dentry_put(struct dentry *d)
{
	while (d && refs_put(&d->refs))
		d = dentry_free(d);
}

bool dentry_is_ancestor(struct dentry *a, struct dentry *d)
{
	for (; d != a; d = d->parent)
		if (d->parent == d)
			return false;
	return true;
}

/* A leaf that nobody uses, taken out of the cache, or NULL. */
static struct dentry *dcache_take_leaf(struct superblock *sb)
{
	struct dentry *d, *tmp, *found = NULL;

	spin_lock(&dcache_lock);
	list_for_each_safe(d, tmp, &lru, lru_link) {
		if (d->sb != sb || READ_ONCE(d->refs.count) != 1)
			continue;
		dentry_unhash(d);
		found = d;
		break;
	}
	spin_unlock(&dcache_lock);
	return found;
}

void dcache_shrink_sb(struct superblock *sb)
{
	struct dentry *d;

	while ((d = dcache_take_leaf(sb)))
		dentry_put(d);
}

size_t dcache_shrink(size_t n)
{
	struct list victims = LIST_INIT(victims);
	size_t look, freed = 0;

	spin_lock(&dcache_lock);
	look = MIN(4 * n, 2 * lru_count);
	for (; look && freed < n && !list_is_empty(&lru); look--) {
		struct dentry *d = list_first(&lru, struct dentry, lru_link);

		list_remove(&d->lru_link);
		if (d->is_recent || READ_ONCE(d->refs.count) != 1) {
			d->is_recent = false;
			list_add_tail(&lru, &d->lru_link);
			continue;
		}
		dentry_unhash(d);
		list_add_tail(&victims, &d->lru_link);
		freed++;
	}
	spin_unlock(&dcache_lock);
	while (!list_is_empty(&victims)) {
		struct dentry *d = list_first(&victims, struct dentry, lru_link);

		list_remove(&d->lru_link);
		dentry_put(d);
	}
	return freed;
}

/*
 * Memory is short.  The caller may hold any lock, and putting an inode takes some: a work
 * does it, and the caller, who tries again, finds the memory then.
 */
static u32 shrink_wanted;               /* atomic: how many names */
static struct work shrink_work;

static void dcache_shrink_work(struct work *w)
{
	(void)w;
	dcache_shrink(__atomic_exchange_n(&shrink_wanted, 0, __ATOMIC_RELAXED));
}

static size_t dcache_shrink_later(size_t n)
{
	WRITE_ONCE(shrink_wanted, (u32)MIN(n, 1ul << 16));
	work_queue(system_work, &shrink_work);
	return 0;
}

static struct shrinker dcache_shrinker = { .shrink = dcache_shrink_later };

void dcache_init(void)
{
	struct memory_info mi;
	u64 buckets;

	memory_info(&mi);
	buckets = roundup_pow2(mi.total / 32 + 1);
	buckets = MIN(MAX(buckets, 256ull), 32768ull);
	table_bits = ilog2(buckets);
	table = kalloc(buckets * sizeof(*table));
	dentry_cache = slab_cache_create("dentry", sizeof(struct dentry), 8, NULL);
	if (!table || !dentry_cache)
		panic("fs: no memory for the name cache");
	for (u64 i = 0; i < buckets; i++)
		list_init(&table[i]);
	work_init(&shrink_work, dcache_shrink_work);
	shrinker_register(&dcache_shrinker);
}
