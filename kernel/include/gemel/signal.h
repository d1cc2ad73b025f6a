/* SPDX-License-Identifier: MIT */
#pragma once
/* Signals: the one module that sends, holds and delivers them.  task/signal*.c. */
#include <gemel/process.h>
#include <uapi/errno.h>
#include <uapi/signal.h>

struct ksigaction {
	ulong handler;          /* user address, SIG_DFL_ADDR, SIG_IGN_ADDR */
	ulong flags;
	ulong restorer;
	sigset_t mask;
};

struct sighand {
	struct refs refs;
	u64 changed;                    /* lock: bit signo - 1: action is not all zero */
	struct irqlock lock;            /* rank SIGNAL */
	struct ksigaction action[SIGNAL_MAX];   /* index signo - 1 */
	struct wait_queue signalfd_wait;
};

/*
 * Any context.  @info NULL: from the kernel (SI_KERNEL).  0, -ESRCH, -EAGAIN (queue full,
 * real-time).
 */
int signal_send_task(struct task *t, int signo, const struct ksiginfo *info);
int signal_send_process(struct process *p, int signo, const struct ksiginfo *info);
/* To current for what it did (SIGPIPE): as if it had sent it itself. */
void signal_raise(int signo);
/* A fault of current: forced (unblocked and default if blocked or ignored). */
void signal_fault(int signo, int code, ulong addr);
void signal_force(struct task *t, int signo);

/* Is there something to deliver to current: a wait should end with -EINTR / a fatal one. */
bool signal_is_pending(const struct task *t);
bool signal_is_fatal_pending(const struct task *t);
/* Current blocks or ignores @signo (terminal background rules). */
bool signal_is_blocked_or_ignored(int signo);

/* From user_return_work(): stop, die, or push a handler frame, and system call restart. */
void signal_deliver(struct trapframe *tf);

/*
 * sigsuspend, ppoll, pselect, epoll_pwait: use @mask now, and restore the old one when the call
 * is over or a handler has been pushed.
 */
void signal_set_temporary_mask(sigset_t mask);
void signal_restore_mask(void);

static inline bool sigset_has(sigset_t s, int signo)
{
	return (s.bits >> (signo - 1)) & 1;
}
static inline void sigset_add(sigset_t *s, int signo)
{
	s->bits |= 1ull << (signo - 1);
}
static inline void sigset_remove(sigset_t *s, int signo)
{
	s->bits &= ~(1ull << (signo - 1));
}

/*
 * Of calls that a handler with SA_RESTART restarts: an interrupted wait's -EINTR becomes
 * -ERESTARTSYS. A call that moved nothing returns restart_if_interrupted(result).
 */
static inline long restart_if_interrupted(long result)
{
	return result == -EINTR ? -ERESTARTSYS : result;
}

/*
 * After a fork, exec or sigprocmask: set current's WORK_SIGNAL to what is true.  sighand->lock
 * held.
 */
void signal_recalc(void);

/* pause(2): sleep until there is something to deliver.  -ERESTARTNOHAND. */
long signal_pause(void);
