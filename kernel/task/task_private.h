/* SPDX-License-Identifier: MIT */
#pragma once
/* What the files of task/ share with each other only. */
#include <gemel/process.h>
#include <gemel/signal.h>
#include <gemel/cred.h>

/* ---- pid.c ---- */
/* A fresh number, @want or (0) any, that finds nobody yet.  0, -EAGAIN (none left), -ENOMEM; of
 * @want also -EINVAL, -EEXIST.  Takes process_lock. */
int __must_check pid_create(pid_t want, struct pid **out);
/* Would @more tasks for @uid be more than current's RLIMIT_NPROC? */
bool user_is_over_limit(uid_t uid, uint more) __must_hold(process_lock);
/* @t's number finds it from now on: it is whole, and in its process. */
void pid_attach(struct task *t) __must_hold(process_lock);
/* @t's number no longer finds it. */
void pid_detach(struct task *t) __must_hold(process_lock);
struct task *task_find(pid_t tid) __must_hold(process_lock);
void group_join(struct process *p, struct pid *pid) __must_hold(process_lock);
void group_leave(struct process *p) __must_hold(process_lock);
void pid_init(void);

/* ---- process.c ---- */
void sigqueue_init(void);       /* signal_send.c */
extern const struct cred kernel_cred;
/* A process of its own for fork(): limits and flags copied from current's, two references: the
 * tree's and the first task's.  NULL: no memory. */
struct process *process_create(void);
/* Make @t a thread of @p; both locks, so that either is enough to walk the threads. */
void process_add_thread(struct process *p, struct task *t) __must_hold(process_lock);
void process_remove_thread(struct process *p, struct task *t) __must_hold(process_lock);
struct session *session_create(struct pid *pid) __must_hold(process_lock);
void session_get(struct session *s);
void session_put(struct session *s) __must_hold(process_lock);

/* Default-action sighand, lock ready.  NULL: no memory. */
struct sighand *sighand_create(void);
struct sighand *sighand_copy(struct sighand *old);
void sighand_get(struct sighand *sh);
void sighand_put(struct sighand *sh);

/* ---- fork.c ---- */
/* Wake the parent that waits in vfork(). */
void vfork_release(struct task *t);

/* ---- wait.c, exit.c ---- */
/* Take zombie @p out of the tree; the caller frees it with process_reap_finish() without locks. */
void process_reap(struct process *p) __must_hold(process_lock);
void process_reap_finish(struct process *p);
/* The status and code that wait4, waitid and SIGCHLD tell of a zombie. */
void chld_info(struct process *p, int status, struct ksiginfo *info);

/* ---- signals ---- */
#define SIGNAL_BIT(n)   (1ull << ((n) - 1))
#define SIGNALS_UNBLOCKABLE (SIGNAL_BIT(SIGKILL) | SIGNAL_BIT(SIGSTOP))
#define SIGNALS_STOP    (SIGNAL_BIT(SIGSTOP) | SIGNAL_BIT(SIGTSTP) | SIGNAL_BIT(SIGTTIN) | \
			 SIGNAL_BIT(SIGTTOU))
#define SIGNALS_IGNORED (SIGNAL_BIT(SIGCHLD) | SIGNAL_BIT(SIGCONT) | SIGNAL_BIT(SIGURG) | \
			 SIGNAL_BIT(SIGWINCH))
#define SIGNALS_CORE    (SIGNAL_BIT(SIGQUIT) | SIGNAL_BIT(SIGILL) | SIGNAL_BIT(SIGTRAP) | \
			 SIGNAL_BIT(SIGABRT) | SIGNAL_BIT(SIGBUS) | SIGNAL_BIT(SIGFPE) | \
			 SIGNAL_BIT(SIGSEGV) | SIGNAL_BIT(SIGXCPU) | SIGNAL_BIT(SIGXFSZ) | \
			 SIGNAL_BIT(SIGSYS))
/* Faults are delivered before what others sent. */
#define SIGNALS_SYNCHRONOUS (SIGNAL_BIT(SIGSEGV) | SIGNAL_BIT(SIGBUS) | SIGNAL_BIT(SIGILL) | \
			     SIGNAL_BIT(SIGTRAP) | SIGNAL_BIT(SIGFPE) | SIGNAL_BIT(SIGSYS))

