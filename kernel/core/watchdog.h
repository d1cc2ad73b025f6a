/* SPDX-License-Identifier: MIT */
#pragma once
/* The hang detector, as irq.c and main.c see it. */
#include <gemel/types.h>

/* When other CPUs are up and threads run. */
void watchdog_start(void);

/* From ipi_dispatch(): did the watcher ask, and the answer. */
bool watchdog_beat_is_due(void);
void watchdog_beat(void);
