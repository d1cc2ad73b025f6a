/* SPDX-License-Identifier: MIT */
/*
 * The sampling profiler.
 *
 * Each CPU has a timer; its interrupt looks at what it interrupted and counts
 * that stack in a table of the CPU's own: open addressing, equal stacks share a
 * slot.  So memory is bounded, a sample allocates nothing and takes no lock,
 * and a long run costs no more than a short one.
 *
 * States.  stopped (tables may hold an old run) -> profile_start() -> running
 * -> profile_stop() -> stopped.  Tables are made at the first start, and kept.
 *
 * Locking.  profile_mutex (rank DEVICE): the state.  A slot is written by its CPU
 * in the timer's interrupt only; its depth is stored last, with release, and pairs with
 * the load in profile_report(), which may run meanwhile and then reports counts that
 * are a little old.
 *
 * Limits.  What runs with interrupts off is charged to the place that lets them
 * in again.  Frames beyond PROFILE_DEPTH, the outermost, are left out.
 */
#include <gemel/profile.h>

#include <arch/trap.h>

#include <uapi/errno.h>

#include <gemel/cpu.h>
#include <gemel/ksyms.h>
#include <gemel/mutex.h>
#include <gemel/printf.h>
#include <gemel/string.h>
#include <gemel/task.h>
#include <gemel/time.h>
#include <gemel/vmalloc.h>

#include "panic.h"

enum { PROFILE_DEPTH = 20, SLOTS = 2048, PROBES = 32, LINE_MAX = 832 };

struct sample {
	u32 depth;                      /* frames, innermost first; 0: a free slot */
	u32 count;
	char name[TASK_NAME_LEN];
	ulong frame[PROFILE_DEPTH];     /* 0: user mode */
};

struct table {
	u64 lost;                       /* no slot was found */
	struct sample slot[SLOTS];
};

struct profile_cpu {
	struct timer timer;
	struct table *table;
};

static DEFINE_PER_CPU(struct profile_cpu, profile_cpus);
static struct mutex profile_mutex = MUTEX_INIT(profile_mutex, DEVICE);
static bool is_running __guarded_by(profile_mutex);
static u64 period_ns;                   /* atomic; 0: the timers do not go on */

static void sample_take(struct sample *s, const struct trapframe *tf)
{
	ulong fp = trapframe_fp(tf), ret;

	memset(s, 0, sizeof(*s));
	memcpy(s->name, current->name, sizeof(s->name));
	/* A frame's end and a line's end are the format's. */
	for (char *p = s->name; p < s->name + sizeof(s->name) && *p; p++)
		if (*p == ';' || *p < ' ')
			*p = '_';
	s->depth = 1;
	if (trapframe_from_user(tf))
		return;
	s->frame[0] = trapframe_pc(tf);
	while (s->depth < PROFILE_DEPTH && backtrace_next(&fp, &ret))
		s->frame[s->depth++] = ret - 1;         /* in the call, not behind it */
}

/* Frames count by function, so the addresses in one function are one stack. */
static void sample_to_functions(struct sample *s)
{
	for (uint i = 0; i < s->depth; i++) {
		ulong offset;

		if (s->frame[i] && ksym_lookup(s->frame[i], &offset))
			s->frame[i] -= offset;
	}
}

static u32 sample_hash(const struct sample *s)
{
	u64 h = s->depth;

	for (uint i = 0; i < s->depth; i++)
		h = (h ^ s->frame[i]) * 0x9e3779b97f4a7c15ull;
	for (uint i = 0; i < TASK_NAME_LEN && s->name[i]; i++)
		h = (h ^ (u8)s->name[i]) * 0x100000001b3ull;
	return (u32)(h >> 32);
}

static bool sample_is(const struct sample *a, const struct sample *b)
{
	return a->depth == b->depth && memcmp(a->name, b->name, sizeof(a->name)) == 0 &&
	       memcmp(a->frame, b->frame, a->depth * sizeof(a->frame[0])) == 0;
}

