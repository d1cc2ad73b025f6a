/* SPDX-License-Identifier: MIT */
/*
 * Futexes: sleeping on a word of user memory.
 *
 * A key names the word: (address space, address) for private ones, (page cache, offset)
 * in shared mappings, of files and anonymous ones.  Waiters hang in buckets by the hash
 * of the key.
 *
 * The order that makes it work.  A waiter puts itself into the bucket, and then
 * reads the word (it may fault, so no lock is held).  A waker has changed the
 * word before it locks the bucket.  So:
 *
 *	waiter				waker
 *	lock, enqueue, unlock		store word
 *	load word			lock, look, unlock
 *
 * either the waiter sees the new value and goes away, or the waker sees
 * the waiter.  A waiter that was woken while it was going away counts as woken.
 *
 * A waiter leaves only after taking the lock of the bucket it is in, so a waker that
 * holds the lock may use it until it unlocks.
 *
 * FUTEX_CMP_REQUEUE and FUTEX_WAKE_OP look at the word under the lock, with page
 * faults disabled; after a fault they let go, bring the page in and begin again.
 */
#include "task_private.h"

#include <arch/uaccess.h>
#include <uapi/errno.h>
#include <uapi/futex.h>
#include <gemel/address_space.h>
#include <gemel/fs.h>
#include <gemel/hash.h>
#include <gemel/syscalls.h>
#include <gemel/timespec.h>
#include <gemel/uaccess.h>

#define BUCKET_BITS     8
#define ROBUST_LIMIT    2048

struct futex_key {
	const void *object;     /* struct address_space, or struct mapping */
	u64 offset;
};

struct bucket {
	struct spinlock lock;   /* rank FUTEX */
	struct list waiters;
};

struct futex_waiter {
	struct list link;
	struct bucket *bucket;          /* changes under the lock of the bucket it was */
	struct futex_key key;
	u32 bitset;
	bool is_woken;
	struct task *task;
	struct wait_queue queue;
};

static struct bucket buckets[1 << BUCKET_BITS] = {
	[0 ... (1 << BUCKET_BITS) - 1] = { .lock = SPINLOCK_INIT(FUTEX) },
};

static struct bucket *bucket_of(const struct futex_key *key)
{
	struct bucket *b = &buckets[hash_bits(hash_pair((ulong)key->object, key->offset),
					      BUCKET_BITS)];

	return b;
}

static void bucket_lock(struct bucket *b) __no_lock_analysis
{
	spin_lock(&b->lock);
	/* Static data is zero: a list becomes one when it is first used. */
	if (unlikely(!b->waiters.next))
		list_init(&b->waiters);
}

static void bucket_unlock(struct bucket *b) __no_lock_analysis
{
	spin_unlock(&b->lock);
}

/* Both, in address order; they may be one. */
static void bucket_lock_two(struct bucket *a, struct bucket *b) __no_lock_analysis
{
	if (a == b) {
		bucket_lock(a);
		return;
	}
	if (a > b) {
		struct bucket *tmp = a;

		a = b;
		b = tmp;
	}
	bucket_lock(a);
	preempt_disable();
	if (GEMEL_DEBUG)
		lock_check_acquire_pair(LOCK_RANK_FUTEX, &b->lock);
	lock_bit_acquire(&b->lock.locked);
	if (unlikely(!b->waiters.next))
		list_init(&b->waiters);
}

static void bucket_unlock_two(struct bucket *a, struct bucket *b) __no_lock_analysis
{
	bucket_unlock(a);
	if (a != b)
		bucket_unlock(b);
}

/* ---- keys ---- */

static bool key_is(const struct futex_key *a, const struct futex_key *b)
{
	return a->object == b->object && a->offset == b->offset;
}

static int key_shared(vaddr_t va, struct futex_key *key)
{
	struct address_space *as = current->as;
	struct area *a;
	int err = 0;

	rwmutex_read_lock(&as->lock);
	a = as_find(as, va);
	if (!a) {
		err = -EFAULT;
	} else if ((a->flags & AREA_SHARED) && a->mapping) {
		key->object = a->mapping;
		key->offset = a->offset + (va - a->start);
	}
	rwmutex_read_unlock(&as->lock);
	return err;
}

