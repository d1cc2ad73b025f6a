/* SPDX-License-Identifier: MIT */
/*
 * PTYs: a terminal whose line is a program.
 *
 * The slave is a struct tty like any other, with its line discipline; the master is this file's
 * open description.  What programs write to the slave waits in the slave's output ring until the
 * master reads it; what the master writes is received by the slave's line discipline at once, as
 * far as that has room; some of the rest waits in pty->typed, and the writer after that.
 *
 * States of the slave as the master sees it:
 *
 *	locked		opens fail with -EIO		[ptmx_open; TIOCSPTLCK ends it]
 *	fresh		nobody has opened it yet: reads of the master wait
 *	open		(slave_closed is false)		[pty_open]
 *	closed		reads give what is left, then -EIO; poll has POLLHUP	[pty_close]
 *
 * From closed it may become open again.  When the master is closed, its name goes and the slave is
 * hung up (tty_vhangup()); it lives on until its last file is closed, and only then its number is
 * free.
 *
 * Packet mode (TIOCPKT): a read of the master gives first a byte with what happened to the slave
 * (pty->status) or, if nothing did, 0 and data.
 *
 * Locking.  All of it under the slave's tty->lock.
 */
#include "tty_private.h"

#include <uapi/errno.h>
#include <uapi/fcntl.h>

#include <gemel/devpts.h>
#include <gemel/iobuf.h>
#include <gemel/poll.h>
#include <gemel/signal.h>
#include <gemel/slab.h>
#include <gemel/task.h>
#include <gemel/uaccess.h>

#define PTY_CHUNK       256u
#define TYPED_SIZE      16384u
#define SLAVE_MAJOR     136u
#define IN_EVENTS       (POLLIN | POLLRDNORM)
#define OUT_EVENTS      (POLLOUT | POLLWRNORM)
#define FLOW_CHARS_STOP 19u     /* what packet mode calls flow control: ^S and ^Q */
#define FLOW_CHARS_START 17u

struct pty {
	struct tty *slave;
	struct devpts_node node;        /* devpts's */

	/* slave->lock */
	bool is_locked, slave_closed, master_closed;
	bool is_packet;
	u8 status;                      /* TIOCPKT_* not told yet */
	u8 *typed;                      /* a ring, NULL until it is needed */
	u32 typed_head, typed_tail;     /* free-running */

	bool wants_room;                /* atomic; as a tty_file's */

	/* Own locks inside; of the master. */
	struct wait_queue read_wait, write_wait;
};

/* ---- the slave's driver; slave->lock is held ---- */

static size_t pty_put(struct tty *tty, const u8 *buf, size_t n)
{
	struct pty *pty = tty_driver_data(tty);

	(void)buf;
	(void)n;
	wake_all_key(&pty->read_wait, IN_EVENTS);
	return 0;
}

static int pty_open(struct tty *tty)
{
	struct pty *pty = tty_driver_data(tty);

	if (pty->is_locked || pty->master_closed)
		return -EIO;
	pty->slave_closed = false;
	return 0;
}

static void pty_close(struct tty *tty)
{
	struct pty *pty = tty_driver_data(tty);

	pty->slave_closed = true;
	wake_all_key(&pty->read_wait, IN_EVENTS | POLLHUP);
	wake_all_key(&pty->write_wait, OUT_EVENTS | POLLHUP);
}

static void pty_event(struct tty *tty, u8 bits)
{
	struct pty *pty = tty_driver_data(tty);

	if (bits & (TIOCPKT_FLUSHREAD | TIOCPKT_STOP | TIOCPKT_START))
		wake_all_key(&pty->write_wait, OUT_EVENTS);
	if (!pty->is_packet)
		return;
	if (bits & (TIOCPKT_STOP | TIOCPKT_START))
		pty->status &= (u8)~(TIOCPKT_STOP | TIOCPKT_START);
	if (bits & (TIOCPKT_NOSTOP | TIOCPKT_DOSTOP))
		pty->status &= (u8)~(TIOCPKT_NOSTOP | TIOCPKT_DOSTOP);
	pty->status |= bits;
	wake_all_key(&pty->read_wait, IN_EVENTS | POLLPRI);
}

