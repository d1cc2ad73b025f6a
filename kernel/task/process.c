/* SPDX-License-Identifier: MIT */
/*
 * Processes: making, sharing and freeing what all threads of one have in
 * common.
 *
 * A process is referenced by each of its tasks (until the task's struct is
 * freed), by its own place in the tree (until it is reaped), and by whoever
 * looks at it.  process->sighand lives as long as the process, so a signal
 * may be sent to anything that is referenced, dead or alive.
 */
#include "task_private.h"

#include <uapi/core.h>
#include <uapi/errno.h>
#include <uapi/resource.h>
#include <gemel/address_space.h>
#include <gemel/fs.h>
#include <gemel/slab.h>
#include <gemel/string.h>
#include <gemel/vdso.h>

#define STACK_LIMIT     MIB(8)
#define FILES_SOFT      1024
#define FILES_HARD      1048576

struct process *init_process;

const struct cred kernel_cred = {
	.refs = REFS_INIT(1),
	.cap_effective = ~0ull >> (63 - CAP_LAST),
	.cap_permitted = ~0ull >> (63 - CAP_LAST),
	.cap_bounding = ~0ull >> (63 - CAP_LAST),
};

struct process kernel_process = {
	.refs = REFS_INIT(1),
	.children = LIST_INIT(kernel_process.children),
	.sibling = LIST_INIT(kernel_process.sibling),
	.threads = LIST_INIT(kernel_process.threads),
	.group_link = LIST_INIT(kernel_process.group_link),
	.child_wait = WAIT_QUEUE_INIT(kernel_process.child_wait),
	.rlimits = {
		[RLIMIT_CPU] = { RLIM_INFINITY, RLIM_INFINITY },
		[RLIMIT_FSIZE] = { RLIM_INFINITY, RLIM_INFINITY },
		[RLIMIT_DATA] = { RLIM_INFINITY, RLIM_INFINITY },
		[RLIMIT_STACK] = { STACK_LIMIT, RLIM_INFINITY },
		[RLIMIT_CORE] = { 0, RLIM_INFINITY },
		[RLIMIT_RSS] = { RLIM_INFINITY, RLIM_INFINITY },
		[RLIMIT_NPROC] = { 16384, 16384 },
		[RLIMIT_NOFILE] = { FILES_SOFT, FILES_HARD },
		[RLIMIT_MEMLOCK] = { MIB(8), MIB(8) },
		[RLIMIT_AS] = { RLIM_INFINITY, RLIM_INFINITY },
		[RLIMIT_LOCKS] = { RLIM_INFINITY, RLIM_INFINITY },
		[RLIMIT_SIGPENDING] = { 4096, 4096 },
		[RLIMIT_MSGQUEUE] = { 819200, 819200 },
		[RLIMIT_NICE] = { 0, 0 },
		[RLIMIT_RTPRIO] = { 0, 0 },
		[RLIMIT_RTTIME] = { RLIM_INFINITY, RLIM_INFINITY },
	},
	.dumpable = true,
	.core_filter = CORE_FILTER_DEFAULT,
	.user = &root_user,
};

static struct slab_cache *process_cache, *sighand_cache;

static void sighand_construct(void *obj)
{
	memset(obj, 0, sizeof(struct sighand));
}

void task_init(void)
{
	pid_init();
	process_cache = slab_cache_create("process", sizeof(struct process), 0, NULL);
	sighand_cache = slab_cache_create("sighand", sizeof(struct sighand), 0, sighand_construct);
	if (!process_cache || !sighand_cache)
		panic("task: no memory");
	users_init();
	sigqueue_init();
	vdso_init();
	timex_init();
}

/* ---- sighand: free ones keep all actions zero, so that fork touches only what is set ---- */

struct sighand *sighand_create(void)
{
	struct sighand *sh = slab_alloc(sighand_cache);

	if (!sh)
		return NULL;
	refs_init(&sh->refs, 1);
	irqlock_init(&sh->lock, LOCK_RANK_SIGNAL);
	wait_queue_init(&sh->signalfd_wait);
	return sh;
}

struct sighand *sighand_copy(struct sighand *old)
{
	struct sighand *sh = sighand_create();
	u64 left;

	if (!sh)
		return NULL;
	irq_lock(&old->lock);
	sh->changed = old->changed;
	for (left = sh->changed; left; left &= left - 1)
		sh->action[__builtin_ctzll(left)] = old->action[__builtin_ctzll(left)];
	irq_unlock(&old->lock);
	return sh;
}

void sighand_get(struct sighand *sh)
{
	refs_get(&sh->refs);
}

void sighand_put(struct sighand *sh)
{
	u64 left;

	if (!refs_put(&sh->refs))
		return;
	for (left = sh->changed; left; left &= left - 1)
		sh->action[__builtin_ctzll(left)] = (struct ksigaction){ 0 };
	sh->changed = 0;
	slab_free(sighand_cache, sh);
}

/* ---- processes ---- */

struct process *process_create(void)
{
	struct process *p = slab_alloc(process_cache), *from = current->process;