static int key_get(u32 __user *uaddr, bool is_shared, struct futex_key *key)
{
	if (!IS_ALIGNED((ulong)uaddr, sizeof(u32)))
		return -EINVAL;
	if (!user_range_ok(uaddr, sizeof(u32)))
		return -EFAULT;
	*key = (struct futex_key){ current->as, (ulong)uaddr };
	return is_shared ? key_shared((ulong)uaddr, key) : 0;
}

/* ---- waking ---- */

static void waiter_wake(struct futex_waiter *w)
{
	list_remove(&w->link);
	w->is_woken = true;
	wake_all(&w->queue);
}

static int wake_in(struct bucket *b, const struct futex_key *key, int count, u32 bitset)
{
	struct futex_waiter *w, *next;
	int woken = 0;

	list_for_each_safe(w, next, &b->waiters, link) {
		if (woken >= count)
			break;
		if (!key_is(&w->key, key) || !(w->bitset & bitset))
			continue;
		waiter_wake(w);
		woken++;
	}
	return woken;
}

int futex_wake(u32 __user *uaddr, bool is_shared, int count, u32 bitset)
{
	struct futex_key key;
	struct bucket *b;
	int err;

	err = key_get(uaddr, is_shared, &key);
	if (err < 0)
		return err;
	if (!bitset)
		return -EINVAL;
	b = bucket_of(&key);
	smp_mb();       /* pairs with futex_wait_once(): the caller's store, then the look */
	if (!b->waiters.next || list_is_empty(&b->waiters))
		return 0;
	bucket_lock(b);
	err = wake_in(b, &key, count, bitset);
	bucket_unlock(b);
	return err;
}

/* ---- waiting ---- */

static void waiter_enqueue(struct futex_waiter *w)
{
	w->bucket = bucket_of(&w->key);
	bucket_lock(w->bucket);
	list_add_tail(&w->bucket->waiters, &w->link);
	bucket_unlock(w->bucket);
	smp_mb();       /* pairs with futex_wake(): in the list, then the word */
}

/* Out of whatever bucket it is in by now.  True: it was woken. */
static bool waiter_dequeue(struct futex_waiter *w)
{
	struct bucket *b;
	bool is_woken;

	for (;;) {
		b = READ_ONCE(w->bucket);
		bucket_lock(b);
		if (b == READ_ONCE(w->bucket))
			break;
		bucket_unlock(b);
	}
	is_woken = w->is_woken;
	if (!is_woken)
		list_remove(&w->link);
	bucket_unlock(b);
	return is_woken;
}

static int futex_wait(u32 __user *uaddr, bool is_shared, u32 expected, u64 deadline, u32 bitset)
{
	struct futex_waiter w = { .bitset = bitset, .task = current };
	int err;
	u32 now;

	if (!bitset)
		return -EINVAL;
	err = key_get(uaddr, is_shared, &w.key);
	if (err < 0)
		return err;
	wait_queue_init(&w.queue);
	list_init(&w.link);
	waiter_enqueue(&w);
	err = user_load32(uaddr, &now);
	if (err == 0 && now != expected)
		err = -EAGAIN;
	if (err == 0)
		err = wait_event_state(&w.queue, READ_ONCE(w.is_woken), TASK_SLEEPING, deadline);
	return waiter_dequeue(&w) ? 0 : err;
}

static long futex_restart(struct restart_block *rb)
{
	long err = futex_wait(user_ptr(u32, rb->arg[0]), rb->arg[1], (u32)rb->arg[2],
			      rb->arg[3], (u32)rb->arg[4]);

	return err == -EINTR ? -ERESTART_RESTARTBLOCK : err;
}

