/* SPDX-License-Identifier: MIT */
/*
 * Users: what is counted for each real user id over all its processes.
 *
 * A user is in the table as long as somebody refers to it: a process, which has the one of its
 * real id, and each queued signal that was charged to it.
 */
#include "task_private.h"

#include <gemel/slab.h>

#define USER_BUCKETS    16

static struct list buckets[USER_BUCKETS];
static struct irqlock users_lock = IRQLOCK_INIT(USERS);

struct user root_user = { .refs = REFS_INIT(1), .link = LIST_INIT(root_user.link) };

void users_init(void)
{
	for (uint i = 0; i < USER_BUCKETS; i++)
		list_init(&buckets[i]);
	list_add(&buckets[0], &root_user.link);
}

static struct user *user_find(uid_t uid)
{
	struct user *u;

	list_for_each(u, &buckets[uid % USER_BUCKETS], link)
		if (u->uid == uid)
			return u;
	return NULL;
}

struct user *user_lookup(uid_t uid)
{
	struct user *fresh = kzalloc(sizeof(*fresh)), *u;

	irq_lock(&users_lock);
	u = user_find(uid);
	if (u) {
		refs_get(&u->refs);
	} else if (fresh) {
		refs_init(&fresh->refs, 1);
		fresh->uid = uid;
		list_add(&buckets[uid % USER_BUCKETS], &fresh->link);
		u = fresh;
		fresh = NULL;
	}
	irq_unlock(&users_lock);
	kfree(fresh);
	return u;
}

void user_get(struct user *u)
{
	refs_get(&u->refs);
}

void user_put(struct user *u)
{
	u32 n = READ_ONCE(u->refs.count);
	bool is_last;

	/* Only the last one concerns the table. */
	while (n > 1)
		if (__atomic_compare_exchange_n(&u->refs.count, &n, n - 1, true, __ATOMIC_RELEASE,
						__ATOMIC_RELAXED))
			return;
	irq_lock(&users_lock);
	is_last = refs_put(&u->refs);
	if (is_last)
		list_remove(&u->link);
	irq_unlock(&users_lock);
	if (is_last)
		kfree(u);
}

void process_set_user(struct process *p, uid_t uid)
{
	struct user *u, *old;
	struct sighand *sh;

	if (!p->sighand || p->user->uid == uid)
		return;
	u = user_lookup(uid);
	/* Without memory it stays with the one before. */
	if (!u)
		return;
	sh = sighand_lock(p);
	old = p->user;
	p->user = u;
	sighand_unlock(sh);
	user_put(old);
}
