/* SPDX-License-Identifier: MIT */
#pragma once
#include <gemel/types.h>

struct posix_fiber;

struct arch_thread {
	struct posix_fiber *fiber;
	void (*fn)(void *arg);
	void *arg;
};