/* @deadline WAIT_FOREVER: restarts from its arguments. */
static long futex_wait_call(u32 __user *uaddr, bool is_shared, u32 expected, u64 deadline,
			    u32 bitset)
{
	long err = futex_wait(uaddr, is_shared, expected, deadline, bitset);

	if (err != -EINTR)
		return err;
	if (deadline == WAIT_FOREVER)
		return -ERESTARTSYS;
	current->restart = (struct restart_block){
		.fn = futex_restart,
		.arg = { (ulong)uaddr, is_shared, expected, deadline, bitset },
	};
	return -ERESTART_RESTARTBLOCK;
}

/* ---- requeue ---- */

static void waiter_move(struct futex_waiter *w, struct bucket *to, const struct futex_key *key)
{
	list_remove(&w->link);
	list_add_tail(&to->waiters, &w->link);
	w->key = *key;
	WRITE_ONCE(w->bucket, to);
}

/* Under the bucket locks: no sleeping. */
static int load_nofault(const u32 __user *uaddr, u32 *value)
{
	int err;

	current->pagefault_disabled++;
	err = arch_user_load32(uaddr, value);
	current->pagefault_disabled--;
	return err;
}

struct requeue {
	struct futex_key from, to;
	int nwake, nmove;
	const u32 __user *uaddr;
	bool is_compared;
	u32 expected;
};

static int requeue_locked(const struct requeue *rq, struct bucket *a, struct bucket *b)
{
	struct futex_waiter *w, *next;
	int woken = 0, moved = 0;
	u32 value;

	if (rq->is_compared) {
		if (load_nofault(rq->uaddr, &value) < 0)
			return -EFAULT;
		if (value != rq->expected)
			return -EAGAIN;
	}
	list_for_each_safe(w, next, &a->waiters, link) {
		if (!key_is(&w->key, &rq->from))
			continue;
		if (woken < rq->nwake) {
			waiter_wake(w);
			woken++;
		} else if (moved < rq->nmove) {
			waiter_move(w, b, &rq->to);
			moved++;
		} else {
			break;
		}
	}
	return rq->is_compared ? woken + moved : woken;
}

static long futex_requeue(u32 __user *uaddr, bool is_shared, u32 __user *uaddr2,
			  struct requeue *rq)
{
	struct bucket *a, *b;
	u32 ignored;
	int err;

	if (rq->nwake < 0 || rq->nmove < 0)
		return -EINVAL;
	err = key_get(uaddr, is_shared, &rq->from);
	if (err == 0)
		err = key_get(uaddr2, is_shared, &rq->to);
	if (err < 0)
		return err;
	a = bucket_of(&rq->from);
	b = bucket_of(&rq->to);
	for (;;) {
		bucket_lock_two(a, b);
		err = key_is(&rq->from, &rq->to) && !rq->is_compared ?
		      wake_in(a, &rq->from, rq->nwake, FUTEX_BITSET_MATCH_ANY) :
		      requeue_locked(rq, a, b);
		bucket_unlock_two(a, b);
		if (err != -EFAULT || user_load32(uaddr, &ignored) < 0)
			return err;
	}
}

/* ---- wake with an operation on a second word ---- */

static int operate(uint op, u32 old, u32 arg, u32 *new)
{
	switch (op) {
	case FUTEX_OP_SET:
		*new = arg;
		return 0;
	case FUTEX_OP_ADD:
		*new = old + arg;
		return 0;
	case FUTEX_OP_OR:
		*new = old | arg;
		return 0;
	case FUTEX_OP_ANDN:
		*new = old & ~arg;
		return 0;
	case FUTEX_OP_XOR:
		*new = old ^ arg;
		return 0;
	}
	return -ENOSYS;
}

static int compare(uint cmp, s32 old, s32 arg)
{
	switch (cmp) {
	case FUTEX_OP_CMP_EQ:
		return old == arg;
	case FUTEX_OP_CMP_NE:
		return old != arg;
	case FUTEX_OP_CMP_LT:
		return old < arg;
	case FUTEX_OP_CMP_LE:
		return old <= arg;
	case FUTEX_OP_CMP_GT:
		return old > arg;
	case FUTEX_OP_CMP_GE:
		return old >= arg;
	}
	return -ENOSYS;
}

