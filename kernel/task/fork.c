/* SPDX-License-Identifier: MIT */
/*
 * New tasks: fork, vfork, clone, clone3 are one function, task_clone().
 *
 * Everything that can fail happens to a task that nobody sees yet.  The last
 * step links it into its process and the tree under process_lock, where it is
 * refused if the caller is being killed, and starts it.
 */
#include "task_private.h"

#include <arch/syscall.h>
#include <arch/thread.h>
#include <uapi/errno.h>
#include <uapi/sched.h>
#include <gemel/address_space.h>
#include <gemel/fault.h>
#include <gemel/fs.h>
#include <gemel/sched.h>
#include <gemel/string.h>
#include <gemel/syscalls.h>
#include <gemel/trace.h>
#include <gemel/uaccess.h>

#include "pidfd.h"

#define CLONE_NAMESPACES (CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | \
			  CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET)

#define UNSHARE_ALONE   (CLONE_THREAD | CLONE_SIGHAND | CLONE_VM)

struct clone_request {
	u64 flags;
	int exit_signal;
	ulong stack;            /* stack pointer; 0: the parent's */
	ulong tls;
	u32 __user *parent_tid, *child_tid;
	int __user *pidfd;
	pid_t want_tid;         /* 0: any */
};

static int check_flags(const struct clone_request *rq)
{
	u64 f = rq->flags;

	if (f & CLONE_NAMESPACES)
		return capable(CAP_SYS_ADMIN) ? -EINVAL : -EPERM;
	if ((f & CLONE_SIGHAND) && !(f & CLONE_VM))
		return -EINVAL;
	if ((f & CLONE_THREAD) && !(f & CLONE_SIGHAND))
		return -EINVAL;
	if ((f & CLONE_SIGHAND) && (f & CLONE_CLEAR_SIGHAND))
		return -EINVAL;
	if ((f & CLONE_PIDFD) && (f & (CLONE_DETACHED | CLONE_THREAD)))
		return -EINVAL;
	if ((f & CLONE_PARENT) && current->process == init_process)
		return -EINVAL;
	if ((f & CLONE_PIDFD) && (f & CLONE_PARENT_SETTID) &&
	    (ulong)rq->pidfd == (ulong)rq->parent_tid)
		return -EINVAL;
	return 0;
}

/* ---- what the child shares or copies ---- */

static int copy_as(struct task *t, u64 flags)
{
	int err;

	if (flags & CLONE_VM) {
		as_use(current->as);
		t->as = current->as;
		return 0;
	}
	err = as_fork(current->as, &t->as);
	if (err < 0)
		t->as = NULL;
	return err;
}

static int copy_files(struct task *t, u64 flags)
{
	int err;

	if (flags & CLONE_FILES) {
		files_get(current->files);
		t->files = current->files;
		return 0;
	}
	err = files_copy(current->files, &t->files);
	if (err < 0)
		t->files = NULL;
	return err;
}

static int copy_fs(struct task *t, u64 flags)
{
	if (flags & CLONE_FS) {
		fs_context_get(current->fs);
		t->fs = current->fs;
		return 0;
	}
	t->fs = fs_context_copy(current->fs);
	return t->fs ? 0 : -ENOMEM;
}

static void clear_handlers(struct sighand *sh)
{
	uint i;

	for (i = 0; i < SIGNAL_MAX; i++)
		if (sh->action[i].handler != SIG_IGN_ADDR)
			sh->action[i] = (struct ksigaction){ 0 };
}

static int copy_process(struct task *t, u64 flags)
{
	struct process *from = current->process, *p;

	if (flags & CLONE_THREAD) {
		process_get(from);
		t->process = from;
		t->sighand = from->sighand;
		return 0;
	}
	p = process_create();
	if (!p)
		return -ENOMEM;
	if (flags & CLONE_SIGHAND) {
		sighand_get(from->sighand);
		p->sighand = from->sighand;
	} else {
		p->sighand = sighand_copy(from->sighand);
		if (p->sighand && (flags & CLONE_CLEAR_SIGHAND))
			clear_handlers(p->sighand);
	}
	t->process = p;
	t->sighand = p->sighand;
	return p->sighand ? 0 : -ENOMEM;
}

static void drop_copies(struct task *t)
{
	if (t->as)
		as_unuse(t->as);
	if (t->files)
		files_put(t->files);
	if (t->fs)
		fs_context_put(t->fs);
	if (t->vfork_parent)
		process_put(t->vfork_parent);
	if (t->cred)
		cred_put(t->cred);
	if (t->process && t->process != current->process)
		process_put(t->process);        /* the tree's reference, too */
	if (t->process)
		process_put(t->process);
	t->process = NULL;
	t->cred = NULL;
}

static int copy_all(struct task *t, const struct clone_request *rq)
{
	int err;

	err = copy_process(t, rq->flags);
	if (err < 0)
		return err;
	err = copy_files(t, rq->flags);
	if (err < 0)
		return err;
	err = copy_fs(t, rq->flags);
	if (err < 0)
		return err;
	err = copy_as(t, rq->flags);
	if (err < 0)
		return err;
	return arch_thread_fork(t, task_trapframe(current), rq->stack,
				rq->flags & CLONE_SETTLS, rq->tls);
}

