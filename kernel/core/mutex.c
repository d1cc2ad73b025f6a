/* SPDX-License-Identifier: MIT */
/*
 * Sleeping locks.
 *
 * A mutex is one word: the owner, and bit 0 while somebody waits.
 *
 *	0		free			mutex_lock() takes it in one step
 *	task		held			mutex_unlock() frees it in one step
 *	task | 1	held, awaited		unlock leaves 1 and wakes the first waiter
 *	1		free, awaited		whoever comes first takes it: a task that
 *						runs now need not wait for one that does not
 *
 * Bit 0 is set by a waiter after it is in the queue, and cleared under the queue's
 * lock when the queue is empty; so while it is clear nobody waits.
 *
 * A rwmutex is a word too: the number of readers << 1, bit 0 for a writer.  While a
 * writer waits (writers_waiting) no new reader enters, so that it is not starved; the
 * last reader and the writer wake everybody, and everybody tries again.
 */
#include <gemel/mutex.h>

#include <uapi/errno.h>

#include <gemel/assert.h>
#include <gemel/task.h>

#define MUTEX_WAITERS 1ul

void mutex_init(struct mutex *m, enum lock_rank rank)
{
	m->owner = 0;
	wait_queue_init(&m->waiters);
	m->rank = (u8)rank;
}

static bool mutex_try_take(struct mutex *m, ulong from, ulong to)
{
	return __atomic_compare_exchange_n(&m->owner, &from, to, false, __ATOMIC_ACQUIRE,
					   __ATOMIC_RELAXED);
}

static void mutex_forget_waiters(struct mutex *m)
{
	irq_lock(&m->waiters.lock);
	if (list_is_empty(&m->waiters.waiters))
		__atomic_fetch_and(&m->owner, ~MUTEX_WAITERS, __ATOMIC_RELAXED);
	irq_unlock(&m->waiters.lock);
}

static __noinline int mutex_lock_slow(struct mutex *m, uint state)
{
	struct waiter w = { .link = LIST_INIT(w.link), .exclusive = true };
	ulong me = (ulong)current | MUTEX_WAITERS;
	int err = 0;

	ASSERT((READ_ONCE(m->owner) & ~MUTEX_WAITERS) != (ulong)current);
	for (;;) {
		wait_prepare(&w, &m->waiters, state);
		__atomic_fetch_or(&m->owner, MUTEX_WAITERS, __ATOMIC_SEQ_CST);
		if (mutex_try_take(m, MUTEX_WAITERS, me))
			break;
		err = wait_commit(&w, WAIT_FOREVER);
		if (err < 0)
			break;
	}
	wait_finish(&w);
	mutex_forget_waiters(m);
	/* A wake-up that came together with the signal belongs to the next in line. */
	if (err < 0 && w.woken)
		wake_one(&m->waiters);
	return err;
}

void __no_lock_analysis mutex_lock(struct mutex *m)
{
	might_sleep();
	if (GEMEL_DEBUG)
		lock_check_acquire(m->rank, m);
	if (unlikely(!mutex_try_take(m, 0, (ulong)current)))
		(void)mutex_lock_slow(m, TASK_BLOCKED);
}

int mutex_lock_killable(struct mutex *m)
{
	int err = 0;

	might_sleep();
	if (GEMEL_DEBUG)
		lock_check_acquire(m->rank, m);
	if (unlikely(!mutex_try_take(m, 0, (ulong)current)))
		err = mutex_lock_slow(m, TASK_KILLABLE);
	if (GEMEL_DEBUG && err < 0)
		lock_check_release(m->rank, m);
	return err;
}

void __no_lock_analysis mutex_lock_nested(struct mutex *m)
{
	might_sleep();
	if (GEMEL_DEBUG)
		lock_check_acquire_pair(m->rank, m);
	if (unlikely(!mutex_try_take(m, 0, (ulong)current)))
		(void)mutex_lock_slow(m, TASK_BLOCKED);
}

bool __no_lock_analysis mutex_try_lock(struct mutex *m)
{
	if (!mutex_try_take(m, 0, (ulong)current) &&
	    !mutex_try_take(m, MUTEX_WAITERS, (ulong)current | MUTEX_WAITERS))
		return false;
	if (GEMEL_DEBUG)
		lock_check_try(m->rank, m);
	return true;
}

