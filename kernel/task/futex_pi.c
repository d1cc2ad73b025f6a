/* SPDX-License-Identifier: MIT */
/*
 * Futex locks that lend their owner the priority of who waits (FUTEX_LOCK_PI and its kin).
 *
 * The word holds the owner's thread number, and FUTEX_WAITERS once somebody waits in the
 * kernel, so that the owner's release comes here too.  A lock with waiters has a struct
 * pi_state: who owns it, who waits, by priority.  It exists while a waiter is attached to it:
 *
 *	free			the word is 0; user space alone
 *	owned			the word is a number; user space alone
 *	owned, waited for	pi_state			[pi_attach]
 *	given on		the first waiter owns it	[pi_hand_over]
 *
 * A lock is handed to its first waiter, never fought for: the releaser writes the new owner's
 * number before anybody else can see the word.  Where an owner died, its memory may
 * be gone too: the new owner writes the word itself (is_stale) before it returns.
 *
 * Inheritance.  A task runs with the highest priority of itself and of all first waiters of
 * what it owns (sched_boost()).  A change goes on along the chain: owner, the lock it waits for,
 * that one's owner (pi_propagate()).  No chain is a circle: who would close one gets EDEADLK.
 *
 * Locking.  pi_lock, one for all, guards every pi_state, task->pi_owned, pi_waiting and
 * is_futex_dead.  Waiters also stand in their bucket, from attaching until they leave, so that
 * the word's next user finds the pi_state; the bucket's lock is taken first.  An owner is looked
 * for and attached to under process_lock: it has not exited, and will see what it owns when
 * it does.
 *
 * FUTEX_WAIT_REQUEUE_PI waits for one word until FUTEX_CMP_REQUEUE_PI makes it an owner or a waiter
 * of another, and from then on is like the rest.
 */
#include "futex.h"
#include "task_private.h"

#include <uapi/errno.h>
#include <uapi/futex.h>
#include <gemel/sched.h>
#include <gemel/slab.h>
#include <gemel/uaccess.h>

struct pi_state {
	struct task *owner;
	struct list owned_link;         /* owner->pi_owned */
	struct list waiters;            /* struct futex_waiter, first the one to get it */
	uint users;                     /* waiters attached, given or not */
	bool is_stale;                  /* the word does not name the owner yet */
};

static struct spinlock pi_lock = SPINLOCK_INIT(FUTEXPI);

/* ---- inheritance ---- */

static struct futex_waiter *pi_first(const struct pi_state *pi)
{
	return list_is_empty(&pi->waiters) ? NULL :
	       list_first(&pi->waiters, struct futex_waiter, pi_link);
}

static void pi_insert(struct pi_state *pi, struct futex_waiter *w)
{
	struct list *at;

	w->prio = READ_ONCE(w->task->se.rt_priority);
	for (at = pi->waiters.next; at != &pi->waiters; at = at->next)
		if (list_entry(at, struct futex_waiter, pi_link)->prio < w->prio)
			break;
	list_add_tail(at, &w->pi_link);
}

static uint pi_inherited(const struct task *t)
{
	struct pi_state *pi;
	uint best = 0;

	list_for_each(pi, &t->pi_owned, owned_link)
		if (pi_first(pi))
			best = MAX(best, (uint)pi_first(pi)->prio);
	return best;
}

/* What @t inherits, or its own priority, has changed: it and whom it waits for. */
static void pi_propagate(struct task *t) __must_hold(pi_lock)
{
	struct futex_waiter *w;

	for (; t; t = w->pi->owner) {
		sched_boost(t, pi_inherited(t));
		w = t->pi_waiting;
		if (!w || w->prio == READ_ONCE(t->se.rt_priority))
			return;
		list_remove(&w->pi_link);
		pi_insert(w->pi, w);
	}
}

void futex_pi_adjust(struct task *t)
{
	spin_lock(&pi_lock);
	pi_propagate(t);
	spin_unlock(&pi_lock);
}

/* ---- attaching, handing over, leaving ---- */

static bool pi_would_deadlock(const struct task *owner, const struct task *t)
{
	for (; owner; owner = owner->pi_waiting ? owner->pi_waiting->pi->owner : NULL)
		if (owner == t)
			return true;
	return false;
}

/* @w waits for @pi, or, if that is NULL, for a new one of @owner's: *spare. */
static int pi_attach(struct futex_waiter *w, struct pi_state *pi, struct task *owner,
		     struct pi_state **spare) __must_hold(pi_lock)
{
	if (pi_would_deadlock(pi ? pi->owner : owner, w->task))
		return -EDEADLK;
	if (!pi) {
		pi = *spare;
		*spare = NULL;
		list_init(&pi->waiters);
		pi->owner = owner;
		list_add(&owner->pi_owned, &pi->owned_link);
	}
	pi->users++;
	w->pi = pi;
	w->task->pi_waiting = w;
	pi_insert(pi, w);
	WRITE_ONCE(w->bucket, futex_bucket_of(&w->key));
	list_add_tail(&w->bucket->waiters, &w->link);
	pi_propagate(pi->owner);
	return 0;
}

