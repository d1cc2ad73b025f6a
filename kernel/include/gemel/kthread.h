/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Kernel threads: tasks without a user half.
 *
 * A thread runs its function once and ends with the value it returns, or by
 * kthread_exit().  Who created it holds a reference and ends with exactly one of
 * kthread_join(), kthread_stop() or kthread_detach(), which give it up.
 * Stopping and parking are requests: the thread's loop looks for them,
 *
 *	while (!kthread_should_stop()) {
 *		kthread_park_point();
 *		work, or wait_event(queue, work there || kthread_is_asked());
 *	}
 */
#include <gemel/compiler.h>

struct task;

/* Not started: task_start() does.  NULL: no memory.  May sleep. */
struct task *kthread_create(int (*fn)(void *arg), void *arg, const char *name) __must_check;
/* As above, started, allowed on the CPUs of @affinity only. */
struct task *kthread_run(int (*fn)(void *arg), void *arg, const char *name, u64 affinity)
	__must_check;

/* Wait for its end and return what its function returned.  Sleeps. */
int kthread_join(struct task *t);
/* Ask it to end (unparking it), then join. */
int kthread_stop(struct task *t);
/* Let it end by itself some day. */
void kthread_detach(struct task *t);

/* Returns when it stands at its kthread_park_point(), or has ended.  Sleeps. */
void kthread_park(struct task *t);
void kthread_unpark(struct task *t);

/* Call @fn for every kernel thread, under the list's lock: it must not sleep. */
void kthread_each(void (*fn)(struct task *t));

/* The thread itself. */
bool kthread_should_stop(void);
bool kthread_is_asked(void);            /* to stop or to park */
void kthread_park_point(void);          /* sleeps here while it is asked to park */
void __noreturn kthread_exit(int code);
