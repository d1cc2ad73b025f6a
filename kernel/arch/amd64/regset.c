/* SPDX-License-Identifier: MIT */
/*
 * Register sets in Linux's layouts: user_regs_struct, FXSAVE's 512 bytes, the XSAVE area.
 */
#include <arch/regset.h>

#include <uapi/core.h>

#include <arch/syscall.h>

#include <gemel/string.h>
#include <gemel/task.h>

#include "amd64.h"
#include "fpu.h"

#define XSTATE_X87      0x1u
#define XSTATE_SSE      0x2u

struct user_regs {
	u64 r15, r14, r13, r12, rbp, rbx, r11, r10, r9, r8, rax, rcx, rdx, rsi, rdi, orig_rax;
	u64 rip, cs, rflags, rsp, ss, fs_base, gs_base, ds, es, fs, gs;
};
_Static_assert(sizeof(struct user_regs) == 216, "user_regs_struct");

static void general_fill(struct task *t, struct user_regs *r)
{
	const struct trapframe *tf = task_trapframe(t);

	if (t == arch_current())
		thread_bases_sync();
	*r = (struct user_regs){
		.r15 = tf->r15, .r14 = tf->r14, .r13 = tf->r13, .r12 = tf->r12, .rbp = tf->rbp,
		.rbx = tf->rbx, .r11 = tf->r11, .r10 = tf->r10, .r9 = tf->r9, .r8 = tf->r8,
		.rax = tf->rax, .rcx = tf->rcx, .rdx = tf->rdx, .rsi = tf->rsi, .rdi = tf->rdi,
		.orig_rax = arch_in_syscall(tf) ? (u64)tf->nr : ~0ull,
		.rip = tf->rip, .cs = tf->cs, .rflags = tf->rflags, .rsp = tf->rsp, .ss = tf->ss,
		.fs_base = t->arch.fs_base, .gs_base = t->arch.gs_base,
	};
}

/* What XSAVEOPT left out, because it is in its initial state, is the area's past. */
static void fx_fill(struct task *t, struct fxsave *fx)
{
	const struct xsave_header *h = (struct xsave_header *)((struct fxsave *)t->arch.fpu + 1);
	u32 mxcsr;

	memcpy(fx, t->arch.fpu, sizeof(*fx));
	mxcsr = fx->mxcsr;
	if (cpu_features.xsave && !(h->xstate_bv & XSTATE_X87))
		memset(fx, 0, offsetof(struct fxsave, xmm));
	if (cpu_features.xsave && !(h->xstate_bv & XSTATE_X87))
		fx->fcw = FPU_DEFAULT_FCW;
	if (cpu_features.xsave && !(h->xstate_bv & XSTATE_SSE))
		memset(fx->xmm, 0, sizeof(fx->xmm));
	fx->mxcsr = mxcsr;
	fx->mxcsr_mask = fpu_mxcsr_mask();
}

/* A debugger learns from the first software word which features the area has. */
static void xstate_fill(struct task *t, void *buf)
{
	memcpy(buf, t->arch.fpu, fpu_size());
	fx_fill(t, buf);
	memcpy(((struct fxsave *)buf)->sw, &cpu_features.xcr0, sizeof(u64));
}

bool arch_regset(struct task *t, uint i, struct regset *rs, void *buf)
{
	if (buf && i > 0 && t == arch_current())
		fpu_flush_current(&t->arch);
	switch (i) {
	case 0:
		*rs = (struct regset){ NT_PRSTATUS, "CORE", sizeof(struct user_regs) };
		if (buf)
			general_fill(t, buf);
		return true;
	case 1:
		*rs = (struct regset){ NT_PRFPREG, "CORE", sizeof(struct fxsave) };
		if (buf)
			fx_fill(t, buf);
		return true;
	case 2:
		*rs = (struct regset){ NT_X86_XSTATE, "LINUX", fpu_size() };
		if (buf && cpu_features.xsave)
			xstate_fill(t, buf);
		return cpu_features.xsave;
	}
	return false;
}