/* The first waiter owns it from now on. */
static void pi_hand_over(struct pi_state *pi) __must_hold(pi_lock)
{
	struct futex_waiter *w = pi_first(pi);
	struct task *old = pi->owner;

	list_remove(&w->pi_link);
	list_remove(&pi->owned_link);
	w->task->pi_waiting = NULL;
	pi->owner = w->task;
	list_add(&w->task->pi_owned, &pi->owned_link);
	WRITE_ONCE(w->is_woken, true);
	pi_propagate(w->task);
	pi_propagate(old);
	wake_all(w->queue);
}

/* Current has nothing to do with it any more.  Returns what the caller is to free, or NULL. */
static struct pi_state *pi_detach(struct futex_waiter *w) __must_hold(pi_lock)
{
	struct pi_state *pi = w->pi;

	if (!w->is_woken) {
		list_remove(&w->pi_link);
		w->task->pi_waiting = NULL;
	}
	list_remove(&w->link);
	if (--pi->users == 0)
		list_remove(&pi->owned_link);
	pi_propagate(pi->owner);
	return pi->users ? NULL : pi;
}

void futex_pi_exit(bool is_final)
{
	struct task *t = current;

	spin_lock(&pi_lock);
	t->is_futex_dead = is_final;
	while (!list_is_empty(&t->pi_owned)) {
		struct pi_state *pi = list_first(&t->pi_owned, struct pi_state, owned_link);

		pi->is_stale = true;
		pi_hand_over(pi);
	}
	spin_unlock(&pi_lock);
}

/* ---- the word ---- */

/* 0, -EFAULT, -EAGAIN: it is not @old. */
static int word_change(u32 __user *uaddr, u32 old, u32 new)
{
	u32 seen;
	int err;

	if (old == new)
		return 0;
	err = futex_cmpxchg(uaddr, old, new, &seen);
	return err < 0 ? err : seen == old ? 0 : -EAGAIN;
}

static struct futex_waiter *find_waiter(struct futex_bucket *b, const struct futex_key *key)
{
	struct futex_waiter *w;

	list_for_each(w, &b->waiters, link)
		if (futex_key_is(&w->key, key))
			return w;
	return NULL;
}

/* Attach to the living task that the word names.  -EPERM: a kernel thread; -ESRCH: none, or, if the
 * word has changed meanwhile, -EAGAIN. */
static int attach_to_owner(u32 __user *uaddr, u32 value, struct futex_waiter *w,
			   struct pi_state **spare) __must_hold(pi_lock)
{
	struct task *owner;
	int err = -ESRCH;
	u32 now;

	irq_lock(&process_lock);
	owner = task_find((pid_t)(value & FUTEX_TID_MASK));
	if (owner && owner->is_kernel)
		err = -EPERM;
	else if (owner && !owner->is_futex_dead)
		err = spare ? pi_attach(w, NULL, owner, spare) : -EBUSY;
	irq_unlock(&process_lock);
	if (err == -ESRCH)
		err = futex_load(uaddr, &now) < 0 ? -EFAULT : now == value ? -ESRCH : -EAGAIN;
	return err;
}

/* No waiter in the kernel: user space's word alone says who owns the lock. */
static int pi_take_word(u32 __user *uaddr, u32 value, struct futex_waiter *w, bool has_more,
			struct pi_state **spare) __must_hold(pi_lock)
{
	int err;

	if (!(value & FUTEX_TID_MASK)) {
		err = word_change(uaddr, value, (value & FUTEX_OWNER_DIED) | (u32)w->task->tid |
				  (has_more ? FUTEX_WAITERS : 0));
		return err < 0 ? err : 1;
	}
	err = word_change(uaddr, value, value | FUTEX_WAITERS);
	return err < 0 ? err : attach_to_owner(uaddr, value | FUTEX_WAITERS, w, spare);
}

/* Does the word fit the state?  Who dies says so in the word before it passes on the lock. */
static bool is_word_of(const struct pi_state *pi, u32 value)
{
	u32 tid = value & FUTEX_TID_MASK;

	return pi->is_stale || tid == (u32)pi->owner->tid || (!tid && (value & FUTEX_OWNER_DIED));
}

