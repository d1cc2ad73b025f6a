/* SPDX-License-Identifier: MIT */
/*
 * Reading the trace while it is written.
 *
 * The rings of trace.c are small: enough for a panic, not for a reader who comes by now
 * and then.  While somebody reads, each record goes into a larger ring of its CPU as
 * well.  A reader has a position in each of them and takes the oldest record there is.
 *
 * Ordering.  A writer takes a slot by adding to head, fills it, and writes lap last
 * (store-release), which says for which round of the ring the slot is valid; the reader
 * loads lap first (load-acquire), copies, and looks at lap again: when it has changed, the
 * record was overwritten meanwhile and counts as lost.  A system call is read when its
 * arguments are there too.  A record is stamped when it gets its slot, and one that is
 * younger than the look at all rings waits for the next look: what another CPU recorded
 * before it may have come to a ring that was looked at already.
 *
 * Limits.  The larger rings are never freed: a writer that was interrupted in the middle may
 * hold one for as long as it likes.  When nobody reads they are only unhooked.
 */
#include <gemel/trace.h>

#include <arch/time.h>

#include <uapi/errno.h>

#include <gemel/boot_info.h>
#include <gemel/cpu.h>
#include <gemel/mutex.h>
#include <gemel/printf.h>
#include <gemel/slab.h>
#include <gemel/string.h>
#include <gemel/syscall.h>
#include <gemel/time.h>
#include <gemel/vmalloc.h>

#include "trace_ring.h"

#define LIVE_RECORDS    4096u

struct live_entry {
	struct trace_entry e;
	u64 lap;                        /* position + 1 */
};

struct trace_live {
	u64 head;                       /* atomic */
	struct live_entry entries[LIVE_RECORDS];
};

struct trace_cursor {
	struct list link;               /* live_lock */
	u64 chosen;                     /* live_lock: what is recorded for it */
	u64 shown;                      /* what it reads */
	u64 at[MAX_CPUS];
	u64 lost;
};

static struct mutex live_lock = MUTEX_INIT(live_lock, WORKER);
static struct trace_live *lives[MAX_CPUS];      /* live_lock; NULL: not allocated yet */
static struct list cursors = LIST_INIT(cursors);        /* live_lock */
static u64 enabled_at_boot;                     /* constant once somebody has read; live_lock */

void trace_live_record(struct trace_live *live, const struct trace_entry *e)
{
	struct live_entry *slot;
	u64 at;

	irq_push_off();
	at = __atomic_fetch_add(&live->head, 1, __ATOMIC_RELAXED);
	slot = &live->entries[at % LIVE_RECORDS];
	WRITE_ONCE(slot->lap, 0ull);
	smp_wmb();                              /* pairs with the smp_rmb() in live_copy() */
	slot->e = *e;
	slot->e.cycles = arch_cycles();
	store_release(&slot->lap, at + 1);      /* pairs with the load-acquire there */
	irq_pop_off();
}

/* ---- readers ---- */

static int lives_start(void)
{
	for (uint i = 0; i < cpu_count; i++) {
		if (!lives[i]) {
			lives[i] = vmalloc(sizeof(*lives[i]));
			if (!lives[i])
				return -ENOMEM;
			memset(lives[i], 0, sizeof(*lives[i]));
		}
		WRITE_ONCE(per_cpu_ptr(trace_rings, cpus[i])->live, lives[i]);
	}
	return 0;
}

static void lives_stop(void)
{
	for (uint i = 0; i < cpu_count; i++)
		WRITE_ONCE(per_cpu_ptr(trace_rings, cpus[i])->live, NULL);
}

/* What the kernel records of itself stays recorded: a panic shows it. */
static void enabled_update(void)
{
	struct trace_cursor *c;
	u64 mask = enabled_at_boot;

	list_for_each(c, &cursors, link)
		mask |= c->chosen;
	WRITE_ONCE(trace_enabled, mask);
}

int trace_open(struct trace_cursor **out)
{
	struct trace_cursor *c = kzalloc(sizeof(*c));
	int err = -ENOMEM;

	if (!c)
		return -ENOMEM;
	mutex_lock(&live_lock);
	err = lives_start();
	if (list_is_empty(&cursors))
		enabled_at_boot = trace_enabled;
	if (err == 0)
		list_add_tail(&cursors, &c->link);
	c->shown = ~0ull;
	for (uint i = 0; i < cpu_count && err == 0; i++)
		c->at[i] = READ_ONCE(lives[i]->head);
	mutex_unlock(&live_lock);
	if (err < 0)
		kfree(c);
	else
		*out = c;
	return err;
}