	if (!p)
		return NULL;
	memset(p, 0, sizeof(*p));
	refs_init(&p->refs, 2);         /* its place in the tree, its first task */
	list_init(&p->children);
	list_init(&p->sibling);
	list_init(&p->threads);
	list_init(&p->group_link);
	list_init(&p->posix_timers);
	wait_queue_init(&p->child_wait);
	wait_queue_init(&p->vfork_wait);
	wait_queue_init(&p->exec_wait);
	wait_queue_init(&p->exit_wait);
	sigpending_init(&p->shared_pending);
	memcpy(p->rlimits, from->rlimits, sizeof(p->rlimits));
	p->oom_score_adj = from->oom_score_adj;
	p->oom_score_adj_min = from->oom_score_adj_min;
	p->is_thp_disabled = from->is_thp_disabled;
	p->dumpable = from->dumpable;
	p->core_filter = from->core_filter;
	p->start_ns = time_now();
	p->user = from->user;
	user_get(p->user);
	itimer_init_process(p);
	return p;
}

void process_get(struct process *p)
{
	refs_get(&p->refs);
}

void process_put(struct process *p)
{
	if (!refs_put(&p->refs))
		return;
	sigpending_flush(&p->shared_pending);
	if (p->sighand)
		sighand_put(p->sighand);
	if (p->retired_sighand)
		sighand_put(p->retired_sighand);
	user_put(p->user);
	slab_free(process_cache, p);
}

void process_add_thread(struct process *p, struct task *t)
{
	irq_lock(&p->sighand->lock);
	list_add_tail(&p->threads, &t->thread_link);
	p->nthreads++;
	/* Born into a stop: it stops before it runs. */
	if (p->group_stop)
		task_set_work(t, WORK_SIGNAL);
	irq_unlock(&p->sighand->lock);
	__atomic_add_fetch(&p->nlive, 1, __ATOMIC_RELAXED);
	list_add_tail(&all_tasks, &t->all_link);
}

void process_remove_thread(struct process *p, struct task *t)
{
	irq_lock(&p->sighand->lock);
	list_remove(&t->thread_link);
	p->nthreads--;
	sigpending_flush(&t->pending);
	irq_unlock(&p->sighand->lock);
	list_remove(&t->all_link);
}

void task_release(struct task *t)
{
	if (t->is_kernel || !t->process)
		return;
	sigpending_flush(&t->pending);
	if (t->cred)
		cred_put(t->cred);
	process_put(t->process);
}

/* ---- sessions ---- */

struct session *session_create(struct pid *pid)
{
	struct session *s = kalloc_atomic(sizeof(*s));

	if (!s)
		return NULL;
	refs_init(&s->refs, 1);
	s->sid = pid->nr;
	s->pid = pid;
	s->tty = NULL;
	s->hung_group = NULL;
	pid_get(pid);
	return s;
}

void session_get(struct session *s)
{
	refs_get(&s->refs);
}

void session_put(struct session *s)
{
	if (!refs_put(&s->refs))
		return;
	pid_put(s->pid);
	kfree(s);
}

/* ---- looking at others ---- */

struct address_space *task_get_as(struct task *t)
{
	struct address_space *as;

	irq_lock(&process_lock);
	as = t->as;
	if (as)
		as_get(as);
	irq_unlock(&process_lock);
	return as;
}

struct files *task_get_files(struct task *t)
{
	struct files *files;

	irq_lock(&process_lock);
	files = t->files;
	if (files)
		files_get(files);
	irq_unlock(&process_lock);
	return files;
}

struct fs_context *task_get_fs(struct task *t)
{
	struct fs_context *fs;

	irq_lock(&process_lock);
	fs = t->fs;
	if (fs)
		fs_context_get(fs);
	irq_unlock(&process_lock);
	return fs;
}

const struct cred *task_get_cred(struct task *t)
{
	const struct cred *c;

	irq_lock(&process_lock);
	c = t->cred ? t->cred : &kernel_cred;
	cred_get(c);
	irq_unlock(&process_lock);
	return c;
}

pid_t process_next_thread(struct process *p, pid_t tid)
{
	pid_t best = 0;
	struct task *t;

	irq_lock(&process_lock);
	list_for_each(t, &p->threads, thread_link)
		if (t->tid >= tid && (best == 0 || t->tid < best))
			best = t->tid;
	irq_unlock(&process_lock);
	return best;
}

char task_state_letter(struct task *t)
{
	/* Who waited for it may look before its last switch. */
	if (t->process && READ_ONCE(t->process->is_zombie))
		return 'Z';
	switch (READ_ONCE(t->state)) {
	case TASK_SLEEPING:
		return 'S';
	case TASK_KILLABLE:
	case TASK_BLOCKED:
		return t->is_kernel ? 'I' : 'D';
	case TASK_STOPPED:
		return 'T';
	case TASK_ZOMBIE:
		return 'Z';
	case TASK_DEAD:
		return 'X';
	default:
		return 'R';
	}
}

u64 rlimit_get(uint which)
{
	return READ_ONCE(current->process->rlimits[which].cur);
}
