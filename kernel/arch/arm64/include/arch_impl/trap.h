/* SPDX-License-Identifier: MIT */
#pragma once

#define PSTATE_MODE     0xful           /* 0: EL0 */
#define PSTATE_I        (1ul << 7)
#define PSTATE_DAIF     0x3c0ul
#define PSTATE_AARCH32  (1ul << 4)
#define PSTATE_NZCV     0xf0000000ul
#define PSTATE_SSBS     (1ul << 12)
#define PSTATE_DIT      (1ul << 24)
/* What user mode may have; each bit is nothing where the CPU does not have it. */
#define PSTATE_USER     (PSTATE_NZCV | PSTATE_SSBS | PSTATE_DIT)
/* BTYPE, TCO: belong to the interrupted instruction, not to a handler. */
#define PSTATE_SINGLE_CALL (3ul << 10 | 1ul << 25)

static inline ulong trapframe_pc(const struct trapframe *tf)
{
	return tf->pc;
}

static inline ulong trapframe_sp(const struct trapframe *tf)
{
	return tf->sp;
}

static inline bool trapframe_from_user(const struct trapframe *tf)
{
	return !(tf->pstate & PSTATE_MODE);
}

static inline ulong trapframe_fp(const struct trapframe *tf)
{
	return tf->x[29];
}
