/* SPDX-License-Identifier: MIT */
/*
 * Red-black trees.
 *
 * The invariants: a red node has no red child; every path from a node down
 * to a missing child passes the same number of black nodes; a missing child
 * counts as black.  So no path is more than twice as long as another.
 *
 * Insertion links a red leaf and repairs "red under red" upwards; removal
 * takes out a node with at most one child and, if it was black, repairs the
 * missing black upwards from the gap, which is named by its parent because
 * the gap itself may be a missing child.
 *
 * Augmentation: a rotation keeps the set of nodes below its top, so only the
 * two nodes that turn are recomputed, the lower first.
 */
#include <gemel/rbtree.h>

static bool is_black(const struct rb_node *n)
{
	return !n || (n->parent_color & 1);
}

static bool is_red(const struct rb_node *n)
{
	return !is_black(n);
}

static void set_parent(struct rb_node *n, struct rb_node *parent)
{
	n->parent_color = (ulong)parent | (n->parent_color & 1);
}

static void set_black(struct rb_node *n)
{
	n->parent_color |= 1;
}

static void set_red(struct rb_node *n)
{
	n->parent_color &= ~1UL;
}

static void copy_color(struct rb_node *to, const struct rb_node *from)
{
	to->parent_color = (to->parent_color & ~1UL) | (from->parent_color & 1);
}

/* Where the tree points at @n, whose parent is @parent. */
static struct rb_node **link_to(struct rb_root *root, struct rb_node *parent,
				const struct rb_node *n)
{
	if (!parent)
		return &root->node;
	return parent->left == n ? &parent->left : &parent->right;
}

/*
 *	    x                y
 *	   / \              / \
 *	  a   y     -->    x   c
 *	     / \          / \
 *	    b   c        a   b
 */
static void rotate_left(struct rb_root *root, struct rb_node *x, rb_update_fn *update)
{
	struct rb_node *y = x->right, *parent = rb_parent(x);

	*link_to(root, parent, x) = y;
	set_parent(y, parent);
	x->right = y->left;
	if (x->right)
		set_parent(x->right, x);
	y->left = x;
	set_parent(x, y);
	if (update) {
		update(x);
		update(y);
	}
}

static void rotate_right(struct rb_root *root, struct rb_node *x, rb_update_fn *update)
{
	struct rb_node *y = x->left, *parent = rb_parent(x);

	*link_to(root, parent, x) = y;
	set_parent(y, parent);
	x->left = y->right;
	if (x->left)
		set_parent(x->left, x);
	y->right = x;
	set_parent(x, y);
	if (update) {
		update(x);
		update(y);
	}
}

/* @n is red and may be under a red parent: the only fault in the tree. */
static void insert_repair(struct rb_root *root, struct rb_node *n, rb_update_fn *update)
{
	struct rb_node *parent;

	while ((parent = rb_parent(n)) && is_red(parent)) {
		struct rb_node *grand = rb_parent(parent);
		bool is_left = grand->left == parent;
		struct rb_node *uncle = is_left ? grand->right : grand->left;

		if (is_red(uncle)) {
			set_black(parent);
			set_black(uncle);
			set_red(grand);
			n = grand;
			continue;
		}
		if (is_left && parent->right == n) {
			rotate_left(root, parent, update);
			parent = n;
		} else if (!is_left && parent->left == n) {
			rotate_right(root, parent, update);
			parent = n;
		}
		set_black(parent);
		set_red(grand);
		if (is_left)
			rotate_right(root, grand, update);
		else
			rotate_left(root, grand, update);
		break;
	}
	set_black(root->node);
}

void rb_update_path(struct rb_node *n, rb_update_fn *update)
{
	while (n && update(n))
		n = rb_parent(n);
}

void rb_insert_augmented(struct rb_root *root, struct rb_node *n, struct rb_node *parent,
			 struct rb_node **link, rb_update_fn *update)
{
	n->parent_color = (ulong)parent;
	n->left = n->right = NULL;
	*link = n;
	if (update) {
		update(n);
		rb_update_path(parent, update);
	}
	insert_repair(root, n, update);
}

void rb_insert(struct rb_root *root, struct rb_node *n, struct rb_node *parent,
	       struct rb_node **link)
{
	rb_insert_augmented(root, n, parent, link, NULL);
}

/*
 * The side of @parent that is left (or right) lacks one black node.  Returns
 * the parent where the lack continues, or NULL when it is repaired.
 */
