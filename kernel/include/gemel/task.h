/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Tasks and processes.
 *
 * A task is what the scheduler runs: a thread.  A process is a thread group:
 * what POSIX calls a process.  The rest (address space, descriptors, root and
 * working directory, signal actions, credentials) are reference-counted objects
 * of their own that clone() flags share or copy.
 *
 * Life.  TASK_NEW -> RUNNING <-> SLEEPING/BLOCKED/STOPPED -> ZOMBIE -> DEAD.
 *	task_create()		NEW
 *	task_start()		RUNNING (on a run queue or on a CPU)
 *	wait_prepare()		SLEEPING (signals wake it) or BLOCKED (they do not)
 *	signal_stop()		STOPPED
 *	task_exit()		ZOMBIE: never runs again, its last switch may still be under way
 *	task_put() last		DEAD: stack and struct freed, after on_cpu is clear
 *
 * Locking.  process_lock (irq lock, rank PROCTREE) guards the tree: parent, children, threads,
 * group, session, exit states.  sighand->lock (irq lock, rank SIGNAL) guards pending sets,
 * actions and blocked masks of all tasks that share it.  The scheduler's fields belong to the run
 * queue's lock.  Fields marked "own" are changed by the task itself only.
 */
#include <arch/mmu.h>
#include <arch/thread.h>
#include <gemel/list.h>
#include <gemel/refs.h>
#include <gemel/sched.h>
#include <gemel/spin.h>
#include <gemel/wait.h>
#include <uapi/signal.h>

struct address_space;
struct cred;
struct files;
struct fs_context;
struct process;
struct session;
struct sighand;
struct fault_plan;
struct futex_waiter;
struct kcov;
struct kthread;
struct tty;

/* Why a task must not return to user mode at once; asm loads the word as TASK_WORK. */
#define WORK_RESCHED    0x1u    /* switch when preemption allows */
#define WORK_SIGNAL     0x2u    /* a signal may be deliverable, or a stop or exit is due */
#define WORK_NOTIFY     0x4u    /* task->notify_* to run (restore mask, trace, ...) */
#define WORK_TRACE      0x8u    /* ptrace */

#define TASK_NAME_LEN   16

enum task_state {
	TASK_NEW,
	TASK_RUNNING,           /* runnable or running */
	TASK_SLEEPING,          /* wakes for its event or a signal */
	TASK_KILLABLE,          /* wakes for its event or a fatal signal */
	TASK_BLOCKED,           /* wakes for its event only */
	TASK_STOPPED,           /* job control; wakes for SIGCONT or SIGKILL */
	TASK_ZOMBIE,
	TASK_DEAD,
};

struct task {
	/* First, at offsets the entry code knows (asm_offsets). */
	u32 work;                               /* atomic: WORK_* */
	/* own; > 0: no preemption (spin.h: struct task_head) */
	u32 preempt_count;
	struct arch_thread arch;                /* own, or the switch */
	void *kstack;                           /* lowest address, constant */

	/* Constant. */
	pid_t tid;
	struct process *process;                /* kernel_process for kernel threads */
	bool is_kernel;

	struct refs refs;

	/* Scheduler: see sched.h. */
	u32 state;                              /* enum task_state; rules in core/sched.c */
	bool on_cpu;                            /* cleared only after the switch away is complete */
	struct sched_entity se;

	/* Own, or under the run queue's lock where another looks. */
	char name[TASK_NAME_LEN];

	/* Own, changed under process_lock; others look under it (task_get_as() in process.h). */
	struct address_space *as;               /* NULL: kernel thread */
	struct address_space *active_as;        /* borrowed by kernel threads */
	struct files *files;
	struct fs_context *fs;
	struct sighand *sighand;
	const struct cred *cred;

