/* SPDX-License-Identifier: MIT */
/*
 * Fault injection.
 *
 * A plan strikes once, when its countdown goes from one to zero; then it only
 * remembers.  fault_armed counts plans that are still to strike, so that a kernel
 * without any pays one load at each place that may fail.  Interrupts have
 * no plan: what they do is on nobody's account.
 *
 * A plan belongs to the tasks that refer to it; task->fault is changed by its task
 * alone, or before it runs and after it has ended.  The countdown is atomic.
 *
 * Debug kernels remember the system call in which the plan struck, and its result: the striker's
 * name stands in the plan from the strike to the end of the call.  A strike between calls (a page
 * fault of the program) is forgotten when the next one begins.
 */
#include <gemel/fault.h>

#include <uapi/errno.h>

#include <gemel/irq.h>
#include <gemel/ktest.h>
#include <gemel/refs.h>
#include <gemel/signal.h>
#include <gemel/slab.h>
#include <gemel/task.h>

struct fault_plan {
	struct refs refs;
	u32 kinds;
	u32 left;               /* atomic; 0: has struck */
	struct task *striker;   /* atomic; not referenced */
	ulong nr;               /* of the call, once left and striker are 0 */
	long ret;
};

u32 fault_armed;

static void armed_add(u32 n)
{
	__atomic_fetch_add(&fault_armed, n, __ATOMIC_RELAXED);
}

bool fault_strikes(enum fault_kind kind)
{
	struct fault_plan *plan = in_interrupt() ? NULL : current->fault;
	u32 left;

	if (!plan || !(plan->kinds & 1u << kind))
		return false;
	left = READ_ONCE(plan->left);
	do {
		if (!left)
			return false;
	} while (!__atomic_compare_exchange_n(&plan->left, &left, left - 1, true,
					      __ATOMIC_RELAXED, __ATOMIC_RELAXED));
	if (left > 1)
		return false;
	armed_add(-1u);
	WRITE_ONCE(plan->striker, current);
	return !(plan->kinds & FAULT_LOOK);
}

void fault_call_begins(void)
{
	struct fault_plan *plan = current->fault;

	if (plan && READ_ONCE(plan->striker) == current)
		WRITE_ONCE(plan->striker, NULL);
}

void fault_call_ends(ulong nr, long ret)
{
	struct fault_plan *plan = current->fault;

	if (!plan || READ_ONCE(plan->striker) != current)
		return;
	/* Whom the strike kills (no page for a user copy) never hears what the call says. */
	if (!signal_is_fatal_pending(current)) {
		plan->nr = nr;
		plan->ret = ret;
	}
	WRITE_ONCE(plan->striker, NULL);
}

void fault_plan_drop(struct task *t)
{
	struct fault_plan *plan = t->fault;

	t->fault = NULL;
	if (!plan || !refs_put(&plan->refs))
		return;
	if (plan->left)
		armed_add(-1u);
	kfree(plan);
}

void fault_plan_inherit(struct task *child)
{
	child->fault = current->fault;
	if (child->fault)
		refs_get(&child->fault->refs);
}

int fault_plan_set(u32 kinds, u32 n)
{
	struct fault_plan *plan;

	fault_plan_drop(current);
	if (!n)
		return 0;
	plan = kalloc(sizeof(*plan));
	if (!plan)
		return -ENOMEM;
	refs_init(&plan->refs, 1);
	plan->kinds = kinds;
	plan->left = n;
	plan->striker = NULL;
	plan->nr = ~0ul;
	plan->ret = 0;
	current->fault = plan;
	armed_add(1);
	return 0;
}

u32 fault_plan_left(void)
{
	return current->fault ? READ_ONCE(current->fault->left) : 0;
}

bool fault_plan_result(ulong *nr, long *ret)
{
	struct fault_plan *plan = current->fault;

	if (!plan || plan->left || plan->nr == ~0ul)
		return false;
	*nr = plan->nr;
	*ret = plan->ret;
	return true;
}

bool fault_plan_has_struck(void)
{
	return current->fault && !fault_plan_left();
}

/* ---- FOR_EACH_OOM ---- */

bool fault_hit(void)
{
	return fault_plan_has_struck();
}

bool fault_arm(long n)
{
	bool go_on = n == 1 || fault_hit();

	/* A loop that cannot be armed ends, and the test with it: there is no memory. */
	return fault_plan_set(1u << FAULT_ALLOC, go_on ? (u32)n : 0) == 0 && go_on;
}
