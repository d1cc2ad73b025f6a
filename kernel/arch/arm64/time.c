/* SPDX-License-Identifier: MIT */
/* The generic timer: the virtual counter and its comparator. */
#include <arch/time.h>

#include <arch/irq.h>
#include <arch/vdso.h>

#include <gemel/assert.h>

#include "arm64.h"

#define CTL_ENABLE      1ull

/* CNTKCTL_EL1: EL0 may read the virtual counter. */
#define EL0VCTEN        2ull

/* Order of the interrupts in the tree. */
#define TIMER_IRQ_VIRTUAL 2

uint timer_irq;

static u64 counter_hz;

void timer_find(void)
{
	fdt_node_t node = FDT_ROOT;
	struct fdt_irq irq;
	u32 hz;

	if (!fdt_next_compatible(&boot_fdt, &node, "arm,armv8-timer") ||
	    fdt_irq(&boot_fdt, node, TIMER_IRQ_VIRTUAL, &irq) < 0 || irq.ncells < 2)
		panic("time: no generic timer in the device tree");
	/* A private interrupt: 16 is the first. */
	timer_irq = irq.cell[1] + 16;
	counter_hz = sysreg_read(cntfrq_el0);
	if (fdt_prop_u32(&boot_fdt, node, "clock-frequency", &hz))
		counter_hz = hz;
	if (counter_hz == 0)
		panic("time: the counter has no frequency");
}

void timer_init_this_cpu(void)
{
	sysreg_write(cntv_ctl_el0, 0);
	sysreg_write(cntkctl_el1, EL0VCTEN);
	arch_irq_unmask(timer_irq);
}

u64 arch_cycles_hz(void)
{
	return counter_hz;
}

void arch_timer_set(u64 cycles)
{
	sysreg_write(cntv_cval_el0, cycles);
	sysreg_write(cntv_ctl_el0, CTL_ENABLE);
	isb();
}

void arch_timer_stop(void)
{
	sysreg_write(cntv_ctl_el0, 0);
	isb();
}

u32 arch_vdso_features(void)
{
	return 0;
}

/* The RTC is a device in the tree, and has a driver. */
u64 arch_rtc_read(void)
{
	return 0;
}
