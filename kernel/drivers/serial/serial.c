/* SPDX-License-Identifier: MIT */
/*
 * Serial ports.
 *
 * Output: the terminal's put() fills the FIFO while there is room; when not
 * all went, the send interrupt is on and calls tty_write_wakeup(), which calls
 * put() again.  Input: the receive interrupt empties the FIFO into
 * tty_receive().  Log lines go out by polling, between the terminal's bytes.
 *
 * Locking.  port->lock (irq, rank UART) makes "there is room, send" one step
 * against the console's polling.  Nothing is called with it held.
 */
#include "serial.h"

#include <uapi/errno.h>
#include <uapi/termios.h>

#include <gemel/boot_info.h>
#include <gemel/log.h>
#include <gemel/printf.h>
#include <gemel/spin.h>
#include <gemel/string.h>
#include <gemel/tty.h>

#define SERIAL_BURST    64u

struct serial_port {
	const struct serial_hw *hw;
	struct io_region regs;
	struct tty *tty;
	char name[16];
	struct irqlock lock;
	struct console console;
};

static size_t serial_put(struct tty *tty, const u8 *buf, size_t n)
{
	struct serial_port *port = tty_driver_data(tty);
	size_t done = 0;

	irq_lock(&port->lock);
	while (done < n && port->hw->can_send(&port->regs))
		port->hw->send(&port->regs, buf[done++]);
	if (done < n)
		port->hw->enable_send_irq(&port->regs, true);
	irq_unlock(&port->lock);
	return done;
}

static bool serial_is_drained(struct tty *tty)
{
	struct serial_port *port = tty_driver_data(tty);

	return port->hw->can_send(&port->regs);
}

/* The line is as it was found. */
static void serial_set_termios(struct tty *tty, struct uapi_termios2 *new,
			       const struct uapi_termios2 *old)
{
	const u32 fixed = CBAUD | CBAUD << CIBAUD_SHIFT | CSIZE | CSTOPB | PARENB | PARODD |
			  CMSPAR | CRTSCTS;

	(void)tty;
	new->cflag = (new->cflag & ~fixed) | (old->cflag & fixed);
	new->ispeed = old->ispeed;
	new->ospeed = old->ospeed;
}

static const struct tty_ops serial_tty_ops = {
	.put = serial_put,
	.is_drained = serial_is_drained,
	.set_termios = serial_set_termios,
};

/* Up to @size bytes; a flawed one is the last. */
static size_t serial_take(struct serial_port *port, u8 *buf, size_t size, enum serial_flaw *flaw)
{
	size_t n = 0;

	*flaw = SERIAL_GOOD;
	irq_lock(&port->lock);
	while (n < size && *flaw == SERIAL_GOOD && port->hw->receive(&port->regs, buf + n, flaw))
		n++;
	irq_unlock(&port->lock);
	return n;
}

static void serial_irq(void *arg)
{
	struct serial_port *port = arg;
	enum serial_flaw flaw;
	u8 buf[SERIAL_BURST];
	size_t n;

	irq_lock(&port->lock);
	port->hw->irq_ack(&port->regs);
	port->hw->enable_send_irq(&port->regs, false);
	irq_unlock(&port->lock);
	while ((n = serial_take(port, buf, sizeof(buf), &flaw))) {
		tty_receive(port->tty, buf, flaw == SERIAL_GOOD ? n : n - 1);
		if (flaw != SERIAL_GOOD)
			tty_receive_bad(port->tty, buf[n - 1], flaw == SERIAL_BREAK);
	}
	tty_write_wakeup(port->tty);
}

static void serial_send_polled(struct serial_port *port, u8 c)
{
	/* A port whose other end is gone must not stop the kernel. */
	for (uint spins = 0; spins < 100000 && !port->hw->can_send(&port->regs); spins++)
		;
	port->hw->send(&port->regs, c);
}

static void serial_console_write(struct console *con, const char *text, size_t len)
{
	struct serial_port *port = container_of(con, struct serial_port, console);

	irq_lock(&port->lock);
	for (size_t i = 0; i < len; i++) {
		if (text[i] == '\n')
			serial_send_polled(port, '\r');
		serial_send_polled(port, (u8)text[i]);
	}
	irq_unlock(&port->lock);
}

/* The first port is the console until the one that console= names comes. */
static void serial_offer_console(struct serial_port *port)
{
	static bool have_console;
	char want[64], *options;
	bool is_named = false;

	if (cmdline_get("console", want, sizeof(want))) {
		options = strchr(want, ',');
		if (options)
			*options = '\0';
		is_named = strcmp(want, port->name) == 0;
	}
	if (have_console && !is_named)
		return;
	have_console = true;
	port->console.name = port->name;
	port->console.write = serial_console_write;
	console_register(&port->console);
	tty_set_console(port->tty);
}

int serial_probe(struct device *dev, const struct serial_hw *hw)
{
	static u32 next_number;
	struct serial_port *port = dev_zalloc(dev, sizeof(*port));
	u32 number;
	int err;

	if (!port)
		return -ENOMEM;
	err = dev_map(dev, 0, &port->regs);
	if (err < 0)
		return err;
	if (!hw->start(&port->regs))
		return -ENODEV;
	number = __atomic_fetch_add(&next_number, 1, __ATOMIC_RELAXED);
	port->hw = hw;
	irqlock_init(&port->lock, LOCK_RANK_UART);
	snprintf(port->name, sizeof(port->name), "%s%u", hw->tty_name, number);
	port->tty = tty_create(port->name, dev_make(hw->major, hw->first_minor + number),
			       &serial_tty_ops, port);
	if (!port->tty)
		return -ENOMEM;
	dev->priv = port;
	err = dev_irq(dev, 0, serial_irq, port);
	if (err < 0)
		return err;
	serial_offer_console(port);
	return 0;
}