/*
 * Give the lock at @uaddr (w->key) to w->task, or attach it as a waiter; @spare NULL: do not wait.
 * 1: it is the owner, 0: it waits, -EBUSY: it would have to, -EFAULT and -EAGAIN: let go, and try
 * again, or -errno.
 */
static int pi_take(u32 __user *uaddr, struct futex_waiter *w, bool has_more,
		   struct pi_state **spare) __must_hold(pi_lock)
{
	struct futex_waiter *other;
	struct pi_state *pi;
	u32 value;

	if (futex_load(uaddr, &value) < 0)
		return -EFAULT;
	if ((value & FUTEX_TID_MASK) == (u32)w->task->tid)
		return -EDEADLK;
	other = find_waiter(futex_bucket_of(&w->key), &w->key);
	if (!other)
		return pi_take_word(uaddr, value, w, has_more, spare);
	pi = other->pi;
	if (!pi || !is_word_of(pi, value))
		return -EINVAL;
	return spare ? pi_attach(w, pi, NULL, spare) : -EBUSY;
}

/* ---- locking ---- */

/* The owner before died: write into the word who owns the lock now. */
static int word_fix(u32 __user *uaddr)
{
	u32 value, new, seen;
	int err;

	err = user_load32(uaddr, &value);
	while (err == 0) {
		new = (u32)current->tid | FUTEX_WAITERS | FUTEX_OWNER_DIED;
		err = user_cmpxchg32(uaddr, value, new, &seen);
		if (err == 0 && seen == value)
			return 0;
		value = seen;
	}
	return err;
}

/* The end of a wait that gave @err.  0: current owns the lock. */
static int pi_finish(u32 __user *uaddr, struct futex_waiter *w, int err)
{
	struct futex_bucket *b = futex_lock_waiter(w);
	struct pi_state *garbage;

	spin_lock(&pi_lock);
	if (w->is_woken)
		err = 0;
	if (w->is_woken && w->pi->is_stale) {
		spin_unlock(&pi_lock);
		futex_unlock(b);
		err = word_fix(uaddr);
		futex_lock(b);
		spin_lock(&pi_lock);
		w->pi->is_stale = err < 0 && pi_first(w->pi);
		if (w->pi->is_stale)
			pi_hand_over(w->pi);
	}
	garbage = pi_detach(w);
	spin_unlock(&pi_lock);
	futex_unlock(b);
	kfree(garbage);
	return err;
}

long futex_lock_pi(u32 __user *uaddr, bool is_shared, u64 deadline, bool is_try)
{
	struct wait_queue queue;
	struct futex_waiter w = { .task = current, .queue = &queue };
	struct pi_state *spare = kzalloc(sizeof(*spare));
	struct futex_bucket *b;
	int err = futex_key_get(uaddr, is_shared, &w.key);

	if (!spare)
		return -ENOMEM;
	wait_queue_init(&queue);
	while (err == 0) {
		b = futex_bucket_of(&w.key);
		futex_lock(b);
		spin_lock(&pi_lock);
		err = pi_take(uaddr, &w, false, is_try ? NULL : &spare);
		spin_unlock(&pi_lock);
		futex_unlock(b);
		if (err != -EFAULT && err != -EAGAIN)
			break;
		err = futex_fault_in(uaddr);
		if (err < 0)
			break;
	}
	kfree(spare);
	if (err)
		return err == 1 ? 0 : err == -EBUSY ? -EAGAIN : err;
	err = wait_event_state(&queue, READ_ONCE(w.is_woken), TASK_SLEEPING, deadline);
	err = pi_finish(uaddr, &w, err);
	return err == -EINTR ? -ERESTARTNOINTR : err;
}

/* Nobody waits: 0 goes into the word.  Somebody does: the first gets the lock. */
static int pi_release(u32 __user *uaddr, u32 value, struct futex_waiter *w) __must_hold(pi_lock)
{
	struct futex_waiter *next;
	int err;

	if (!w)
		return word_change(uaddr, value, 0);
	if (!w->pi || w->pi->owner != current)
		return -EINVAL;
	next = pi_first(w->pi);
	err = word_change(uaddr, value, FUTEX_WAITERS | (u32)next->task->tid);
	if (err == 0)
		pi_hand_over(w->pi);
	return err;
}

long futex_unlock_pi(u32 __user *uaddr, bool is_shared)
{
	struct futex_key key;
	struct futex_bucket *b;
	u32 value;
	int err;

	for (;;) {
		err = user_load32(uaddr, &value);
		if (err < 0)
			return err;
		if ((value & FUTEX_TID_MASK) != (u32)current->tid)
			return -EPERM;
		err = futex_key_get(uaddr, is_shared, &key);
		if (err < 0)
			return err;
		b = futex_bucket_of(&key);
		futex_lock(b);
		spin_lock(&pi_lock);
		err = pi_release(uaddr, value, find_waiter(b, &key));
		spin_unlock(&pi_lock);
		futex_unlock(b);
		if (err == -EFAULT)
			err = futex_fault_in(uaddr);
		else if (err != -EAGAIN)
			return err;
		if (err < 0 && err != -EAGAIN)
			return err;
	}
}

