/* SPDX-License-Identifier: MIT */
/*
 * Interrupts and time of the host port.
 *
 * An interrupt is a bit that somebody set; it is served when interrupts are
 * switched on, on the stack of the task that does so, as on a real machine.
 *
 * The cycle counter counts nanoseconds of a clock of its own, which moves by
 * a step each time it is read and to the next deadline when the CPU is idle:
 * nobody waits for anything, and a run does not depend on the host's speed.  A CPU
 * that is idle without a deadline or an interrupt would sleep for ever: somebody
 * waits for a wake-up that was lost.
 */
#include <arch/cpu.h>
#include <arch/irq.h>
#include <arch/irqflags.h>
#include <arch/time.h>
#include <arch/trap.h>

#include <uapi/errno.h>

#include <gemel/assert.h>

#include "host.h"
#include "posix.h"

bool host_irq_on;
u64 host_cycles;
u64 host_timer_at = ~0ull;
u32 host_irq_pending;
u32 host_irq_unmasked;

uint arch_irq_count(void)
{
	return HOST_IRQS;
}

int arch_irq_setup(uint irq, enum irq_trigger trigger __unused, uint cpu_id __unused)
{
	return irq < HOST_IRQS ? 0 : -EINVAL;
}

void arch_irq_mask(uint irq)
{
	host_irq_unmasked &= ~(1u << irq);
}

void arch_irq_unmask(uint irq)
{
	host_irq_unmasked |= 1u << irq;
}

void arch_irq_raise(uint irq)
{
	host_irq_pending |= 1u << irq;
}

int arch_msi_alloc(uint devid __unused, uint cpu_id __unused, struct msi *out __unused)
{
	return -ENODEV;
}

void arch_ipi_send(uint cpu_id __unused, enum ipi ipi __unused)
{
}

void arch_ipi_stop_others(void)
{
}

static void pending_dispatch(void)
{
	u32 now = host_irq_pending & host_irq_unmasked;

	host_irq_pending &= ~now;
	if (host_timer_at <= host_cycles) {
		host_timer_at = ~0ull;
		timer_interrupt();
	}
	for (uint irq = 0; irq < HOST_IRQS; irq++)
		if (now >> irq & 1)
			irq_dispatch(irq);
}

void host_irq_serve(void)
{
	struct trapframe tf = { .syscall = -1 };

	while (host_irq_is_due()) {
		host_irq_on = false;
		irq_enter(&tf);
		pending_dispatch();
		irq_exit();
		kernel_return_work();
		host_irq_on = true;
	}
}

/* Who spins sees time pass, and is interrupted. */
void host_relax(void)
{
	host_cycles += 16;
	if (host_irq_on)
		arch_irq_enable();
}

void host_idle(void)
{
	if (!host_irq_is_due()) {
		if (host_timer_at == ~0ull)
			panic("host: all tasks sleep, and nothing will wake them");
		host_cycles = host_timer_at;
	}
	arch_irq_enable();
	arch_irq_disable();
}

/* ---- time.h ---- */

u64 arch_cycles_hz(void)
{
	return 1000000000;
}

void arch_timer_set(u64 cycles)
{
	host_timer_at = cycles;
}

void arch_timer_stop(void)
{
	host_timer_at = ~0ull;
}

u64 arch_rtc_read(void)
{
	return posix_wall_seconds();
}
