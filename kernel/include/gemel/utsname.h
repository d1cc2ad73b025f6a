/* SPDX-License-Identifier: MIT */
#pragma once
/* What uname(2) and /proc/version say.  Programs look at the release, so it is Linux's. */
#include <gemel/types.h>

#define UTS_SYSNAME     "Linux"
#define UTS_RELEASE     "6.1.0-gemel"
#define UTS_VERSION     "#1 SMP PREEMPT Gemel"

/* The host's name and its domain's, as sethostname(2) and /proc/sys change them: up to 64
 * characters and zeroes.  Spins; from any thread. */
void uts_node_name(char *buf, size_t size);
void uts_domain_name(char *buf, size_t size);
void uts_set_node_name(const char name[65]);
void uts_set_domain_name(const char name[65]);
