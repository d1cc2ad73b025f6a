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
