/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Spinning locks.  Two types, so that the call site cannot choose wrongly:
 *
 *	struct spinlock	preemption off while held; never taken in an interrupt
 *	struct irqlock	interrupts off while held; the CPU counts nesting, the
 *			outermost release restores what was before
 *
 * Nobody sleeps while holding either.
 */
#include <gemel/compiler.h>
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

void spin_init(struct spinlock *l, enum lock_rank rank);
void spin_lock(struct spinlock *l) __acquires(*l);
bool spin_try_lock(struct spinlock *l) __try_acquires(*l);
void spin_unlock(struct spinlock *l) __releases(*l);
bool spin_is_held(const struct spinlock *l);    /* by anyone: for assertions */

void irqlock_init(struct irqlock *l, enum lock_rank rank);
void irq_lock(struct irqlock *l) __acquires(*l);
bool irq_try_lock(struct irqlock *l) __try_acquires(*l);
void irq_unlock(struct irqlock *l) __releases(*l);
bool irqlock_is_held(const struct irqlock *l);

/* Interrupts off without a lock, by the same count: nests with irq_lock(). */
void irq_push_off(void);
void irq_pop_off(void);

/* Preemption off/on; nests; on() switches at once if that is due.  preempt.h's two lines. */
void preempt_disable(void);
void preempt_enable(void);
bool preempt_is_disabled(void);

/* Panics in debug kernels when the caller may not sleep: lock held, preemption or interrupts off. */
void might_sleep(void);
bool can_sleep(void);
