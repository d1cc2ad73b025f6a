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
 * When memory is wanted, each CPU hands over its cache in an interrupt, and another work
 * item frees what was gathered.
 *
 * Locking.  The caches: this CPU only, interrupts off.  dead.lock and gathered.lock: rank
 * SLAB, because the scheduler may hold a RUNQ lock above it.
 */
#include <gemel/task.h>

#include <gemel/cpu.h>
#include <gemel/fault.h>
#include <gemel/irq.h>
#include <gemel/page.h>
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
static void shrink(struct work *w);

struct task_list {
	struct irqlock lock;
	struct list list;               /* task->all_link */
	struct work work;
};

#define TASK_LIST_INIT(l, work_fn) {                                    \
	.lock = IRQLOCK_INIT(SLAB), .list = LIST_INIT((l).list),        \
	.work = { .link = LIST_INIT((l).work.link), .fn = (work_fn) },  \
}

static struct task_list dead = TASK_LIST_INIT(dead, reap);
static struct task_list gathered = TASK_LIST_INIT(gathered, shrink);

static void list_put(struct task_list *l, struct task *t)
{
	irq_lock(&l->lock);
	list_add_tail(&l->list, &t->all_link);
	irq_unlock(&l->lock);
}

static struct task *list_take(struct task_list *l)
{
	struct task *t = NULL;

	irq_lock(&l->lock);
	if (!list_is_empty(&l->list)) {
		t = list_first(&l->list, struct task, all_link);
		list_remove(&t->all_link);
	}
	irq_unlock(&l->lock);
	return t;
}

static struct task *cache_take(void)
{
	struct task_cache *c;
	struct task *t = NULL;

	irq_push_off();
	c = this_cpu_ptr(task_caches);
	if (c->count)
		t = c->task[--c->count];
	irq_pop_off();
	return t;
}

static bool cache_give(struct task *t)
{
	struct task_cache *c;
	bool has_room;

	irq_push_off();
	c = this_cpu_ptr(task_caches);
	has_room = c->count < CACHE_TASKS;
	if (has_room)
		c->task[c->count++] = t;
	irq_pop_off();
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

static void memory_free(struct task *t)
{
	vfree_stack(t->kstack);
	kfree(t);
}

void task_free(struct task *t)
{
	fault_plan_drop(t);
	arch_thread_free(t);
	if (!cache_give(t))
		memory_free(t);
}

static void task_destroy(struct task *t)
{
	task_release(t);
	task_free(t);
}

static void reap(struct work *w)
{
	struct task *t;

	(void)w;
	while ((t = list_take(&dead)))
		task_destroy(t);
}

/* On each CPU. */
static void gather(void *arg)
{
	struct task *t;

	(void)arg;
	while ((t = cache_take()))
		list_put(&gathered, t);
}

static void shrink(struct work *w)
{
	struct task *t;

	(void)w;
	smp_call_others(gather, NULL);
	gather(NULL);
	while ((t = list_take(&gathered)))
		memory_free(t);
}

static size_t shrink_later(size_t n)
{
	(void)n;
	work_queue(system_work, &gathered.work);
	return 0;
}

void task_cache_init(void)
{
	static struct shrinker shrinker = { .shrink = shrink_later };

	shrinker_register(&shrinker);
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
	list_put(&dead, t);
	work_queue(system_work, &dead.work);
}
