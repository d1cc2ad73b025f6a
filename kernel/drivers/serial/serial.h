/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * What serial ports have in common: a terminal by interrupt, a console by
 * polling.  A driver is a table of register accesses.
 */
#include <arch/io.h>

#include <gemel/device.h>
#include <gemel/tty.h>

struct serial_hw {
	const char *tty_name;           /* "ttyS"; a number is appended */
	u32 major, first_minor;
	bool (*can_send)(const struct io_region *r);
	void (*send)(const struct io_region *r, u8 c);
	/* False: nothing there. */
	bool (*receive)(const struct io_region *r, u8 *c, enum tty_flaw *flaw);
	/* The interrupts that say "bytes are there" and "can send again". */
	void (*enable_irqs)(const struct io_region *r, bool receive, bool send);
	/* Acknowledge what is pending. */
	void (*irq_ack)(const struct io_region *r);
	/* 8N1, FIFOs and the receive interrupt on.  False: no such device there. */
	bool (*start)(const struct io_region *r);
};

/* Make @dev (register region 0, interrupt 0) a terminal, and the console if it is the first or
 * the one that console= names.  0 or -errno. */
int __must_check serial_probe(struct device *dev, const struct serial_hw *hw);
