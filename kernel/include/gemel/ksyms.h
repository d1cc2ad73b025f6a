/* SPDX-License-Identifier: MIT */
#pragma once
/* The kernel's own functions by address, for panics and traces. */
#include <gemel/types.h>

/*
 * The name of the function that contains @addr, and in @offset (which may be
 * NULL) how far inside it is.  NULL if @addr is not in the kernel's text.
 * Safe in any context: reads constant tables only.
 */
const char *ksym_lookup(ulong addr, ulong *offset);
