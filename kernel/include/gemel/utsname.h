/* SPDX-License-Identifier: MIT */
#pragma once
/* What uname(2) and /proc/version say.  Programs look at the release, so it is Linux's. */
#include <gemel/types.h>

#define UTS_SYSNAME     "Linux"
#define UTS_RELEASE     "6.1.0-gemel"
#define UTS_VERSION     "#1 SMP PREEMPT Gemel"

void uts_node_name(char *buf, size_t size);
