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
 *
 * Real-time waiters stand before others, by their priority when they came.  Locks that
 * lend their owner the priority of who waits: futex_pi.c.
 */
#include "futex.h"
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

static struct futex_bucket buckets[1 << BUCKET_BITS] = {
	[0 ... (1 << BUCKET_BITS) - 1] = { .lock = SPINLOCK_INIT(FUTEX) },
};

struct futex_bucket *futex_bucket_of(const struct futex_key *key)
{
	return &buckets[hash_bits(hash_pair((ulong)key->object, key->offset), BUCKET_BITS)];
}

void futex_lock(struct futex_bucket *b)
{
	spin_lock(&b->lock);
	/* Static data is zero: a list becomes one when it is first used. */
	if (unlikely(!b->waiters.next))
		list_init(&b->waiters);
}

void futex_unlock(struct futex_bucket *b)
{
	spin_unlock(&b->lock);
}

void futex_lock_two(struct futex_bucket *a, struct futex_bucket *b)
{
	if (a == b) {
		futex_lock(a);
		return;
	}
	if (a > b) {
		struct futex_bucket *tmp = a;

		a = b;
		b = tmp;
	}
	futex_lock(a);
	preempt_disable();
	if (GEMEL_DEBUG)
		lock_check_acquire_pair(LOCK_RANK_FUTEX, &b->lock);
	lock_bit_acquire(&b->lock.locked);
	if (unlikely(!b->waiters.next))
		list_init(&b->waiters);
}

void futex_unlock_two(struct futex_bucket *a, struct futex_bucket *b)
{
	futex_unlock(a);
	if (a != b)
		futex_unlock(b);
}

/* ---- keys ---- */

bool futex_key_is(const struct futex_key *a, const struct futex_key *b)
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

int futex_key_get(u32 __user *uaddr, bool is_shared, struct futex_key *key)
{
	if (!IS_ALIGNED((ulong)uaddr, sizeof(u32)))
		return -EINVAL;
	if (!user_range_ok(uaddr, sizeof(u32)))
		return -EFAULT;
	*key = (struct futex_key){ current->as, (ulong)uaddr };
	return is_shared ? key_shared((ulong)uaddr, key) : 0;
}

/* ---- waking ---- */

void futex_wake_waiter(struct futex_waiter *w)
{
	list_remove(&w->link);
	w->is_woken = true;
	wake_all(w->queue);
}

/* A waiter for a lock with priority inheritance is woken by its own calls only. */
static bool is_plain(const struct futex_waiter *w)
{
	return !w->pi && !w->requeue_to;
}

/* At least one, whatever @count says. */
static int wake_in(struct futex_bucket *b, const struct futex_key *key, int count, u32 bitset)
{
	struct futex_waiter *w, *next;
	int woken = 0;

	list_for_each_safe(w, next, &b->waiters, link) {
		if (!futex_key_is(&w->key, key))
			continue;
		if (!is_plain(w))
			return -EINVAL;
		if (!(w->bitset & bitset))
			continue;
		futex_wake_waiter(w);
		if (++woken >= count)
			break;
	}
	return woken;
}

int futex_wake(u32 __user *uaddr, bool is_shared, int count, u32 bitset)
{
	struct futex_key key;
	struct futex_bucket *b;
	int err;

	err = futex_key_get(uaddr, is_shared, &key);
	if (err < 0)
		return err;
	if (!bitset)
		return -EINVAL;
	b = futex_bucket_of(&key);
	smp_mb();       /* pairs with futex_wait_once(): the caller's store, then the look */
	if (!b->waiters.next || list_is_empty(&b->waiters))
		return 0;
	futex_lock(b);
	err = wake_in(b, &key, count, bitset);
	futex_unlock(b);
	return err;
}

/* ---- waiting ---- */

