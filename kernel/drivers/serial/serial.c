/* SPDX-License-Identifier: MIT */
/*
 * Serial ports.
 *
 * Output: the terminal's put() fills the FIFO while there is room; when not
 * all went, the send interrupt is on and calls tty_write_wakeup(), which calls
 * put() again.  Input: the receive interrupt calls tty_read_wakeup(), which gets what is
 * in the FIFO; while the terminal has no room it stays there, and the interrupt is off.
 * Log lines go out by polling, between the terminal's bytes.
 *
 * Locking.  port->lock (irq, rank UART) makes "there is room, send" one step
 * against the console's polling, and which interrupts are on.  Nothing is called with it held.
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

struct serial_port {
	const struct serial_hw *hw;
	struct io_region regs;
	struct tty *tty;
	char name[16];
	struct irqlock lock;
	bool is_listening __guarded_by(lock), is_sending __guarded_by(lock);    /* interrupts on */
	struct console console;
};

static void set_irqs(struct serial_port *port, bool listen, bool send) __must_hold(port->lock)
{
	port->is_listening = listen;
	port->is_sending = send;
	port->hw->enable_irqs(&port->regs, listen, send);
}

static size_t serial_put(struct tty *tty, const u8 *buf, size_t n)
{
	struct serial_port *port = tty_driver_data(tty);
	size_t done = 0;

	irq_lock(&port->lock);
	while (done < n && port->hw->can_send(&port->regs))
		port->hw->send(&port->regs, buf[done++]);
	if (done < n)
		set_irqs(port, port->is_listening, true);
	irq_unlock(&port->lock);
	return done;
}

static bool serial_get(struct tty *tty, u8 *c, enum tty_flaw *flaw)
{
	struct serial_port *port = tty_driver_data(tty);
	bool is_there;

	irq_lock(&port->lock);
	is_there = port->hw->receive(&port->regs, c, flaw);
	irq_unlock(&port->lock);
	return is_there;
}

static void serial_listen(struct tty *tty, bool on)
{
	struct serial_port *port = tty_driver_data(tty);

	irq_lock(&port->lock);
	set_irqs(port, on, port->is_sending);
	irq_unlock(&port->lock);
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
	.get = serial_get,
	.listen = serial_listen,
	.is_drained = serial_is_drained,
	.set_termios = serial_set_termios,
};

static void serial_irq(void *arg)
{
	struct serial_port *port = arg;

	irq_lock(&port->lock);
	port->hw->irq_ack(&port->regs);
	set_irqs(port, port->is_listening, false);
	irq_unlock(&port->lock);
	tty_read_wakeup(port->tty);
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
	port->is_listening = true;
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
