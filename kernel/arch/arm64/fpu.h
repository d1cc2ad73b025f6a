/* SPDX-License-Identifier: MIT */
#pragma once
#include <gemel/compiler.h>

struct arch_thread;
struct fpsimd_state;

/* fpu_asm.S */
void fpsimd_save(struct fpsimd_state *fp);
void fpsimd_load(const struct fpsimd_state *fp);
void sve_save(void *regs);
void sve_load(const void *regs);
uint sve_vector_bytes(void);

/* Bytes of a buffer for the SVE registers, which is also their layout in a signal frame. */
size_t fpu_sve_size(void);

/* Current's registers into its saved state, which a signal frame is made from. */
void fpu_sync(void);

/* Current's registers become @fp and, if not NULL, @sve, a buffer that current then owns. */
void fpu_replace(const struct fpsimd_state *fp, void *sve);
