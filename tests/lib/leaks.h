/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * What the kernel holds, before and after: Gemel's counters of objects, tasks, files and pages,
 * with its caches dropped.  Nothing but what is running may make a difference.  On another
 * kernel, and without the right to drop caches, there is nothing to compare.
 */

/* Remember the counters, once they stand still. */
void leaks_begin(void);
/*
 * Are they as they were?  NULL, or what has grown, in a static text.  What was found is not found
 * again.
 */
const char *leaks_end(void);
/* The same with less: as long as nothing has grown with the names dropped, pages stay cached. */
const char *leaks_check(void);
/*
 * After the same has been done again: has something grown once more that had grown each time?  What
 * is made once, also by a process that somebody woke, is no leak; what is lost is lost each time.
 */
enum { LEAK_RUNS = 4 };
const char *leaks_again(void);