void trace_close(struct trace_cursor *c)
{
	mutex_lock(&live_lock);
	list_remove(&c->link);
	enabled_update();
	if (list_is_empty(&cursors))
		lives_stop();
	mutex_unlock(&live_lock);
	kfree(c);
}

/* ---- reading ---- */

/* The record at @at.  1 copied, 0 not written yet, -1 overwritten. */
static int live_copy(struct trace_live *live, u64 at, struct trace_entry *e)
{
	struct live_entry *slot = &live->entries[at % LIVE_RECORDS];
	u64 lap = load_acquire(&slot->lap);

	if (READ_ONCE(live->head) > at + LIVE_RECORDS || lap > at + 1)
		return -1;
	if (lap != at + 1)
		return 0;
	*e = slot->e;
	smp_rmb();
	return READ_ONCE(slot->lap) == lap ? 1 : -1;
}

/* The arguments that belong to the system call at @at are written. */
static bool live_has_args(struct trace_live *live, u64 at)
{
	struct trace_entry last;

	return READ_ONCE(live->head) - at > TRACE_SYSARGS_RECORDS &&
	       live_copy(live, at + TRACE_SYSARGS_RECORDS, &last) != 0;
}

/* Step over what was overwritten or is not asked for; CPU @i's next record, if there is one. */
static bool cursor_peek(struct trace_cursor *c, uint i, struct trace_entry *e)
{
	struct trace_live *live = lives[i];

	for (;;) {
		u64 head = READ_ONCE(live->head);
		int got;

		if (c->at[i] == head)
			return false;
		got = live_copy(live, c->at[i], e);
		if (got > 0 && !(c->shown >> e->event & 1)) {
			c->at[i]++;
			continue;
		}
		if (got >= 0)
			return got > 0 && (e->event != TRACE_SYSCALL ||
					   live_has_args(live, c->at[i]));
		head = READ_ONCE(live->head);
		head = head > LIVE_RECORDS / 2 ? head - LIVE_RECORDS / 2 : 0;
		c->lost += MAX(head, c->at[i] + 1) - c->at[i];
		c->at[i] = MAX(head, c->at[i] + 1);
	}
}

/* The CPU with the oldest record, or cpu_count. */
static uint cursor_oldest(struct trace_cursor *c, struct trace_entry *e)
{
	uint best = cpu_count;
	u64 now = arch_cycles();

	for (uint i = 0; i < cpu_count; i++) {
		struct trace_entry mine;

		if (!cursor_peek(c, i, &mine) || mine.cycles > now ||
		    (best < cpu_count && mine.cycles >= e->cycles))
			continue;
		best = i;
		*e = mine;
	}
	return best;
}

bool trace_has_more(struct trace_cursor *c)
{
	struct trace_entry e;

	return cursor_oldest(c, &e) < cpu_count;
}

/* ---- text ---- */

/*
 * The name of argument number @n in "int fd, const char * path": where it starts, and its
 * length.
 */
static size_t argument_name(const char *text, uint n, const char **out)
{
	const char *end;

	for (; n && text; n--) {
		text = strchr(text, ',');
		text = text ? text + 1 : NULL;
	}
	if (!text || !*text)
		return 0;
	end = strchr(text, ',');
	if (!end)
		end = text + strlen(text);
	*out = end;
	while (*out > text && (*out)[-1] != ' ')
		(*out)--;
	return (size_t)(end - *out);
}

static size_t argument_put(char *buf, size_t size, ulong value)
{
	long v = (s32)value;

	/* Small numbers of either sign as such; the rest are flags and addresses. */
	if ((value >> 32 == 0 || value >> 31 == 0x1ffffffffull) && v >= -4096 && v < 4096)
		return (size_t)scnprintf(buf, size, "%ld", v);
	return (size_t)scnprintf(buf, size, "0x%lx", value);
}

static size_t syscall_put(char *buf, size_t size, ulong nr, const ulong *args, uint nargs)
{
	const char *text = syscall_args_text(nr), *name;
	size_t used = (size_t)scnprintf(buf, size, "%s(", syscall_name(nr)), len;

	for (uint i = 0; i < nargs; i++) {
		len = argument_name(text, i, &name);
		if (len == 0)
			break;
		used += (size_t)scnprintf(buf + used, size - used, "%s%.*s=", i ? ", " : "",
					  (int)len, name);
		used += argument_put(buf + used, size - used, args[i]);
	}
	return used + (size_t)scnprintf(buf + used, size - used, ")");
}

