/* SPDX-License-Identifier: MIT */
#pragma once
/* What uname(2) and /proc/version say.  Programs look at the release, so it is Linux's. */
#include <gemel/types.h>

#define UTS_SYSNAME     "Linux"
#define UTS_RELEASE     "6.1.0-gemel"
#define UTS_VERSION     "#1 SMP PREEMPT Gemel"

#define UTS_NAME_MAX    64

enum uts_name { UTS_NODE, UTS_DOMAIN };

/*
 * The host's name and its domain's, as sethostname(2) and /proc/sys change them; what is longer
 * than @size or UTS_NAME_MAX is cut.  From any thread; they do not sleep.
 */
void uts_name_get(enum uts_name which, char *buf, size_t size);
void uts_name_set(enum uts_name which, const char *name, size_t len);
