/* SPDX-License-Identifier: MIT */
/*
 * Radix trees.
 *
 * A node has 64 slots: items at the lowest level (shift 0), nodes above.
 * Beside the slots it keeps one word of bits for "occupied" and one for each
 * tag; in an inner node a tag bit says "somewhere below".  So walking to the
 * next occupied or tagged entry skips empty stretches a word at a time.
 *
 * The tree is as high as its highest key needs: the root covers the keys
 * below 2^(shift + 6).  A tree that has only slot 0 of its root in use loses
 * a level; an empty tree has no root.
 *
 * Insertion counts the nodes that it will need, allocates all of them, and
 * only then changes anything.
 */
#include <gemel/radix.h>

#include <uapi/errno.h>

#include <gemel/bits.h>
#include <gemel/slab.h>
#include <gemel/string.h>

/* Words of bits in a node: "occupied", then the tags. */
enum { BITS_USED, BITS_TAG, BITS_WORDS = BITS_TAG + RADIX_TAGS };

/* Levels that 64 bits of key can need; nodes that one insertion can need. */
#define RADIX_LEVELS    DIV_ROUND_UP(64, RADIX_BITS)
#define RADIX_NEED_MAX  (2 * RADIX_LEVELS)

struct radix_node {
	u64 bits[BITS_WORDS];
	uint shift;             /* bits of key below this node's index */
	void *slot[RADIX_SLOTS];
};

/* The nodes from the root down to shift 0 on the way to one key. */
struct radix_path {
	uint depth;
	struct radix_node *node[RADIX_LEVELS];
};

static uint slot_of(const struct radix_node *n, u64 key)
{
	return (uint)(key >> n->shift) & (RADIX_SLOTS - 1);
}

static bool node_covers(uint shift, u64 key)
{
	return shift + RADIX_BITS >= 64 || key >> (shift + RADIX_BITS) == 0;
}

static bool path_find(const struct radix *tree, u64 key, struct radix_path *path)
{
	struct radix_node *n = tree->root;

	path->depth = 0;
	if (!n || !node_covers(n->shift, key))
		return false;
	for (;;) {
		path->node[path->depth++] = n;
		if (!(n->bits[BITS_USED] & BIT(slot_of(n, key))))
			return false;
		if (n->shift == 0)
			return true;
		n = n->slot[slot_of(n, key)];
	}
}

static struct radix_node *path_leaf(const struct radix_path *path)
{
	return path->node[path->depth - 1];
}

/* The lowest shift whose root covers @key. */
static uint shift_for(u64 key)
{
	uint shift = 0;

	while (!node_covers(shift, key))
		shift += RADIX_BITS;
	return shift;
}

/* How many new nodes inserting @key takes, when @path is how far it goes. */
static uint count_needed(const struct radix *tree, u64 key, const struct radix_path *path)
{
	uint want = shift_for(key);

	if (!tree->root)
		return want / RADIX_BITS + 1;
	if (want > tree->root->shift)
		return (want - tree->root->shift) / RADIX_BITS + want / RADIX_BITS;
	return path_leaf(path)->shift / RADIX_BITS;
}

static int nodes_alloc(struct radix_node **node, uint n)
{
	for (uint i = 0; i < n; i++) {
		node[i] = kalloc_atomic(sizeof(**node));
		if (!node[i]) {
			while (i--)
				kfree(node[i]);
			return -ENOMEM;
		}
		memset(node[i], 0, sizeof(**node));
	}
	return 0;
}

/* Put a level above the root: @n with the root in slot 0. */
static void push_root(struct radix *tree, struct radix_node *n)
{
	struct radix_node *old = tree->root;

	n->shift = old->shift + RADIX_BITS;
	n->slot[0] = old;
	for (uint w = 0; w < BITS_WORDS; w++)
		n->bits[w] = old->bits[w] != 0;
	tree->root = n;
}

int radix_insert(struct radix *tree, u64 key, void *item)
{
	struct radix_node *fresh[RADIX_NEED_MAX], **next = fresh, *n;
	struct radix_path path;
	int err;

	if (path_find(tree, key, &path))
		return -EEXIST;
	err = nodes_alloc(fresh, count_needed(tree, key, &path));
	if (err < 0)
		return err;

	if (!tree->root) {
		tree->root = *next++;
		tree->root->shift = shift_for(key);
	}
	while (!node_covers(tree->root->shift, key))
		push_root(tree, *next++);
	for (n = tree->root; n->shift; n = n->slot[slot_of(n, key)]) {
		uint i = slot_of(n, key);

		if (n->bits[BITS_USED] & BIT(i))
			continue;
		n->bits[BITS_USED] |= BIT(i);
		n->slot[i] = *next;
		(*next++)->shift = n->shift - RADIX_BITS;
	}
	n->bits[BITS_USED] |= BIT(slot_of(n, key));
	n->slot[slot_of(n, key)] = item;
	tree->count++;
	return 0;
}

