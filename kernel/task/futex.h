/* SPDX-License-Identifier: MIT */
#pragma once
/* What futex.c and futex_pi.c share. */
#include <gemel/list.h>
#include <gemel/spin.h>
#include <gemel/wait.h>

struct futex_key {
	const void *object;     /* struct address_space, or struct mapping */
	u64 offset;
};

struct futex_bucket {
	struct spinlock lock;   /* rank FUTEX */
	struct list waiters;    /* real-time ones first, by priority */
};

struct pi_state;

struct futex_waiter {
	struct list link;
	struct futex_bucket *bucket;    /* changes under the lock of the bucket it was */
	struct futex_key key;
	u32 bitset;
	u8 prio;                        /* real-time priority when it came, 0: none */
	bool is_woken;
	struct task *task;
	struct wait_queue *queue;       /* its own, or of all words that it waits for */

	/* Priority inheritance (futex_pi.c); NULL in plain waiters. */
	const struct futex_key *requeue_to;     /* FUTEX_WAIT_REQUEUE_PI: nowhere else */
	struct pi_state *pi;                    /* it waits for, or was given */
	struct list pi_link;                    /* pi->waiters, until it is given the lock */
};

struct requeue {
	struct futex_key from, to;
	int nwake, nmove;
	const u32 __user *uaddr;
	bool is_compared;
	u32 expected;
};

struct futex_bucket *futex_bucket_of(const struct futex_key *key);
void futex_lock(struct futex_bucket *b) __no_lock_analysis;
void futex_unlock(struct futex_bucket *b) __no_lock_analysis;
/* Both, in address order; they may be one. */
void futex_lock_two(struct futex_bucket *a, struct futex_bucket *b) __no_lock_analysis;
void futex_unlock_two(struct futex_bucket *a, struct futex_bucket *b) __no_lock_analysis;

bool futex_key_is(const struct futex_key *a, const struct futex_key *b);
int __must_check futex_key_get(u32 __user *uaddr, bool is_shared, struct futex_key *key);

/* Under a bucket's lock: no sleeping.  0, -EFAULT. */
int __must_check futex_load(const u32 __user *uaddr, u32 *value);
int __must_check futex_cmpxchg(u32 __user *uaddr, u32 old, u32 new, u32 *seen);
/* Make the word writable in place, by a write that changes nothing. */
int __must_check futex_fault_in(u32 __user *uaddr);

/* @w->key, @w->queue are set: into its bucket, by priority. */
void futex_enqueue(struct futex_waiter *w);
/* The bucket @w is in by now, locked. */
struct futex_bucket *futex_lock_waiter(struct futex_waiter *w) __no_lock_analysis;
void futex_wake_waiter(struct futex_waiter *w);

/* ---- futex_pi.c ---- */
long futex_lock_pi(u32 __user *uaddr, bool is_shared, u64 deadline, bool is_try);
long futex_unlock_pi(u32 __user *uaddr, bool is_shared);
long futex_wait_requeue_pi(u32 __user *uaddr, bool is_shared, u32 expected, u64 deadline,
			   u32 __user *uaddr2);
long futex_requeue_pi(u32 __user *uaddr2, const struct requeue *rq);
/* Current gives up the locks that others wait for; @is_final: it will own none any more. */
void futex_pi_exit(bool is_final);