/* The arguments that follow a SYSCALL record on the same CPU are taken along. */
static size_t syscall_format(struct trace_cursor *c, uint cpu, const struct trace_entry *e,
			     char *buf, size_t size)
{
	ulong args[1 + 2 * TRACE_SYSARGS_RECORDS] = { e->b };
	struct trace_entry more;
	uint n = 1;

	while (n < ARRAY_SIZE(args) && cursor_peek(c, cpu, &more) && more.event == TRACE_SYSARGS &&
	       more.tid == e->tid) {
		args[n++] = more.a;
		args[n++] = more.b;
		c->at[cpu]++;
	}
	return syscall_put(buf, size, e->a, args, n);
}

static size_t line_format(struct trace_cursor *c, uint cpu, const struct trace_entry *e,
			  char *buf, size_t size)
{
	u64 us = time_from_cycles(e->cycles - boot_info.entry_cycles) / NSEC_PER_USEC;
	size_t used;

	used = (size_t)scnprintf(buf, size, "%lu.%06lu %u %u %s ", (ulong)(us / 1000000),
				 (ulong)(us % 1000000), cpu, e->tid,
				 e->event < TRACE_COUNT ? trace_event_names[e->event] : "?");
	if (e->event == TRACE_SYSCALL) {
		used += syscall_format(c, cpu, e, buf + used, size - used);
	} else if (e->event == TRACE_SYSRET) {
		used += (size_t)scnprintf(buf + used, size - used, "%s = %ld", syscall_name(e->a),
					  (long)e->b);
	} else {
		trace_entry_format(buf + used, size - used, e);
		used += strlen(buf + used);
	}
	return used + (size_t)scnprintf(buf + used, size - used, "\n");
}

size_t trace_read(struct trace_cursor *c, char *buf, size_t size)
{
	struct trace_entry e;
	size_t used = 0;
	uint cpu;

	while (size - used >= TRACE_LINE_MAX) {
		cpu = cursor_oldest(c, &e);
		if (c->lost) {
			used += (size_t)scnprintf(buf + used, size - used, "lost %lu records\n",
						  (ulong)c->lost);
			c->lost = 0;
			continue;
		}
		if (cpu == cpu_count)
			break;
		c->at[cpu]++;
		/* Without its call, which was overwritten or before our time. */
		if (e.event == TRACE_SYSARGS)
			continue;
		used += line_format(c, cpu, &e, buf + used, size - used);
	}
	return used;
}

/* ---- what is recorded ---- */

#define EV(name) (1ull << TRACE_##name)

static const struct {
	const char *name;
	u64 mask;
} groups[] = {
	{ "all", (1ull << TRACE_COUNT) - 1 },
	{ "none", 0 },
	{ "default", TRACE_DEFAULT },
	{ "syscall", EV(SYSCALL) | EV(SYSARGS) | EV(SYSRET) },
	{ "sched", EV(SWITCH) | EV(WAKE) | EV(FORK) | EV(EXEC) | EV(EXIT) },
	{ "process", EV(FORK) | EV(EXEC) | EV(EXIT) },
	{ "fault", EV(FAULT) },
	{ "irq", EV(IRQ) },
	{ "signal", EV(SIGNAL) },
	{ "block", EV(BLK_SUBMIT) | EV(BLK_DONE) },
};

static bool word_is(const char *word, size_t len, const char *name)
{
	return strlen(name) == len && memcmp(word, name, len) == 0;
}

static int word_mask(const char *word, size_t len, u64 *mask)
{
	for (size_t i = 0; i < ARRAY_SIZE(groups); i++) {
		if (word_is(word, len, groups[i].name)) {
			*mask |= groups[i].mask;
			return 0;
		}
	}
	for (uint i = 0; i < TRACE_COUNT; i++) {
		if (word_is(word, len, trace_event_names[i])) {
			*mask |= 1ull << i;
			return 0;
		}
	}
	return -EINVAL;
}

int trace_select(struct trace_cursor *c, const char *words)
{
	u64 mask = 0;

	while (*words) {
		const char *end = strchr(words, ',');
		size_t len = end ? (size_t)(end - words) : strlen(words);
		int err = word_mask(words, len, &mask);

		if (err < 0)
			return err;
		words += len + (end != NULL);
	}
	if (mask & EV(SYSCALL))
		mask |= EV(SYSARGS);
	mutex_lock(&live_lock);
	c->chosen = mask;
	WRITE_ONCE(c->shown, mask);
	enabled_update();
	mutex_unlock(&live_lock);
	return 0;
}
