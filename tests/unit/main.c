/* SPDX-License-Identifier: MIT */
/*
 * The host's test runner: walks the "ktests" section, and stands in for the
 * few kernel services that pure code uses: kernel memory from malloc, so
 * that ASan watches it, and failures on demand.
 *
 *	unit [SUITE[.NAME]]...	run all tests, or those named
 *	unit -l			list them
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <gemel/assert.h>
#include <gemel/ktest.h>
#include <gemel/slab.h>

extern const struct ktest ktests_start[] __asm__("__start_ktests");
extern const struct ktest ktests_end[] __asm__("__stop_ktests");

static struct {
	long countdown;         /* the allocation that fails; 0: none armed */
	bool hit;
} fault;

static const struct ktest *running;

bool fault_arm(long n)
{
	bool go_on = n == 1 || fault.hit;

	fault.countdown = go_on ? n : 0;
	fault.hit = false;
	return go_on;
}

bool fault_hit(void)
{
	return fault.hit;
}

static bool fault_now(void)
{
	if (fault.countdown == 0 || --fault.countdown > 0)
		return false;
	fault.hit = true;
	return true;
}

void *kalloc(size_t size)
{
	return fault_now() ? NULL : malloc(size);
}

void *kzalloc(size_t size)
{
	return fault_now() ? NULL : calloc(1, size);
}

void *kcalloc(size_t n, size_t size)
{
	return fault_now() ? NULL : calloc(n, size);
}

void *kalloc_atomic(size_t size)
{
	return kalloc(size);
}

void kfree(void *p)
{
	free(p);
}

void panic(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	abort();
}

void assert_failed(const char *expr, const char *file, int line)
{
	fprintf(stderr, "%s:%d: assertion failed: %s\n", file, line, expr);
	abort();
}

void ktest_fail(struct ktest_run *kt, const char *file, int line, const char *expr, long want,
		long got)
{
	if (kt->failures++ < 10)
		printf("FAIL %s.%s %s:%d: %s: want %ld, got %ld\n", running->suite, running->name,
		       file, line, expr, want, got);
}

static bool is_wanted(const struct ktest *t, int argc, char **argv)
{
	char full[256];

	if (argc < 2)
		return true;
	snprintf(full, sizeof(full), "%s.%s", t->suite, t->name);
	for (int i = 1; i < argc; i++)
		if (strcmp(argv[i], t->suite) == 0 || strcmp(argv[i], full) == 0)
			return true;
	return false;
}

int main(int argc, char **argv)
{
	int passed = 0, failed = 0;

	setvbuf(stdout, NULL, _IOLBF, 0);
	for (const struct ktest *t = ktests_start; t < ktests_end; t++) {
		struct ktest_run kt = { 0 };

		if (argc == 2 && strcmp(argv[1], "-l") == 0) {
			printf("%s.%s\n", t->suite, t->name);
			continue;
		}
		if (!is_wanted(t, argc, argv))
			continue;
		running = t;
		fault.countdown = 0;
		t->fn(&kt);
		if (kt.failures)
			failed++;
		else
			passed++;
	}
	printf("%d passed, %d failed\n", passed, failed);
	return failed || !passed;
}
