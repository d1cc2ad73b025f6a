/* SPDX-License-Identifier: MIT */
/*
 * Terminals: the object between a driver and the programs that hold it open.
 *
 * Input comes from the driver, in its interrupt, into the line discipline, which
 * edits, echoes and raises signals there and then; readers find finished lines.  A line is
 * asked for bytes as long as there is room: it keeps the rest, so that its other end waits,
 * until a reader makes some.  Output goes through the line discipline into the output
 * ring and from there to the driver, as far as it takes it; the rest follows when the
 * driver calls tty_write_wakeup().
 *
 * States of an open file.  Live, until tty_hangup() raises tty->generation;
 * from then on reads give end of file, writes -EIO, and poll POLLHUP.  The
 * terminal itself lives on and can be opened anew.  /dev/console is exempt, so
 * that init has it when a session ends; output that is on its way still goes out.
 *
 * A PTY (pty.c) has a program for a driver.  It takes from the output ring itself, so put()
 * only wakes it; and as it may come late, the ring grows.  While output is stopped it may
 * have what was written before, and writers wait, as if there were no ring.
 *
 * Locking.  tty->lock (irq) covers the line discipline and the output ring, and
 * is held across the calls to the driver.  Signals are sent with it held: the process tree
 * ranks higher.  tty->is_writing keeps the bytes of one write(2) together; who sets it holds
 * it while it sleeps for room, the others wait as they would for room.
 */
#include "tty_private.h"

#include <uapi/errno.h>
#include <uapi/fcntl.h>

#include <gemel/cred.h>
#include <gemel/iobuf.h>
#include <gemel/poll.h>
#include <gemel/signal.h>
#include <gemel/slab.h>
#include <gemel/string.h>
#include <gemel/task.h>
#include <gemel/time.h>

#define TTY_CHUNK       256u
#define VTIME_UNIT_NS   (100 * NSEC_PER_MSEC)

static struct tty *console_tty;         /* set once at boot */

/* ---- the line discipline's callbacks; tty->lock is held ---- */

static bool tty_output(struct ldisc *ld, u8 c)
{
	struct tty *tty = container_of(ld, struct tty, ld);

	if (tty->out_head - tty->out_tail == tty->out_size)
		return false;
	tty->out[tty->out_head++ & (tty->out_size - 1)] = c;
	return true;
}

static void tty_signal(struct ldisc *ld, int signo)
{
	tty_signal_foreground(container_of(ld, struct tty, ld), signo);
}

/* Every caller of ldisc kicks, and the kick looks at ld->stopped. */
static void tty_flow(struct ldisc *ld, bool stop) __no_lock_analysis
{
	struct tty *tty = container_of(ld, struct tty, ld);

	if (tty->is_held)
		return;
	tty->out_stop = tty->out_head;
	tty_event_locked(tty, stop ? TIOCPKT_STOP : TIOCPKT_START);
}

static void tty_flushed(struct ldisc *ld) __no_lock_analysis
{
	struct tty *tty = container_of(ld, struct tty, ld);

	tty_drop_output_locked(tty);
	tty_event_locked(tty, TIOCPKT_FLUSHREAD | TIOCPKT_FLUSHWRITE);
}

void tty_event_locked(struct tty *tty, u8 bits)
{
	if (tty->ops->event)
		tty->ops->event(tty, bits);
}

/* ---- output ---- */

u32 tty_out_used(const struct tty *tty)
{
	return tty->out_head - tty->out_tail;
}

bool tty_is_stopped(const struct tty *tty)
{
	return READ_ONCE(tty->ld.stopped) || READ_ONCE(tty->is_held);
}

void tty_hold_locked(struct tty *tty, bool on)
{
	if (tty->is_held == on)
		return;
	if (!tty->ld.stopped) {
		tty->out_stop = tty->out_head;
		tty_event_locked(tty, on ? TIOCPKT_STOP : TIOCPKT_START);
	}
	tty->is_held = on;
}

/* What a PTY's other side could have had already stays. */
void tty_drop_output_locked(struct tty *tty)
{
	u32 keep = tty->is_pty ? MIN(tty_out_used(tty), TTY_OUTPUT_SIZE - 1) : 0;

	tty->out_head = tty->out_tail + keep;
	tty->out_stop = tty->out_head;
}

