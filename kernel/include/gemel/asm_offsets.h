/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * For arch/<arch>/asm_offsets.c only, which is compiled to assembly and never
 * linked: each DEFINE() becomes "#define NAME value" in the generated header
 * <asm_offsets.h>, so that assembly code sees the layout of C structures.
 *
 *	void asm_offsets(void);
 *	void asm_offsets(void)
 *	{
 *		DEFINE(TF_PC, offsetof(struct trapframe, pc));
 *	}
 */
#include <gemel/types.h>

#define DEFINE(name, value) \
	__asm__ volatile("\n\t.ascii \"->" #name " %c0\"" :: "i"(value))
