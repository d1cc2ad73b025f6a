/* SPDX-License-Identifier: MIT */
/*
 * The hang detector.
 *
 * Two CPUs have a timer that fires LIMIT / MISSES seconds apart: CPU 0 watches all
 * the others, CPU 1 watches CPU 0, so whichever CPU stands still, one that runs
 * notices.  (With one CPU its own timer still sees what goes on with interrupts on.)
 * At each tick the watcher asks the watched for a beat, by the IPI that also asks
 * for a reschedule.
 *
 *	hard lock-up	the beat that was asked for has not come, MISSES ticks in a row:
 *			that CPU takes no interrupts.
 *	soft lock-up	the beat comes, but the switch that the beat before asked for has
 *			not happened, MISSES times in a row: preemption is off.
 *	hung task	a task is in TASK_BLOCKED, which waits for what must come soon, and
 *			has not run for the hung limit.  Who may wait forever sleeps in
 *			TASK_SLEEPING (wait_event_idle()).
 *
 * Ticks are counted, not seconds: a machine that was stopped, by its host or a
 * debugger, looks as if no time had passed.  Idle CPUs are not asked.
 *
 * A lock-up is a panic; so is a hung task in debug kernels, in others a warning
 * with its stack.  `watchdog=SECONDS` and `hung=SECONDS` on the command line set
 * the limits, 0: off.
 *
 * Locking.  struct beat: asked and missed belong to the watcher, the rest to the
 * watched CPU in its interrupt; `answered` crosses.  The walk for hung tasks is a
 * work item, under process_lock or kthread's list lock.
 */
#include "watchdog.h"

#include <arch/irq.h>

#include <gemel/assert.h>
#include <gemel/boot_info.h>
#include <gemel/cpu.h>
#include <gemel/kthread.h>
#include <gemel/log.h>
#include <gemel/process.h>
#include <gemel/string.h>
#include <gemel/time.h>
#include <gemel/work.h>

#include "panic.h"
#include "runq.h"

#define LOG_TAG "watchdog"

enum {
	MISSES = 4,
	LIMIT_SECONDS = 40,
	LIMIT_SECONDS_DEBUG = 20,
	HUNG_SECONDS = 120,
};

struct beat {
	/* The watcher's. */
	u32 asked;
	uint missed;
	/* The watched CPU's. */
	u32 answered;                   /* atomic */
	struct task *task;              /* asked to switch at the last beat */
	u64 switches;
	uint stuck;
};

static DEFINE_PER_CPU(struct beat, beats);
static struct timer timers[2];          /* of the watchers */
static u64 tick_ns;                     /* constant; 0: off */
static u64 limit_seconds;
static u64 hung_ns;                     /* constant; 0: off */
static u64 looked_ns, look_ns;          /* the walk before this one, this one; its work item's */

static void hung_look(struct work *w);
static struct work hung_work = { .link = LIST_INIT(hung_work.link), .fn = hung_look };

void watchdog_beat(void)
{
	struct beat *b = this_cpu_ptr(beats);
	struct run_queue *rq = this_rq();
	struct task *t = current;

	store_release(&b->answered, READ_ONCE(b->asked));
	if (t == rq->idle) {
		b->task = NULL;
		return;
	}
	if (b->task == t && b->switches == rq->switches && READ_ONCE(t->work) & WORK_RESCHED) {
		if (++b->stuck >= MISSES)
			panic_interrupted("soft lock-up: CPU %u has not switched tasks for %lu s",
					  cpu_id(), (ulong)limit_seconds);
		return;
	}
	b->stuck = 0;
	b->task = t;
	b->switches = rq->switches;
	__atomic_fetch_or(&t->work, WORK_RESCHED, __ATOMIC_RELAXED);
}

bool watchdog_beat_is_due(void)
{
	const struct beat *b = this_cpu_ptr(beats);

	return READ_ONCE(b->asked) != READ_ONCE(b->answered);
}

static void watch(struct cpu *cpu)
{
	struct beat *b = per_cpu_ptr(beats, cpu);

	if (READ_ONCE(sched_idle_mask) & BIT(cpu->id)) {
		b->missed = 0;
		return;
	}
	if (load_acquire(&b->answered) == b->asked) {
		b->missed = 0;
		WRITE_ONCE(b->asked, b->asked + 1);
	} else if (++b->missed >= MISSES) {
		panic_interrupted("hard lock-up: CPU %u has taken no interrupt for %lu s",
				  cpu->id, (ulong)limit_seconds);
	}
	arch_ipi_send(cpu->id, IPI_RESCHED);
}

static void tick(struct timer *timer)
{
	uint watcher = (uint)(timer - timers);
	struct cpu *cpu;

	for_each_online_cpu(cpu)
		if (cpu->id != watcher && (watcher == 0) != (cpu->id == 0))
			watch(cpu);
	watchdog_beat();
	timer_set(timer, time_now() + tick_ns);
	if (watcher == 0 && hung_ns)
		work_queue(system_work, &hung_work);
}

static void task_look(struct task *t)
{
	u64 since = READ_ONCE(t->se.exec_start_ns), now = look_ns;

	if (READ_ONCE(t->state) != TASK_BLOCKED || t->on_cpu || now < since + hung_ns)
		return;
	if (GEMEL_DEBUG)
		panic_task(t, "hung task: %d \"%s\" has waited for %lu s", t->tid, t->name,
			   (ulong)((now - since) / NSEC_PER_SEC));
	/* Once for each hang, by the first walk that is late enough, whenever walks come. */
	if (looked_ns < since + hung_ns) {
		log_warn("hung task: %d \"%s\" has waited for %lu s", t->tid, t->name,
			 (ulong)((now - since) / NSEC_PER_SEC));
		backtrace_print_task(t);
	}
}

static void hung_look(struct work *w)
{
	struct task *t;

	(void)w;
	looked_ns = look_ns;
	look_ns = time_now();
	irq_lock(&process_lock);
	list_for_each(t, &all_tasks, all_link)
		task_look(t);
	irq_unlock(&process_lock);
	kthread_each(task_look);
}

static u64 limit(const char *name, u64 normal)
{
	char text[12];
	u64 value = 0;

	if (!cmdline_get(name, text, sizeof(text)))
		return normal;
	return parse_u64(text, 10, &value, NULL) == 0 ? value : normal;
}

static int watcher_start(void *arg)
{
	struct timer *timer = arg;

	timer_init(timer, tick);
	timer_set(timer, time_now() + tick_ns);
	return 0;
}

void watchdog_start(void)
{
	limit_seconds = limit("watchdog", GEMEL_DEBUG ? LIMIT_SECONDS_DEBUG : LIMIT_SECONDS);
	hung_ns = limit("hung", HUNG_SECONDS) * NSEC_PER_SEC;
	tick_ns = limit_seconds * NSEC_PER_SEC / MISSES;
	for (uint i = 0; tick_ns && i < MIN(cpu_count, 2u); i++) {
		struct task *t;

		if (!READ_ONCE(cpus[i]->online))
			continue;
		/* A timer belongs to the CPU that sets it. */
		t = kthread_run(watcher_start, &timers[i], "watchdog", BIT(i));
		if (t)
			(void)kthread_join(t);
		else
			log_warn("CPU %u: no memory to start it", i);
	}
}
