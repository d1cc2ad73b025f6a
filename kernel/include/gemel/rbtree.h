/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Red-black trees, intrusive.  The caller searches (it knows the order),
 * then links:
 *
 *	struct rb_node **link = &root->node, *parent = NULL;
 *
 *	while (*link) {
 *		parent = *link;
 *		link = less(n, parent) ? &parent->left : &parent->right;
 *	}
 *	rb_insert(root, n, parent, link);
 *
 * An augmented tree keeps in every node a value computed from the node and
 * its two children (say, the minimum of a field in the subtree).  Pass the
 * same update function to each insert and erase; it recomputes one node.
 * When a field that the value depends on changes in place, call
 * rb_update_path().  No locking: the owner of the tree brings it.
 */
#include <gemel/compiler.h>

struct rb_node {
	ulong parent_color;     /* the parent's address; bit 0 set: black */
	struct rb_node *left, *right;
};

struct rb_root {
	struct rb_node *node;
};

/* A tree that knows its first node. */
struct rb_root_cached {
	struct rb_root root;
	struct rb_node *leftmost;
};

#define RB_ROOT                 { NULL }
#define RB_ROOT_CACHED          { { NULL }, NULL }
#define rb_entry(n, type, member)       container_of(n, type, member)

/* Recompute the cached value of @n from @n and its children.  True: it changed. */
typedef bool rb_update_fn(struct rb_node *n);

/* A node that is in no tree, if its owner wants to ask. */
static inline void rb_node_init(struct rb_node *n)
{
	n->parent_color = (ulong)n;
	n->left = n->right = NULL;
}

static inline bool rb_node_is_linked(const struct rb_node *n)
{
	return n->parent_color != (ulong)n;
}

static inline bool rb_is_empty(const struct rb_root *root)
{
	return !root->node;
}

/* Link @n at *@link below @parent, as found by a search, and rebalance. */
void rb_insert(struct rb_root *root, struct rb_node *n, struct rb_node *parent,
	       struct rb_node **link);
void rb_insert_augmented(struct rb_root *root, struct rb_node *n, struct rb_node *parent,
			 struct rb_node **link, rb_update_fn *update);

/* Unlink @n and rebalance; @n is left as rb_node_init() makes it. */
void rb_erase(struct rb_root *root, struct rb_node *n);
void rb_erase_augmented(struct rb_root *root, struct rb_node *n, rb_update_fn *update);

/* Put @with in the place of @n, which has the same key; @n ends up unlinked. */
void rb_replace(struct rb_root *root, struct rb_node *n, struct rb_node *with);

/* Recompute @n and then its ancestors until one does not change. */
void rb_update_path(struct rb_node *n, rb_update_fn *update);

/* Walk in order.  NULL: there is none. */
struct rb_node *rb_first(const struct rb_root *root);
struct rb_node *rb_last(const struct rb_root *root);
struct rb_node *rb_next(const struct rb_node *n);
struct rb_node *rb_prev(const struct rb_node *n);

static inline struct rb_node *rb_parent(const struct rb_node *n)
{
	return (struct rb_node *)(n->parent_color & ~1UL);
}

/* The cached variants.  @update may be NULL. */
static inline struct rb_node *rb_first_cached(const struct rb_root_cached *root)
{
	return root->leftmost;
}

void rb_insert_cached(struct rb_root_cached *root, struct rb_node *n, struct rb_node *parent,
		      struct rb_node **link, rb_update_fn *update);
void rb_erase_cached(struct rb_root_cached *root, struct rb_node *n, rb_update_fn *update);
