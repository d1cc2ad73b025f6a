/* SPDX-License-Identifier: MIT */
#include <gemel/rbtree.h>

#include <gemel/ktest.h>

enum { N = 200 };

struct item {
	struct rb_node node;
	u32 key;
	u32 weight;
	u32 min;                /* augmented: the least weight in the subtree */
	bool in;
};

static struct item *item_of(struct rb_node *n)
{
	return rb_entry(n, struct item, node);
}

static u32 min_below(const struct rb_node *n, u32 least)
{
	if (n)
		least = MIN(least, item_of((struct rb_node *)n)->min);
	return least;
}

static bool update_min(struct rb_node *n)
{
	struct item *it = item_of(n);
	u32 min = min_below(n->left, min_below(n->right, it->weight));
	bool changed = it->min != min;

	it->min = min;
	return changed;
}

static void insert(struct rb_root_cached *root, struct item *it)
{
	struct rb_node **link = &root->root.node, *parent = NULL;

	while (*link) {
		parent = *link;
		link = it->key < item_of(parent)->key ? &parent->left : &parent->right;
	}
	rb_insert_cached(root, &it->node, parent, link, update_min);
	it->in = true;
}

/* Black height of @n's subtree, or -1 if an invariant does not hold. */
static int check(const struct rb_node *n, const struct rb_node *parent)
{
	int left, right;
	bool black;

	if (!n)
		return 0;
	black = n->parent_color & 1;
	if (rb_parent(n) != parent || (!black && parent && !(parent->parent_color & 1)))
		return -1;
	if (item_of((struct rb_node *)n)->min !=
	    min_below(n->left, min_below(n->right, item_of((struct rb_node *)n)->weight)))
		return -1;
	left = check(n->left, n);
	right = check(n->right, n);
	return left < 0 || left != right ? -1 : left + black;
}

static u32 next_random(u32 *state)
{
	*state = *state * 1664525 + 1013904223;
	return *state >> 8;
}

static uint walk_both_ways(struct ktest_run *kt, const struct rb_root_cached *root)
{
	uint n = 0, back = 0;
	u32 last = 0;

	for (struct rb_node *p = rb_first(&root->root); p; p = rb_next(p), n++) {
		EXPECT(item_of(p)->key >= last);
		last = item_of(p)->key;
	}
	for (struct rb_node *p = rb_last(&root->root); p; p = rb_prev(p))
		back++;
	EXPECT_EQ(n, back);
	return n;
}

KTEST(rbtree, holds_its_invariants_under_random_use)
{
	static struct item items[N];
	struct rb_root_cached root = RB_ROOT_CACHED;
	u32 seed = 42;
	uint count = 0;

	for (uint i = 0; i < N; i++)
		items[i].in = false;
	for (uint step = 0; step < 4000; step++) {
		struct item *it = &items[next_random(&seed) % N];

		if (it->in) {
			rb_erase_cached(&root, &it->node, update_min);
			EXPECT(!rb_node_is_linked(&it->node));
			it->in = false;
			count--;
		} else {
			it->key = next_random(&seed) % 64;
			it->weight = next_random(&seed);
			insert(&root, it);
			count++;
		}
		EXPECT(check(root.root.node, NULL) >= 0);
		EXPECT(rb_first_cached(&root) == rb_first(&root.root));
		if (step % 50 == 0)
			EXPECT_EQ(count, walk_both_ways(kt, &root));
	}
}

KTEST(rbtree, empty_and_single)
{
	struct rb_root_cached root = RB_ROOT_CACHED;
	struct item it = { .key = 1 };

	EXPECT(!rb_first(&root.root) && !rb_last(&root.root) && rb_is_empty(&root.root));
	insert(&root, &it);
	EXPECT(rb_first(&root.root) == &it.node && rb_last(&root.root) == &it.node);
	EXPECT(!rb_next(&it.node) && !rb_prev(&it.node));
	rb_erase_cached(&root, &it.node, NULL);
	EXPECT(rb_is_empty(&root.root) && !root.leftmost);
}

KTEST(rbtree, replace_and_update_path)
{
	struct rb_root_cached root = RB_ROOT_CACHED;
	struct item it[10], other;

	for (u32 i = 0; i < 10; i++) {
		it[i].key = i;
		it[i].weight = 100 + i;
		insert(&root, &it[i]);
	}
	it[7].weight = 1;
	rb_update_path(&it[7].node, update_min);
	EXPECT(check(root.root.node, NULL) >= 0);
	EXPECT_EQ(1, item_of(root.root.node)->min);
	other = it[4];
	rb_replace(&root.root, &it[4].node, &other.node);
	EXPECT(check(root.root.node, NULL) >= 0);
	EXPECT(rb_next(&it[3].node) == &other.node && rb_prev(&it[5].node) == &other.node);
}
