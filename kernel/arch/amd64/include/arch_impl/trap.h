/* SPDX-License-Identifier: MIT */
#pragma once

static inline ulong trapframe_pc(const struct trapframe *tf)
{
	return tf->rip;
}

static inline ulong trapframe_sp(const struct trapframe *tf)
{
	return tf->rsp;
}

static inline bool trapframe_from_user(const struct trapframe *tf)
{
	return tf->cs & 3;
}

static inline ulong trapframe_fp(const struct trapframe *tf)
{
	return tf->rbp;
}
