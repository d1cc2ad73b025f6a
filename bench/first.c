/* SPDX-License-Identifier: MIT */
/*
 * As init: how many instructions the machine has executed when the first program starts, under
 * QEMU's -icount shift=0.  The counter starts at power-on, firmware included.
 */
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

static uint64_t instructions(void)
{
#if defined(__x86_64__)
	return __builtin_readcyclecounter();
#else
	uint64_t ticks, hz;

	__asm__ volatile("mrs %0, cntvct_el0" : "=r"(ticks));
	__asm__ volatile("mrs %0, cntfrq_el0" : "=r"(hz));
	return ticks * (1000000000 / hz);
#endif
}

int main(void)
{
	printf("first %llu\n", (unsigned long long)instructions());
	fflush(stdout);
	pause();
	return 0;
}