static void pty_taken(struct tty *tty)
{
	struct pty *pty = tty_driver_data(tty);
	bool had_some = pty->typed_tail != pty->typed_head;

	while (pty->typed_tail != pty->typed_head && ldisc_can_receive(&tty->ld))
		ldisc_receive(&tty->ld, pty->typed[pty->typed_tail++ % TYPED_SIZE]);
	if (had_some) {
		wake_all_key(&tty->read_wait, IN_EVENTS);
		wake_all_key(&pty->read_wait, IN_EVENTS);       /* echo */
	}
	wake_all_key(&pty->write_wait, OUT_EVENTS);
}

static bool has_usual_flow(const struct uapi_termios2 *t)
{
	return (t->iflag & IXON) && t->cc[VSTOP] == FLOW_CHARS_STOP &&
	       t->cc[VSTART] == FLOW_CHARS_START;
}

/* Bytes are bytes here. */
static void pty_set_termios(struct tty *tty, struct uapi_termios2 *new,
			    const struct uapi_termios2 *old)
{
	u8 bits = 0;

	new->cflag = (new->cflag & ~(CSIZE | PARENB)) | CS8 | CREAD;
	if (has_usual_flow(new) != has_usual_flow(old))
		bits |= has_usual_flow(new) ? TIOCPKT_DOSTOP : TIOCPKT_NOSTOP;
	if ((old->lflag | new->lflag) & EXTPROC)
		bits |= TIOCPKT_IOCTL;
	if (bits)
		pty_event(tty, bits);
}

static void pty_destroy(struct tty *tty)
{
	struct pty *pty = tty_driver_data(tty);

	if (pty->node.sb)
		devpts_release(&pty->node);
	kfree(pty->typed);
	kfree(pty);
}

static const struct tty_ops pty_tty_ops = {
	.put = pty_put,
	.open = pty_open,
	.close = pty_close,
	.set_termios = pty_set_termios,
	.event = pty_event,
	.taken = pty_taken,
	.destroy = pty_destroy,
};

/* ---- reading the master ---- */

static struct pty *pty_of_file(struct file *f)
{
	return f->private;
}

/* Bytes that the master may have now: of a stopped terminal those from before. */
static u32 out_ready(const struct tty *tty)
{
	return (tty_is_stopped(tty) ? tty->out_stop : tty->out_head) - tty->out_tail;
}

static bool has_status(const struct pty *pty)
{
	return pty->is_packet && pty->status;
}

/* Something for a read to return, an error among them. */
static bool pty_is_readable(struct pty *pty)
{
	bool is_ready;

	irq_lock(&pty->slave->lock);
	is_ready = out_ready(pty->slave) > 0 || has_status(pty) || pty->slave_closed;
	irq_unlock(&pty->slave->lock);
	return is_ready;
}

static size_t out_take(struct tty *tty, u8 *buf, size_t n)
{
	n = MIN(n, (size_t)out_ready(tty));
	for (size_t i = 0; i < n; i++)
		buf[i] = tty->out[tty->out_tail++ & (tty->out_size - 1)];
	return n;
}

/* One piece for a read; @is_first: its first.  *is_last: nothing may follow. */
static size_t pty_take(struct pty *pty, u8 *buf, size_t n, bool is_first, bool *is_last)
{
	struct tty *tty = pty->slave;
	size_t got = 0;

	irq_lock(&tty->lock);
	*is_last = has_status(pty);
	if (is_first && *is_last) {
		buf[got++] = pty->status;
		pty->status = 0;
	} else if (!*is_last && out_ready(tty) > 0) {
		if (is_first && pty->is_packet)
			buf[got++] = TIOCPKT_DATA;
		got += out_take(tty, buf + got, n - got);
	}
	irq_unlock(&tty->lock);
	return got;
}

