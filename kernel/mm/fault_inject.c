/* SPDX-License-Identifier: MIT */
/*
 * Fault injection: fail the n-th allocation of one task.
 *
 * FOR_EACH_OOM (ktest.h) arms the counter for its own task; every allocator
 * asks fault_inject(), which is one load while nothing is armed.
 */
#include <gemel/ktest.h>
#include <gemel/task.h>

#include "mm.h"

long fault_countdown;
static struct task *fault_task;
static bool fault_was_hit;

bool fault_inject_slow(void)
{
	if (current != fault_task || in_interrupt())
		return false;
	if (fault_countdown < 0 || --fault_countdown > 0)
		return false;
	fault_was_hit = true;
	fault_countdown = -1;
	return true;
}

bool fault_arm(long n)
{
	if (n > 1 && !fault_was_hit) {
		fault_countdown = 0;
		fault_task = NULL;
		return false;
	}
	fault_was_hit = false;
	fault_task = current;
	fault_countdown = n;
	return true;
}

bool fault_hit(void)
{
	return fault_was_hit;
}