/* Apply @code to the word, without sleeping.  What the comparison says, or -errno. */
static int word_operate(u32 __user *uaddr, u32 code)
{
	uint op = code >> 28 & 0xf, cmp = code >> 24 & 0xf;
	s32 op_arg = (s32)(code << 8) >> 20, cmp_arg = (s32)(code << 20) >> 20;
	u32 old, new, seen;
	int err;

	if (op & FUTEX_OP_OPARG_SHIFT)
		op_arg = (s32)(1u << (op_arg & 31));
	err = load_nofault(uaddr, &old);
	while (err == 0) {
		err = operate(op & 7, old, (u32)op_arg, &new);
		if (err < 0)
			return err;
		current->pagefault_disabled++;
		err = arch_user_cmpxchg32(uaddr, old, new, &seen);
		current->pagefault_disabled--;
		if (err == 0 && seen == old)
			return compare(cmp, (s32)old, cmp_arg);
		old = seen;
	}
	return err;
}

/* Make the word writable in place, by a write that changes nothing. */
static int fault_in_word(u32 __user *uaddr)
{
	u32 value, seen;
	int err;

	err = user_load32(uaddr, &value);
	return err < 0 ? err : user_cmpxchg32(uaddr, value, value, &seen);
}

static long futex_wake_op(u32 __user *uaddr, bool is_shared, u32 __user *uaddr2, int count,
			  int count2, u32 code)
{
	struct futex_key key, key2;
	struct bucket *a, *b;
	int err, woken = 0;

	err = key_get(uaddr, is_shared, &key);
	if (err == 0)
		err = key_get(uaddr2, is_shared, &key2);
	if (err < 0)
		return err;
	a = bucket_of(&key);
	b = bucket_of(&key2);
	for (;;) {
		bucket_lock_two(a, b);
		err = word_operate(uaddr2, code);
		if (err >= 0) {
			woken = wake_in(a, &key, count, FUTEX_BITSET_MATCH_ANY);
			if (err)
				woken += wake_in(b, &key2, count2, FUTEX_BITSET_MATCH_ANY);
		}
		bucket_unlock_two(a, b);
		if (err >= 0)
			return woken;
		if (err != -EFAULT || fault_in_word(uaddr2) < 0)
			return err;
	}
}

/* ---- the call ---- */

static int read_deadline(int cmd, bool is_realtime, const struct uapi_timespec __user *uts,
			 u64 *deadline)
{
	struct uapi_timespec ts;
	u64 ns, offset;

	*deadline = WAIT_FOREVER;
	if (!uts)
		return 0;
	if (user_read(&ts, uts) < 0)
		return -EFAULT;
	if (!timespec_is_valid(&ts))
		return -EINVAL;
	ns = timespec_to_ns(&ts);
	if (cmd == FUTEX_WAIT) {
		*deadline = deadline_after(time_now(), ns);
		return 0;
	}
	offset = is_realtime ? time_realtime() - time_now() : 0;
	*deadline = ns > offset ? ns - offset : 0;
	return 0;
}