static int pty_wait_readable(struct file *f, struct pty *pty)
{
	if (pty_is_readable(pty))
		return 0;
	if (f->flags & O_NONBLOCK)
		return -EAGAIN;
	return wait_event(&pty->read_wait, pty_is_readable(pty)) < 0 ? -ERESTARTSYS : 0;
}

/* What is there, as much as goes into @io. */
static ssize_t pty_read_ready(struct pty *pty, struct iobuf *io)
{
	u8 chunk[PTY_CHUNK];
	bool is_last = false;
	ssize_t done = 0;

	while (io->left && !is_last) {
		size_t n = pty_take(pty, chunk, MIN(io->left, sizeof(chunk)), done == 0, &is_last);
		ssize_t moved;

		if (n == 0)
			break;
		moved = iobuf_put(io, chunk, n);
		if (moved < 0)
			return done ? done : moved;
		done += moved;
	}
	return done;
}

static bool pty_is_slave_closed(struct pty *pty)
{
	return READ_ONCE(pty->slave_closed);
}

static ssize_t pty_read(struct file *f, struct iobuf *io, u64 *pos)
{
	struct pty *pty = pty_of_file(f);
	bool was_closed;
	ssize_t done;
	int err;

	(void)pos;
	if (!io->left)
		return 0;
	do {
		err = pty_wait_readable(f, pty);
		if (err < 0)
			return err;
		was_closed = pty_is_slave_closed(pty);
		done = pty_read_ready(pty, io);
		/* Nothing, and open: another reader was faster. */
	} while (done == 0 && !was_closed);
	if (done > 0)
		tty_write_wakeup(pty->slave);
	return done ? done : -EIO;
}

/* ---- writing the master ---- */

static bool has_room_locked(const struct pty *pty)
{
	u32 used = pty->typed_head - pty->typed_tail;

	if (used == 0 && ldisc_can_receive(&pty->slave->ld))
		return true;
	return pty->typed && used < TYPED_SIZE;
}

static bool pty_has_room(struct pty *pty)
{
	bool has_room;

	irq_lock(&pty->slave->lock);
	has_room = has_room_locked(pty);
	irq_unlock(&pty->slave->lock);
	return has_room;
}

/* The first time that the line discipline is full. */
static bool pty_alloc_typed(struct pty *pty)
{
	u8 *ring = READ_ONCE(pty->typed) ? NULL : kalloc(TYPED_SIZE);

	if (!ring)
		return false;
	irq_lock(&pty->slave->lock);
	if (!pty->typed) {
		pty->typed = ring;
		ring = NULL;
	}
	irq_unlock(&pty->slave->lock);
	kfree(ring);
	return true;
}

/* Type what there is room for of @buf; returns how many bytes. */
static size_t pty_type(struct pty *pty, const u8 *buf, size_t n)
{
	struct tty *tty = pty->slave;
	bool has_room;
	size_t done;

	/* One at a time: each may be the key that changes whether there is room. */
	for (done = 0; done < n; done++) {
		irq_lock(&tty->lock);
		has_room = has_room_locked(pty);
		if (has_room && pty->typed_head == pty->typed_tail && ldisc_can_receive(&tty->ld))
			ldisc_receive(&tty->ld, buf[done]);
		else if (has_room)
			pty->typed[pty->typed_head++ % TYPED_SIZE] = buf[done];
		irq_unlock(&tty->lock);
		if (!has_room)
			break;
	}
	tty_receive(tty, NULL, 0);
	return done;
}

static int pty_wait_room(struct file *f, struct pty *pty)
{
	if (pty_has_room(pty) || pty_alloc_typed(pty))
		return 0;
	if (f->flags & O_NONBLOCK)
		return -EAGAIN;
	return wait_event(&pty->write_wait, pty_has_room(pty)) < 0 ? -ERESTARTSYS : 0;
}

