/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * A thread's registers as debuggers and core files know them.
 */
#include <gemel/types.h>

struct task;

struct regset {
	u32 type;               /* NT_* of uapi/core.h */
	const char *owner;      /* of the ELF note: "CORE", "LINUX" */
	size_t size;
};

/*
 * The @i-th register set of @t, which is current or does not run: *rs, and its bytes to @buf
 * unless that is NULL.  Set 0 is the general registers (what NT_PRSTATUS carries), set 1 those of
 * floating point.  False: there are fewer.
 */
bool arch_regset(struct task *t, uint i, struct regset *rs, void *buf);