void tty_kick_locked(struct tty *tty)
{
	while (tty->out_head != tty->out_tail && !tty_is_stopped(tty)) {
		u32 at = tty->out_tail & (tty->out_size - 1);
		u32 n = MIN(tty_out_used(tty), tty->out_size - at);
		size_t taken = tty->ops->put(tty, tty->out + at, n);

		tty->out_tail += (u32)taken;
		if (taken < n)
			return;
	}
}

void tty_write_wakeup(struct tty *tty)
{
	bool has_room;

	irq_lock(&tty->lock);
	tty_kick_locked(tty);
	has_room = tty_out_used(tty) <= tty->out_size / 2;
	irq_unlock(&tty->lock);
	if (has_room)
		wake_all_key(&tty->write_wait, POLLOUT | POLLWRNORM);
}

static bool tty_has_room(struct tty *tty)
{
	if (tty->is_pty && tty_is_stopped(tty))
		return false;
	return READ_ONCE(tty->out_size) - READ_ONCE(tty->out_head) + READ_ONCE(tty->out_tail) >=
	       LDISC_EXPAND_MAX;
}

/* Process bytes of @buf while there is room; returns how many. */
static size_t tty_write_some(struct tty *tty, const u8 *buf, size_t n)
{
	size_t done = 0;

	irq_lock(&tty->lock);
	while (done < n && tty_has_room(tty)) {
		if (!ldisc_write(&tty->ld, buf[done]))
			break;
		done++;
		if (!tty->is_pty && !tty_has_room(tty))
			tty_kick_locked(tty);
	}
	tty_kick_locked(tty);
	irq_unlock(&tty->lock);
	return done;
}

/* The ring of a PTY that is full becomes larger.  False: it may not, or there is no memory. */
static bool tty_grow(struct tty *tty)
{
	u32 old_size = READ_ONCE(tty->out_size), size = 2 * old_size;
	u8 *ring;

	if (!tty->is_pty || tty_is_stopped(tty) || size > PTY_OUTPUT_MAX)
		return false;
	ring = kalloc(size);
	if (!ring)
		return false;
	irq_lock(&tty->lock);
	if (tty->out_size == old_size) {
		u8 *old = tty->out;

		for (u32 at = tty->out_tail; at != tty->out_head; at++)
			ring[at & (size - 1)] = old[at & (old_size - 1)];
		tty->out = ring;
		tty->out_size = size;
		ring = old;
	}
	irq_unlock(&tty->lock);
	kfree(ring);
	return true;
}

static int tty_wait_room(struct file *f, struct tty *tty)
{
	if (tty_is_hung_up(f))
		return -EIO;
	if (tty_has_room(tty) || tty_grow(tty))
		return 0;
	if (f->flags & O_NONBLOCK)
		return -EAGAIN;
	if (wait_event(&tty->write_wait, tty_has_room(tty) || tty_is_hung_up(f)) < 0)
		return -ERESTARTSYS;
	return 0;
}

/* Write one chunk of kernel memory; bytes written, or -errno if none. */
static ssize_t tty_write_chunk(struct file *f, struct tty *tty, const u8 *buf, size_t n)
{
	size_t done = 0;

	while (done < n) {
		int err = tty_wait_room(f, tty);

		if (err < 0)
			return done ? (ssize_t)done : err;
		done += tty_write_some(tty, buf + done, n - done);
	}
	return (ssize_t)done;
}

static ssize_t tty_write_all(struct file *f, struct tty *tty, struct iobuf *io)
{
	u8 chunk[TTY_CHUNK];
	ssize_t done = 0;

	while (io->left) {
		ssize_t n = iobuf_get(io, chunk, MIN(io->left, sizeof(chunk)));
		ssize_t written;

		if (n < 0)
			return done ? done : n;
		written = tty_write_chunk(f, tty, chunk, (size_t)n);
		if (written < 0)
			return done ? done : written;
		done += written;
		if (written < n)
			break;
	}
	return done;
}

static bool tty_claim_writing(struct tty *tty)
{
	bool is_mine;

	irq_lock(&tty->lock);
	is_mine = !tty->is_writing;
	tty->is_writing = true;
	irq_unlock(&tty->lock);
	return is_mine;
}

