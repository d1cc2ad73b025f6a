/* SPDX-License-Identifier: MIT */
#pragma once
#include <gemel/types.h>

struct arch_cpu {
	ulong unused;
};
