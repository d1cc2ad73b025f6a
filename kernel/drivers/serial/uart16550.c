/* SPDX-License-Identifier: MIT */
/* 16550A UART (National Semiconductor PC16550D data sheet). */
#include "serial.h"

enum {
	UART_DATA = 0,          /* RBR, THR */
	UART_IER = 1,
	UART_IIR = 2,           /* read */
	UART_FCR = 2,           /* write */
	UART_LCR = 3,
	UART_MCR = 4,
	UART_LSR = 5,
	UART_SCRATCH = 7,
};

#define IER_RECEIVE     0x01u
#define IER_SEND        0x02u
#define FCR_ENABLE      0x07u   /* on, both cleared; trigger at one byte */
#define LCR_8N1         0x03u
#define MCR_DTR_RTS_IRQ 0x0bu
#define LSR_DATA        0x01u
#define LSR_ERRORS      0x0cu   /* parity, framing */
#define LSR_BREAK       0x10u
#define LSR_CAN_SEND    0x20u

static bool uart16550_can_send(const struct io_region *r)
{
	return io_read8(r, UART_LSR) & LSR_CAN_SEND;
}

static void uart16550_send(const struct io_region *r, u8 c)
{
	io_write8(r, UART_DATA, c);
}

static bool uart16550_receive(const struct io_region *r, u8 *c, enum tty_flaw *flaw)
{
	u8 status = io_read8(r, UART_LSR);

	if (!(status & LSR_DATA))
		return false;
	if (status & LSR_BREAK)
		*flaw = TTY_BREAK;
	else
		*flaw = status & LSR_ERRORS ? TTY_ERROR : TTY_GOOD;
	*c = io_read8(r, UART_DATA);
	return true;
}

static void uart16550_enable_irqs(const struct io_region *r, bool receive, bool send)
{
	io_write8(r, UART_IER, (u8)((receive ? IER_RECEIVE : 0) | (send ? IER_SEND : 0)));
}

static void uart16550_irq_ack(const struct io_region *r)
{
	io_read8(r, UART_IIR);
}

static bool uart16550_start(const struct io_region *r)
{
	io_write8(r, UART_SCRATCH, 0x5a);
	if (io_read8(r, UART_SCRATCH) != 0x5a)
		return false;
	io_write8(r, UART_LCR, LCR_8N1);
	io_write8(r, UART_FCR, FCR_ENABLE);
	io_write8(r, UART_MCR, MCR_DTR_RTS_IRQ);
	io_write8(r, UART_IER, IER_RECEIVE);
	return true;
}

static const struct serial_hw uart16550_hw = {
	.tty_name = "ttyS",
	.major = 4,
	.first_minor = 64,
	.can_send = uart16550_can_send,
	.send = uart16550_send,
	.receive = uart16550_receive,
	.enable_irqs = uart16550_enable_irqs,
	.irq_ack = uart16550_irq_ack,
	.start = uart16550_start,
};

static int uart16550_probe(struct device *dev)
{
	return serial_probe(dev, &uart16550_hw);
}

static const struct device_id uart16550_ids[] = {
	{ .compatible = "ns16550a" },
	{ 0 },
};

DRIVER(uart16550) = {
	.name = "uart16550",
	.bus = &platform_bus,
	.ids = uart16550_ids,
	.probe = uart16550_probe,
};
