/* SPDX-License-Identifier: MIT */
#pragma once
#include <gemel/types.h>

/* What arch_cycles() will be at @ns of time_now(). */
u64 time_to_cycles(u64 ns);