static struct rb_node *erase_repair_left(struct rb_root *root, struct rb_node *parent,
					 rb_update_fn *update)
{
	struct rb_node *s = parent->right;

	if (is_red(s)) {
		set_black(s);
		set_red(parent);
		rotate_left(root, parent, update);
		s = parent->right;
	}
	if (is_black(s->left) && is_black(s->right)) {
		set_red(s);
		return parent;
	}
	if (is_black(s->right)) {
		set_black(s->left);
		set_red(s);
		rotate_right(root, s, update);
		s = parent->right;
	}
	copy_color(s, parent);
	set_black(parent);
	set_black(s->right);
	rotate_left(root, parent, update);
	return NULL;
}

static struct rb_node *erase_repair_right(struct rb_root *root, struct rb_node *parent,
					  rb_update_fn *update)
{
	struct rb_node *s = parent->left;

	if (is_red(s)) {
		set_black(s);
		set_red(parent);
		rotate_right(root, parent, update);
		s = parent->left;
	}
	if (is_black(s->left) && is_black(s->right)) {
		set_red(s);
		return parent;
	}
	if (is_black(s->left)) {
		set_black(s->right);
		set_red(s);
		rotate_left(root, s, update);
		s = parent->left;
	}
	copy_color(s, parent);
	set_black(parent);
	set_black(s->left);
	rotate_right(root, parent, update);
	return NULL;
}

/* The place of @n (maybe NULL) under @parent lacks one black node. */
static void erase_repair(struct rb_root *root, struct rb_node *n, struct rb_node *parent,
			 rb_update_fn *update)
{
	while (parent && is_black(n)) {
		struct rb_node *on;

		if (parent->left == n)
			on = erase_repair_left(root, parent, update);
		else
			on = erase_repair_right(root, parent, update);
		if (!on)
			return;
		n = on;
		parent = rb_parent(n);
	}
	if (n)
		set_black(n);
}

/* Put @with, already unlinked from its own place, where @n is: links and colour. */
static void take_place(struct rb_root *root, struct rb_node *n, struct rb_node *with)
{
	*link_to(root, rb_parent(n), n) = with;
	with->parent_color = n->parent_color;
	with->left = n->left;
	with->right = n->right;
	if (with->left)
		set_parent(with->left, with);
	if (with->right)
		set_parent(with->right, with);
}

void rb_erase_augmented(struct rb_root *root, struct rb_node *n, rb_update_fn *update)
{
	struct rb_node *out = n;        /* the node whose place disappears */
	struct rb_node *child, *parent;
	bool was_black;

	if (n->left && n->right)
		for (out = n->right; out->left; out = out->left)
			;
	child = out->left ? out->left : out->right;
	parent = rb_parent(out);
	was_black = is_black(out);

	*link_to(root, parent, out) = child;
	if (child)
		set_parent(child, parent);
	if (out != n) {
		take_place(root, n, out);
		if (parent == n)
			parent = out;
	}
	/* All the way up: the node that moved has a stale value wherever it stands. */
	if (update)
		for (struct rb_node *p = parent; p; p = rb_parent(p))
			update(p);
	if (was_black)
		erase_repair(root, child, parent, update);
	rb_node_init(n);
}

void rb_erase(struct rb_root *root, struct rb_node *n)
{
	rb_erase_augmented(root, n, NULL);
}

void rb_replace(struct rb_root *root, struct rb_node *n, struct rb_node *with)
{
	take_place(root, n, with);
	rb_node_init(n);
}

struct rb_node *rb_first(const struct rb_root *root)
{
	struct rb_node *n = root->node;

	while (n && n->left)
		n = n->left;
	return n;
}

struct rb_node *rb_last(const struct rb_root *root)
{
	struct rb_node *n = root->node;

	while (n && n->right)
		n = n->right;
	return n;
}

struct rb_node *rb_next(const struct rb_node *n)
{
	struct rb_node *parent;

	if (n->right) {
		for (n = n->right; n->left; n = n->left)
			;
		return (struct rb_node *)n;
	}
	while ((parent = rb_parent(n)) && parent->right == n)
		n = parent;
	return parent;
}

struct rb_node *rb_prev(const struct rb_node *n)
{
	struct rb_node *parent;

	if (n->left) {
		for (n = n->left; n->right; n = n->right)
			;
		return (struct rb_node *)n;
	}
	while ((parent = rb_parent(n)) && parent->left == n)
		n = parent;
	return parent;
}

void rb_insert_cached(struct rb_root_cached *root, struct rb_node *n, struct rb_node *parent,
		      struct rb_node **link, rb_update_fn *update)
{
	if (!parent || (parent == root->leftmost && link == &parent->left))
		root->leftmost = n;
	rb_insert_augmented(&root->root, n, parent, link, update);
}

void rb_erase_cached(struct rb_root_cached *root, struct rb_node *n, rb_update_fn *update)
{
	if (root->leftmost == n)
		root->leftmost = rb_next(n);
	rb_erase_augmented(&root->root, n, update);
}
