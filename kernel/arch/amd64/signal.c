/* SPDX-License-Identifier: MIT */
/*
 * Signal frames, as Linux lays them out on x86-64.  From high to low:
 *
 *	the interrupted stack, 128 bytes of red zone
 *	FPU state, aligned to 64: XSAVE area and FP_XSTATE_MAGIC2,
 *		with its size and MAGIC1 in the software bytes
 *	struct sigframe, 8 below a multiple of 16, as after a call
 *
 * The handler returns to the restorer, which the frame's first word names;
 * rt_sigreturn then finds the frame 8 below the stack pointer.
 */
#include <arch/signal.h>

#include <arch/syscall.h>

#include <uapi/errno.h>

#include <gemel/signal.h>
#include <gemel/string.h>
#include <gemel/task.h>
#include <gemel/uaccess.h>

#include "amd64.h"
#include "fpu.h"

#define RED_ZONE                128
#define UC_FP_XSTATE            0x1
#define UC_SIGCONTEXT_SS        0x2
#define UC_STRICT_RESTORE_SS    0x4
#define FP_XSTATE_MAGIC1        0x46505853u
#define FP_XSTATE_MAGIC2        0x46505845u
#define XSTATE_FP_SSE           0x3u

struct sigcontext {
	u64 r8, r9, r10, r11, r12, r13, r14, r15;
	u64 rdi, rsi, rbp, rbx, rdx, rax, rcx, rsp, rip, rflags;
	u16 cs, gs, fs, ss;
	u64 err, trapno, oldmask, cr2;
	u64 fpstate;            /* user address, 0: none */
	u64 reserved[8];
};

struct ucontext {
	u64 flags, link;
	struct uapi_stack stack;
	struct sigcontext mcontext;
	sigset_t mask;
};

struct sigframe {
	u64 restorer;
	struct ucontext uc;
	struct ksiginfo info;
};
_Static_assert(sizeof(struct sigframe) == 440, "rt_sigframe");

/* In struct fxsave's sw. */
struct fpx_sw {
	u32 magic1;
	u32 extended_size;      /* with MAGIC2 */
	u64 xfeatures;
	u32 xstate_size;
	u32 pad[7];
};
_Static_assert(sizeof(struct fpx_sw) == 48, "_fpx_sw_bytes");

/* --- push --- */

/* Bytes of the FPU part on the stack. */
static uint fpstate_size(void)
{
	return fpu_size() + (cpu_features.xsave ? (uint)sizeof(u32) : 0);
}

static int fpstate_push(ulong at)
{
	struct arch_thread *thread = &current->arch;
	struct fpx_sw *sw = (struct fpx_sw *)((struct fxsave *)thread->fpu)->sw;
	const u32 magic2 = FP_XSTATE_MAGIC2;

	fpu_flush_current(thread);
	memset(sw, 0, sizeof(*sw));
	if (cpu_features.xsave) {
		sw->magic1 = FP_XSTATE_MAGIC1;
		sw->extended_size = fpstate_size();
		sw->xfeatures = cpu_features.xcr0;
		sw->xstate_size = fpu_size();
		if (copy_to_user(user_ptr(void, at + fpu_size()), &magic2, sizeof(magic2)) < 0)
			return -EFAULT;
	}
	return copy_to_user(user_ptr(void, at), thread->fpu, fpu_size());
}

static void context_fill(struct sigcontext *sc, const struct trapframe *tf,
			 const struct ksiginfo *info)
{
	*sc = (struct sigcontext){
		.r8 = tf->r8, .r9 = tf->r9, .r10 = tf->r10, .r11 = tf->r11, .r12 = tf->r12,
		.r13 = tf->r13, .r14 = tf->r14, .r15 = tf->r15, .rdi = tf->rdi, .rsi = tf->rsi,
		.rbp = tf->rbp, .rbx = tf->rbx, .rdx = tf->rdx, .rax = tf->rax, .rcx = tf->rcx,
		.rsp = tf->rsp, .rip = tf->rip, .rflags = tf->rflags,
		.cs = (u16)tf->cs, .ss = (u16)tf->ss,
	};
	if (!arch_in_syscall(tf) && ~tf->nr < VECTOR_DEVICE_FIRST) {
		sc->trapno = (u64)~tf->nr;
		sc->err = tf->error;
	}
	if (info->signo == SIGSEGV || info->signo == SIGBUS)
		sc->cr2 = info->fault.addr;
}

uint signal_frame_size(void)
{
	return fpstate_size() + 64 + sizeof(struct sigframe) + 16 + RED_ZONE;
}

