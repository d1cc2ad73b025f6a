/* SPDX-License-Identifier: MIT */
/*
 * Out of memory: choose a process and kill it.
 *
 * Called by a fault that found no memory after reclaim had tried everything.
 * One victim at a time: while a chosen one is still dying (its space still has
 * users) others only wait a moment and try their allocation again.  A victim that has
 * not gone after VICTIM_PATIENCE is forgotten, and the next is chosen.
 */
#define LOG_TAG "oom"
#include <uapi/signal.h>

#include <gemel/address_space.h>
#include <gemel/log.h>
#include <gemel/process.h>
#include <gemel/sched.h>
#include <gemel/signal.h>
#include <gemel/task.h>
#include <gemel/time.h>

#include "mm.h"

#define VICTIM_PATIENCE (5 * NSEC_PER_SEC)
#define OOM_ADJ_NEVER   (-1000)

static u32 oom_busy;                            /* atomic: somebody is choosing */
static struct address_space *victim_as;         /* referenced; whoever is busy */
static u64 victim_since_ns;

static struct address_space *process_get_as(struct process *p)
{
	struct task *t = task_lookup(p->pid);
	struct address_space *as = NULL;

	if (t) {
		as = task_get_as(t);
		task_put(t);
	}
	return as;
}

int oom_badness(struct process *p)
{
	u64 total = page_total_count();
	struct address_space *as = process_get_as(p);
	s64 points;

	if (!as)
		return 0;
	points = (s64)(1000 * (READ_ONCE(as->rss_anon) + READ_ONCE(as->rss_file)) / total);
	as_put(as);
	points += p->oom_score_adj;
	return points < 0 ? 0 : points > 1000 ? 1000 : (int)points;
}

static u64 process_weight(struct process *p)
{
	u64 total = page_total_count();
	struct address_space *as;
	s64 pages;

	if (p == init_process || p->oom_score_adj == OOM_ADJ_NEVER)
		return 0;
	as = process_get_as(p);
	if (!as)
		return 0;
	pages = (s64)(READ_ONCE(as->rss_anon) + READ_ONCE(as->rss_file)) + 1;
	pages += (s64)total * p->oom_score_adj / 1000;
	as_put(as);
	return pages < 1 ? 1 : (u64)pages;
}

/* The heaviest process, referenced, or NULL. */
static struct process *victim_choose(void)
{
	struct process *best = NULL, *p;
	u64 best_weight = 0;

	for (pid_t pid = 1; (p = process_next(pid)); pid++) {
		u64 weight = process_weight(p);

		pid = p->pid;
		if (weight <= best_weight) {
			process_put(p);
			continue;
		}
		if (best)
			process_put(best);
		best = p;
		best_weight = weight;
	}
	return best;
}

/* Is the last victim still on its way out? */
static bool victim_is_dying(void)
{
	bool dying;

	if (!victim_as)
		return false;
	dying = READ_ONCE(victim_as->users.count) > 0 &&
		time_now() - victim_since_ns < VICTIM_PATIENCE;
	if (!dying) {
		as_put(victim_as);
		victim_as = NULL;
	}
	return dying;
}

static void victim_kill(struct process *p)
{
	victim_as = process_get_as(p);
	victim_since_ns = time_now();
	if (victim_as) {
		WRITE_ONCE(victim_as->oom_victim, true);
		log_err("out of memory: killed process %d (%s), %llu KiB", p->pid,
			p->leader ? p->leader->name : "?",
			(unsigned long long)victim_as->rss_anon * 4);
	}
	signal_send_process(p, SIGKILL, NULL);
}

bool oom_kill(void)
{
	struct process *p;
	bool found = true;

	/* An injected fault is the affair of who asked for it. */
	if (fault_plan_has_struck()) {
		signal_send_process(current->process, SIGKILL, NULL);
		return true;
	}
	if (__atomic_exchange_n(&oom_busy, 1, __ATOMIC_ACQUIRE) == 0) {
		if (!victim_is_dying()) {
			p = victim_choose();
			found = p != NULL;
			if (p) {
				victim_kill(p);
				process_put(p);
			}
		}
		__atomic_store_n(&oom_busy, 0, __ATOMIC_RELEASE);
	}
	if (!signal_is_fatal_pending(current))
		(void)sleep_until(time_now() + 10 * NSEC_PER_MSEC, TASK_KILLABLE);
	return found;
}