void *radix_lookup(const struct radix *tree, u64 key)
{
	const struct radix_node *n = tree->root;

	if (!n || !node_covers(n->shift, key))
		return NULL;
	while (n->shift) {
		n = n->slot[slot_of(n, key)];
		if (!n)
			return NULL;
	}
	return n->slot[slot_of(n, key)];
}

void *radix_replace(struct radix *tree, u64 key, void *item)
{
	struct radix_path path;
	struct radix_node *leaf;
	void *old;

	if (!path_find(tree, key, &path))
		return NULL;
	leaf = path_leaf(&path);
	old = leaf->slot[slot_of(leaf, key)];
	leaf->slot[slot_of(leaf, key)] = item;
	return old;
}

/* Clear word @w for @key in the leaf, and above as long as that empties the word. */
static void path_clear(const struct radix_path *path, u64 key, uint w)
{
	for (uint d = path->depth; d--; ) {
		struct radix_node *n = path->node[d];

		n->bits[w] &= ~BIT(slot_of(n, key));
		if (n->bits[w])
			return;
	}
}

/* Free the nodes of @path that have become empty, and roots that have only slot 0. */
static void path_prune(struct radix *tree, const struct radix_path *path, u64 key)
{
	struct radix_node *n;

	for (uint d = path->depth; d-- && !path->node[d]->bits[BITS_USED]; ) {
		if (d)
			path->node[d - 1]->slot[slot_of(path->node[d - 1], key)] = NULL;
		else
			tree->root = NULL;
		kfree(path->node[d]);
	}
	while ((n = tree->root) && n->shift && n->bits[BITS_USED] == 1) {
		tree->root = n->slot[0];
		kfree(n);
	}
}

void *radix_remove(struct radix *tree, u64 key)
{
	struct radix_path path;
	struct radix_node *leaf;
	void *item;

	if (!path_find(tree, key, &path))
		return NULL;
	leaf = path_leaf(&path);
	item = leaf->slot[slot_of(leaf, key)];
	leaf->slot[slot_of(leaf, key)] = NULL;
	for (uint w = 0; w < BITS_WORDS; w++)
		path_clear(&path, key, w);
	path_prune(tree, &path, key);
	tree->count--;
	return item;
}

/* The lowest key >= *@key whose bit is set in words @w. */
static void *next_in_word(const struct radix *tree, u64 *key, uint w)
{
	const struct radix_node *n = tree->root;
	u64 k = *key;

	if (!n || !node_covers(n->shift, k))
		return NULL;
	for (;;) {
		u64 ahead = n->bits[w] >> slot_of(n, k);
		uint skip;

		if (!ahead) {
			/* Nothing more in this node: go on behind it, from the top. */
			if (n->shift + RADIX_BITS >= 64)
				return NULL;
			k = ((k >> (n->shift + RADIX_BITS)) + 1) << (n->shift + RADIX_BITS);
			n = tree->root;
			if (!k || !node_covers(n->shift, k))
				return NULL;
			continue;
		}
		skip = bit_lowest(ahead);
		if (skip)
			k = ((k >> n->shift) + skip) << n->shift;
		if (n->shift == 0) {
			*key = k;
			return n->slot[slot_of(n, k)];
		}
		n = n->slot[slot_of(n, k)];
	}
}

void *radix_next(const struct radix *tree, u64 *key)
{
	return next_in_word(tree, key, BITS_USED);
}

void *radix_next_tagged(const struct radix *tree, u64 *key, enum radix_tag tag)
{
	return next_in_word(tree, key, BITS_TAG + (uint)tag);
}

void radix_set_tag(struct radix *tree, u64 key, enum radix_tag tag)
{
	struct radix_path path;

	if (!path_find(tree, key, &path))
		return;
	for (uint d = 0; d < path.depth; d++)
		path.node[d]->bits[BITS_TAG + (uint)tag] |= BIT(slot_of(path.node[d], key));
}

void radix_clear_tag(struct radix *tree, u64 key, enum radix_tag tag)
{
	struct radix_path path;

	if (path_find(tree, key, &path))
		path_clear(&path, key, BITS_TAG + (uint)tag);
}

bool radix_has_tag(const struct radix *tree, u64 key, enum radix_tag tag)
{
	struct radix_path path;
	const struct radix_node *leaf;

	if (!path_find(tree, key, &path))
		return false;
	leaf = path_leaf(&path);
	return leaf->bits[BITS_TAG + (uint)tag] & BIT(slot_of(leaf, key));
}

bool radix_is_tagged(const struct radix *tree, enum radix_tag tag)
{
	return tree->root && tree->root->bits[BITS_TAG + (uint)tag];
}

/* Recursion is as deep as the tree: at most RADIX_LEVELS. */
static void node_free(struct radix_node *n)
{
	u64 used = n->shift ? n->bits[BITS_USED] : 0;

	for (; used; used &= used - 1)
		node_free(n->slot[bit_lowest(used)]);
	kfree(n);
}

void radix_fini(struct radix *tree)
{
	if (tree->root)
		node_free(tree->root);
	radix_init(tree);
}
