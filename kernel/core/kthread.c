/* SPDX-License-Identifier: MIT */
/*
 * Kernel threads.
 *
 * struct kthread carries what a thread and its creator say to each other; it hangs
 * on the task and is freed with the creator's reference: the thread itself is done with it
 * when `ended` is completed.
 *
 *	asked_stop	set once by kthread_stop()
 *	asked_park	set and cleared by kthread_park(), kthread_unpark()
 *	parked		the thread stands at its park point; it says so again after each unpark,
 *			which takes it back, so that no park believes an earlier one
 *
 * `control` wakes both sides: the thread at its park point, the creator in
 * kthread_park().  The flags are stored, then the queue is woken: wait.c says why
 * that suffices.  All threads are in a list (threads_lock), for the hang detector.
 * A detached thread frees its struct itself (`owners` reaches 0).
 */
#include <gemel/kthread.h>

#include <arch/irqflags.h>
#include <arch/thread.h>

#include <gemel/process.h>
#include <gemel/slab.h>
#include <gemel/task.h>

static struct irqlock threads_lock = IRQLOCK_INIT(KTHREADS);
static struct list threads = LIST_INIT(threads);        /* threads_lock; kthread->link */

struct kthread {
	struct list link;               /* threads_lock */
	struct task *task;
	int (*fn)(void *arg);
	void *arg;
	struct refs owners;             /* the creator and the thread */
	bool asked_stop, asked_park, parked;
	int code;
	struct wait_queue control;
	struct completion ended;
};

static void kthread_free(struct kthread *k)
{
	if (refs_put(&k->owners))
		kfree(k);
}

static void kthread_main(void *arg)
{
	struct kthread *k = arg;

	kthread_exit(k->fn(k->arg));
}

struct task *kthread_create(int (*fn)(void *arg), void *arg, const char *name)
{
	struct kthread *k = kzalloc(sizeof(*k));
	struct task *t;

	if (!k)
		return NULL;
	t = task_alloc(name);
	if (!t) {
		kfree(k);
		return NULL;
	}
	k->fn = fn;
	k->arg = arg;
	refs_init(&k->owners, 2);
	wait_queue_init(&k->control);
	completion_init(&k->ended);
	k->task = t;
	t->kthread = k;
	t->is_kernel = true;
	t->process = &kernel_process;
	arch_thread_start(t, kthread_main, k);
	/* Not what the creator happens to be. */
	(void)sched_set_policy(t, SCHED_NORMAL, 0);
	sched_set_nice(t, 0);
	t->se.affinity = ~0ull;
	irq_lock(&threads_lock);
	list_add_tail(&threads, &k->link);
	irq_unlock(&threads_lock);
	return t;
}

struct task *kthread_run(int (*fn)(void *arg), void *arg, const char *name, u64 affinity)
{
	struct task *t = kthread_create(fn, arg, name);

	if (!t)
		return NULL;
	t->se.affinity = affinity;
	task_start(t);
	return t;
}

int kthread_join(struct task *t)
{
	struct kthread *k = t->kthread;
	int code;

	completion_wait(&k->ended);
	code = k->code;
	kthread_free(k);
	task_put(t);
	return code;
}

int kthread_stop(struct task *t)
{
	struct kthread *k = t->kthread;

	WRITE_ONCE(k->asked_stop, true);
	WRITE_ONCE(k->asked_park, false);
	wake_all(&k->control);
	task_wake(t);
	return kthread_join(t);
}

void kthread_detach(struct task *t)
{
	kthread_free(t->kthread);
	task_put(t);
}

void kthread_park(struct task *t)
{
	struct kthread *k = t->kthread;

	WRITE_ONCE(k->asked_park, true);
	task_wake(t);
	wait_event_blocked(&k->control, READ_ONCE(k->parked) || READ_ONCE(k->ended.done));
}

void kthread_unpark(struct task *t)
{
	WRITE_ONCE(t->kthread->asked_park, false);
	WRITE_ONCE(t->kthread->parked, false);
	wake_all(&t->kthread->control);
}

void kthread_each(void (*fn)(struct task *t))
{
	struct kthread *k;

	irq_lock(&threads_lock);
	list_for_each(k, &threads, link)
		fn(k->task);
	irq_unlock(&threads_lock);
}

bool kthread_should_stop(void)
{
	return READ_ONCE(current->kthread->asked_stop);
}

bool kthread_is_asked(void)
{
	const struct kthread *k = current->kthread;

	return READ_ONCE(k->asked_stop) || READ_ONCE(k->asked_park);
}

void kthread_park_point(void)
{
	struct kthread *k = current->kthread;

	while (unlikely(READ_ONCE(k->asked_park))) {
		WRITE_ONCE(k->parked, true);
		wake_all(&k->control);
		wait_event_idle(&k->control, !READ_ONCE(k->asked_park) || !READ_ONCE(k->parked));
	}
}

void kthread_exit(int code)
{
	struct kthread *k = current->kthread;

	irq_lock(&threads_lock);
	list_remove(&k->link);
	irq_unlock(&threads_lock);
	k->code = code;
	completion_done(&k->ended);
	wake_all(&k->control);
	kthread_free(k);
	sched_exit();
}

/* The trampolines of arch_switch(): the first code of a task, interrupts off, run queue locked. */

void thread_entry(struct task *prev, void (*fn)(void *arg), void *arg)
{
	sched_finish_switch(prev);
	arch_irq_enable();
	fn(arg);
	sched_exit();
}

void thread_fork_entry(struct task *prev)
{
	sched_finish_switch(prev);
	arch_irq_enable();
}