static void insert_by_priority(struct list *waiters, struct futex_waiter *w)
{
	struct list *at = waiters;

	if (w->prio)
		for (at = waiters->next; at != waiters; at = at->next)
			if (list_entry(at, struct futex_waiter, link)->prio < w->prio)
				break;
	list_add_tail(at, &w->link);
}

void futex_enqueue(struct futex_waiter *w)
{
	w->prio = current->se.rt_priority;
	w->bucket = futex_bucket_of(&w->key);
	futex_lock(w->bucket);
	insert_by_priority(&w->bucket->waiters, w);
	futex_unlock(w->bucket);
	smp_mb();       /* pairs with futex_wake(): in the list, then the word */
}

struct futex_bucket *futex_lock_waiter(struct futex_waiter *w)
{
	struct futex_bucket *b;

	for (;;) {
		b = READ_ONCE(w->bucket);
		futex_lock(b);
		if (b == READ_ONCE(w->bucket))
			return b;
		futex_unlock(b);
	}
}

/* Out of whatever bucket it is in by now.  True: it was woken. */
static bool waiter_dequeue(struct futex_waiter *w)
{
	struct futex_bucket *b = futex_lock_waiter(w);

	if (!w->is_woken)
		list_remove(&w->link);
	futex_unlock(b);
	return w->is_woken;
}