	/* Signals: sighand->lock. */
	sigset_t blocked;
	/* to restore after sigsuspend/ppoll, if restore_blocked */
	sigset_t saved_blocked;
	bool restore_blocked;
	struct sigpending {
		sigset_t set;
		struct list queue;              /* struct sigqueue */
	} pending;
	/* rt_sigtimedwait: these wake it although blocked */
	sigset_t waiting_for;
	bool is_stop_due;                       /* it is one of process->stop_count */
	bool is_exiting;
	struct uapi_stack altstack;             /* own */

	/* Own. */
	u32 __user *clear_tid;                  /* CLONE_CHILD_CLEARTID, set_tid_address */
	void __user *robust_list;
	/* futex_pi.c's lock: locks it owns that others wait for; the one it waits for. */
	struct list pi_owned;
	struct futex_waiter *pi_waiting;
	bool is_futex_dead;
	struct restart_block {
		long (*fn)(struct restart_block *rb);
		u64 arg[5];
	} restart;
	/* Set by calls, kept over exec, copied by clone. */
	u32 personality;
	u16 ioprio;
	bool no_new_privs;
	u64 timer_slack_ns, timer_slack_default_ns;     /* 0: the default */
	bool is_over_nproc;                     /* became a user with too many processes */
	int exit_code;                          /* wait status */
	int exit_signal;                        /* to the parent; 0 for threads */
	u64 start_ns;
	u64 system_ns;                          /* of se.run_ns; the rest is the program's */
	bool is_seen_in_kernel;                 /* at the last look */
	u64 min_faults, maj_faults, nvcsw, nivcsw;
	/* referenced; its thread waits until we exec or exit */
	struct process *vfork_parent;
	struct pid *pid;                        /* process_lock; of tid */

	/* process_lock. */
	struct list thread_link;                /* process->threads */
	struct list all_link;                   /* all_tasks */

	/* Debug kernels: locks held, for the rank checker. */
	struct held_locks {
		u8 depth;
		u8 rank[15];
		const void *lock[15];
	} held;

	/* own; > 0: user faults fail at once instead of sleeping */
	u32 pagefault_disabled;
	/* own: interrupts that came in either mode (sched.c) */
	u32 ticks_user, ticks_system;
	struct kthread *kthread;                /* kernel threads: kthread.c; NULL: none */
	struct fault_plan *fault;               /* own: fault.h; NULL: none */
	struct kcov *kcov;                      /* own: where it records; NULL: nowhere */
};
_Static_assert(offsetof(struct task, work) == offsetof(struct task_head, work), "task_head");
_Static_assert(offsetof(struct task, preempt_count) == offsetof(struct task_head, preempt_count),
	       "task_head");

static inline struct task *current_task(void)
{
	return arch_current();
}
#define current arch_current()

/* The user registers of @t as they were at its entry into the kernel. */
static inline struct trapframe *task_trapframe(const struct task *t)
{
	return (struct trapframe *)((char *)t->kstack + KSTACK_SIZE) - 1;
}

/*
 * A zeroed TASK_NEW task with a kernel stack and one reference, scheduling fields as current's
 * (sched_fork()), everything else the caller's to fill in.  NULL: no memory.  May sleep.
 */
struct task *task_alloc(const char *name);
/* For a task that never ran: gives back what task_alloc() took, and arch_thread_free(). */
void task_free(struct task *t);
void task_cache_init(void);             /* lets reclaim have the memory kept for new tasks */
/* Make a TASK_NEW task runnable.  The scheduler holds a reference from here to its last switch. */
void task_start(struct task *t);

void task_get(struct task *t);
void task_put(struct task *t);

/* Set WORK bits of @t and make it look: interrupts it if it runs elsewhere in user mode. */
void task_set_work(struct task *t, u32 bits);

/* Upward calls of arch_switch's trampolines: the first code of a new task.  They finish the
 * switch (sched_finish_switch(prev)), enable interrupts, and run. */
void __noreturn thread_entry(struct task *prev, void (*fn)(void *arg), void *arg);
void thread_fork_entry(struct task *prev);      /* returns to the arch exit path */
