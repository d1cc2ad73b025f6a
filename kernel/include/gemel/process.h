/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Processes (thread groups), process groups, sessions, the tree.
 */
#include <gemel/task.h>
#include <gemel/time.h>

struct session {
	struct refs refs;
	pid_t sid;                      /* constant */
	struct tty *tty;                /* process_lock; controlling terminal, referenced */
};

struct rlimit {
	u64 cur, max;
};
#define RLIMIT_COUNT 16

struct process {
	struct refs refs;
	pid_t pid;                      /* the leader's tid; constant */

	/* process_lock */
	struct process *parent;         /* never NULL but for init and kernel_process */
	struct list children, sibling;
	struct list threads;            /* task->thread_link; nthreads of them not dead */
	uint nthreads;
	struct task *leader;
	struct session *session;        /* referenced */
	pid_t pgid;
	struct list group_link;         /* others of the same group: hash by pgid in task/pid.c */
	bool is_zombie, is_reaped, did_exec, group_exiting;
	int exit_code;                  /* wait status, when exiting */
	bool is_child_subreaper;
	struct wait_queue child_wait;   /* parent sleeps here in wait4 */

	/* sighand->lock */
	struct sigpending shared_pending;
	bool group_stop;                /* stopped, or stopping: each task stops at its next return */
	uint stop_count;                /* tasks that still have to stop */
	int stop_signo;
	bool stop_reported, cont_pending;       /* for WUNTRACED, WCONTINUED */

	struct rlimit rlimits[RLIMIT_COUNT];    /* process_lock to change */
	/* Sums of dead threads, and of waited-for children. */
	u64 user_ns, system_ns, child_user_ns, child_system_ns;
	u64 min_faults, maj_faults, nvcsw, nivcsw, child_min_faults, child_maj_faults;
	u64 child_maxrss;
	u64 start_ns;
	struct timer real_timer;        /* ITIMER_REAL, alarm */
	u64 real_timer_interval_ns, real_timer_deadline_ns;
	s16 oom_score_adj;
	bool no_new_privs, dumpable;
	int pdeath_signal;
};

extern struct irqlock process_lock;             /* rank PROCTREE */
extern struct process kernel_process;           /* pid 0: kernel threads */
extern struct process *init_process;
extern struct list all_tasks;                   /* task->all_link; process_lock */

/* References or NULL. */
struct task *task_lookup(pid_t tid);
struct process *process_lookup(pid_t pid);
void process_get(struct process *p);
void process_put(struct process *p);
/* Walk processes: lowest pid >= @pid, referenced, or NULL (for /proc). */
struct process *process_next(pid_t pid);

/* Start pid 1 running the init program: init= of the command line, else the first of /init (initramfs),
 * /sbin/init, /etc/init, /bin/init, /bin/sh.  0, or -ENOENT after one clear line. */
int process_start_init(void);

/* Current's limit (cur).  */
u64 rlimit_get(uint which);

/* Send to a group / everyone in the foreground; any context. */
void signal_group(pid_t pgid, int signo);
bool process_group_is_orphaned(pid_t pgid);
