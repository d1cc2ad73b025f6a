/* SPDX-License-Identifier: MIT */
#pragma once
/* A target inside the kernel: port.c boots it once, then calls these in a kernel thread. */
#include <gemel/compiler.h>

void target_init(void);
void target_run(const u8 *data, size_t len);

/* The next bytes of the input; zeros behind its end. */
struct input {
	const u8 *at;
	size_t left;
};
u8 input_u8(struct input *in);
u32 input_u32(struct input *in);
