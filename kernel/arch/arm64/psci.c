/* SPDX-License-Identifier: MIT */
/* PSCI 0.2 and later: the firmware starts CPUs and stops the machine. */
#include <uapi/errno.h>

#include <gemel/fdt.h>
#include <gemel/string.h>

#include "arm64.h"

#define PSCI_SYSTEM_OFF         0x84000008u
#define PSCI_SYSTEM_RESET       0x84000009u
#define PSCI_CPU_ON             0xc4000003u

#define PSCI_ALREADY_ON         (-4)

static enum { CONDUIT_NONE, CONDUIT_SMC, CONDUIT_HVC } conduit;

void psci_init(const struct fdt *fdt)
{
	fdt_node_t node = FDT_ROOT;
	const char *method;

	if (!fdt_next_compatible(fdt, &node, "arm,psci-0.2")) {
		node = FDT_ROOT;
		if (!fdt_next_compatible(fdt, &node, "arm,psci-1.0"))
			return;
	}
	if (!fdt_prop_string(fdt, node, "method", &method))
		return;
	if (strcmp(method, "smc") == 0)
		conduit = CONDUIT_SMC;
	else if (strcmp(method, "hvc") == 0)
		conduit = CONDUIT_HVC;
}

/* The calling convention lets the firmware change x0-x17. */
#define CONDUIT_CALL(insn)                                                              \
	asm volatile(insn " #0"                                                     \
			 : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3)                       \
			 :: "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11", "x12",    \
			    "x13", "x14", "x15", "x16", "x17", "memory")

static long psci_call(u64 fn, u64 a, u64 b, u64 c)
{
	register u64 x0 asm("x0") = fn;
	register u64 x1 asm("x1") = a;
	register u64 x2 asm("x2") = b;
	register u64 x3 asm("x3") = c;

	if (conduit == CONDUIT_SMC)
		CONDUIT_CALL("smc");
	else if (conduit == CONDUIT_HVC)
		CONDUIT_CALL("hvc");
	else
		return -1;
	return (s32)x0;
}

int psci_cpu_on(u64 mpidr, paddr_t entry, u64 context)
{
	long ret = psci_call(PSCI_CPU_ON, mpidr, entry, context);

	if (ret == PSCI_ALREADY_ON)
		return -EBUSY;
	return ret == 0 ? 0 : -ENODEV;
}

void psci_system_off(void)
{
	psci_call(PSCI_SYSTEM_OFF, 0, 0, 0);
}

void psci_system_reset(void)
{
	psci_call(PSCI_SYSTEM_RESET, 0, 0, 0);
}
