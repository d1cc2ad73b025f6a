/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The user FPU state: fpu.c.
 */
#include <gemel/compiler.h>

struct arch_thread;

#define FPU_DEFAULT_FCW         0x37f
#define FPU_DEFAULT_MXCSR       0x1f80

/* FXSAVE's layout, the first 512 bytes of every area; sw is for software. */
struct fxsave {
	u16 fcw, fsw, ftw, fop;
	u64 rip, rdp;
	u32 mxcsr, mxcsr_mask;
	u8 st[128], xmm[256], reserved[48];
	u8 sw[48];
};
_Static_assert(sizeof(struct fxsave) == 512, "FXSAVE area");

/* Behind it with XSAVE. */
struct xsave_header {
	u64 xstate_bv, xcomp_bv, reserved[6];
};

void fpu_init(void);
void fpu_init_cpu(void);

/* Give @at an area in the initial state.  0, -ENOMEM. */
int __must_check fpu_create(struct arch_thread *at);
void fpu_destroy(struct arch_thread *at);
void fpu_reset(void *area);
void fpu_copy(struct arch_thread *to, struct arch_thread *from);

/* At a switch; interrupts off. */
void fpu_save(struct arch_thread *at);
void fpu_load(struct arch_thread *at);

/* Bytes of an area. */
uint fpu_size(void);
u32 fpu_mxcsr_mask(void);
/* Bring at->fpu (of current) up to date. */
void fpu_flush_current(struct arch_thread *at);
/* Current's registers to the initial state; at->fpu is then out of date. */
void fpu_restart_current(struct arch_thread *at);
/* Between the two at->fpu (of current) may be written, with sleeping; then it becomes the state, or
 * if it is not good (or the CPU refuses it: false) the initial state does. */
void fpu_begin_replace(struct arch_thread *at);
bool fpu_end_replace(struct arch_thread *at, bool is_good);
