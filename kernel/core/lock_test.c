/* SPDX-License-Identifier: MIT */
/* Locks on all CPUs at once: nothing is lost, nobody hangs. */
#include <gemel/cpu.h>
#include <gemel/ktest.h>
#include <gemel/mutex.h>
#include <gemel/task.h>
#include <gemel/time.h>

#include "test_threads.h"

enum { ROUNDS = 2000 };

static struct {
	struct spinlock spin;
	struct irqlock irq;
	struct mutex mutex;
	struct rwmutex rw;
	ulong a, b;
	ulong mismatches;
} shared;

static void shared_init(void)
{
	spin_init(&shared.spin, LOCK_RANK_DCACHE);
	irqlock_init(&shared.irq, LOCK_RANK_NETDEV);
	mutex_init(&shared.mutex, LOCK_RANK_PIPE);
	rwmutex_init(&shared.rw, LOCK_RANK_MM);
	shared.a = shared.b = shared.mismatches = 0;
}

/* Two fields that are equal outside the lock; a reader that sees them differ was let in wrongly. */
static void shared_change(void)
{
	ulong a = READ_ONCE(shared.a);

	if (READ_ONCE(shared.b) != a)
		shared.mismatches++;
	WRITE_ONCE(shared.a, a + 1);
	WRITE_ONCE(shared.b, a + 1);
}

static int spin_worker(void *arg)
{
	(void)arg;
	for (uint i = 0; i < ROUNDS; i++) {
		spin_lock(&shared.spin);
		shared_change();
		spin_unlock(&shared.spin);
	}
	return 0;
}

static int irq_worker(void *arg)
{
	(void)arg;
	for (uint i = 0; i < ROUNDS; i++) {
		irq_lock(&shared.irq);
		shared_change();
		irq_unlock(&shared.irq);
	}
	return 0;
}

static int mutex_worker(void *arg)
{
	(void)arg;
	for (uint i = 0; i < ROUNDS; i++) {
		mutex_lock(&shared.mutex);
		shared_change();
		if (i % 64 == 0)
			sched_yield();
		mutex_unlock(&shared.mutex);
	}
	return 0;
}

static int rw_worker(void *arg)
{
	(void)arg;
	for (uint i = 0; i < ROUNDS; i++) {
		if (i % 4 == 0) {
			rwmutex_write_lock(&shared.rw);
			shared_change();
			rwmutex_write_unlock(&shared.rw);
		} else {
			rwmutex_read_lock(&shared.rw);
			if (READ_ONCE(shared.a) != READ_ONCE(shared.b))
				__atomic_fetch_add(&shared.mismatches, 1, __ATOMIC_RELAXED);
			rwmutex_read_unlock(&shared.rw);
		}
	}
	return 0;
}

static ulong run_everywhere(int (*fn)(void *arg))
{
	shared_init();
	return test_threads_run(fn, 2 * cpu_count);
}

KTEST(lock, spin_lock_excludes_on_all_cpus)
{
	ulong n = run_everywhere(spin_worker);

	EXPECT_EQ(2 * cpu_count, n);
	EXPECT_EQ(n * ROUNDS, shared.a);
	EXPECT_EQ(0, shared.mismatches);
}

KTEST(lock, irq_lock_excludes_on_all_cpus)
{
	ulong n = run_everywhere(irq_worker);

	EXPECT_EQ(n * ROUNDS, shared.a);
	EXPECT_EQ(0, shared.mismatches);
}

KTEST(lock, mutex_excludes_sleeping_holders)
{
	ulong n = run_everywhere(mutex_worker);

	EXPECT_EQ(n * ROUNDS, shared.a);
	EXPECT_EQ(0, shared.mismatches);
	EXPECT_EQ(0, shared.mutex.owner);
}

KTEST(lock, rwmutex_keeps_readers_and_writers_apart)
{
	ulong n = run_everywhere(rw_worker);

	EXPECT_EQ(n * ROUNDS / 4, shared.a);
	EXPECT_EQ(0, shared.mismatches);
	EXPECT_EQ(0, shared.rw.count);
}

KTEST(lock, irq_lock_nests_and_restores)
{
	struct irqlock inner;

	shared_init();
	irqlock_init(&inner, LOCK_RANK_CONSOLE);
	EXPECT(arch_irq_enabled());
	irq_lock(&shared.irq);
	irq_lock(&inner);
	EXPECT(!arch_irq_enabled());
	irq_unlock(&inner);
	EXPECT(!arch_irq_enabled());
	EXPECT(!can_sleep());
	irq_unlock(&shared.irq);
	EXPECT(arch_irq_enabled());
	EXPECT(can_sleep());
}

KTEST(lock, try_lock_says_no_while_held)
{
	shared_init();
	mutex_lock(&shared.mutex);
	EXPECT(mutex_is_held(&shared.mutex));
	mutex_unlock(&shared.mutex);
	EXPECT(!mutex_is_held(&shared.mutex));
	if (spin_try_lock(&shared.spin)) {
		EXPECT(spin_is_held(&shared.spin));
		EXPECT(preempt_is_disabled());
		spin_unlock(&shared.spin);
	} else {
		EXPECT(false);
	}
	EXPECT(!preempt_is_disabled());
}
