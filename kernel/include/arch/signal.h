/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Signal frames in the Linux layout of the architecture, FP state included.
 */
#include <arch/trap.h>
#include <uapi/signal.h>

struct ksigaction;

/*
 * Build the rt_sigframe for @info on the user stack at or below @sp (already
 * the alternate stack if that is to be used) and redirect @tf to the handler
 * of @act.  @oldmask and @oss (what sigaltstack was at the interruption) go into
 * the ucontext; the saved registers are those of @tf on entry.  Return goes
 * through act->restorer, or the vDSO's entry point where there is none
 * (arm64).  0, or -EFAULT with @tf unchanged.
 */
int __must_check arch_signal_push(struct trapframe *tf, ulong sp, const struct ksiginfo *info,
				  const struct ksigaction *act, const sigset_t *oldmask,
				  const struct uapi_stack *oss);

/*
 * rt_sigreturn: restore @tf and FP state from the frame at the user stack
 * pointer, refusing privileged bits; the saved mask and altstack to the
 * pointers.  0 or -EFAULT (then @tf may be partly changed; the task must die).
 */
int __must_check arch_signal_pop(struct trapframe *tf, sigset_t *mask, struct uapi_stack *ss);
