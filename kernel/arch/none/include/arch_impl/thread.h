/* SPDX-License-Identifier: MIT */
#pragma once
#include <gemel/types.h>

struct arch_thread {
	ulong sp;               /* saved by arch_switch() */
	ulong tls;
};