/* ---- requeue ---- */

long futex_wait_requeue_pi(u32 __user *uaddr, bool is_shared, u32 expected, u64 deadline,
			   u32 __user *uaddr2)
{
	struct wait_queue queue;
	struct futex_key key2;
	struct futex_waiter w = { .task = current, .queue = &queue, .requeue_to = &key2 };
	struct futex_bucket *b;
	u32 now;
	int err;

	if (uaddr == uaddr2)
		return -EINVAL;
	err = futex_key_get(uaddr2, is_shared, &key2);
	if (err == 0)
		err = futex_key_get(uaddr, is_shared, &w.key);
	if (err < 0)
		return err;
	if (futex_key_is(&w.key, &key2))
		return -EINVAL;
	wait_queue_init(&queue);
	futex_enqueue(&w);
	err = user_load32(uaddr, &now);
	if (err == 0 && now != expected)
		err = -EAGAIN;
	if (err == 0)
		err = wait_event_state(&queue, READ_ONCE(w.is_woken), TASK_SLEEPING, deadline);
	b = futex_lock_waiter(&w);
	if (!w.pi) {
		/* Never moved; or it got the lock at once. */
		if (!w.is_woken)
			list_remove(&w.link);
		futex_unlock(b);
		return w.is_woken ? 0 : err == -EINTR ? -ERESTARTNOINTR : err;
	}
	futex_unlock(b);
	err = pi_finish(uaddr2, &w, err);
	return err == -EINTR ? -EWOULDBLOCK : err;
}

/* One waiter goes to the lock: it gets it, or waits for it. */
static int requeue_one(u32 __user *uaddr2, const struct requeue *rq, struct futex_waiter *w,
		       struct pi_state **spare) __must_hold(pi_lock)
{
	struct futex_bucket *from = w->bucket;
	int err;

	if (w->pi || !w->requeue_to || !futex_key_is(w->requeue_to, &rq->to))
		return -EINVAL;
	list_remove(&w->link);
	w->key = rq->to;
	err = pi_take(uaddr2, w, rq->nmove > 0, spare);
	if (err < 0) {
		w->key = rq->from;
		list_add(&from->waiters, &w->link);
		return err;
	}
	if (err == 1)
		futex_wake_waiter(w);
	return 0;
}

/* @moved counts over several tries. */
static int requeue_all(u32 __user *uaddr2, const struct requeue *rq, struct futex_bucket *a,
		       struct pi_state **spare, int *moved) __must_hold(pi_lock)
{
	struct futex_waiter *w, *next;
	u32 value;
	int err;

	if (futex_load(rq->uaddr, &value) < 0)
		return -EFAULT;
	if (value != rq->expected)
		return *moved ? 0 : -EBUSY;
	list_for_each_safe(w, next, &a->waiters, link) {
		if (!futex_key_is(&w->key, &rq->from))
			continue;
		if (*moved > rq->nmove)
			break;
		/* The first attaching used it up; the rest find the lock's state. */
		err = requeue_one(uaddr2, rq, w, spare);
		if (err < 0)
			return err;
		(*moved)++;
	}
	return 0;
}

long futex_requeue_pi(u32 __user *uaddr2, const struct requeue *rq)
{
	struct futex_bucket *a = futex_bucket_of(&rq->from), *b = futex_bucket_of(&rq->to);
	struct pi_state *spare = NULL;
	u32 ignored;
	int err, moved = 0;

	if (rq->nwake != 1 || futex_key_is(&rq->from, &rq->to))
		return -EINVAL;
	for (;;) {
		if (!spare)
			spare = kzalloc(sizeof(*spare));
		if (!spare)
			return moved ? moved : -ENOMEM;
		futex_lock_two(a, b);
		spin_lock(&pi_lock);
		err = requeue_all(uaddr2, rq, a, &spare, &moved);
		spin_unlock(&pi_lock);
		futex_unlock_two(a, b);
		if (err == -EFAULT)
			err = user_load32(rq->uaddr, &ignored) < 0 ? -EFAULT : 0;
		else if (err != -EAGAIN)
			break;
		if (err == 0 || err == -EAGAIN)
			err = futex_fault_in(uaddr2);
		if (err < 0)
			break;
	}
	kfree(spare);
	return err == -EBUSY ? -EAGAIN : err < 0 ? err : moved;
}