static int tty_begin_write(struct file *f, struct tty *tty)
{
	if (tty_claim_writing(tty))
		return 0;
	if (f->flags & O_NONBLOCK)
		return -EAGAIN;
	return wait_event(&tty->write_wait, tty_claim_writing(tty)) < 0 ? -ERESTARTSYS : 0;
}

static void tty_end_write(struct tty *tty)
{
	irq_lock(&tty->lock);
	tty->is_writing = false;
	irq_unlock(&tty->lock);
	wake_all_key(&tty->write_wait, POLLOUT | POLLWRNORM);
}

static ssize_t tty_write(struct file *f, struct iobuf *io, u64 *pos)
{
	struct tty *tty = tty_of_file(f);
	size_t want = io->left;
	ssize_t done = 0;
	int err = 0;

	(void)pos;
	if (tty_is_hung_up(f))
		return -EIO;
	if (READ_ONCE(tty->ld.termios.lflag) & TOSTOP)
		err = tty_check_job(tty, SIGTTOU);
	if (err == 0)
		err = tty_begin_write(f, tty);
	if (err < 0)
		return err;
	done = tty_write_all(f, tty, io);
	/* Before the wake-up that ends it, which may be the one. */
	if (done != (ssize_t)want && READ_ONCE(f->async))
		store_release(&((struct tty_file *)f->private)->wants_room, true);
	tty_end_write(tty);
	return done;
}

static bool tty_is_drained(struct tty *tty)
{
	if (tty->is_pty)
		return true;    /* the other side is no line */
	return READ_ONCE(tty->out_head) == READ_ONCE(tty->out_tail) &&
	       (!tty->ops->is_drained || tty->ops->is_drained(tty));
}

int tty_drain(struct tty *tty)
{
	uint generation = READ_ONCE(tty->generation);

	return wait_event(&tty->write_wait, tty_is_drained(tty) ||
			  READ_ONCE(tty->generation) != generation) < 0 ? -ERESTARTSYS : 0;
}

/* ---- input ---- */

/* The lock is released. */
static void tty_received(struct tty *tty) __releases(tty->lock)
{
	bool is_readable = ldisc_readable(&tty->ld) > 0, has_room = !tty_is_stopped(tty);

	tty_kick_locked(tty);
	irq_unlock(&tty->lock);
	if (is_readable)
		wake_all_key(&tty->read_wait, POLLIN | POLLRDNORM);
	if (has_room)
		wake_all_key(&tty->write_wait, POLLOUT | POLLWRNORM);   /* it may have been ^Q */
}

void tty_receive(struct tty *tty, const u8 *buf, size_t n)
{
	irq_lock(&tty->lock);
	if (tty->ld.termios.cflag & CREAD)
		for (size_t i = 0; i < n; i++)
			ldisc_receive(&tty->ld, buf[i]);
	tty_received(tty);
}

static void receive_one(struct ldisc *ld, u8 c, enum tty_flaw flaw)
{
	if (!(ld->termios.cflag & CREAD))
		return;
	if (flaw == TTY_GOOD)
		ldisc_receive(ld, c);
	else if (flaw == TTY_BREAK)
		ldisc_receive_break(ld);
	else
		ldisc_receive_error(ld, c);
}

static void pull_locked(struct tty *tty) __must_hold(tty->lock)
{
	enum tty_flaw flaw;
	bool has_room;
	u8 c;

	while ((has_room = ldisc_can_receive(&tty->ld)) && tty->ops->get(tty, &c, &flaw))
		receive_one(&tty->ld, c, flaw);
	if (tty->is_deaf == has_room) {
		tty->is_deaf = !has_room;
		tty->ops->listen(tty, has_room);
	}
}

void tty_read_wakeup(struct tty *tty)
{
	irq_lock(&tty->lock);
	pull_locked(tty);
	tty_received(tty);
}

static void listen_again_locked(struct tty *tty) __must_hold(tty->lock)
{
	if (!tty->is_deaf)
		return;
	pull_locked(tty);
	tty_kick_locked(tty);
	wake_all_key(&tty->read_wait, POLLIN | POLLRDNORM);
}

void tty_taken_locked(struct tty *tty)
{
	if (tty->ops->taken)
		tty->ops->taken(tty);
	listen_again_locked(tty);
}

