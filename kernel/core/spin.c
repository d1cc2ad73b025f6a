/* SPDX-License-Identifier: MIT */
/* The slow halves of spin.h. */
#include <gemel/spin.h>

#include <arch/cpu.h>
#include <gemel/assert.h>
#include <gemel/sched.h>

#include "panic.h"

/* Spins on a plain load, so that the line stays shared until the owner writes it. */
__noinline void lock_bit_spin(u32 *locked)
{
	do {
		while (READ_ONCE(*locked))
			arch_cpu_relax();
	} while (!lock_bit_try(locked));
}

void spin_init(struct spinlock *l, enum lock_rank rank)
{
	l->locked = 0;
	l->rank = (u8)rank;
}

void irqlock_init(struct irqlock *l, enum lock_rank rank)
{
	l->locked = 0;
	l->rank = (u8)rank;
}

bool can_sleep(void)
{
	return !preempt_is_disabled() && arch_irq_enabled();
}

void might_sleep_check(void)
{
	/* Until the scheduler runs there is nobody to wait for. */
	if (!can_sleep() && sched_is_running && !panic_in_progress())
		panic("sleep in atomic context: preempt count 0x%x, interrupts %s",
		      current_head()->preempt_count, arch_irq_enabled() ? "on" : "off");
}
