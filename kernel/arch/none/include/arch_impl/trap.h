/* SPDX-License-Identifier: MIT */
#pragma once

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
	return tf->is_user;
}

static inline ulong trapframe_fp(const struct trapframe *tf)
{
	return tf->fp;
}

static inline void arch_capture_regs(struct trapframe *tf)
{
	tf->fp = (ulong)__builtin_frame_address(0);
}