static int futex_wait(u32 __user *uaddr, bool is_shared, u32 expected, u64 deadline, u32 bitset)
{
	struct wait_queue queue;
	struct futex_waiter w = { .bitset = bitset, .task = current, .queue = &queue };
	int err;
	u32 now;

	if (!bitset)
		return -EINVAL;
	err = futex_key_get(uaddr, is_shared, &w.key);
	if (err < 0)
		return err;
	wait_queue_init(&queue);
	futex_enqueue(&w);
	err = user_load32(uaddr, &now);
	if (err == 0 && now != expected)
		err = -EAGAIN;
	if (err == 0)
		err = wait_event_state(&queue, READ_ONCE(w.is_woken), TASK_SLEEPING, deadline);
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

static void waiter_move(struct futex_waiter *w, struct futex_bucket *to,
			const struct futex_key *key)
{
	if (w->bucket != to) {
		list_remove(&w->link);
		insert_by_priority(&to->waiters, w);
	}
	w->key = *key;
	WRITE_ONCE(w->bucket, to);
}

int futex_load(const u32 __user *uaddr, u32 *value)
{
	int err;

	current->pagefault_disabled++;
	err = arch_user_load32(uaddr, value);
	current->pagefault_disabled--;
	return err;
}

int futex_cmpxchg(u32 __user *uaddr, u32 old, u32 new, u32 *seen)
{
	int err;

	current->pagefault_disabled++;
	err = arch_user_cmpxchg32(uaddr, old, new, seen);
	current->pagefault_disabled--;
	return err;
}

static int requeue_locked(const struct requeue *rq, struct futex_bucket *a,
			  struct futex_bucket *b)
{
	struct futex_waiter *w, *next;
	int woken = 0, moved = 0;
	u32 value;

	if (rq->is_compared) {
		if (futex_load(rq->uaddr, &value) < 0)
			return -EFAULT;
		if (value != rq->expected)
			return -EAGAIN;
	}
	list_for_each_safe(w, next, &a->waiters, link) {
		if (!futex_key_is(&w->key, &rq->from))
			continue;
		if (!is_plain(w))
			return -EINVAL;
		if (woken < rq->nwake) {
			futex_wake_waiter(w);
			woken++;
		} else if (moved < rq->nmove) {
			waiter_move(w, b, &rq->to);
			moved++;
		} else {
			break;
		}
	}
	return woken + moved;
}

static long futex_requeue(u32 __user *uaddr, bool is_shared, u32 __user *uaddr2,
			  struct requeue *rq, bool is_pi)
{
	struct futex_bucket *a, *b;
	u32 ignored;
	int err;

	if (rq->nwake < 0 || rq->nmove < 0)
		return -EINVAL;
	err = futex_key_get(uaddr, is_shared, &rq->from);
	if (err == 0)
		err = futex_key_get(uaddr2, is_shared, &rq->to);
	if (err < 0)
		return err;
	if (is_pi)
		return futex_requeue_pi(uaddr2, rq);
	a = futex_bucket_of(&rq->from);
	b = futex_bucket_of(&rq->to);
	for (;;) {
		futex_lock_two(a, b);
		err = requeue_locked(rq, a, b);
		futex_unlock_two(a, b);
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
	err = futex_load(uaddr, &old);
	while (err == 0) {
		err = operate(op & 7, old, (u32)op_arg, &new);
		if (err < 0)
			return err;
		err = futex_cmpxchg(uaddr, old, new, &seen);
		if (err == 0 && seen == old)
			return compare(cmp, (s32)old, cmp_arg);
		old = seen;
	}
	return err;
}

int futex_fault_in(u32 __user *uaddr)
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
	struct futex_bucket *a, *b;
	int err, more, woken = 0;

	err = futex_key_get(uaddr, is_shared, &key);
	if (err == 0)
		err = futex_key_get(uaddr2, is_shared, &key2);
	if (err < 0)
		return err;
	a = futex_bucket_of(&key);
	b = futex_bucket_of(&key2);
	for (;;) {
		futex_lock_two(a, b);
		err = word_operate(uaddr2, code);
		if (err >= 0) {
			woken = wake_in(a, &key, count, FUTEX_BITSET_MATCH_ANY);
			more = err && woken >= 0 ?
			       wake_in(b, &key2, count2, FUTEX_BITSET_MATCH_ANY) : 0;
			woken = more < 0 ? more : woken + more;
		}
		futex_unlock_two(a, b);
		if (err >= 0)
			return woken;
		if (err != -EFAULT || futex_fault_in(uaddr2) < 0)
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

static bool has_timeout(int cmd)
{
	return cmd == FUTEX_WAIT || cmd == FUTEX_WAIT_BITSET || cmd == FUTEX_LOCK_PI ||
	       cmd == FUTEX_LOCK_PI2 || cmd == FUTEX_WAIT_REQUEUE_PI;
}

static bool has_clock(int cmd)
{
	return cmd == FUTEX_WAIT_BITSET || cmd == FUTEX_WAIT_REQUEUE_PI || cmd == FUTEX_LOCK_PI2;
}

long sys_futex(u32 __user *uaddr, int op, u32 val, ulong timeout_or_val2, u32 __user *uaddr2,
	       u32 val3)
{
	bool is_shared = !(op & FUTEX_PRIVATE_FLAG), is_realtime = op & FUTEX_CLOCK_REALTIME;
	int cmd = op & ~(FUTEX_PRIVATE_FLAG | FUTEX_CLOCK_REALTIME);
	struct requeue rq = { .nwake = (int)val, .nmove = (int)timeout_or_val2, .uaddr = uaddr,
			      .expected = val3 };
	u64 deadline = WAIT_FOREVER;
	int err = 0;

	if (has_timeout(cmd))
		err = read_deadline(cmd, is_realtime || cmd == FUTEX_LOCK_PI,
				    user_ptr(const struct uapi_timespec, timeout_or_val2),
				    &deadline);
	if (err < 0)
		return err;
	if (is_realtime && !has_clock(cmd))
		return -ENOSYS;
	switch (cmd) {
	case FUTEX_WAIT:
		val3 = FUTEX_BITSET_MATCH_ANY;
		__attribute__((fallthrough));
	case FUTEX_WAIT_BITSET:
		return futex_wait_call(uaddr, is_shared, val, deadline, val3);
	case FUTEX_WAKE:
		return futex_wake(uaddr, is_shared, (int)val, FUTEX_BITSET_MATCH_ANY);
	case FUTEX_WAKE_BITSET:
		return futex_wake(uaddr, is_shared, (int)val, val3);
	case FUTEX_CMP_REQUEUE:
	case FUTEX_CMP_REQUEUE_PI:
		rq.is_compared = true;
		__attribute__((fallthrough));
	case FUTEX_REQUEUE:
		return futex_requeue(uaddr, is_shared, uaddr2, &rq, cmd == FUTEX_CMP_REQUEUE_PI);
	case FUTEX_WAKE_OP:
		return futex_wake_op(uaddr, is_shared, uaddr2, (int)val, (int)timeout_or_val2,
				     val3);
	case FUTEX_LOCK_PI:
	case FUTEX_LOCK_PI2:
		return futex_lock_pi(uaddr, is_shared, deadline, false);
	case FUTEX_TRYLOCK_PI:
		return futex_lock_pi(uaddr, is_shared, WAIT_FOREVER, true);
	case FUTEX_UNLOCK_PI:
		return futex_unlock_pi(uaddr, is_shared);
	case FUTEX_WAIT_REQUEUE_PI:
		return futex_wait_requeue_pi(uaddr, is_shared, val, deadline, uaddr2);
	}
	return -ENOSYS;
}

/* ---- what a thread leaves behind ---- */

/*
 * The owner of the lock at @uaddr dies: say so in the word, and wake one waiter; those of a lock
 * with priority inheritance are futex_pi_exit()'s.
 */
static int robust_mark(u32 __user *uaddr, bool is_pi, bool is_pending)
{
	u32 value, new, seen;
	int err;

	err = user_load32(uaddr, &value);
	while (err == 0) {
		if (is_pending && !is_pi && value == 0)
			break;
		if ((value & FUTEX_TID_MASK) != (u32)current->tid)
			return 0;
		new = (value & FUTEX_WAITERS) | FUTEX_OWNER_DIED;
		err = user_cmpxchg32(uaddr, value, new, &seen);
		if (err == 0 && seen == value)
			break;
		value = seen;
	}
	if (err == 0 && !is_pi && (value == 0 || (value & FUTEX_WAITERS)))
		(void)futex_wake(uaddr, true, 1, FUTEX_BITSET_MATCH_ANY);
	return err;
}

/* Bit 0 of an entry's address marks a lock with priority inheritance. */
static void robust_list_walk(void __user *uhead)
{
	struct uapi_robust_list_head head;
	ulong entry, next, pending;
	uint n;

	if (copy_from_user(&head, uhead, sizeof(head)) < 0)
		return;
	entry = head.next;
	pending = head.pending & ~1ul;
	for (n = 0; n < ROBUST_LIMIT && (entry & ~1ul) != (ulong)uhead; n++) {
		ulong at = entry & ~1ul;
		bool has_next = copy_from_user(&next, user_ptr(const ulong, at),
					       sizeof(next)) == 0;

		if (at != pending && robust_mark(user_ptr(u32, at + (ulong)head.futex_offset),
						 entry & 1, false) < 0)
			return;
		if (!has_next)
			break;
		entry = next;
	}
	if (pending)
		(void)robust_mark(user_ptr(u32, pending + (ulong)head.futex_offset),
				  head.pending & 1, true);
}

void futex_exit_task(bool is_final)
{
	struct task *t = current;
	u32 zero = 0;

	if (t->as && t->robust_list)
		robust_list_walk(t->robust_list);
	t->robust_list = NULL;
	futex_pi_exit(is_final);
	/* When nobody else is in the space, there is nobody to tell. */
	if (t->as && t->clear_tid && READ_ONCE(t->as->users.count) > 1 &&
	    user_write(t->clear_tid, &zero) == 0)
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
	int err;

	t = pid ? task_lookup(pid) : current;
	if (!t)
		return -ESRCH;
	err = cred_may_look(t, true);
	head = (ulong)t->robust_list;
	if (pid)
		task_put(t);
	if (err < 0)
		return err;
	if (user_write(usize, &size) < 0)
		return -EFAULT;
	return user_write(uhead, &head);
}
