/* SPDX-License-Identifier: MIT */
/*
 * The runner of in-kernel tests: walks the rows that KTEST() left in section "ktests".
 * The lines go to the log without a tag, so that they stand bare on the console.
 *
 * Leaks.  In debug kernels no cache may have more objects in use after a test than
 * before, and nobody more pages, once the kernel's caches are dropped.  A first run may leave
 * what is made once, and work items free late: so a test that left something waits, runs again,
 * and has failed if every run left more of the same.
 */
#include <gemel/ktest_run.h>

#include <arch/cpu.h>

#include <gemel/boot_info.h>
#include <gemel/ktest.h>
#include <gemel/log.h>
#include <gemel/page.h>
#include <gemel/slab.h>
#include <gemel/string.h>
#include <gemel/task.h>
#include <gemel/time.h>

extern const struct ktest __start_ktests[] __weak;
extern const struct ktest __stop_ktests[] __weak;

static const struct ktest *running;

#define say(...) printk(LOG_WARN, NULL, __VA_ARGS__)

bool ktest_is_wanted(void)
{
	return cmdline_has("ktest");
}

void ktest_fail(struct ktest_run *kt, const char *file, int line, const char *expr, long want,
		long got)
{
	kt->failures++;
	say("FAIL %s.%s %s:%d: %s: want %ld, got %ld", running->suite, running->name, file, line,
	    expr, want, got);
}

/* "suite" or "suite.name"; "" is everything. */
static bool is_chosen(const struct ktest *test, const char *choice)
{
	size_t n = strlen(test->suite);

	if (!choice[0])
		return true;
	if (strncmp(choice, test->suite, n) != 0)
		return false;
	return !choice[n] || (choice[n] == '.' && strcmp(choice + n + 1, test->name) == 0);
}

uint ktest_log_count(struct log_place *from, const char *text)
{
	char line[LOG_LINE_MAX];
	uint priority, found = 0;
	size_t len, n = strlen(text);

	while ((len = log_line(from, line, &priority)))
		for (size_t i = 0; i + n <= len; i++)
			found += memcmp(line + i, text, n) == 0;
	return found;
}

/* ---- leaks ---- */

enum { CACHES_MAX = 64, LEAK_RUNS = 4, SETTLE_TRIES = 20 };

struct counters {
	uint n;
	struct {
		const char *name;
		size_t used;
	} cache[CACHES_MAX];
};

static struct counters before, after;

static void count_cache(void *arg, const char *name, size_t size, size_t used, size_t total)
{
	struct counters *c = arg;

	(void)size, (void)total;
	ASSERT(c->n < CACHES_MAX);
	c->cache[c->n].name = name;
	c->cache[c->n++].used = used;
}

static void count(struct counters *c)
{
	struct memory_info mi;

	reclaim_all();
	c->n = 0;
	memory_info(&mi);
	count_cache(c, "pages", PAGE_SIZE, mi.total - mi.free - mi.slab - mi.kstack - mi.ktables -
		    mi.cached - mi.buffers, 0);
	slab_report(count_cache, c);
}

/* A bit for each counter that has grown, after what comes late. */
static u64 grown(void)
{
	u64 bits = 0;

	for (uint tries = 0; tries < SETTLE_TRIES; tries++) {
		count(&after);
		bits = 0;
		for (uint i = 0; i < before.n; i++)
			if (after.cache[i].name == before.cache[i].name &&
			    after.cache[i].used > before.cache[i].used)
				bits |= 1ull << i;
		if (!bits)
			break;
		(void)sleep_until(time_now() + 20 * NSEC_PER_MSEC, TASK_BLOCKED);
	}
	return bits;
}

static void check_leaks(const struct ktest *test, struct ktest_run *kt)
{
	u64 leaked = grown();

	for (uint run = 1; run < LEAK_RUNS && leaked && !kt->failures; run++) {
		count(&before);
		test->fn(kt);
		leaked &= grown();
	}
	for (uint i = 0; i < before.n && !kt->failures; i++)
		if (leaked >> i & 1) {
			kt->failures++;
			say("FAIL %s.%s leak: %s had %zu objects, has %zu", test->suite, test->name,
			    after.cache[i].name, before.cache[i].used, after.cache[i].used);
		}
}

static bool test_run(const struct ktest *test)
{
	struct ktest_run kt = { 0 };

	running = test;
	if (GEMEL_DEBUG)
		count(&before);
	test->fn(&kt);
	if (GEMEL_DEBUG)
		lock_check_none(test->suite, test->name);
	if (GEMEL_DEBUG && !kt.failures)
		check_leaks(test, &kt);
	if (kt.failures == 0)
		say("ok %s.%s", test->suite, test->name);
	return kt.failures == 0;
}

void ktest_run_all(void)
{
	uint passed = 0, failed = 0;
	char choice[64] = "";

	cmdline_get("ktest", choice, sizeof(choice));
	for (const struct ktest *test = __start_ktests; test < __stop_ktests; test++) {
		if (!is_chosen(test, choice))
			continue;
		if (test_run(test))
			passed++;
		else
			failed++;
	}
	say("%u passed, %u failed", passed, failed);
	arch_restart(failed || !passed ? RESTART_FAILURE : RESTART_POWEROFF);
}
