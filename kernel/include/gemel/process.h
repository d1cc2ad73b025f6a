/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Processes (thread groups), process groups, sessions, the tree.
 */
#include <gemel/task.h>
#include <gemel/time.h>

struct file;
struct posix_timer;

/*
 * A number in use: as a thread's id, a group's, a session's, or several at
 * once.  It returns to the pool when nobody uses it.  All fields: process_lock.
 */
struct pid {
	struct list hash_link;
	pid_t nr;
	u64 serial;             /* of this use of the number; constant */
	uint users;             /* task, group members, session, foreground group */
	struct task *task;      /* living or zombie; NULL: only a group or session */
	struct list members;    /* process->group_link */
};

struct session {
	struct refs refs;
	pid_t sid;                      /* constant */
	struct pid *pid;                /* keeps the number taken */
	struct tty *tty;                /* process_lock; controlling terminal, referenced */
	/* process_lock; in the foreground when the terminal hung up; referenced, or NULL */
	struct pid *hung_group;
};

struct rlimit {
	u64 cur, max;
};
#define RLIMIT_COUNT 16

/* A real user id, and what all its processes have together: user.c. */
struct user {
	struct refs refs;
	uid_t uid;                      /* constant */
	u32 nsigqueue;                  /* atomic: queued signals, against RLIMIT_SIGPENDING */
	struct list link;
};

struct process {
	struct refs refs;
	pid_t pid;                      /* the leader's tid; constant */

	/* process_lock */
	struct process *parent;         /* never NULL but for init and kernel_process */
	struct list children, sibling;
	struct task *forker;            /* the parent's thread whose child it is (WNOTHREAD) */
	/*
	 * task->thread_link; nthreads of them not dead.  Changed under process_lock and
	 * sighand->lock together, so either is enough to walk it.
	 */
	struct list threads;
	uint nthreads;
	struct task *leader;
	struct session *session;        /* referenced */
	bool has_tty;                   /* session->tty is ours too */
	pid_t pgid;
	struct pid *group;              /* of pgid; holds the list of members (task/pid.c) */
	struct list group_link;
	bool is_zombie, is_reaped, did_exec;
	bool is_init;                   /* pid 1: default actions do not touch it */
	int exit_code;                  /* wait status, when exiting */
	bool is_child_subreaper;
	struct wait_queue child_wait;   /* parent sleeps here in wait4 */
	struct wait_queue vfork_wait;   /* our threads in vfork() */
	/* exec_task: until it is the only thread; core_dumper and the parked: each other */
	struct wait_queue exec_wait;
	struct wait_queue exit_wait;    /* pidfd: woken when it becomes a zombie */
	u32 nlive;                      /* atomic: threads that have not begun to exit */

	/* The sighand that all threads share.  Replaced only by exec, which retires the old one: it
	 * stays until the process is freed, so that a sender may lock first and look again. */
	struct sighand *sighand;
	struct sighand *retired_sighand;

	/* sighand->lock */
	bool group_exiting;
	struct task *exec_task;         /* all others must die: execve */
	struct task *core_dumper;       /* writes a core, the others wait: coredump.c */
	uint core_left;                 /* of them still on their way */
	struct sigpending shared_pending;
	/* Stopped, or stopping: each task stops at its next return */
	bool group_stop;
	uint stop_count;                /* tasks that still have to stop */
	int stop_signo;
	bool stop_reported, cont_pending;       /* for WUNTRACED, WCONTINUED */
	bool cont_notify;               /* SIGCHLD for the continue is still to be sent */

	struct rlimit rlimits[RLIMIT_COUNT];    /* process_lock to change */
	/* Sums of dead threads, and of waited-for children. */
	u64 user_ns, system_ns, child_user_ns, child_system_ns;
	u64 min_faults, maj_faults, nvcsw, nivcsw, child_min_faults, child_maj_faults;
	u64 maxrss, child_maxrss;       /* pages */
	u64 start_ns;
	struct timer real_timer;        /* ITIMER_REAL, alarm; sighand->lock */
	u64 real_timer_interval_ns, real_timer_deadline_ns;
	struct cpu_itimer {
		u64 interval_ns, expires_ns;    /* of process CPU time; 0: off */
	} cpu_itimer[2];                /* ITIMER_VIRTUAL, ITIMER_PROF */
	struct timer cpu_timer;
	bool itimers_used;              /* ever: at the end they have to be waited for */
	struct list posix_timers;       /* posix_timer.c */
	int next_timer_id;
	struct user *user;              /* of its real user id; sighand->lock, referenced */
	s16 oom_score_adj, oom_score_adj_min;   /* the least that needs no privilege */
	bool dumpable, is_thp_disabled;
	u16 core_filter;                /* CORE_* */
	int pdeath_signal;
};

extern struct irqlock process_lock;             /* rank PROCTREE */
extern struct process kernel_process;           /* pid 0: kernel threads */
extern struct process *init_process;
extern struct list all_tasks;                   /* task->all_link; process_lock */

/* Once, at boot, after slab_init(). */
void task_init(void);

/* References or NULL. */
struct task *task_lookup(pid_t tid);
struct pid *pid_find(pid_t nr) __must_hold(process_lock);
struct process *process_find(pid_t pid) __must_hold(process_lock);
void pid_get(struct pid *pid) __must_hold(process_lock);
/* The last user gives the number back. */
void pid_put(struct pid *pid) __must_hold(process_lock);
struct process *process_lookup(pid_t pid);
void process_get(struct process *p);
/* The process whose directory in /proc @f is, referenced; or NULL. */
struct process *proc_file_process(const struct file *f);
void process_put(struct process *p);
/* Walk processes: lowest pid >= @pid, referenced, or NULL (for /proc). */
struct process *process_next(pid_t pid);

/*
 * Start pid 1 running the init program: init= of the command line, else the first of /init
 * (initramfs), /sbin/init, /etc/init, /bin/init, /bin/sh.  0, or -ENOENT after one clear line.
 */
int process_start_init(void);

/* What another task uses, referenced, or NULL when it has let go of it (for /proc, ptrace). */
struct address_space *task_get_as(struct task *t);
struct files *task_get_files(struct task *t);
struct fs_context *task_get_fs(struct task *t);
const struct cred *task_get_cred(struct task *t);

/* The tid of the next thread of @p: lowest >= @tid, or 0 (for /proc). */
pid_t process_next_thread(struct process *p, pid_t tid);
struct process_times {
	u64 user_ns, system_ns, child_user_ns, child_system_ns;
	u64 min_faults, maj_faults, nvcsw, nivcsw;
};
/* All threads of @p, dead ones too. */
void process_times(struct process *p, struct process_times *out);
void task_times(struct task *t, u64 *user_ns, u64 *system_ns);
/* Of PR_SET_TIMERSLACK, in ns. */
u64 task_timer_slack(const struct task *t);
/* Threads and processes made since the boot, and the number of the last. */
u64 pid_figures(pid_t *last);
/* One letter of /proc/PID/stat. */
char task_state_letter(struct task *t);

/* End this thread, or all threads of the process; @status as wait4 gives it. */
void __noreturn task_exit(int status);
void __noreturn process_exit(int status);
/* Of core's last task_put(): what a task still holds. */
void task_release(struct task *t);

/* Current's limit (cur).  */
u64 rlimit_get(uint which);

/* Send to a group; any context. */
void signal_group(pid_t pgid, int signo);
void signal_group_locked(struct pid *group, int signo) __must_hold(process_lock);
bool process_group_is_orphaned(pid_t pgid);

/* alarm(2): the seconds that were left of the one before. */
long alarm_set(uint seconds);
