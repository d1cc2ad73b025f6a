/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Fault injection: make the n-th thing that may fail really fail.
 *
 * A task may carry a plan, "fail the n-th of these kinds", which its children
 * share: the n-th in all of them together.  In debug kernels root gives itself one
 * through /proc/self/fail-nth; in-kernel tests through FOR_EACH_OOM (ktest.h).
 */
#include <gemel/compiler.h>

enum fault_kind {
	FAULT_ALLOC,            /* page, slab or vmalloc allocation */
	FAULT_USERCOPY,         /* copy to or from user memory (debug kernels) */
	FAULT_BLOCK,            /* block request submitted by the task: it never starts */
	FAULT_COMPLETION,       /* the same: the device does it, its owner hears that it failed */
	FAULT_KINDS,
};

#define FAULT_LOOK      (1u << FAULT_KINDS)     /* beside kinds: only remember, fail nothing */

struct fault_plan;
struct task;

extern u32 fault_armed;         /* plans that have not struck yet; atomic */
bool fault_strikes(enum fault_kind kind);

/* Must this one fail?  One load while there is no plan.  Any context. */
static inline bool fault_should_fail(enum fault_kind kind)
{
	return unlikely(READ_ONCE(fault_armed) != 0) && fault_strikes(kind);
}

/* Give the current task a new plan; @n 0: none.  @kinds: bits 1 << kind, FAULT_LOOK.
 * 0, -ENOMEM. */
int __must_check fault_plan_set(u32 kinds, u32 n);
/* What is left of the current task's plan: 0, it has struck or there is none. */
u32 fault_plan_left(void);
/* Around a system call of current's, in debug kernels. */
void fault_call_begins(void);
void fault_call_ends(ulong nr, long ret);
/* What came of the call in which current's plan struck; false: it has not, or not in a call. */
bool fault_plan_result(ulong *nr, long *ret);
/* The current task has a plan, and it is done. */
bool fault_plan_has_struck(void);
/* @child, not yet running, shares current's plan.  A task that goes gives its plan back. */
void fault_plan_inherit(struct task *child);
void fault_plan_drop(struct task *t);
