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
	u64 vruntime, deadline, min_deadline;
	u64 slice_ns;
	s64 vlag;
	u64 exec_start_ns;              /* when it last began to run */
	u64 run_ns;                     /* total CPU time */
	u32 weight;
	s8 nice;
	u8 policy;                      /* SCHED_* */
	u8 rt_priority;                 /* 1..99, 0 for fair */
	bool on_rq;
	uint cpu;                       /* where it runs or last ran */
	u64 affinity;                   /* allowed CPUs, bit a CPU */
	u64 last_wake_ns;
};

/* Once, before any task_start(); the caller becomes the boot CPU's idle task. */
void sched_init(void);
/* On each other CPU. */
void sched_init_cpu(struct cpu *cpu, struct task *idle);
/* The idle loop; never returns. */
void __noreturn sched_idle(void);

/* Give up the CPU: the task's state says whether it stays runnable.  Preemption enabled, no locks. */
void schedule(void);
void sched_yield(void);
/* Make @t run if it sleeps in one of @states (bit 1 << enum task_state).  Any context.  True if it
 * was woken by this. */
bool task_wake_state(struct task *t, uint states);
bool task_wake(struct task *t);         /* from any sleep but STOPPED */

/* First thing on the new stack after a switch: the task @prev is off its stack now. */
void sched_finish_switch(struct task *prev);

/* Copy policy, nice, affinity from current to the new @t and give it a start position. */
void sched_fork(struct task *t);
/* Current is a zombie: switch away for good. */
void __noreturn sched_exit(void);

/* 0, -EINVAL. */
int sched_set_policy(struct task *t, uint policy, uint rt_priority);
void sched_set_nice(struct task *t, int nice);
int sched_set_affinity(struct task *t, u64 mask);

/* Sleep in the given state until the deadline, a signal, or a wake-up.  0 if the time came. */
int sleep_until(u64 deadline_ns, uint task_state);

/* CPU time of @t so far in ns, running or not. */
u64 task_run_ns(struct task *t);
/* 1, 5, 15 minutes load averages as fixed point << 16; tasks running/total for /proc/loadavg. */
void sched_loadavg(u64 avg[3]);
uint sched_nr_running(void);
u64 sched_idle_ns(struct cpu *cpu);
u64 sched_context_switches(void);
