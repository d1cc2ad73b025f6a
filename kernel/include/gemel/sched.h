/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The scheduler: per-CPU run queues, a fair class (EEVDF: eligible, earliest
 * virtual deadline first), a real-time class above it (FIFO, RR), an idle task
 * below.  core/sched*.c.
 */
#include <gemel/compiler.h>
#include <gemel/list.h>
#include <gemel/rbtree.h>

struct cpu;
struct task;

#define SCHED_NORMAL    0
#define SCHED_FIFO      1
#define SCHED_RR        2
#define SCHED_BATCH     3
#define SCHED_IDLE      5

/* All fields: the lock of the run queue that the task is on (se->cpu). */
struct sched_entity {
	struct rb_node node;            /* fair tree */
	struct list rt_link;
	u64 vruntime, deadline;         /* virtual ns */
	u64 min_vruntime;               /* of the subtree */
	u64 slice_ns;
	u64 rr_left_ns;                 /* of an RR slice */
	s64 vlag;                       /* while off the queue: how far behind the average it was */
	u64 exec_start_ns;              /* when it last began to run */
	u64 run_ns;                     /* total CPU time */
	u32 weight;
	s8 nice;
	u8 policy;                      /* SCHED_* */
	u8 rt_priority;                 /* 1..99, 0 for fair: the higher of the next two */
	u8 own_priority, lent_priority; /* of its policy; of who waits for it (futex_pi.c) */
	bool reset_on_fork;             /* children begin as ordinary ones; changed by calls only */
	bool on_rq;                     /* queued, or running and still runnable */
	uint cpu;                       /* where it runs or last ran */
	u64 affinity;                   /* allowed CPUs, bit a CPU */
};

/* Once, before any task_start(); the caller becomes the boot CPU's idle task. */
void sched_init(void);
/* On each other CPU. */
void sched_init_cpu(struct cpu *cpu, struct task *idle);
extern bool sched_is_running;           /* the boot CPU has reached its idle loop once */
/* The idle loop; never returns. */
void __noreturn sched_idle(void);

/* Give up the CPU: the task's state says whether it stays runnable.  Preemption on, no locks. */
void schedule(void);
void sched_yield(void);
/* Make @t run if it sleeps in one of @states (bit 1 << enum task_state).  Any context.  True if it
 * was woken by this. */
bool task_wake_state(struct task *t, uint states);
bool task_wake(struct task *t);         /* from any sleep but STOPPED */

/* A clock or an IPI asks the scheduler of this CPU to look at its slice; interrupts off. */
void sched_timer(u64 now_ns);

/* First thing on the new stack after a switch: the task @prev is off its stack now. */
void sched_finish_switch(struct task *prev);

/* Copy policy, nice, affinity from current to the new @t and give it a start position. */
void sched_fork(struct task *t);
/* Current is a zombie: switch away for good. */
void __noreturn sched_exit(void);

/* @t runs at least with the real-time priority @rt_priority, 0: its own. */
void sched_boost(struct task *t, uint rt_priority);
/* 0, -EINVAL. */
int sched_set_policy(struct task *t, uint policy, uint rt_priority);
void sched_set_nice(struct task *t, int nice);
int sched_set_affinity(struct task *t, u64 mask);

/* Sleep until the deadline, in TASK_SLEEPING also until a signal (TASK_KILLABLE: a fatal one).  0
 * if the time came, -EINTR. */
int sleep_until(u64 deadline_ns, uint task_state);

/* CPU time of @t so far in ns, running or not. */
u64 task_run_ns(struct task *t);
/* 1, 5, 15 minutes load averages as fixed point << 16; tasks running/total for /proc/loadavg. */
void sched_loadavg(u64 avg[3]);
uint sched_nr_running(void);
u64 sched_idle_ns(struct cpu *cpu);
u64 sched_context_switches(void);
