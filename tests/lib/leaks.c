/* SPDX-License-Identifier: MIT */
/*
 * The counters are the active objects of every cache (/proc/slabinfo) and the lines of
 * /proc/stats that stand for something held: open files, tasks, pages by what they are for.
 * Pages of the cache and of slabs are not among them: dropping caches leaves those that are in
 * use, mapped or partly full.
 *
 * What a task held may be given back a little after it was reaped, by the CPU that it
 * leaves or by a work queue; what a file held, when it is on the disk.  So a counter that has
 * grown is read again for a while, after a sync.  A leak does not go away by waiting.
 */
#include "leaks.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { COUNTERS_MAX = 128, TEXT_MAX = 64 << 10, STACK_MAX = 64 << 10 };
enum { SETTLE_FIRST_US = 1000, SETTLE_US = 3000000 };

struct counters {
	int n;
	struct {
		char name[32];
		long value;
	} at[COUNTERS_MAX];
};

/* With all dropped, at first; as last looked at; now. */
static struct counters before, last, after;
static bool has_grown[COUNTERS_MAX];    /* in each look since leaks_check() or leaks_end() */

#define DROP_NAMES "2"
#define DROP_ALL   "3"

/* The text of @path, in a static buffer; "" if there is none. */
static char *text_of(const char *path)
{
	static char text[TEXT_MAX];
	int fd = open(path, O_RDONLY);
	ssize_t got;
	size_t n = 0;

	while (fd >= 0 && (got = read(fd, text + n, sizeof(text) - 1 - n)) > 0)
		n += (size_t)got;
	close(fd);
	text[n] = '\0';
	return text;
}

static void add(struct counters *c, const char *name, long value)
{
	if (c->n == COUNTERS_MAX)
		return;
	snprintf(c->at[c->n].name, sizeof(c->at[0].name), "%s", name);
	c->at[c->n++].value = value;
}

static void read_slabs(struct counters *c)
{
	char name[32], *save;
	long used;

	for (char *line = strtok_r(text_of("/proc/slabinfo"), "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save))
		if (sscanf(line, "%31[a-z0-9-] %ld", name, &used) == 2)
			add(c, name, used);
}

static void read_stats(struct counters *c)
{
	static const char *const held[] = { "files.open", "tasks", "pages.anon", "pages.shmem",
					    "pages.kstack", "pages.tables", "pages.committed",
					    "pages.other" };
	char name[32], *save;
	long value;

	for (char *line = strtok_r(text_of("/proc/stats"), "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save))
		for (size_t i = 0; i < sizeof(held) / sizeof(held[0]); i++)
			if (sscanf(line, "%31s %ld", name, &value) == 2 && !strcmp(name, held[i]))
				add(c, name, value);
}

static void read_counters(struct counters *c, const char *drop)
{
	int fd = open("/proc/sys/vm/drop_caches", O_WRONLY | O_CLOEXEC);

	c->n = 0;
	if (access("/proc/stats", F_OK) < 0 || fd < 0)
		goto out;
	(void)!write(fd, drop, 1);
	read_slabs(c);
	read_stats(c);
out:
	close(fd);
}

/* What is higher in @b than in @a, of that in @among (NULL: all)?  The first, with its numbers. */
static const char *growth(const struct counters *a, const struct counters *b, const bool *among)
{
	static char text[96];

	for (int i = 0; i < a->n && i < b->n; i++) {
		if (b->at[i].value <= a->at[i].value || (among && !among[i]))
			continue;
		snprintf(text, sizeof(text), "leak: %s was %ld, is %ld", a->at[i].name,
			 a->at[i].value, b->at[i].value);
		return text;
	}
	return NULL;
}

/* Sleep longer each time; false when it has been long enough. */
static bool settle(useconds_t *wait)
{
	if (*wait > SETTLE_US)
		return false;
	sync();
	usleep(*wait);
	*wait *= 2;
	return true;
}

/* What this process will need is there from now on: its own pages are none that it lost. */
static void need_no_more(void)
{
	volatile char stack[STACK_MAX];

	for (size_t i = 0; i < sizeof(stack); i += 1024)
		stack[i] = 0;
	mlockall(MCL_CURRENT);
}

void leaks_begin(void)
{
	useconds_t wait = SETTLE_FIRST_US;

	need_no_more();
	read_counters(&before, DROP_ALL);
	while (settle(&wait)) {
		read_counters(&after, DROP_ALL);
		if (!growth(&before, &after, NULL) && !growth(&after, &before, NULL))
			break;
		before = after;
	}
	last = before;
}

static const char *look(const bool *among)
{
	useconds_t wait = SETTLE_FIRST_US;
	const char *why;

	do {
		read_counters(&after, DROP_ALL);
		why = growth(&before, &after, among);
	} while (why && settle(&wait));
	for (int i = 0; i < after.n; i++)
		has_grown[i] = (!among || among[i]) && after.at[i].value > before.at[i].value;
	if (why)
		before = after;
	last = after;
	return why;
}

const char *leaks_end(void)
{
	return look(NULL);
}

const char *leaks_again(void)
{
	return look(has_grown);
}

const char *leaks_check(void)
{
	read_counters(&after, DROP_NAMES);
	if (growth(&last, &after, NULL))
		return look(NULL);
	last = after;
	return NULL;
}
