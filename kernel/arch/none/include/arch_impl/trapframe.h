/* SPDX-License-Identifier: MIT */
#pragma once
#include <gemel/types.h>

/* All integer registers that a program sees; a multiple of 16 bytes. */
struct trapframe {
	u64 args[6];
	u64 pc, sp, fp, result;
	s64 syscall;            /* -1: not in a system call */
	u64 is_user;
};
_Static_assert(sizeof(struct trapframe) % 16 == 0, "the stack stays aligned");
