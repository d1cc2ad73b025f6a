/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Signal frames in the Linux layout of the architecture, FP state included.
 */
#include <arch/trap.h>
#include <uapi/signal.h>

struct ksigaction;

struct signal_frame {
	ulong sp;                       /* it goes below this: may be the alternate stack */
	ulong floor;                    /* and begins above this, or is refused */
	const struct ksiginfo *info;
	const struct ksigaction *act;
	sigset_t oldmask;
	struct uapi_stack altstack;     /* as it was at the interruption */
};

/*
 * Build the rt_sigframe on the user stack and redirect @tf to the handler; the saved registers
 * are those of @tf on entry.  Return goes through act->restorer, or the vDSO's entry point where
 * there is none (arm64).  0, or -EFAULT with @tf unchanged.
 */
int __must_check arch_signal_push(struct trapframe *tf, const struct signal_frame *sf);

/*
 * rt_sigreturn: restore @tf and FP state from the frame at the user stack
 * pointer, refusing privileged bits; the saved mask and altstack to the
 * pointers.  0 or -EFAULT (then @tf may be partly changed; the task must die).
 */
int __must_check arch_signal_pop(struct trapframe *tf, sigset_t *mask, struct uapi_stack *ss);
