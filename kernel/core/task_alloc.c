/* SPDX-License-Identifier: MIT */
/*
 * Tasks as memory: the struct and its kernel stack.
 *
 * A struct task keeps its stack while it lies in the cache of its CPU, so fork and
 * exit, which come in pairs, touch neither the page tables nor the TLB.
 *
 * The last task_put() may come from anywhere, sched_finish_switch() included, where
 * nothing may sleep; then the task goes to the list of the dead, and a work item frees it.
 *
 * Locking.  The caches: this CPU only, preemption off, never from an interrupt.
 * dead.lock (rank SLAB, because the scheduler may hold a RUNQ lock above it).
 */
#include <gemel/task.h>

#include <gemel/cpu.h>
#include <gemel/fault.h>
#include <gemel/process.h>
#include <gemel/slab.h>
#include <gemel/string.h>
#include <gemel/time.h>
#include <gemel/vmalloc.h>
#include <gemel/work.h>

enum { CACHE_TASKS = 4 };

struct task_cache {
	uint count;
	struct task *task[CACHE_TASKS];
};

static DEFINE_PER_CPU(struct task_cache, task_caches);

static void reap(struct work *w);

static struct {
	struct irqlock lock;
	struct list list;               /* task->all_link */
	struct work work;
} dead = {
	.lock = IRQLOCK_INIT(SLAB),
	.list = LIST_INIT(dead.list),
	.work = { .link = LIST_INIT(dead.work.link), .fn = reap },
};

static struct task *cache_take(void)
{
	struct task_cache *c;
	struct task *t = NULL;

	preempt_disable();
	c = this_cpu_ptr(task_caches);
	if (c->count)
		t = c->task[--c->count];
	preempt_enable();
	return t;
}

static bool cache_give(struct task *t)
{
	struct task_cache *c;
	bool has_room;

	preempt_disable();
	c = this_cpu_ptr(task_caches);
	has_room = c->count < CACHE_TASKS;
	if (has_room)
		c->task[c->count++] = t;
	preempt_enable();
	return has_room;
}

static struct task *task_memory(void)
{
	struct task *t = cache_take();
	void *stack;

	if (t) {
		stack = t->kstack;
		memset(t, 0, sizeof(*t));
		t->kstack = stack;
		return t;
	}
	t = kzalloc(sizeof(*t));
	if (!t)
		return NULL;
	t->kstack = vmalloc_stack(KSTACK_SIZE);
	if (!t->kstack) {
		kfree(t);
		return NULL;
	}
	return t;
}

struct task *task_alloc(const char *name)
{
	struct task *t = task_memory();

	if (!t)
		return NULL;
	refs_init(&t->refs, 1);
	t->state = TASK_NEW;
	t->start_ns = time_now();
	for (uint i = 0; i < TASK_NAME_LEN - 1 && name[i]; i++)
		t->name[i] = name[i];
	list_init(&t->pending.queue);
	list_init(&t->pi_owned);
	list_init(&t->thread_link);
	list_init(&t->all_link);
	sched_fork(t);
	return t;
}

void task_free(struct task *t)
{
	fault_plan_drop(t);
	arch_thread_free(t);
	if (cache_give(t))
		return;
	vfree_stack(t->kstack);
	kfree(t);
}

static void task_destroy(struct task *t)
{
	task_release(t);
	task_free(t);
}

static void reap(struct work *w)
{
	(void)w;
	for (;;) {
		struct task *t = NULL;

		irq_lock(&dead.lock);
		if (!list_is_empty(&dead.list)) {
			t = list_first(&dead.list, struct task, all_link);
			list_remove(&t->all_link);
		}
		irq_unlock(&dead.lock);
		if (!t)
			return;
		task_destroy(t);
	}
}

void task_get(struct task *t)
{
	refs_get(&t->refs);
}

void task_put(struct task *t)
{
	if (!refs_put(&t->refs))
		return;
	if (can_sleep()) {
		task_destroy(t);
		return;
	}
	irq_lock(&dead.lock);
	list_add_tail(&dead.list, &t->all_link);
	irq_unlock(&dead.lock);
	work_queue(system_work, &dead.work);
}