static size_t tty_readable(struct tty *tty)
{
	size_t n;

	irq_lock(&tty->lock);
	n = ldisc_readable(&tty->ld);
	irq_unlock(&tty->lock);
	return n;
}

/* Move what is there, up to the end of a line.  Bytes, or -EFAULT; *is_end as ldisc_read(). */
static ssize_t tty_take(struct tty *tty, struct iobuf *io, bool *is_end)
{
	u8 chunk[TTY_CHUNK];
	ssize_t done = 0;

	*is_end = false;
	while (io->left && !*is_end) {
		ssize_t moved;
		size_t n;

		irq_lock(&tty->lock);
		n = ldisc_read(&tty->ld, chunk, MIN(io->left, sizeof(chunk)), is_end);
		tty_kick_locked(tty);
		if (n > 0)
			tty_taken_locked(tty);
		irq_unlock(&tty->lock);
		if (n == 0)
			break;
		moved = iobuf_put(io, chunk, n);
		if (moved < 0)
			return done ? done : moved;
		done += moved;
	}
	return done;
}

/* Wait until @want bytes can be read.  0; -ERESTARTSYS, -EAGAIN, -ETIMEDOUT. */
static int tty_wait_input(struct file *f, struct tty *tty, size_t want, u64 deadline)
{
	int err;

	if (tty_readable(tty) >= want || tty_is_hung_up(f))
		return 0;
	if (f->flags & O_NONBLOCK)
		return -EAGAIN;
	err = wait_event_timeout(&tty->read_wait,
				 tty_readable(tty) >= want || tty_is_hung_up(f), deadline);
	return err == -EINTR ? -ERESTARTSYS : err;
}

static ssize_t tty_read_line(struct file *f, struct tty *tty, struct iobuf *io)
{
	ssize_t done;
	bool is_end;

	do {
		int err = tty_wait_input(f, tty, 1, WAIT_FOREVER);

		if (err < 0)
			return err;
		if (tty_is_hung_up(f))
			return 0;
		done = tty_take(tty, io, &is_end);
		/* Another reader was faster: wait again. */
	} while (done == 0 && !is_end && io->left);
	return done;
}

/*
 * Raw reads by VMIN and VTIME (POSIX 11.1.7): MIN > 0 blocks for MIN bytes,
 * with TIME > 0 the clock runs between bytes only; MIN == 0 waits TIME at most
 * for the first.
 */
static ssize_t tty_read_raw(struct file *f, struct tty *tty, struct iobuf *io)
{
	u8 min = READ_ONCE(tty->ld.termios.cc[VMIN]);
	u64 pause_ns = READ_ONCE(tty->ld.termios.cc[VTIME]) * VTIME_UNIT_NS;
	size_t goal = MIN((size_t)min, io->left);
	ssize_t done = 0;

	for (;;) {
		u64 deadline = WAIT_FOREVER;
		ssize_t n;
		bool is_end;
		int err;

		if (pause_ns && (done > 0 || min == 0))
			deadline = time_now() + pause_ns;
		if (min == 0 && !pause_ns)
			deadline = 0;
		err = deadline == 0 ? 0 : tty_wait_input(f, tty, 1, deadline);
		if (err == -ETIMEDOUT)
			return done;
		if (err < 0)
			return done ? done : err;
		n = tty_take(tty, io, &is_end);
		if (n < 0)
			return done ? done : n;
		done += n;
		if ((size_t)done >= goal || !io->left || tty_is_hung_up(f))
			return done;
	}
}

static ssize_t tty_read(struct file *f, struct iobuf *io, u64 *pos)
{
	struct tty *tty = tty_of_file(f);
	int err;

	(void)pos;
	if (tty_is_hung_up(f) || !io->left)
		return 0;
	err = tty_check_job(tty, SIGTTIN);
	if (err < 0)
		return err;
	if (ldisc_is_canonical(&tty->ld))
		return tty_read_line(f, tty, io);
	return tty_read_raw(f, tty, io);
}

