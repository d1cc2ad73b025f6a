/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The sampling profiler: where the kernel spends its time, as folded stacks
 * that flame-graph tools read.  /proc/profile is its face.
 */
#include <gemel/compiler.h>

#define PROFILE_HZ_DEFAULT      997     /* not in step with anything */
#define PROFILE_HZ_MAX          10000

/*
 * Sample every CPU @hz times a second, from nothing: what was collected before is dropped.
 * 0, -EINVAL (@hz is 0 or above PROFILE_HZ_MAX), -EBUSY (it runs), -ENOMEM.  Sleeps.
 */
int __must_check profile_start(uint hz);

/* No more samples; what was collected stays.  Sleeps. */
void profile_stop(void);

/*
 * Each different stack through @emit, a line without its end:
 *
 *	TASK;outermost;...;innermost COUNT
 *
 * TASK is the task's name; user mode is the one frame [user].  Idle time is not
 * in it.  A line "[lost] COUNT" ends it if there was no room for some.  Sleeps.
 */
void profile_report(void (*emit)(void *arg, const char *line), void *arg);
