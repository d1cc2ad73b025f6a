/* SPDX-License-Identifier: MIT */
#pragma once
#include <gemel/types.h>

struct trapframe {
	u64 x[31];
	u64 sp;
	u64 pc;
	u64 pstate;
	u64 orig_x0;            /* system calls: the first argument */
	s64 syscall;            /* its number, or -1: not in a system call */
	u64 record[2];          /* of a trap in the kernel: frame record (fp, pc) */
};
_Static_assert(sizeof(struct trapframe) % 16 == 0, "the stack stays aligned");