static uint tty_poll(struct file *f, struct poll_table *pt)
{
	struct tty *tty = tty_of_file(f);
	uint events = 0;
	size_t want = 1;

	poll_wait(pt, &tty->read_wait);
	poll_wait(pt, &tty->write_wait);
	if (tty_is_hung_up(f))
		return POLLIN | POLLRDNORM | POLLOUT | POLLWRNORM | POLLHUP | POLLERR;
	if (!ldisc_is_canonical(&tty->ld) && !tty->ld.termios.cc[VTIME])
		want = MAX(tty->ld.termios.cc[VMIN], 1);
	if (tty_readable(tty) >= want)
		events |= POLLIN | POLLRDNORM;
	if (tty_has_room(tty))
		events |= POLLOUT | POLLWRNORM;
	return events;
}

/* A wake-up for room is meant for those who were short of it, and there has to be some. */
static uint tty_async_events(struct file *f, uint events)
{
	struct tty_file *tf = f->private;

	if (tty_is_hung_up(f)) {
		__atomic_fetch_and(&f->flags, ~(u32)O_ASYNC, __ATOMIC_RELAXED);
		return 0;
	}
	if ((events & POLLOUT) && (!tty_has_room(tf->tty) ||
				   !__atomic_exchange_n(&tf->wants_room, false, __ATOMIC_ACQ_REL)))
		events &= ~POLLOUT;
	return events;
}

static int tty_set_async(struct file *f, int fd, bool on)
{
	if (tty_is_hung_up(f))
		return -ENOTTY;
	if (on)
		file_set_first_owner(f, &tty_of_file(f)->foreground);
	return file_set_async(f, fd, on, tty_async_events);
}

/* ---- open and close ---- */

struct tty *tty_of_file(struct file *f)
{
	return ((struct tty_file *)f->private)->tty;
}

bool tty_is_hung_up(struct file *f)
{
	struct tty_file *tf = f->private;

	return READ_ONCE(tf->tty->generation) != tf->generation && !tf->is_console;
}

void tty_get(struct tty *tty)
{
	refs_get(&tty->refs);
}

void tty_put(struct tty *tty)
{
	if (!refs_put(&tty->refs))
		return;
	if (tty->ops->destroy)
		tty->ops->destroy(tty);
	kfree(tty->out);
	kfree(tty);
}

/* One more open file.  0, -EBUSY (TIOCEXCL), or the driver's error. */
static int tty_open_driver(struct tty *tty, uint *generation)
{
	int err = 0;

	irq_lock(&tty->lock);
	if (tty->is_exclusive && tty->opens && !capable(CAP_SYS_ADMIN))
		err = -EBUSY;
	else if (tty->ops->open)
		err = tty->ops->open(tty);
	if (err == 0)
		tty->opens++;
	*generation = tty->generation;
	irq_unlock(&tty->lock);
	return err;
}

static void tty_close_driver(struct tty *tty)
{
	irq_lock(&tty->lock);
	if (--tty->opens == 0) {
		tty->is_exclusive = false;
		if (tty->ops->close)
			tty->ops->close(tty);
	}
	irq_unlock(&tty->lock);
}

static int tty_open_file(struct tty *tty, struct file *f)
{
	struct tty_file *tf = kalloc(sizeof(*tf));
	int err;

	if (!tf)
		return -ENOMEM;
	err = tty_open_driver(tty, &tf->generation);
	if (err < 0) {
		kfree(tf);
		return err;
	}
	tty_get(tty);
	tf->tty = tty;
	tf->is_console = tf->wants_room = false;
	f->private = tf;
	f->ops = &tty_file_ops;
	f->mode |= FILE_NOSEEK;
	return 0;
}

int tty_open_slave(struct tty *tty, struct file *f)
{
	int err = tty_open_file(tty, f);

	/* Who may only write does not get it: a terminal is read. */
	if (err == 0 && !(f->flags & O_NOCTTY) && (f->mode & FILE_READ))
		tty_acquire_on_open(tty);
	return err;
}

static int tty_open(struct char_device *cd, struct file *f)
{
	return tty_open_slave(cd->private, f);
}

static int tty_open_console(struct char_device *cd, struct file *f)
{
	int err;

	(void)cd;
	if (!console_tty)
		return -ENODEV;
	err = tty_open_file(console_tty, f);
	if (err == 0)
		((struct tty_file *)f->private)->is_console = true;
	return err;
}

