/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Interrupt handlers and deferred interrupt work.
 */
#include <arch/irq.h>
#include <gemel/list.h>
#include <gemel/spin.h>         /* in_interrupt() */

/*
 * Call @fn(@arg) in interrupt context for each @irq; routes and unmasks it.  Handlers of a shared
 * level interrupt are all called.  0, -EINVAL, -ENOMEM, -EBUSY.
 */
int __must_check irq_request(uint irq, enum irq_trigger trigger, void (*fn)(void *arg), void *arg,
			     const char *name);
/* For a message interrupt from arch_msi_alloc(): as above without routing. */
int __must_check irq_request_msi(const struct msi *msi, void (*fn)(void *arg), void *arg,
				 const char *name);
/* After return the handler is not running and will not run. */
void irq_free(uint irq, void *arg);
bool irq_has_handler(uint irq);

/* Deferred work of an interrupt: runs at irq_exit() with interrupts on, bounded per interrupt; what
 * is left over goes to the CPU's softirq thread.  Never nests. */
struct deferred {
	struct list link;
	void (*fn)(struct deferred *d);
	bool pending;
	u8 priority;            /* 0 first */
};
void deferred_init(struct deferred *d, void (*fn)(struct deferred *d), u8 priority);
/* False if pending already.  Any context; runs on this CPU. */
bool deferred_raise(struct deferred *d);

/* Totals for /proc/interrupts and /proc/stat. */
u64 irq_count_total(void);
