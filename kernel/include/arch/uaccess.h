/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The primitives under gemel/uaccess.h.  The range is already checked to be
 * below USER_END.  They open and close the SMAP/PAN window themselves, may
 * fault and sleep, and touch nothing outside the ranges.
 */
#include <gemel/compiler.h>

struct trapframe;

/* Bytes NOT copied. */
size_t arch_copy_from_user(void *dst, const void __user *src, size_t n);
size_t arch_copy_to_user(void __user *dst, const void *src, size_t n);
size_t arch_clear_user(void __user *dst, size_t n);

/* One aligned atomic access (futex).  0 or -EFAULT. */
int __must_check arch_user_load32(const u32 __user *u, u32 *v);
int __must_check arch_user_cmpxchg32(u32 __user *u, u32 old, u32 new, u32 *seen);

/*
 * A fault in the kernel at tf's pc: if it is one of the above, continue at its fix-up and return
 * true.  (Sorted exception table of the linker: section __ex_table.)
 */
bool arch_uaccess_fixup(struct trapframe *tf);
