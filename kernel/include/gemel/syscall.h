/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The system-call table in the kernel's hands.  Rows are in syscall_table.h (both architectures)
 * and <arch_impl/syscall_rows.h> (amd64's legacy calls); the prototypes of the handlers come from
 * the rows themselves (syscalls.h), so a handler that differs from its row does not compile.
 */
#include <gemel/compiler.h>

/* For traces and panics; "" when there is no such call. */
const char *syscall_name(ulong nr);
/* "int fd, void __user * buf, ..."; "" when there is no such call. */
const char *syscall_args_text(ulong nr);
/* Numbers are below this. */
ulong syscall_limit(void);
/* How often @nr was called since boot: debug kernels, others do not count. */
u32 syscall_count(ulong nr);
