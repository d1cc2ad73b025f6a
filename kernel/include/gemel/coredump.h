/* SPDX-License-Identifier: MIT */
#pragma once
/* Core dumps: what other subsystems see of them.  task/coredump.c. */
#include <gemel/types.h>

#define CORE_PATTERN_MAX 128

/* /proc/sys/kernel/core_pattern: the text, without a line end, of CORE_PATTERN_MAX bytes. */
void core_pattern_get(char *text);
/* 0, or -EINVAL: too long, or a pipe to a program, which there is not. */
int core_pattern_set(const char *text, size_t len);

/* /proc/sys/kernel/core_uses_pid */
extern bool core_uses_pid;
