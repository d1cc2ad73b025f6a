/* SPDX-License-Identifier: MIT */
/*
 * The kernel under libFuzzer: booted once, on a fiber of its own; a test that never ends
 * serves one input after the other.  Memory that an input leaves allocated is a leak.
 */
#define LOG_TAG "fuzz"

#include "port.h"

#include <gemel/assert.h>
#include <gemel/ktest.h>
#include <gemel/log.h>
#include <gemel/page.h>
#include <gemel/slab.h>

#include "../../kernel/arch/host/host.h"
#include "fuzz.h"

enum { LEAK_PERIOD = 500, LEAK_SLACK = 1000 };  /* caches keep 32 freed objects each */

int LLVMFuzzerInitialize(int *argc, char ***argv);

static const u8 *input;
static size_t input_len;

u8 input_u8(struct input *in)
{
	if (!in->left)
		return 0;
	in->left--;
	return *in->at++;
}

u32 input_u32(struct input *in)
{
	u32 v = 0;

	for (uint i = 0; i < 4; i++)
		v = v << 8 | input_u8(in);
	return v;
}

static void count_objects(void *arg, const char *name, size_t size, size_t used, size_t total)
{
	(void)name;
	(void)size;
	(void)total;
	*(size_t *)arg += used;
}

static void name_objects(void *arg, const char *name, size_t size, size_t used, size_t total)
{
	(void)arg;
	(void)size;
	(void)total;
	if (used > 32)
		log_err("%s: %zu in use", name, used);
}

/* Objects in use, once everything that may go has gone. */
static size_t objects_in_use(void)
{
	size_t n = 0;

	reclaim_all();
	slab_report(count_objects, &n);
	return n;
}

KTEST(fuzz, serve)
{
	size_t base = 0;

	target_init();
	for (uint n = 0;; n++) {
		host_yield();
		target_run(input, input_len);
		if (n % LEAK_PERIOD)
			continue;
		if (n == LEAK_PERIOD)
			base = objects_in_use();
		else if (n > LEAK_PERIOD && objects_in_use() > base + LEAK_SLACK) {
			slab_report(name_objects, NULL);
			panic("fuzz: %zu objects in use, %zu in the beginning", objects_in_use(),
			      base);
		}
	}
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	host_boot("loglevel=5 ktest=fuzz");
	return 0;
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t len)
{
	input = data;
	input_len = len;
	host_resume();
	return 0;
}