int arch_signal_push(struct trapframe *tf, const struct signal_frame *sf)
{
	const struct ksigaction *act = sf->act;
	ulong fpstate, at, sp = sf->sp;
	struct sigframe f;

	if (!(act->flags & SA_RESTORER))
		return -EFAULT;
	if (sp == tf->rsp)
		sp -= RED_ZONE;
	fpstate = ALIGN_DOWN(sp - fpstate_size(), 64);
	at = ALIGN_DOWN(fpstate - sizeof(f), 16) - 8;
	if (at <= sf->floor || fpstate_push(fpstate) < 0)
		return -EFAULT;
	f.restorer = act->restorer;
	f.uc.flags = UC_SIGCONTEXT_SS | UC_STRICT_RESTORE_SS |
		     (cpu_features.xsave ? UC_FP_XSTATE : 0);
	f.uc.link = 0;
	f.uc.stack = sf->altstack;
	context_fill(&f.uc.mcontext, tf, sf->info);
	f.uc.mcontext.oldmask = sf->oldmask.bits;
	f.uc.mcontext.fpstate = fpstate;
	f.uc.mask = sf->oldmask;
	f.info = *sf->info;
	if (copy_to_user(user_ptr(void, at), &f, sizeof(f)) < 0)
		return -EFAULT;

	/* As on Linux, a handler starts with the initial FPU state. */
	fpu_restart_current(&current->arch);
	tf->rdi = (ulong)sf->info->signo;
	tf->rsi = at + offsetof(struct sigframe, info);
	tf->rdx = at + offsetof(struct sigframe, uc);
	tf->rax = 0;
	tf->rip = act->handler;
	tf->rsp = at;
	tf->rflags &= ~(ulong)(RFLAGS_DF | RFLAGS_RF | RFLAGS_TF);
	return 0;
}

/* --- pop --- */

/* How much of the area at @at is to be read: what its software bytes promise, or the x87 and SSE
 * part.  0: unreadable. */
static uint fpstate_measure(ulong at)
{
	struct fpx_sw sw;
	u32 magic2;

	if (copy_from_user(&sw, user_ptr(void, at + offsetof(struct fxsave, sw)), sizeof(sw)) < 0)
		return 0;
	if (!cpu_features.xsave || sw.magic1 != FP_XSTATE_MAGIC1 ||
	    sw.xstate_size < sizeof(struct fxsave) + sizeof(struct xsave_header) ||
	    sw.xstate_size > fpu_size() || sw.xstate_size > sw.extended_size)
		return sizeof(struct fxsave);
	if (copy_from_user(&magic2, user_ptr(void, at + sw.xstate_size), sizeof(magic2)) < 0 ||
	    magic2 != FP_XSTATE_MAGIC2)
		return sizeof(struct fxsave);
	return sw.xstate_size;
}

/* The area as the user left it may say nothing that the CPU would refuse. */
static bool fpstate_check(void *area, uint size)
{
	struct fxsave *fx = area;
	struct xsave_header *h = (struct xsave_header *)(fx + 1);

	if (fx->mxcsr & ~fpu_mxcsr_mask())
		return false;
	if (!cpu_features.xsave)
		return true;
	if (size == sizeof(*fx)) {
		memset(h, 0, sizeof(*h));
		h->xstate_bv = XSTATE_FP_SSE;
	}
	return !(h->xstate_bv & ~cpu_features.xcr0) && !h->xcomp_bv && !h->reserved[0];
}

static int fpstate_pop(ulong at)
{
	struct arch_thread *thread = &current->arch;
	uint size = at ? fpstate_measure(at) : 0;
	bool good;

	if (at && (!size || at % (size > sizeof(struct fxsave) ? 64 : 16)))
		return -EFAULT;
	fpu_begin_replace(thread);
	if (size != fpu_size())
		fpu_reset(thread->fpu);
	good = !size || copy_from_user(thread->fpu, user_ptr(void, at), size) == 0;
	good = good && (!size || fpstate_check(thread->fpu, size));
	return fpu_end_replace(thread, good) ? 0 : -EFAULT;
}

int arch_signal_pop(struct trapframe *tf, sigset_t *mask, struct uapi_stack *ss)
{
	const struct sigcontext *sc;
	struct ucontext uc;

	if (copy_from_user(&uc, user_ptr(void, tf->rsp - 8 + offsetof(struct sigframe, uc)),
			   sizeof(uc)) < 0)
		return -EFAULT;
	sc = &uc.mcontext;
	/* There are no other segments to go to. */
	if ((sc->cs | 3) != USER_CS ||
	    ((uc.flags & UC_STRICT_RESTORE_SS) && (sc->ss | 3) != USER_DS))
		return -EFAULT;
	*tf = (struct trapframe){
		.r8 = sc->r8, .r9 = sc->r9, .r10 = sc->r10, .r11 = sc->r11, .r12 = sc->r12,
		.r13 = sc->r13, .r14 = sc->r14, .r15 = sc->r15, .rdi = sc->rdi, .rsi = sc->rsi,
		.rbp = sc->rbp, .rbx = sc->rbx, .rdx = sc->rdx, .rax = sc->rax, .rcx = sc->rcx,
		.rsp = sc->rsp, .rip = sc->rip,
		/* Not the user's choice: segments, interrupts on, I/O privilege. */
		.rflags = (sc->rflags & RFLAGS_USER) | (tf->rflags & ~(ulong)RFLAGS_USER),
		.cs = USER_CS, .ss = USER_DS, .nr = -1,
	};
	*mask = uc.mask;
	*ss = uc.stack;
	return fpstate_pop(sc->fpstate);
}
