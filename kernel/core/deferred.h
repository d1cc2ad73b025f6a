/* SPDX-License-Identifier: MIT */
#pragma once
/* Deferred interrupt work, as irq.c and main.c see it. */
#include <gemel/cpu.h>
#include <gemel/irq.h>

enum { DEFERRED_PRIORITIES = 4, DEFERRED_RUN_MAX = 10 /* by one interrupt */ };

struct deferred_queue {
	/* This CPU only, interrupts off. */
	bool is_due;                    /* a list is not empty, and the thread has not been told */
	struct list pending[DEFERRED_PRIORITIES];
	struct wait_queue *wake;        /* the thread's; NULL until it runs */
};

DECLARE_PER_CPU(struct deferred_queue, deferred_queues);

static inline bool deferred_is_due(void)
{
	return this_cpu_ptr(deferred_queues)->is_due;
}

/* From irq_exit(): interrupts off, not nested. */
void deferred_run(void);
/* The lists, for all CPUs; before the first interrupt. */
void deferred_init_queues(void);
/* The threads, on the CPUs that are online. */
void deferred_start_threads(void);