/* ---- the task itself ---- */

static void inherit(struct task *t, const struct clone_request *rq)
{
	struct task *from = current;

	cred_get(from->cred);
	t->cred = from->cred;
	t->blocked = from->restore_blocked ? from->saved_blocked : from->blocked;
	t->personality = from->personality;
	t->ioprio = from->ioprio;
	t->no_new_privs = from->no_new_privs;
	t->timer_slack_ns = t->timer_slack_default_ns = from->timer_slack_ns;
	sigpending_init(&t->pending);
	list_init(&t->thread_link);
	list_init(&t->all_link);
	/* A new thread in a shared space has no use for the parent's alternate stack. */
	if (!(rq->flags & CLONE_VM) || (rq->flags & CLONE_VFORK))
		t->altstack = from->altstack;
	else
		t->altstack.flags = SS_DISABLE;
	t->exit_signal = rq->flags & CLONE_THREAD ? 0 : rq->exit_signal;
	t->start_ns = time_now();
	if (rq->flags & CLONE_CHILD_CLEARTID)
		t->clear_tid = rq->child_tid;
	if (rq->flags & CLONE_VFORK) {
		process_get(from->process);
		t->vfork_parent = from->process;
	}
}

static int create_child(const struct clone_request *rq, struct task **out)
{
	struct task *t = task_alloc(current->name);
	int err;

	if (!t)
		return -ENOMEM;
	inherit(t, rq);
	fault_plan_inherit(t);
	err = copy_all(t, rq);
	if (err < 0)
		goto err_drop;
	err = pid_create(rq->want_tid, &t->pid);
	if (err < 0)
		goto err_drop;
	t->tid = t->pid->nr;
	*out = t;
	return 0;

err_drop:
	drop_copies(t);
	task_free(t);
	return err;
}

static void destroy_child(struct task *t)
{
	irq_lock(&process_lock);
	pid_detach(t);
	irq_unlock(&process_lock);
	drop_copies(t);
	task_free(t);
}

/* The numbers go to user memory before anybody can see the child run.  As in Linux, a bad address
 * is the caller's loss. */
static void write_tids(struct task *t, const struct clone_request *rq)
{
	u32 tid = t->tid;

	if (rq->flags & CLONE_PARENT_SETTID)
		(void)!user_write(rq->parent_tid, &tid);
	if (!(rq->flags & CLONE_CHILD_SETTID))
		return;
	if (rq->flags & CLONE_VM)
		(void)!user_write(rq->child_tid, &tid);
	else
		(void)as_write(t->as, (vaddr_t)rq->child_tid, &tid, sizeof(tid));
}

/* ---- into the tree ---- */

static void join_tree(struct process *p, u64 flags) __must_hold(process_lock)
{
	struct process *me = current->process;

	p->parent = flags & CLONE_PARENT ? me->parent : me;
	p->forker = flags & CLONE_PARENT ? me->forker : current;
	list_add_tail(&p->parent->children, &p->sibling);
	p->session = me->session;
	p->has_tty = me->has_tty;
	session_get(p->session);
	group_join(p, me->group);
}

static int publish(struct task *t, u64 flags)
{
	struct process *me = current->process, *p = t->process;
	int err = 0;

	irq_lock(&process_lock);
	if (me->group_exiting || (me->exec_task && me->exec_task != current)) {
		err = -ERESTARTNOINTR;
	} else if (t->cred->uid && user_is_over_limit(t->cred->uid, 1) &&
		   !capable(CAP_SYS_RESOURCE) && !capable(CAP_SYS_ADMIN)) {
		err = -EAGAIN;
	} else if (flags & CLONE_THREAD) {
		process_add_thread(p, t);
		pid_attach(t);
	} else {
		p->pid = t->tid;
		p->leader = t;
		process_add_thread(p, t);
		join_tree(p, flags);
		itimer_limit_changed(p);
		if (flags & CLONE_PARENT)
			t->exit_signal = me->leader->exit_signal;
		pid_attach(t);
	}
	irq_unlock(&process_lock);
	return err;
}

/* ---- vfork ---- */

void vfork_release(struct task *t)
{
	struct process *parent = t->vfork_parent;

	if (!parent)
		return;
	irq_lock(&process_lock);
	t->vfork_parent = NULL;
	irq_unlock(&process_lock);
	wake_all(&parent->vfork_wait);
	process_put(parent);
}

static bool vfork_is_over(struct task *child)
{
	return !READ_ONCE(child->vfork_parent);
}

/* ---- */

