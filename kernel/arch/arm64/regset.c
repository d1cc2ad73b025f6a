/* SPDX-License-Identifier: MIT */
/*
 * Register sets in Linux's layouts: user_pt_regs, user_fpsimd_state, TLS, the call's number,
 * and with SVE its vectors (or, for a thread that has not used them, the SIMD registers).
 */
#include <arch/regset.h>

#include <uapi/core.h>

#include <gemel/string.h>
#include <gemel/task.h>

#include "arm64.h"
#include "fpu.h"

#define SVE_PT_REGS_SVE 1

struct user_regs {
	u64 x[31], sp, pc, pstate;
};
_Static_assert(sizeof(struct user_regs) == 272, "user_pt_regs");

struct user_fpsimd {
	u64 v[32][2];
	u32 fpsr, fpcr, reserved[2];
};
_Static_assert(sizeof(struct user_fpsimd) == 528, "user_fpsimd_state");

struct user_sve {
	u32 size, max_size;
	u16 vl, max_vl, flags, reserved;
	/* Registers as the buffer has them; then FPSR and FPCR at a multiple of 16. */
};
_Static_assert(sizeof(struct user_sve) == 16, "user_sve_header");

static void general_fill(const struct task *t, struct user_regs *r)
{
	const struct trapframe *tf = task_trapframe(t);

	memcpy(r->x, tf->x, sizeof(r->x));
	r->sp = tf->sp;
	r->pc = tf->pc;
	r->pstate = tf->pstate;
}

/* With SVE the vectors live in its buffer. */
static void fpsimd_fill(const struct task *t, struct user_fpsimd *fp)
{
	const struct arch_thread *at = &t->arch;

	memset(fp, 0, sizeof(*fp));
	for (uint i = 0; i < 32; i++)
		memcpy(fp->v[i], at->sve ? (char *)at->sve + i * cpu_features.sve_bytes :
		       (const char *)at->fp.v[i], 16);
	fp->fpsr = at->fp.fpsr;
	fp->fpcr = at->fp.fpcr;
}

static size_t sve_size(const struct task *t)
{
	if (!t->arch.sve)
		return sizeof(struct user_sve) + sizeof(struct user_fpsimd);
	return ALIGN_UP(ALIGN_UP(sizeof(struct user_sve) + fpu_sve_size(), 16ul) + 8, 16ul);
}

static void sve_fill(const struct task *t, struct user_sve *h)
{
	const struct arch_thread *at = &t->arch;
	size_t end = ALIGN_UP(sizeof(*h) + fpu_sve_size(), 16ul);

	memset(h, 0, sve_size(t));
	h->size = (u32)sve_size(t);
	h->max_size = (u32)ALIGN_UP(end + 8, 16ul);
	h->vl = h->max_vl = (u16)cpu_features.sve_bytes;
	h->flags = at->sve ? SVE_PT_REGS_SVE : 0;
	if (!at->sve) {
		fpsimd_fill(t, (struct user_fpsimd *)(h + 1));
		return;
	}
	memcpy(h + 1, at->sve, fpu_sve_size());
	memcpy((char *)h + end, &at->fp.fpsr, 4);
	memcpy((char *)h + end + 4, &at->fp.fpcr, 4);
}

static ulong tls_of(const struct task *t)
{
	ulong v = t->arch.tls;

	if (t == current)
		asm volatile("mrs %0, tpidr_el0" : "=r"(v));
	return v;
}

bool arch_regset(struct task *t, uint i, struct regset *rs, void *buf)
{
	const struct trapframe *tf = task_trapframe(t);

	if (buf && t == current)
		fpu_sync();
	switch (i) {
	case 0:
		*rs = (struct regset){ NT_PRSTATUS, "CORE", sizeof(struct user_regs) };
		if (buf)
			general_fill(t, buf);
		return true;
	case 1:
		*rs = (struct regset){ NT_PRFPREG, "CORE", sizeof(struct user_fpsimd) };
		if (buf)
			fpsimd_fill(t, buf);
		return true;
	case 2:
		*rs = (struct regset){ NT_ARM_TLS, "LINUX", sizeof(u64) };
		if (buf)
			memcpy(buf, (u64[]){ tls_of(t) }, sizeof(u64));
		return true;
	case 3:
		*rs = (struct regset){ NT_ARM_SYSTEM_CALL, "LINUX", sizeof(s32) };
		if (buf)
			memcpy(buf, (s32[]){ (s32)tf->syscall }, sizeof(s32));
		return true;
	case 4:
		*rs = (struct regset){ NT_ARM_SVE, "LINUX", sve_size(t) };
		if (buf && cpu_features.has_sve)
			sve_fill(t, buf);
		return cpu_features.has_sve;
	}
	return false;
}