static ssize_t pty_write_chunk(struct file *f, struct pty *pty, const u8 *buf, size_t n)
{
	size_t done = 0;

	while (done < n) {
		int err = pty_wait_room(f, pty);

		if (err < 0)
			return done ? (ssize_t)done : err;
		done += pty_type(pty, buf + done, n - done);
	}
	return (ssize_t)done;
}

/* A write came short, and O_ASYNC is to say when to go on. */
static void pty_want_room(struct pty *pty)
{
	store_release(&pty->wants_room, true);
	if (pty_has_room(pty))
		wake_all_key(&pty->write_wait, OUT_EVENTS);
}

static ssize_t pty_write(struct file *f, struct iobuf *io, u64 *pos)
{
	struct pty *pty = pty_of_file(f);
	u8 chunk[PTY_CHUNK];
	ssize_t done = 0;

	(void)pos;
	while (io->left) {
		ssize_t n = iobuf_get(io, chunk, MIN(io->left, sizeof(chunk)));
		ssize_t written = n < 0 ? n : pty_write_chunk(f, pty, chunk, (size_t)n);

		if (written < n && READ_ONCE(f->async))
			pty_want_room(pty);
		if (written < 0)
			return done ? done : written;
		done += written;
		if (written < n)
			break;
	}
	return done;
}

/* What happened to the slave is for poll; room is for those who were short of it. */
static uint pty_async_events(struct file *f, uint events)
{
	if (events & (POLLHUP | POLLPRI))
		return 0;
	if ((events & POLLOUT) &&
	    !__atomic_exchange_n(&pty_of_file(f)->wants_room, false, __ATOMIC_ACQ_REL))
		events &= ~POLLOUT;
	return events;
}

static int pty_set_async(struct file *f, int fd, bool on)
{
	if (on)
		file_set_first_owner(f, NULL);
	return file_set_async(f, fd, on, pty_async_events);
}

static uint pty_poll(struct file *f, struct poll_table *pt)
{
	struct pty *pty = pty_of_file(f);
	struct tty *tty = pty->slave;
	uint events = 0;

	poll_wait(pt, &pty->read_wait);
	poll_wait(pt, &pty->write_wait);
	irq_lock(&tty->lock);
	if (out_ready(tty) > 0 || has_status(pty))
		events |= IN_EVENTS;
	if (has_status(pty))
		events |= POLLPRI;
	if (!pty->typed || has_room_locked(pty))
		events |= OUT_EVENTS;
	if (pty->slave_closed)
		events |= POLLHUP;
	irq_unlock(&tty->lock);
	return events;
}

/* ---- ioctls of the master ---- */

static long pty_get(struct pty *pty, uint cmd, int __user *uarg)
{
	int value = 0;

	if (cmd == TIOCGPTN)
		value = (int)pty->node.index;
	else if (cmd == TIOCGPTLCK)
		value = READ_ONCE(pty->is_locked);
	else if (cmd == TIOCGPKT)
		value = READ_ONCE(pty->is_packet);
	else if (cmd == TIOCINQ) {
		irq_lock(&pty->slave->lock);
		value = (int)out_ready(pty->slave);
		irq_unlock(&pty->slave->lock);
	}
	return user_write(uarg, &value);
}

static long pty_set(struct pty *pty, uint cmd, const int __user *uarg)
{
	int value;

	if (user_read(&value, uarg) < 0)
		return -EFAULT;
	irq_lock(&pty->slave->lock);
	if (cmd == TIOCSPTLCK) {
		pty->is_locked = value;
	} else {
		if (!pty->is_packet)
			pty->status = 0;
		pty->is_packet = value;
	}
	irq_unlock(&pty->slave->lock);
	return 0;
}

static long pty_send_signal(struct pty *pty, ulong signo)
{
	if (signo != SIGINT && signo != SIGQUIT && signo != SIGTSTP)
		return -EINVAL;
	tty_signal_foreground(pty->slave, (int)signo);
	return 0;
}

