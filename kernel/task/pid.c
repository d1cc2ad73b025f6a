/* SPDX-License-Identifier: MIT */
/*
 * Process numbers.
 *
 * A struct pid is one number in use, found through a hash table.  It lives as
 * long as a task has it as tid, a process is member of the group, or a session
 * is named by it: so a number never means two things at once.
 *
 * Locking.  process_lock covers the table, the numbers and all fields.
 */
#include "task_private.h"

#include <uapi/errno.h>
#include <uapi/resource.h>
#include <gemel/bitmap.h>
#include <gemel/hash.h>
#include <gemel/ids.h>
#include <gemel/slab.h>

#define PID_HASH_BITS   8
#define PID_LIMIT       32768
#define PID_FIRST_AGAIN 300     /* where numbering goes on after it has wrapped */

struct irqlock process_lock = IRQLOCK_INIT(PROCTREE);
struct list all_tasks = LIST_INIT(all_tasks);

static struct list buckets[1 << PID_HASH_BITS];
static struct ids numbers;
static uint next_number = 1;
static uint number_count;
static u64 numbers_made;
static pid_t last_made;
static struct slab_cache *pid_cache;

void pid_init(void)
{
	uint i;

	for (i = 0; i < ARRAY_SIZE(buckets); i++)
		list_init(&buckets[i]);
	ids_init(&numbers, PID_LIMIT);
	/* The whole map at once: it would grow to this, under process_lock. */
	if (ids_take(&numbers, PID_LIMIT - 1) < 0 || ids_take(&numbers, 0) < 0)
		panic("pid: no memory");
	ids_free(&numbers, PID_LIMIT - 1);
	pid_cache = slab_cache_create("pid", sizeof(struct pid), 0, NULL);
	if (!pid_cache)
		panic("pid: no memory");
}

static struct list *pid_bucket(pid_t nr)
{
	return &buckets[hash_bits(nr, PID_HASH_BITS)];
}

/* @want 0: the next that is free. */
static int number_take(pid_t want, uint *nr) __must_hold(process_lock)
{
	int err;

	if (want) {
		*nr = (uint)want;
		return ids_take(&numbers, *nr);
	}
	err = ids_alloc_cyclic(&numbers, PID_FIRST_AGAIN, next_number, nr);
	if (err == 0)
		next_number = *nr + 1 < PID_LIMIT ? *nr + 1 : PID_FIRST_AGAIN;
	return err == -ENOSPC ? -EAGAIN : err;
}

int pid_create(pid_t want, struct pid **out)
{
	struct pid *pid = slab_alloc(pid_cache);
	uint nr;
	int err;

	if (!pid)
		return -ENOMEM;
	irq_lock(&process_lock);
	err = number_take(want, &nr);
	if (err < 0) {
		irq_unlock(&process_lock);
		slab_free(pid_cache, pid);
		return err;
	}
	number_count++;
	pid->serial = ++numbers_made;
	last_made = (pid_t)nr;
	pid->nr = nr;
	pid->users = 1;
	pid->task = NULL;
	list_init(&pid->members);
	list_add(pid_bucket(nr), &pid->hash_link);
	irq_unlock(&process_lock);
	*out = pid;
	return 0;
}

u64 pid_figures(pid_t *last)
{
	u64 made;

	irq_lock(&process_lock);
	made = numbers_made;
	*last = last_made;
	irq_unlock(&process_lock);
	return made;
}

bool user_is_over_limit(uid_t uid, uint more)
{
	u64 limit = rlimit_get(RLIMIT_NPROC);
	u64 n = more;
	struct task *t;

	if (number_count + more <= limit)
		return false;
	list_for_each(t, &all_tasks, all_link)
		n += t->cred && t->cred->uid == uid;
	return n > limit;
}

struct pid *pid_find(pid_t nr)
{
	struct list *head = pid_bucket(nr);
	struct pid *pid;

	list_for_each(pid, head, hash_link)
		if (pid->nr == nr)
			return pid;
	return NULL;
}

void pid_get(struct pid *pid)
{
	pid->users++;
}

void pid_put(struct pid *pid)
{
	ASSERT(pid->users > 0);
	if (--pid->users > 0)
		return;
	list_remove(&pid->hash_link);
	ids_free(&numbers, pid->nr);
	number_count--;
	slab_free(pid_cache, pid);
}

void pid_attach(struct task *t)
{
	t->pid->task = t;
}

void pid_detach(struct task *t)
{
	struct pid *pid = t->pid;

	if (!pid)
		return;
	t->pid = NULL;
	pid->task = NULL;
	pid_put(pid);
}

struct task *task_find(pid_t tid)
{
	struct pid *pid = pid_find(tid);

	return pid ? pid->task : NULL;
}

struct process *process_find(pid_t nr)
{
	struct task *t = task_find(nr);

	return t && t->process->pid == nr ? t->process : NULL;
}

struct task *task_lookup(pid_t tid)
{
	struct task *t;

	irq_lock(&process_lock);
	t = task_find(tid);
	if (t)
		task_get(t);
	irq_unlock(&process_lock);
	return t;
}

struct process *process_lookup(pid_t nr)
{
	struct process *p;

	irq_lock(&process_lock);
	p = process_find(nr);
	if (p)
		process_get(p);
	irq_unlock(&process_lock);
	return p;
}

struct process *process_next(pid_t from)
{
	struct process *p = NULL;
	size_t nr = MAX(from, 1);

	irq_lock(&process_lock);
	while ((nr = bitmap_next_set(numbers.map, numbers.nbits, nr)) < numbers.nbits) {
		p = process_find(nr);
		if (p) {
			process_get(p);
			break;
		}
		nr++;
	}
	irq_unlock(&process_lock);
	return p;
}

void group_join(struct process *p, struct pid *pid)
{
	pid_get(pid);
	p->group = pid;
	p->pgid = pid->nr;
	list_add_tail(&pid->members, &p->group_link);
}

void group_leave(struct process *p)
{
	struct pid *pid = p->group;

	list_remove(&p->group_link);
	p->group = NULL;
	pid_put(pid);
}
