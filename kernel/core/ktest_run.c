/* SPDX-License-Identifier: MIT */
/*
 * The runner of in-kernel tests: walks the rows that KTEST() left in section "ktests".
 * The lines go to the log without a tag, so that they stand bare on the console.
 */
#include <gemel/ktest_run.h>

#include <arch/cpu.h>

#include <gemel/boot_info.h>
#include <gemel/ktest.h>
#include <gemel/log.h>
#include <gemel/string.h>

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

static bool test_run(const struct ktest *test)
{
	struct ktest_run kt = { 0 };

	running = test;
	test->fn(&kt);
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
