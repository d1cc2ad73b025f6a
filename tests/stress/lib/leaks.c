/* SPDX-License-Identifier: MIT */
/*
 * The kernel's counters before and after: /proc/slabinfo's active objects of every cache,
 * and the lines of /proc/stats that stand for something held (open files, tasks, pages that
 * are neither free nor cached nor slabs).
 *
 * What a task held may be given back a little after it was reaped, by the CPU that it
 * leaves or by a work queue: so a counter that differs is read again, for a while.  A leak
 * does not go away by waiting.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "stress.h"

enum { COUNTERS_MAX = 128, TEXT_MAX = 64 << 10, SETTLE_TRIES = 100, SETTLE_US = 100000 };

struct counters {
	int n;
	struct {
		char name[32];
		long value;
	} at[COUNTERS_MAX];
};

static struct counters before, after;

static char text[TEXT_MAX];

/* The text of @path, in a static buffer; "" if there is none. */
static char *text_of(const char *path)
{
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
	static const char *const held[] = { "files.open", "tasks", "pages.anon", "pages.tables" };
	char name[32], *save;
	long value;

	for (char *line = strtok_r(text_of("/proc/stats"), "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save))
		for (size_t i = 0; i < sizeof(held) / sizeof(held[0]); i++)
			if (sscanf(line, "%31s %ld", name, &value) == 2 && !strcmp(name, held[i]))
				add(c, name, value);
}

static void read_counters(struct counters *c)
{
	int fd = open("/proc/sys/vm/drop_caches", O_WRONLY);

	c->n = 0;
	if (access("/proc/stats", F_OK) < 0 || fd < 0)  /* not Gemel */
		goto out;
	sync();         /* what is dirty stays */
	(void)!write(fd, "3", 1);
	read_slabs(c);
	read_stats(c);
out:
	close(fd);
}

static const char *difference(void)
{
	static char why[96];

	for (int i = 0; i < before.n; i++) {
		if (before.at[i].value == after.at[i].value)
			continue;
		snprintf(why, sizeof(why), "leak: %s was %ld, is %ld", before.at[i].name,
			 before.at[i].value, after.at[i].value);
		return why;
	}
	return NULL;
}

void leaks_begin(void)
{
	/* The memory of this code itself is there, both times. */
	memset(text, 'x', sizeof(text));
	memset(&after, 'x', sizeof(after));
	read_counters(&before);
	for (int tries = 0; tries < SETTLE_TRIES; tries++) {
		usleep(SETTLE_US);
		read_counters(&after);
		if (!difference())
			return;
		before = after;
	}
}

const char *leaks_end(void)
{
	const char *why;
	int tries = 0;

	do {
		if (tries)
			usleep(SETTLE_US);
		read_counters(&after);
		why = difference();
	} while (why && ++tries < SETTLE_TRIES);
	return why;
}