void __no_lock_analysis mutex_unlock(struct mutex *m)
{
	ulong me = (ulong)current;

	if (GEMEL_DEBUG)
		lock_check_release(m->rank, m);
	if (likely(__atomic_compare_exchange_n(&m->owner, &me, 0, false, __ATOMIC_RELEASE,
					       __ATOMIC_RELAXED)))
		return;
	ASSERT(me == ((ulong)current | MUTEX_WAITERS));
	/* The bit may go away meanwhile, by a waiter that gave up. */
	__atomic_fetch_and(&m->owner, MUTEX_WAITERS, __ATOMIC_RELEASE);
	wake_one(&m->waiters);
}

bool mutex_is_held(const struct mutex *m)
{
	return (READ_ONCE(m->owner) & ~MUTEX_WAITERS) == (ulong)current;
}

void mutex_lock_pair(struct mutex *a, struct mutex *b)
{
	struct mutex *first = a < b ? a : b;
	struct mutex *second = a < b ? b : a;

	mutex_lock(first);
	if (first == second)
		return;
	mutex_lock_nested(second);
}

void mutex_unlock_pair(struct mutex *a, struct mutex *b)
{
	mutex_unlock(a);
	if (a != b)
		mutex_unlock(b);
}

#define RW_WRITER 1l
#define RW_READER 2l

void rwmutex_init(struct rwmutex *m, enum lock_rank rank)
{
	m->count = 0;
	m->writers_waiting = 0;
	wait_queue_init(&m->waiters);
	m->rank = (u8)rank;
}

static bool rw_try_read(struct rwmutex *m)
{
	long old = READ_ONCE(m->count);

	do {
		if (old & RW_WRITER || READ_ONCE(m->writers_waiting))
			return false;
	} while (!__atomic_compare_exchange_n(&m->count, &old, old + RW_READER, true,
					      __ATOMIC_ACQUIRE, __ATOMIC_RELAXED));
	return true;
}

static bool rw_try_write(struct rwmutex *m)
{
	long free = 0;

	return __atomic_compare_exchange_n(&m->count, &free, RW_WRITER, false, __ATOMIC_ACQUIRE,
					   __ATOMIC_RELAXED);
}

void __no_lock_analysis rwmutex_read_lock(struct rwmutex *m)
{
	might_sleep();
	if (GEMEL_DEBUG)
		lock_check_acquire(m->rank, m);
	if (unlikely(!rw_try_read(m)))
		wait_event_blocked(&m->waiters, rw_try_read(m));
}

bool rwmutex_try_read_lock(struct rwmutex *m)
{
	if (!rw_try_read(m))
		return false;
	if (GEMEL_DEBUG)
		lock_check_try(m->rank, m);
	return true;
}

void __no_lock_analysis rwmutex_read_unlock(struct rwmutex *m)
{
	if (GEMEL_DEBUG)
		lock_check_release(m->rank, m);
	if (__atomic_sub_fetch(&m->count, RW_READER, __ATOMIC_RELEASE) == 0)
		wake_all(&m->waiters);
}

static int rw_write_slow(struct rwmutex *m, uint state)
{
	int err;

	__atomic_fetch_add(&m->writers_waiting, 1, __ATOMIC_SEQ_CST);
	err = wait_event_state(&m->waiters, rw_try_write(m), state, WAIT_FOREVER);
	__atomic_fetch_sub(&m->writers_waiting, 1, __ATOMIC_SEQ_CST);
	/* Readers that this writer kept out. */
	if (err < 0)
		wake_all(&m->waiters);
	return err;
}

void __no_lock_analysis rwmutex_write_lock(struct rwmutex *m)
{
	might_sleep();
	if (GEMEL_DEBUG)
		lock_check_acquire(m->rank, m);
	if (unlikely(!rw_try_write(m)))
		(void)rw_write_slow(m, TASK_BLOCKED);
}

int rwmutex_write_lock_killable(struct rwmutex *m)
{
	int err = 0;

	might_sleep();
	if (GEMEL_DEBUG)
		lock_check_acquire(m->rank, m);
	if (unlikely(!rw_try_write(m)))
		err = rw_write_slow(m, TASK_KILLABLE);
	if (GEMEL_DEBUG && err < 0)
		lock_check_release(m->rank, m);
	return err;
}

void __no_lock_analysis rwmutex_write_unlock(struct rwmutex *m)
{
	if (GEMEL_DEBUG)
		lock_check_release(m->rank, m);
	store_release(&m->count, 0);
	wake_all(&m->waiters);
}

bool rwmutex_is_held(const struct rwmutex *m)
{
	return READ_ONCE(m->count) != 0;
}
