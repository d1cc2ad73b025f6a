/* SPDX-License-Identifier: MIT */
#pragma once
/* struct arch_cpu: what a port keeps per processor (GDT and TSS, emergency stacks, ...).  Embedded
 * in struct cpu. */
#include <arch_impl/cpu_state.h>