struct sigqueue {
	struct list link;
	struct user *charged;           /* referenced: its nsigqueue counts this one; NULL: none */
	struct posix_timer *timer;      /* belongs to it: not freed, posix_timer.c */
	struct ksiginfo info;
};

/* Lock the sighand that @p has now. */
struct sighand *sighand_lock(struct process *p) __no_lock_analysis;
void sighand_unlock(struct sighand *sh) __no_lock_analysis;

/* What tells that current has sent @signo. */
void info_from_current(struct ksiginfo *info, int signo, int code);
void sigpending_init(struct sigpending *sp);
/* Drop everything; no lock needed when nobody else can see it. */
void sigpending_flush(struct sigpending *sp);
/* Drop signals of @mask. */
void sigpending_remove(struct sigpending *sp, u64 mask);
/* Take the next of @sp not in @blocked: its number with *info, or 0. */
int sigpending_take(struct sigpending *sp, u64 blocked, struct ksiginfo *info);

/* Sender with the process's sighand locked.  @t NULL: to the process. */
int signal_send_locked(struct process *p, struct task *t, int signo, const struct ksiginfo *info);
/* All threads of @p get SIGKILL and @status becomes the exit status; sighand locked. */
void process_kill_locked(struct process *p, int status);
/* A timer's entry was put into the pending set by hand: choose and wake a thread. */
void signal_notify_locked(struct process *p, struct task *t, int signo);
void signal_wake(struct task *t, bool fatal);
bool signal_is_ignored(const struct sighand *sh, const struct process *p, int signo);
/* Tell the parent of a stop or continue (process_lock and no sighand held). */
void process_notify_stopped(struct process *p, int code, int status);
/* As sigprocmask's end: current's mask is @mask now. */
void signal_set_mask(sigset_t mask);
/* Set ->work and blocked right after exec. */
void signal_exec(void);
/* Count @t out of a stop under way; sighand locked.  True: the stop is complete now. */
bool signal_stop_count_out(struct task *t);
/* Take a signal of @mask for sigtimedwait and signalfd: number or 0; sighand locked. */
int signal_take_locked(u64 mask, struct ksiginfo *info);

/* ---- user.c ---- */
extern struct user root_user;
void users_init(void);
/* Referenced; made if there is none.  NULL: no memory. */
struct user *user_lookup(uid_t uid);
void user_get(struct user *u);
void user_put(struct user *u);
/* @p's real user id is @uid now. */
void process_set_user(struct process *p, uid_t uid);

/* ---- coredump.c ---- */
/* The signal of @info kills current: if a core is wanted, write it while all other threads stand
 * still, and have the process die with the mark in its status.  May sleep long. */
void coredump(const struct ksiginfo *info);
/* The exiting @t waits for the dump of another thread, if there is one; sighand locked, again on
 * return. */
void coredump_park(struct task *t);

/* ---- posix_timer.c, itimer.c ---- */
void itimer_init_process(struct process *p);
void itimer_stop(struct process *p);
/* Current has taken a SIGALRM; sighand locked. */
void itimer_taken(void);
void timex_init(void);          /* timex.c */
/* RLIMIT_CPU of @p is another, or @p is new. */
void itimer_limit_changed(struct process *p);
void posix_timers_delete_all(struct process *p);
/* A queued timer signal is about to be delivered: counts overruns, re-arms. */
bool posix_timer_deliver(struct posix_timer *pt, struct ksiginfo *info);

/* ---- futex.c ---- */
/* Owner-died marks for the robust list, locks given on, clear_tid's store and wake.  @is_final: the
 * thread ends. */
void futex_exit_task(bool is_final);
/* @t's priority was changed: so may those be who own what it waits for. */
void futex_pi_adjust(struct task *t);
int futex_wake(u32 __user *uaddr, bool is_shared, int count, u32 bitset);

/* ---- cred.c ---- */
struct cred *cred_copy(const struct cred *old);
/* Replace current's; takes over the reference. */
void cred_commit(struct cred *c);
/* May current signal @t: same user, or CAP_KILL. */
bool cred_can_signal(const struct task *t, int signo) __must_hold(process_lock);
/* exec of a file with @mode, @uid, @gid; *is_secure: the program runs with more rights. */
int __must_check cred_prepare_exec(mode_t mode, uid_t uid, gid_t gid, bool may_setid,
				   struct cred **out, bool *is_secure);

/* ---- exec.c ---- */
int kernel_exec(const char *path, const char *const argv[], const char *const envp[]);