static int tty_open_controlling(struct char_device *cd, struct file *f)
{
	struct tty *tty = tty_of_current();
	int err;

	(void)cd;
	if (!tty)
		return -ENXIO;
	err = tty_open_file(tty, f);
	tty_put(tty);
	return err;
}

static void tty_release(struct file *f)
{
	struct tty_file *tf = f->private;

	tty_close_driver(tf->tty);
	tty_put(tf->tty);
	kfree(tf);
}

/* A PTY begins without IUTF8, and has no modem. */
static void pty_settings(struct ldisc *ld)
{
	ldisc_init(ld);
	ld->termios.iflag &= ~IUTF8;
	ld->termios.cflag &= ~(HUPCL | CLOCAL);
}

void tty_hangup(struct tty *tty)
{
	irq_lock(&tty->lock);
	tty->generation++;
	tty->ld.stopped = tty->is_held = false;
	if (tty->is_pty)
		pty_settings(&tty->ld);
	ldisc_flush_input(&tty->ld);
	listen_again_locked(tty);
	irq_unlock(&tty->lock);
	wake_all_key(&tty->read_wait, POLLIN | POLLRDNORM | POLLHUP);
	wake_all_key(&tty->write_wait, POLLOUT | POLLWRNORM | POLLHUP);
}

const struct file_ops tty_file_ops = {
	.read = tty_read,
	.write = tty_write,
	.poll = tty_poll,
	.ioctl = tty_ioctl,
	.set_async = tty_set_async,
	.release = tty_release,
};

/* ---- creation ---- */

struct tty *tty_alloc(dev_t dev, const struct tty_ops *ops, void *driver_data, bool is_pty)
{
	struct tty *tty = kzalloc(sizeof(*tty));

	if (!tty)
		return NULL;
	tty->out = kalloc(TTY_OUTPUT_SIZE);
	if (!tty->out) {
		kfree(tty);
		return NULL;
	}
	tty->out_size = TTY_OUTPUT_SIZE;
	tty->dev = dev;
	tty->ops = ops;
	tty->driver_data = driver_data;
	tty->is_pty = is_pty;
	refs_init(&tty->refs, 1);
	irqlock_init(&tty->lock, LOCK_RANK_TTYBUF);
	wait_queue_init_rank(&tty->read_wait, LOCK_RANK_FILEWAIT);
	wait_queue_init_rank(&tty->write_wait, LOCK_RANK_FILEWAIT);
	tty->ld.output = tty_output;
	tty->ld.signal = tty_signal;
	tty->ld.flow = tty_flow;
	tty->ld.flushed = tty_flushed;
	if (is_pty)
		pty_settings(&tty->ld);
	else
		ldisc_init(&tty->ld);
	return tty;
}

struct tty *tty_create(const char *name, dev_t dev, const struct tty_ops *ops, void *driver_data)
{
	struct tty *tty = tty_alloc(dev, ops, driver_data, false);

	if (!tty)
		return NULL;
	strscpy(tty->name, name, sizeof(tty->name));
	tty->chrdev = (struct char_device){
		.name = tty->name,
		.dev = dev,
		.mode = 0620,
		.ops = &tty_file_ops,
		.open = tty_open,
		.private = tty,
	};
	if (chrdev_register(&tty->chrdev) < 0) {
		tty_put(tty);
		return NULL;
	}
	return tty;
}

void *tty_driver_data(struct tty *tty)
{
	return tty->driver_data;
}

void tty_set_console(struct tty *tty)
{
	console_tty = tty;
}

const char *tty_console_name(void)
{
	return console_tty ? console_tty->name : NULL;
}

static struct char_device controlling_device = {
	.name = "tty",
	.mode = 0666,
	.ops = &tty_file_ops,
	.open = tty_open_controlling,
};

static struct char_device console_device = {
	.name = "console",
	.mode = 0600,
	.ops = &tty_file_ops,
	.open = tty_open_console,
};

void tty_init(void)
{
	controlling_device.dev = dev_make(5, 0);
	console_device.dev = dev_make(5, 1);
	if (chrdev_register(&controlling_device) < 0 || chrdev_register(&console_device) < 0)
		panic("tty: /dev/tty and /dev/console could not be made");
	pty_init();
}