static long pty_flush(struct pty *pty, ulong which)
{
	struct tty *tty = pty->slave;

	if (which > TCIOFLUSH)
		return -EINVAL;
	irq_lock(&tty->lock);
	if (which != TCOFLUSH)
		tty->out_tail = tty->out_stop = tty->out_head;
	if (which != TCIFLUSH)
		pty->typed_tail = pty->typed_head;
	irq_unlock(&tty->lock);
	tty_write_wakeup(tty);
	wake_all_key(&pty->write_wait, OUT_EVENTS);
	return 0;
}

static long pty_open_peer(struct file *f, struct pty *pty, int flags)
{
	struct file *peer;
	int err = devpts_open_peer(f, &pty->node, flags, &peer);

	if (err < 0)
		return err;
	err = fd_install(peer, 0, flags & O_CLOEXEC);
	if (err < 0)
		file_put(peer);
	return err;
}

static long pty_ioctl(struct file *f, uint cmd, ulong arg)
{
	struct pty *pty = pty_of_file(f);

	switch (cmd) {
	case TIOCGPTN:
	case TIOCGPTLCK:
	case TIOCGPKT:
	case TIOCINQ:
	case TIOCOUTQ:
		return pty_get(pty, cmd, user_ptr(int, arg));
	case TIOCSPTLCK:
	case TIOCPKT:
		return pty_set(pty, cmd, user_ptr(const int, arg));
	case TIOCGPTPEER:
		return pty_open_peer(f, pty, (int)arg);
	case TIOCSIG:
		return pty_send_signal(pty, arg);
	case TCFLSH:
		return pty_flush(pty, arg);
	default:
		return tty_mode_ioctl(pty->slave, true, f, cmd, arg);
	}
}

/* ---- the life of a master ---- */

static void pty_release(struct file *f)
{
	struct pty *pty = pty_of_file(f);
	struct tty *tty = pty->slave;

	irq_lock(&tty->lock);
	pty->master_closed = true;
	irq_unlock(&tty->lock);
	devpts_remove(&pty->node);
	tty_vhangup(tty);
	tty_put(tty);
}

static const struct file_ops pty_master_ops = {
	.read = pty_read,
	.write = pty_write,
	.poll = pty_poll,
	.ioctl = pty_ioctl,
	.set_async = pty_set_async,
	.release = pty_release,
};

static struct pty *pty_create(void)
{
	struct pty *pty = kzalloc(sizeof(*pty));

	if (!pty)
		return NULL;
	pty->slave = tty_alloc(0, &pty_tty_ops, pty, true);
	if (!pty->slave) {
		kfree(pty);
		return NULL;
	}
	pty->is_locked = true;
	wait_queue_init_rank(&pty->read_wait, LOCK_RANK_FILEWAIT);
	wait_queue_init_rank(&pty->write_wait, LOCK_RANK_FILEWAIT);
	return pty;
}

static int ptmx_open(struct char_device *cd, struct file *f)
{
	struct pty *pty = pty_create();
	int err;

	(void)cd;
	if (!pty)
		return -ENOMEM;
	err = devpts_add(f, pty->slave, &pty->node);
	if (err < 0) {
		tty_put(pty->slave);
		return err;
	}
	pty->slave->dev = dev_make(SLAVE_MAJOR, pty->node.index);
	f->ops = &pty_master_ops;
	f->private = pty;
	f->mode |= FILE_NOSEEK;
	return 0;
}

static struct char_device ptmx_device = {
	.name = "ptmx",
	.mode = 0666,
	.ops = &pty_master_ops,
	.open = ptmx_open,
};

void pty_init(void)
{
	ptmx_device.dev = dev_make(5, 2);
	if (chrdev_register(&ptmx_device) < 0)
		panic("pty: /dev/ptmx could not be made");
}
