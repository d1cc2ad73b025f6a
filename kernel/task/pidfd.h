/* SPDX-License-Identifier: MIT */
#pragma once
#include <gemel/compiler.h>

struct process;

/* A descriptor of current (close-on-exec) that stands for @p; @flags: O_NONBLOCK.  fd or -errno. */
int pidfd_create(struct process *p, u32 flags);
/* The process of descriptor @fd, referenced.  0, -EBADF. */
int pidfd_lookup(int fd, struct process **out, u32 *flags);