static long task_clone(const struct clone_request *rq)
{
	struct task *t;
	pid_t tid;
	int err, pidfd = -1;

	err = check_flags(rq);
	if (err < 0)
		return err;
	/* A signal that is pending goes first: to one process, not to two. */
	if (signal_is_fatal_pending(current))
		return -ERESTARTNOINTR;
	err = create_child(rq, &t);
	if (err < 0)
		return err;
	tid = t->tid;
	if (rq->flags & CLONE_PIDFD) {
		pidfd = pidfd_create(t->process, 0);
		if (pidfd < 0 || user_write(rq->pidfd, &pidfd) < 0) {
			err = pidfd < 0 ? pidfd : -EFAULT;
			goto err_destroy;
		}
	}
	write_tids(t, rq);
	if (rq->flags & CLONE_VFORK)
		task_get(t);
	err = publish(t, rq->flags);
	if (err < 0)
		goto err_put_vfork;
	trace(TRACE_FORK, tid, rq->flags);
	task_start(t);
	if (rq->flags & CLONE_VFORK) {
		(void)wait_event_state(&current->process->vfork_wait, vfork_is_over(t),
				       TASK_KILLABLE, WAIT_FOREVER);
		task_put(t);
	}
	return tid;

err_put_vfork:
	if (rq->flags & CLONE_VFORK)
		task_put(t);
err_destroy:
	if (pidfd >= 0)
		(void)fd_close(pidfd);
	destroy_child(t);
	return err;
}

/* ---- system calls ---- */

long sys_clone(ulong flags, ulong stack, u32 __user *parent_tid, ulong arg3, ulong arg4)
{
	ulong tls = ARCH_CLONE_TLS_ARG == 3 ? arg3 : arg4;
	ulong child_tid = ARCH_CLONE_TLS_ARG == 3 ? arg4 : arg3;
	struct clone_request rq = {
		.flags = (u32)flags & ~CLONE_EXIT_SIGNAL,
		.exit_signal = flags & CLONE_EXIT_SIGNAL,
		.stack = stack,
		.tls = tls,
		.parent_tid = parent_tid,
		.child_tid = user_ptr(u32, child_tid),
		.pidfd = user_ptr(int, parent_tid),
	};

	return task_clone(&rq);
}

/* The numbers that the child is to have in each namespace of processes; there is one. */
static int read_set_tid(const struct uapi_clone_args *a, pid_t *want)
{
	if (!a->set_tid != !a->set_tid_size || a->set_tid_size > CLONE_SET_TID_MAX)
		return -EINVAL;
	if (!a->set_tid)
		return 0;
	if (user_read(want, user_ptr(const pid_t, a->set_tid)) < 0)
		return -EFAULT;
	if (a->set_tid_size > 1 || *want < 1)
		return -EINVAL;
	return capable(CAP_SYS_ADMIN) ? 0 : -EPERM;
}

long sys_clone3(const struct uapi_clone_args __user *uargs, size_t size)
{
	struct uapi_clone_args a;
	struct clone_request rq;
	pid_t want = 0;
	int err;

	if (size < CLONE_ARGS_SIZE_VER0)
		return -EINVAL;
	err = copy_struct_from_user(&a, sizeof(a), uargs, size);
	if (err == 0)
		err = read_set_tid(&a, &want);
	if (err < 0)
		return err;
	if ((a.flags & CLONE_EXIT_SIGNAL) || a.flags >> 34 ||
	    (a.flags & (CLONE_DETACHED | CLONE_INTO_CGROUP)) || a.exit_signal > SIGNAL_MAX)
		return -EINVAL;
	if (!a.stack != !a.stack_size)
		return -EINVAL;
	if (a.stack && !user_range_ok(user_ptr(void, a.stack), a.stack_size))
		return -EINVAL;
	if ((a.flags & (CLONE_THREAD | CLONE_PARENT)) && a.exit_signal)
		return -EINVAL;
	rq = (struct clone_request){
		.flags = a.flags,
		.exit_signal = (int)a.exit_signal,
		.stack = a.stack ? a.stack + a.stack_size : 0,
		.tls = a.tls,
		.parent_tid = user_ptr(u32, a.parent_tid),
		.child_tid = user_ptr(u32, a.child_tid),
		.pidfd = user_ptr(int, a.pidfd),
		.want_tid = want,
	};
	return task_clone(&rq);
}

long sys_set_tid_address(u32 __user *uaddr)
{
	current->clear_tid = uaddr;
	return current->tid;
}

long sys_unshare(ulong flags)
{
	struct fs_context *fs, *old;

	if (flags & CLONE_NAMESPACES)
		return capable(CAP_SYS_ADMIN) ? -EINVAL : -EPERM;
	if (flags & ~(CLONE_FS | CLONE_FILES | CLONE_SYSVSEM | UNSHARE_ALONE))
		return -EINVAL;
	/* Only who shares nothing of these may say that it does not want to. */
	if ((flags & UNSHARE_ALONE) && current->process->nthreads > 1)
		return -EINVAL;
	if ((flags & UNSHARE_ALONE & ~CLONE_THREAD) && current->sighand->refs.count > 1)
		return -EINVAL;
	if ((flags & CLONE_VM) && current->as->users.count > 1)
		return -EINVAL;
	if (flags & CLONE_FS) {
		fs = fs_context_copy(current->fs);
		if (!fs)
			return -ENOMEM;
		irq_lock(&process_lock);
		old = current->fs;
		current->fs = fs;
		irq_unlock(&process_lock);
		fs_context_put(old);
	}
	return flags & CLONE_FILES ? files_unshare() : 0;
}
