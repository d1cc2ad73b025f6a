/* SPDX-License-Identifier: MIT */
/* The calls that only one architecture has (amd64: from before the *at() family).  Their
 * bodies are one line over the neutral handlers.  No include guard: see gemel/syscall_table.h. */
#include <arch_impl/syscall_rows.h>
