/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * A map from u64 to pointers, good for dense runs of keys: the page cache.
 * Each entry has RADIX_TAGS tag bits that can be searched quickly.
 *
 * Locking: the caller's.  Insert allocates with kalloc_atomic(), so it may
 * be called under a spin lock.
 */
#include <gemel/compiler.h>

#define RADIX_BITS      6
#define RADIX_SLOTS     (1U << RADIX_BITS)
#define RADIX_TAGS      3

/* What the page cache calls its tags. */
enum radix_tag {
	RADIX_DIRTY,
	RADIX_WRITEBACK,
	RADIX_TOWRITE,
};

struct radix_node;

struct radix {
	struct radix_node *root;
	u64 count;                      /* entries */
};

#define RADIX_INIT      { NULL, 0 }

static inline void radix_init(struct radix *tree)
{
	*tree = (struct radix)RADIX_INIT;
}

static inline bool radix_is_empty(const struct radix *tree)
{
	return tree->count == 0;
}

/* Free every node.  The items are the caller's. */
void radix_fini(struct radix *tree);

/* Map @key to @item, which is not NULL.  0, -EEXIST, -ENOMEM (nothing changed). */
int __must_check radix_insert(struct radix *tree, u64 key, void *item);

/* The item at @key, or NULL. */
void *radix_lookup(const struct radix *tree, u64 key);

/* Put @item, not NULL, in the place of what is at @key, tags kept.  The old item; NULL: nothing. */
void *radix_replace(struct radix *tree, u64 key, void *item);

/* Forget @key and its tags.  The item that was there, or NULL. */
void *radix_remove(struct radix *tree, u64 key);

/*
 * The item with the lowest key >= *@key; *@key becomes its key.  NULL: none.
 * To go on, add one to *@key, and stop if that wraps to zero.
 */
void *radix_next(const struct radix *tree, u64 *key);

/* The same among the entries that have @tag. */
void *radix_next_tagged(const struct radix *tree, u64 *key, enum radix_tag tag);

/* Tags of the entry at @key.  Setting or clearing where nothing is: no effect. */
void radix_set_tag(struct radix *tree, u64 key, enum radix_tag tag);
void radix_clear_tag(struct radix *tree, u64 key, enum radix_tag tag);
bool radix_has_tag(const struct radix *tree, u64 key, enum radix_tag tag);

/* True if any entry has @tag.  Constant time. */
bool radix_is_tagged(const struct radix *tree, enum radix_tag tag);
