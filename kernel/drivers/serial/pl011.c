/* SPDX-License-Identifier: MIT */
/* ARM PrimeCell UART PL011 (ARM DDI 0183). */
#include "serial.h"

enum {
	PL011_DR = 0x00,
	PL011_FR = 0x18,
	PL011_LCRH = 0x2c,
	PL011_CR = 0x30,
	PL011_IFLS = 0x34,
	PL011_IMSC = 0x38,
	PL011_ICR = 0x44,
};

#define DR_ERRORS       0x300u  /* framing, parity */
#define DR_BREAK        0x400u
#define FR_RX_EMPTY     0x10u
#define FR_TX_FULL      0x20u
#define LCRH_8N1_FIFO   0x70u
#define CR_ENABLE       0x301u  /* UART, transmit, receive */
#define IFLS_EIGHTHS    0x00u
#define IRQ_RECEIVE     0x50u   /* level, and time-out */
#define IRQ_SEND        0x20u
#define IRQ_ALL         0x7ffu

static bool pl011_can_send(const struct io_region *r)
{
	return !(io_read32(r, PL011_FR) & FR_TX_FULL);
}

static void pl011_send(const struct io_region *r, u8 c)
{
	io_write32(r, PL011_DR, c);
}

static bool pl011_receive(const struct io_region *r, u8 *c, enum tty_flaw *flaw)
{
	u32 data;

	if (io_read32(r, PL011_FR) & FR_RX_EMPTY)
		return false;
	data = io_read32(r, PL011_DR);
	if (data & DR_BREAK)
		*flaw = TTY_BREAK;
	else
		*flaw = data & DR_ERRORS ? TTY_ERROR : TTY_GOOD;
	*c = (u8)data;
	return true;
}

static void pl011_enable_irqs(const struct io_region *r, bool receive, bool send)
{
	io_write32(r, PL011_IMSC, (receive ? IRQ_RECEIVE : 0) | (send ? IRQ_SEND : 0));
}

static void pl011_irq_ack(const struct io_region *r)
{
	io_write32(r, PL011_ICR, IRQ_ALL);
}

static bool pl011_start(const struct io_region *r)
{
	io_write32(r, PL011_IMSC, 0);
	io_write32(r, PL011_CR, 0);
	io_write32(r, PL011_ICR, IRQ_ALL);
	io_write32(r, PL011_LCRH, LCRH_8N1_FIFO);
	io_write32(r, PL011_IFLS, IFLS_EIGHTHS);
	io_write32(r, PL011_CR, CR_ENABLE);
	io_write32(r, PL011_IMSC, IRQ_RECEIVE);
	return true;
}

static const struct serial_hw pl011_hw = {
	.tty_name = "ttyAMA",
	.major = 204,
	.first_minor = 64,
	.can_send = pl011_can_send,
	.send = pl011_send,
	.receive = pl011_receive,
	.enable_irqs = pl011_enable_irqs,
	.irq_ack = pl011_irq_ack,
	.start = pl011_start,
};

static int pl011_probe(struct device *dev)
{
	return serial_probe(dev, &pl011_hw);
}

static const struct device_id pl011_ids[] = {
	{ .compatible = "arm,pl011" },
	{ 0 },
};

DRIVER(pl011) = {
	.name = "pl011",
	.bus = &platform_bus,
	.ids = pl011_ids,
	.probe = pl011_probe,
};