long sys_futex(u32 __user *uaddr, int op, u32 val, ulong timeout_or_val2, u32 __user *uaddr2,
	       u32 val3)
{
	bool is_shared = !(op & FUTEX_PRIVATE_FLAG), is_realtime = op & FUTEX_CLOCK_REALTIME;
	int cmd = op & ~(FUTEX_PRIVATE_FLAG | FUTEX_CLOCK_REALTIME);
	struct requeue rq = { .nwake = (int)val, .nmove = (int)timeout_or_val2, .uaddr = uaddr };
	u64 deadline;
	int err;

	switch (cmd) {
	case FUTEX_WAIT:
	case FUTEX_WAIT_BITSET:
		err = read_deadline(cmd, is_realtime,
				    user_ptr(const struct uapi_timespec, timeout_or_val2),
				    &deadline);
		if (err < 0)
			return err;
		return futex_wait_call(uaddr, is_shared, val, deadline,
				       cmd == FUTEX_WAIT ? FUTEX_BITSET_MATCH_ANY : val3);
	case FUTEX_WAKE:
		return futex_wake(uaddr, is_shared, (int)val, FUTEX_BITSET_MATCH_ANY);
	case FUTEX_WAKE_BITSET:
		return futex_wake(uaddr, is_shared, (int)val, val3);
	case FUTEX_REQUEUE:
		return futex_requeue(uaddr, is_shared, uaddr2, &rq);
	case FUTEX_CMP_REQUEUE:
		rq.is_compared = true;
		rq.expected = val3;
		return futex_requeue(uaddr, is_shared, uaddr2, &rq);
	case FUTEX_WAKE_OP:
		return futex_wake_op(uaddr, is_shared, uaddr2, (int)val, (int)timeout_or_val2,
				     val3);
	}
	return -ENOSYS;
}

/* ---- what a thread leaves behind ---- */

/* The owner of the lock at @uaddr dies: say so in the word, and wake one waiter. */
static void robust_mark(u32 __user *uaddr, bool is_pending)
{
	u32 value, new, seen;

	if (user_load32(uaddr, &value) < 0)
		return;
	for (;;) {
		if (is_pending && value == 0) {
			(void)futex_wake(uaddr, true, 1, FUTEX_BITSET_MATCH_ANY);
			return;
		}
		if ((value & FUTEX_TID_MASK) != (u32)current->tid)
			return;
		new = (value & FUTEX_WAITERS) | FUTEX_OWNER_DIED;
		if (user_cmpxchg32(uaddr, value, new, &seen) < 0)
			return;
		if (seen == value)
			break;
		value = seen;
	}
	if (value & FUTEX_WAITERS)
		(void)futex_wake(uaddr, true, 1, FUTEX_BITSET_MATCH_ANY);
}

static void robust_list_walk(void __user *uhead)
{
	struct uapi_robust_list_head head;
	ulong entry, next;
	uint n;

	if (copy_from_user(&head, uhead, sizeof(head)) < 0)
		return;
	entry = head.next;
	for (n = 0; n < ROBUST_LIMIT && entry != (ulong)uhead; n++) {
		bool has_next = copy_from_user(&next, user_ptr(const ulong, entry & ~1ul),
					       sizeof(next)) == 0;

		/* Bit 0 marks a priority-inheritance lock. */
		if (entry != head.pending)
			robust_mark(user_ptr(u32, (entry & ~1ul) + (ulong)head.futex_offset),
				    false);
		if (!has_next)
			return;
		entry = next;
	}
	if (head.pending)
		robust_mark(user_ptr(u32, (head.pending & ~1ul) + (ulong)head.futex_offset), true);
}

void futex_exit_task(void)
{
	struct task *t = current;
	u32 zero = 0;

	if (!t->as)
		return;
	if (t->robust_list) {
		robust_list_walk(t->robust_list);
		t->robust_list = NULL;
	}
	if (!t->clear_tid)
		return;
	/* When nobody else is in the space, there is nobody to tell. */
	if (READ_ONCE(t->as->users.count) > 1 && user_write(t->clear_tid, &zero) == 0)
		(void)futex_wake(t->clear_tid, true, 1, FUTEX_BITSET_MATCH_ANY);
	t->clear_tid = NULL;
}

long sys_set_robust_list(void __user *head, size_t size)
{
	if (size != sizeof(struct uapi_robust_list_head))
		return -EINVAL;
	current->robust_list = head;
	return 0;
}

long sys_get_robust_list(int pid, ulong __user *uhead, size_t __user *usize)
{
	size_t size = sizeof(struct uapi_robust_list_head);
	struct task *t;
	ulong head;

	t = pid ? task_lookup(pid) : current;
	if (!t)
		return -ESRCH;
	head = (ulong)t->robust_list;
	if (pid)
		task_put(t);
	if (user_write(usize, &size) < 0)
		return -EFAULT;
	return user_write(uhead, &head);
}
