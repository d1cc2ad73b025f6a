/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Spinning locks.  Two types, so that the call site cannot choose wrongly:
 *
 *	struct spinlock	preemption off while held; never taken in an interrupt
 *	struct irqlock	interrupts off while held; the CPU counts nesting, the
 *			outermost release restores what was before
 *
 * Nobody sleeps while holding either.  Test-and-set with no queue: a fair lock
 * would hand itself to a virtual CPU that its host is not running.  The ranks are
 * checked in debug kernels only.
 */
#include <arch/irqflags.h>
#include <gemel/compiler.h>
#include <gemel/cpu.h>
#include <gemel/lockrank.h>

struct __lock_type("spinlock") spinlock {
	u32 locked;
	u8 rank;                /* enum lock_rank */
};

struct __lock_type("irqlock") irqlock {
	u32 locked;
	u8 rank;
};

#define SPINLOCK_INIT(r) { .locked = 0, .rank = LOCK_RANK_##r }
#define IRQLOCK_INIT(r)  { .locked = 0, .rank = LOCK_RANK_##r }

/*
 * How struct task begins, for the inline functions below (task.h asserts it).
 * preempt_count > 0: no preemption.  Interrupt handlers and their deferred work
 * add units of their own, so that "may I sleep" is one test.
 */
struct task_head {
	u32 work;               /* atomic: WORK_* of task.h; WORK_RESCHED is bit 0 */
	u32 preempt_count;      /* own */
};

#define PREEMPT_UNIT_DEFERRED   0x10000u
#define PREEMPT_UNIT_IRQ        0x100000u

static inline struct task_head *current_head(void)
{
	return (struct task_head *)arch_current();
}

/* Switch now if a switch is due and interrupts are on.  The slow half of the functions below. */
void preempt_check(void);

/* Preemption off/on; nests; enable switches at once if that is due. */
static inline void preempt_disable(void)
{
	current_head()->preempt_count++;
	barrier();
}

static inline void preempt_enable(void)
{
	struct task_head *head = current_head();

	barrier();
	if (unlikely(--head->preempt_count == 0 && READ_ONCE(head->work) & 1))
		preempt_check();
}

static inline bool preempt_is_disabled(void)
{
	return current_head()->preempt_count != 0;
}

/* An interrupt handler, or deferred interrupt work. */
static inline bool in_interrupt(void)
{
	return current_head()->preempt_count >= PREEMPT_UNIT_DEFERRED;
}

/* Interrupts off without a lock, by the same count as irq locks: nests with irq_lock(). */
static inline void irq_push_off(void)
{
	bool enabled = arch_irq_enabled();
	struct cpu *cpu;

	arch_irq_disable();
	cpu = arch_this_cpu();
	if (cpu->irqlock_depth++ == 0)
		cpu->irqlock_was_enabled = enabled;
}

static inline void irq_pop_off(void)
{
	struct cpu *cpu = arch_this_cpu();

	if (--cpu->irqlock_depth == 0 && cpu->irqlock_was_enabled) {
		struct task_head *head = current_head();

		arch_irq_enable();
		/* A wake-up under the lock may have asked for a switch. */
		if (unlikely(READ_ONCE(head->work) & 1 && head->preempt_count == 0))
			preempt_check();
	}
}

/* The bare bit, for locks whose owner masks interrupts itself and that no rank orders. */
void lock_bit_spin(u32 *locked);

static inline bool lock_bit_try(u32 *locked)
{
	return __atomic_exchange_n(locked, 1, __ATOMIC_ACQUIRE) == 0;
}

static inline void lock_bit_acquire(u32 *locked)
{
	if (unlikely(!lock_bit_try(locked)))
		lock_bit_spin(locked);
}

static inline void lock_bit_release(u32 *locked)
{
	store_release(locked, 0);
}

void spin_init(struct spinlock *l, enum lock_rank rank);

static inline void spin_lock(struct spinlock *l) __acquires(*l) __no_lock_analysis
{
	preempt_disable();
	if (GEMEL_DEBUG)
		lock_check_spin(l->rank, l);
	lock_bit_acquire(&l->locked);
}

static inline bool spin_try_lock(struct spinlock *l) __try_acquires(*l) __no_lock_analysis
{
	preempt_disable();
	if (!lock_bit_try(&l->locked)) {
		preempt_enable();
		return false;
	}
	if (GEMEL_DEBUG)
		lock_check_try(l->rank, l);
	return true;
}

static inline void spin_unlock(struct spinlock *l) __releases(*l) __no_lock_analysis
{
	if (GEMEL_DEBUG)
		lock_check_release(l->rank, l);
	lock_bit_release(&l->locked);
	preempt_enable();
}

/* Held by anyone: for assertions. */
static inline bool spin_is_held(const struct spinlock *l)
{
	return READ_ONCE(l->locked) != 0;
}

void irqlock_init(struct irqlock *l, enum lock_rank rank);

static inline void irq_lock(struct irqlock *l) __acquires(*l) __no_lock_analysis
{
	irq_push_off();
	if (GEMEL_DEBUG)
		lock_check_acquire(l->rank, l);
	lock_bit_acquire(&l->locked);
}

static inline bool irq_try_lock(struct irqlock *l) __try_acquires(*l) __no_lock_analysis
{
	irq_push_off();
	if (!lock_bit_try(&l->locked)) {
		irq_pop_off();
		return false;
	}
	if (GEMEL_DEBUG)
		lock_check_try(l->rank, l);
	return true;
}

static inline void irq_unlock(struct irqlock *l) __releases(*l) __no_lock_analysis
{
	if (GEMEL_DEBUG)
		lock_check_release(l->rank, l);
	lock_bit_release(&l->locked);
	irq_pop_off();
}

static inline bool irqlock_is_held(const struct irqlock *l)
{
	return READ_ONCE(l->locked) != 0;
}

/* No lock held that forbids it, preemption and interrupts on. */
bool can_sleep(void);
/* Panics in debug kernels when the caller may not sleep. */
void might_sleep_check(void);
static inline void might_sleep(void)
{
	if (GEMEL_DEBUG)
		might_sleep_check();
}
