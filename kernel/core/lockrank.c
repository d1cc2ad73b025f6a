/* SPDX-License-Identifier: MIT */
/*
 * The lock-order checker of debug kernels.
 *
 * Each task keeps the locks it holds, in order of acquisition, in task->held.
 * An interrupt handler borrows the list of the task it interrupted and releases
 * all it takes before it ends, so the list is again as it was.  A push and a removal
 * are made with interrupts off: a handler in the middle would use the same slot.
 *
 * What is checked on every acquire: the new rank is above all held ones, and the
 * lock is not held already.  Only the owner touches its list: no lock.
 */
#include <gemel/lockrank.h>

#include <arch/irqflags.h>

#include <gemel/assert.h>
#include <gemel/task.h>

#include "panic.h"

const char *const lock_rank_names[LOCK_RANK_COUNT] = {
	[LOCK_RANK_NONE] = "NONE",
#define X(name, what) [LOCK_RANK_##name] = #name,
	LOCK_RANKS(X)
#undef X
};

static void held_push(struct held_locks *h, enum lock_rank rank, const void *lock)
{
	irqflags_t irq = arch_irq_save();
	uint at = h->depth;

	if (at == ARRAY_SIZE(h->rank))
		panic("lock order: more than %u locks held", at);
	h->rank[at] = (u8)rank;
	h->lock[at] = lock;
	h->depth = (u8)(at + 1);
	arch_irq_restore(irq);
}

static void check_order(enum lock_rank rank, const void *lock, bool pair)
{
	struct held_locks *h = &arch_current()->held;

	if (panic_in_progress())
		return;
	for (uint i = 0; i < h->depth; i++) {
		if (h->lock[i] == lock)
			panic("lock order: %s taken twice (0x%lx)", lock_rank_names[rank],
			      (ulong)lock);
		if (rank < h->rank[i] || (rank == h->rank[i] && !pair))
			panic("lock order: %s (0x%lx) taken while holding %s (0x%lx)",
			      lock_rank_names[rank], (ulong)lock, lock_rank_names[h->rank[i]],
			      (ulong)h->lock[i]);
	}
	held_push(h, rank, lock);
}

void lock_check_acquire(enum lock_rank rank, const void *lock)
{
	check_order(rank, lock, false);
}

void lock_check_acquire_pair(enum lock_rank rank, const void *lock)
{
	check_order(rank, lock, true);
}

void lock_check_spin(enum lock_rank rank, const void *lock)
{
	if (in_interrupt() && !panic_in_progress())
		panic("lock order: spin lock %s taken in an interrupt", lock_rank_names[rank]);
	check_order(rank, lock, false);
}

void lock_check_try(enum lock_rank rank, const void *lock)
{
	if (!panic_in_progress())
		held_push(&arch_current()->held, rank, lock);
}

void lock_check_release(enum lock_rank rank, const void *lock)
{
	struct held_locks *h = &arch_current()->held;
	irqflags_t irq;
	uint at;

	if (panic_in_progress())
		return;
	irq = arch_irq_save();
	at = h->depth;
	while (at > 0 && h->lock[at - 1] != lock)
		at--;
	if (at == 0)
		panic("lock order: %s (0x%lx) released but not held", lock_rank_names[rank],
		      (ulong)lock);
	for (; at < h->depth; at++) {
		h->rank[at - 1] = h->rank[at];
		h->lock[at - 1] = h->lock[at];
	}
	h->depth--;
	arch_irq_restore(irq);
}

void lock_check_none(const char *suite, const char *name)
{
	const struct held_locks *h = &arch_current()->held;

	if (h->depth)
		panic("lock order: %s.%s ends with %s (0x%lx) held", suite, name,
		      lock_rank_names[h->rank[h->depth - 1]], (ulong)h->lock[h->depth - 1]);
	if (!can_sleep())
		panic("%s.%s ends in atomic context: preempt count 0x%x, interrupts %s", suite,
		      name, current_head()->preempt_count, arch_irq_enabled() ? "on" : "off");
}

bool lock_check_is_held(const void *lock)
{
	const struct held_locks *h = &arch_current()->held;

	if (!GEMEL_DEBUG)
		return true;
	for (uint i = 0; i < h->depth; i++)
		if (h->lock[i] == lock)
			return true;
	return false;
}
