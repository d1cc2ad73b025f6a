/* SPDX-License-Identifier: MIT */
#pragma once
/* Clocks by their CLOCK_* number, for the files of timers. */
#include <gemel/compiler.h>

struct process;

/* 0, -EINVAL. */
int clock_read(int clock, u64 *ns);
/* Set by clock_settime(). */
bool clock_is_wall(int clock);
/* Timers and sleeps can wait for it. */
bool clock_can_sleep(int clock);
/* @ns of @clock, or from now, on time_now()'s scale. */
u64 clock_deadline(int clock, u64 ns, bool is_absolute);
u64 process_cpu_now(struct process *p);