static void table_count(struct table *t, const struct sample *s)
{
	u32 at = sample_hash(s);

	for (uint i = 0; i < PROBES; i++) {
		struct sample *slot = &t->slot[(at + i) % SLOTS];

		if (slot->depth == 0) {
			memcpy(slot->name, s->name, sizeof(slot->name));
			memcpy(slot->frame, s->frame, sizeof(slot->frame));
			slot->count = 1;
			store_release(&slot->depth, s->depth);
			return;
		}
		if (sample_is(slot, s)) {
			WRITE_ONCE(slot->count, slot->count + 1);
			return;
		}
	}
	t->lost++;
}

static void profile_tick(struct timer *timer)
{
	struct profile_cpu *pc = container_of(timer, struct profile_cpu, timer);
	struct cpu *cpu = this_cpu();
	u64 period = READ_ONCE(period_ns);
	struct sample s;

	if (!period)
		return;
	timer_set(timer, time_now() + period);
	if (current == cpu->idle)
		return;
	sample_take(&s, cpu->irq_frame);
	sample_to_functions(&s);
	table_count(pc->table, &s);
}

static void profile_start_cpu(void *arg)
{
	struct profile_cpu *pc = this_cpu_ptr(profile_cpus);

	(void)arg;
	timer_set(&pc->timer, time_now() + READ_ONCE(period_ns));
}

/* Empty tables for all CPUs.  0, -ENOMEM. */
static int tables_prepare(void)
{
	struct cpu *cpu;

	for_each_online_cpu(cpu) {
		struct profile_cpu *pc = per_cpu_ptr(profile_cpus, cpu);

		if (!pc->table) {
			pc->table = vmalloc(sizeof(*pc->table));
			if (!pc->table)
				return -ENOMEM;
			timer_init(&pc->timer, profile_tick);
		}
		memset(pc->table, 0, sizeof(*pc->table));
	}
	return 0;
}

int profile_start(uint hz)
{
	int err;

	if (hz == 0 || hz > PROFILE_HZ_MAX)
		return -EINVAL;
	mutex_lock(&profile_mutex);
	err = is_running ? -EBUSY : tables_prepare();
	if (err == 0) {
		is_running = true;
		WRITE_ONCE(period_ns, NSEC_PER_SEC / hz);
		smp_call_others(profile_start_cpu, NULL);
		preempt_disable();
		profile_start_cpu(NULL);
		preempt_enable();
	}
	mutex_unlock(&profile_mutex);
	return err;
}

void profile_stop(void)
{
	struct cpu *cpu;

	mutex_lock(&profile_mutex);
	WRITE_ONCE(period_ns, 0);
	if (is_running)
		for_each_online_cpu(cpu)
			timer_cancel_sync(&per_cpu_ptr(profile_cpus, cpu)->timer);
	is_running = false;
	mutex_unlock(&profile_mutex);
}

static const char *frame_name(ulong frame)
{
	const char *name;

	if (!frame)
		return "[user]";
	name = ksym_lookup(frame, NULL);
	return name ? name : "[unknown]";
}

static void sample_report(const struct sample *s, uint depth, void (*emit)(void *, const char *),
			  void *arg)
{
	char line[LINE_MAX];
	size_t n = (size_t)scnprintf(line, sizeof(line), "%.*s", TASK_NAME_LEN, s->name);

	for (uint i = depth; i-- > 0;)
		n += (size_t)scnprintf(line + n, sizeof(line) - n, ";%s", frame_name(s->frame[i]));
	scnprintf(line + n, sizeof(line) - n, " %u", READ_ONCE(s->count));
	emit(arg, line);
}

void profile_report(void (*emit)(void *arg, const char *line), void *arg)
{
	struct cpu *cpu;
	char line[32];
	u64 lost = 0;

	mutex_lock(&profile_mutex);
	for_each_online_cpu(cpu) {
		const struct table *t = per_cpu_ptr(profile_cpus, cpu)->table;

		for (uint i = 0; t && i < SLOTS; i++) {
			/* Pairs with table_count(). */
			u32 depth = load_acquire(&t->slot[i].depth);

			if (depth)
				sample_report(&t->slot[i], depth, emit, arg);
		}
		lost += t ? t->lost : 0;
	}
	mutex_unlock(&profile_mutex);
	if (lost) {
		scnprintf(line, sizeof(line), "[lost] %lu", (ulong)lost);
		emit(arg, line);
	}
}
