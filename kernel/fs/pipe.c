/* SPDX-License-Identifier: MIT */
/*
 * Pipes and FIFOs.
 *
 * A pipe is a ring of page slots addressed by two byte counters, head (ever written)
 * and tail (ever read).  A slot gets its page when the first byte goes there, and
 * keeps it until the pipe is freed or resized; an empty pipe starts over at slot 0, so a
 * conversation of short messages lives in one page.
 *
 * States.  (readers, writers):
 *
 *	readers > 0, writers > 0	open		[pipe_create, fifo_open]
 *	readers > 0, writers == 0	draining: end of file when empty
 *	readers == 0			broken: writing gives EPIPE and SIGPIPE
 *	both zero			freed; of a FIFO: empty, kept by its inode's openers
 *
 * A FIFO that is open again leaves "draining" and "broken"; w_opens and r_opens count
 * opens, so that a blocking open sees the other end come even if it is gone again.
 *
 * Locking.  pipe->lock covers everything; it is held across user copies.  Sleepers are
 * woken after it is released: whoever registers on a queue then takes the lock to look, so
 * that a list found empty under the lock has nobody to wake.
 *
 * Limits.  A write of at most PIPE_BUF bytes goes in whole or not at all.
 */
#include <uapi/errno.h>
#include <uapi/fcntl.h>
#include <uapi/stat.h>

#include <gemel/bits.h>
#include <gemel/cred.h>
#include <gemel/iobuf.h>
#include <gemel/page.h>
#include <gemel/poll.h>
#include <gemel/signal.h>
#include <gemel/slab.h>
#include <gemel/string.h>
#include <gemel/syscalls.h>
#include <gemel/uaccess.h>

#include "vfs/fdtable.h"
#include "vfs/vfs.h"

#define PIPE_BUF        4096u
#define PIPE_SLOTS      16u             /* 64 KiB */
#define PIPE_SLOTS_MAX  256u            /* 1 MiB, without CAP_SYS_RESOURCE */

struct pipe {
	struct mutex lock;              /* rank PIPE */
	/* lock */
	size_t head, tail;
	uint nslots;                    /* a power of two */
	uint readers, writers;
	u32 r_opens, w_opens;
	struct page **slot;
	struct page *slot_inline[PIPE_SLOTS];
	/* Own locks. */
	struct wait_queue read_wait;    /* for data, for writers */
	struct wait_queue write_wait;   /* for room, for readers */
	struct inode *inode;            /* not referenced: it owns the pipe */
};

static u64 next_pipe_ino = 1;           /* atomic */

static size_t pipe_used(const struct pipe *p) __must_hold(p->lock)
{
	return p->head - p->tail;
}

static size_t pipe_room(const struct pipe *p) __must_hold(p->lock)
{
	return p->nslots * PAGE_SIZE - (p->head - p->tail);
}

static struct pipe *pipe_alloc(void)
{
	struct pipe *p = kzalloc(sizeof(*p));

	if (!p)
		return NULL;
	mutex_init(&p->lock, LOCK_RANK_PIPE);
	p->nslots = PIPE_SLOTS;
	p->slot = p->slot_inline;
	wait_queue_init_rank(&p->read_wait, LOCK_RANK_FILEWAIT);
	wait_queue_init_rank(&p->write_wait, LOCK_RANK_FILEWAIT);
	return p;
}

static void pipe_free_slots(struct page **slot, uint n)
{
	for (uint i = 0; i < n; i++)
		if (slot[i])
			page_put(slot[i]);
}

static void pipe_free(struct pipe *p)
{
	pipe_free_slots(p->slot, p->nslots);
	if (p->slot != p->slot_inline)
		kfree(p->slot);
	kfree(p);
}

static size_t pipe_chunk(size_t a, size_t b, size_t c)
{
	size_t least = MIN(a, b);

	return MIN(least, c);
}

/* Is there anybody to wake?  Under the lock: see the theory. */
static bool pipe_has_waiters(const struct wait_queue *q)
{
	return !list_is_empty(&q->waiters);
}

/* ---- reading ---- */

/* 1 when there is something, 0 at the end of the file. */
static int pipe_wait_data(struct pipe *p, bool nonblock) __must_hold(p->lock)
{
	while (pipe_used(p) == 0) {
		int err;

		if (p->writers == 0)
			return 0;
		if (nonblock)
			return -EAGAIN;
		err = wait_on(&p->read_wait, &p->lock);
		if (err < 0)
			return err;
	}
	return 1;
}

static ssize_t pipe_take(struct pipe *p, struct iobuf *io) __must_hold(p->lock)
{
	size_t done = 0;

	while (io->left && pipe_used(p)) {
		uint slot = (uint)(p->tail >> PAGE_SHIFT) & (p->nslots - 1);
		size_t at = p->tail & (PAGE_SIZE - 1);
		size_t n = pipe_chunk(PAGE_SIZE - at, pipe_used(p), io->left);
		ssize_t moved = iobuf_put(io, (u8 *)page_address(p->slot[slot]) + at, n);

		if (moved < 0)
			return done ? (ssize_t)done : moved;
		p->tail += (size_t)moved;
		done += (size_t)moved;
		if ((size_t)moved < n)
			break;
	}
	if (p->head == p->tail)
		p->head = p->tail = 0;
	return (ssize_t)done;
}

static ssize_t pipe_read(struct file *f, struct iobuf *io, u64 *pos)
{
	struct pipe *p = f->private;
	bool wake = false;
	ssize_t n;

	(void)pos;
	if (io->left == 0)
		return 0;
	mutex_lock(&p->lock);
	n = pipe_wait_data(p, f->flags & O_NONBLOCK);
	if (n > 0) {
		n = pipe_take(p, io);
		wake = pipe_room(p) >= PIPE_BUF && pipe_has_waiters(&p->write_wait);
	}
	mutex_unlock(&p->lock);
	if (wake)
		wake_all_key(&p->write_wait, POLLOUT | POLLWRNORM);
	return n;
}

/* ---- writing ---- */

static int pipe_broken(void)
{
	signal_raise(SIGPIPE);
	return -EPIPE;
}

/* Until @need bytes fit. */
static int pipe_wait_room(struct pipe *p, size_t need, bool nonblock) __must_hold(p->lock)
{
	while (p->readers && pipe_room(p) < need) {
		int err;

		if (nonblock)
			return -EAGAIN;
		err = wait_on(&p->write_wait, &p->lock);
		if (err < 0)
			return err;
	}
	return p->readers ? 0 : -EPIPE;
}

static ssize_t pipe_give(struct pipe *p, struct iobuf *io) __must_hold(p->lock)
{
	size_t done = 0;

	while (io->left && pipe_room(p)) {
		uint slot = (uint)(p->head >> PAGE_SHIFT) & (p->nslots - 1);
		size_t at = p->head & (PAGE_SIZE - 1);
		size_t n = pipe_chunk(PAGE_SIZE - at, pipe_room(p), io->left);
		ssize_t moved = -ENOMEM;

		if (!p->slot[slot])
			p->slot[slot] = page_alloc(0, 0);
		if (p->slot[slot])
			moved = iobuf_get(io, (u8 *)page_address(p->slot[slot]) + at, n);
		if (moved < 0)
			return done ? (ssize_t)done : moved;
		p->head += (size_t)moved;
		done += (size_t)moved;
		if ((size_t)moved < n)
			break;
	}
	return (ssize_t)done;
}

/* One round: wait for room, fill it.  What was written, or an error. */
static ssize_t pipe_write_some(struct pipe *p, struct iobuf *io, size_t need, bool nonblock)
{
	bool wake = false;
	ssize_t n;

	mutex_lock(&p->lock);
	n = pipe_wait_room(p, need, nonblock);
	if (n == 0) {
		n = pipe_give(p, io);
		wake = n > 0 && pipe_has_waiters(&p->read_wait);
	}
	mutex_unlock(&p->lock);
	if (wake)
		wake_all_key(&p->read_wait, POLLIN | POLLRDNORM);
	return n;
}

static ssize_t pipe_write(struct file *f, struct iobuf *io, u64 *pos)
{
	struct pipe *p = f->private;
	size_t need = io->left <= PIPE_BUF ? io->left : 1;
	ssize_t done = 0, n = 0;

	(void)pos;
	while (io->left) {
		n = pipe_write_some(p, io, need, f->flags & O_NONBLOCK);
		if (n <= 0)
			break;
		done += n;
		need = 1;
	}
	if (n == -EPIPE)
		n = pipe_broken();
	return done ? done : n;
}

/* ---- the rest of the file ---- */

static uint pipe_poll(struct file *f, struct poll_table *pt)
{
	struct pipe *p = f->private;
	uint events = 0;

	if (f->mode & FILE_READ)
		poll_wait(pt, &p->read_wait);
	if (f->mode & FILE_WRITE)
		poll_wait(pt, &p->write_wait);
	mutex_lock(&p->lock);
	if (f->mode & FILE_READ) {
		if (pipe_used(p))
			events |= POLLIN | POLLRDNORM;
		/* A FIFO that nobody has opened for writing yet has not hung up. */
		if (p->writers == 0 && f->readahead_next != p->w_opens)
			events |= POLLHUP;
	}
	if (f->mode & FILE_WRITE) {
		if (pipe_room(p) >= PIPE_BUF)
			events |= POLLOUT | POLLWRNORM;
		if (p->readers == 0)
			events |= POLLERR;
	}
	mutex_unlock(&p->lock);
	return events;
}

static long pipe_ioctl(struct file *f, uint cmd, ulong arg)
{
	struct pipe *p = f->private;
	int n;

	if (cmd != FIONREAD)
		return -ENOTTY;
	mutex_lock(&p->lock);
	n = (int)pipe_used(p);
	mutex_unlock(&p->lock);
	return user_write(user_ptr(int, arg), &n) < 0 ? -EFAULT : 0;
}

static int pipe_set_async(struct file *f, int fd, bool on)
{
	return file_set_async(f, fd, on, NULL);
}

static void pipe_release(struct file *f)
{
	struct pipe *p = f->private;

	mutex_lock(&p->lock);
	if (f->mode & FILE_READ)
		p->readers--;
	if (f->mode & FILE_WRITE)
		p->writers--;
	if (p->readers == 0 && p->writers == 0) {
		/* Of a FIFO, which may be opened again. */
		p->head = p->tail = 0;
		pipe_free_slots(p->slot, p->nslots);
		memset(p->slot, 0, p->nslots * sizeof(*p->slot));
	}
	mutex_unlock(&p->lock);
	/* f still holds the inode, and with it the pipe. */
	wake_all_key(&p->read_wait, POLLIN | POLLRDNORM | POLLHUP);
	wake_all_key(&p->write_wait, POLLOUT | POLLWRNORM | POLLERR);
}

static const struct file_ops pipe_ops = {
	.read = pipe_read,
	.write = pipe_write,
	.poll = pipe_poll,
	.ioctl = pipe_ioctl,
	.set_async = pipe_set_async,
	.release = pipe_release,
};

/* ---- creation ---- */

static void pipe_inode_evict(struct inode *ip)
{
	if (ip->pipe)
		pipe_free(ip->pipe);
}

void fifo_evict(struct inode *ip)
{
	pipe_inode_evict(ip);
	ip->pipe = NULL;
}

static const struct inode_ops pipe_inode_ops = { .evict = pipe_inode_evict };

static struct inode *pipe_inode(void)
{
	struct pipe *p = pipe_alloc();
	struct inode *ip;

	if (!p)
		return NULL;
	ip = inode_create(superblock_anonymous(), S_IFIFO | 0600);
	if (!ip) {
		pipe_free(p);
		return NULL;
	}
	ip->ino = __atomic_fetch_add(&next_pipe_ino, 1, __ATOMIC_RELAXED);
	ip->uid = current_cred()->fsuid;
	ip->gid = current_cred()->fsgid;
	ip->ops = &pipe_inode_ops;
	ip->pipe = p;
	p->inode = ip;
	p->readers = p->writers = p->r_opens = p->w_opens = 1;
	return ip;
}

/* One end; takes a reference to @ip. */
static struct file *pipe_file(struct inode *ip, uint mode, int flags)
{
	struct file *f = file_create(&pipe_ops, ip->pipe, mode | FILE_NOSEEK, (u32)flags, NULL);

	if (f) {
		inode_get(ip);
		f->inode = ip;
		f->readahead_next = ~0ull;
	}
	return f;
}

int pipe_create(struct file *end[2], int flags)
{
	struct inode *ip = pipe_inode();
	int err = -ENOMEM;

	if (!ip)
		return -ENOMEM;
	end[0] = pipe_file(ip, FILE_READ, O_RDONLY | (flags & O_NONBLOCK));
	end[1] = NULL;
	if (end[0])
		end[1] = pipe_file(ip, FILE_WRITE, O_WRONLY | (flags & O_NONBLOCK));
	if (end[1])
		err = 0;
	else if (end[0])
		file_put(end[0]);
	inode_put(ip);
	return err;
}

static long pipe_install(struct file *end[2], int __user *ufds, bool cloexec)
{
	int fd[2];
	int err;

	fd[0] = fd_reserve(0, cloexec);
	if (fd[0] < 0)
		return fd[0];
	fd[1] = fd_reserve(0, cloexec);
	if (fd[1] < 0) {
		err = fd[1];
		goto err_release_first;
	}
	err = copy_to_user(ufds, fd, sizeof(fd));
	if (err < 0)
		goto err_release_both;
	fd_fill(fd[0], end[0]);
	fd_fill(fd[1], end[1]);
	return 0;

err_release_both:
	fd_release(fd[1]);
err_release_first:
	fd_release(fd[0]);
	return err;
}

long sys_pipe2(int __user *ufds, int flags)
{
	struct file *end[2];
	long err;

	if (flags & ~(O_CLOEXEC | O_NONBLOCK))
		return -EINVAL;
	err = pipe_create(end, flags);
	if (err < 0)
		return err;
	err = pipe_install(end, ufds, flags & O_CLOEXEC);
	if (err < 0) {
		file_put(end[0]);
		file_put(end[1]);
	}
	return err;
}

/* ---- FIFOs ---- */

static struct pipe *fifo_pipe(struct inode *ip)
{
	struct pipe *p = ip->pipe, *fresh;

	if (p)
		return p;
	fresh = pipe_alloc();
	mutex_lock(&ip->lock);
	p = ip->pipe;
	if (!p && fresh) {
		fresh->inode = ip;
		p = ip->pipe = fresh;
		fresh = NULL;
	}
	mutex_unlock(&ip->lock);
	if (fresh)
		pipe_free(fresh);
	return p;
}

/* Wait for the other end: for @opens to change or @present to be there. */
static int fifo_wait(struct pipe *p, struct wait_queue *q, const uint *present, const u32 *opens)
	__must_hold(p->lock)
{
	u32 seen = *opens;

	while (*present == 0 && *opens == seen) {
		int err = wait_on(q, &p->lock);

		if (err < 0)
			return err;
	}
	return 0;
}

static int fifo_open_locked(struct pipe *p, struct file *f) __must_hold(p->lock)
{
	bool nonblock = f->flags & O_NONBLOCK;
	uint mode = f->mode & (FILE_READ | FILE_WRITE);
	/* A pipe, opened again through /proc/PID/fd, waits for nobody. */
	bool is_fifo = p->inode->ops != &pipe_inode_ops;

	if (is_fifo && mode == FILE_WRITE && nonblock && p->readers == 0)
		return -ENXIO;
	f->readahead_next = ~0ull;
	if (f->mode & FILE_READ) {
		p->readers++;
		p->r_opens++;
	}
	if (f->mode & FILE_WRITE) {
		p->writers++;
		p->w_opens++;
	}
	wake_all(&p->read_wait);
	wake_all(&p->write_wait);
	if (is_fifo && mode == FILE_READ && p->writers == 0) {
		if (!nonblock)
			return fifo_wait(p, &p->read_wait, &p->writers, &p->w_opens);
		f->readahead_next = p->w_opens;
	}
	if (is_fifo && mode == FILE_WRITE && p->readers == 0)
		return fifo_wait(p, &p->write_wait, &p->readers, &p->r_opens);
	return 0;
}

int fifo_open(struct inode *ip, struct file *f)
{
	struct pipe *p = fifo_pipe(ip);
	int err;

	if (!p)
		return -ENOMEM;
	f->ops = &pipe_ops;
	f->private = p;
	f->mode |= FILE_NOSEEK;
	mutex_lock(&p->lock);
	err = fifo_open_locked(p, f);
	if (err == -EINTR) {
		if (f->mode & FILE_READ)
			p->readers--;
		if (f->mode & FILE_WRITE)
			p->writers--;
	}
	mutex_unlock(&p->lock);
	if (err == -EINTR) {
		wake_all(&p->read_wait);
		wake_all(&p->write_wait);
	}
	return err;
}

/* ---- size ---- */

bool file_is_pipe(const struct file *f)
{
	return f->ops == &pipe_ops;
}

long pipe_get_size(struct file *f)
{
	return (long)(((struct pipe *)f->private)->nslots * PAGE_SIZE);
}

/* Move what is in the ring into @to, from its start.  0, -ENOMEM. */
static int pipe_copy_out(struct pipe *p, struct page **to) __must_hold(p->lock)
{
	size_t used = pipe_used(p);

	for (size_t done = 0; done < used;) {
		size_t pos = p->tail + done;
		uint slot = (uint)(pos >> PAGE_SHIFT) & (p->nslots - 1);
		size_t at = pos & (PAGE_SIZE - 1), to_at = done & (PAGE_SIZE - 1);
		size_t n = pipe_chunk(PAGE_SIZE - at, PAGE_SIZE - to_at, used - done);
		struct page **pg = &to[done >> PAGE_SHIFT];

		if (!*pg)
			*pg = page_alloc(0, 0);
		if (!*pg)
			return -ENOMEM;
		memcpy((u8 *)page_address(*pg) + to_at, (u8 *)page_address(p->slot[slot]) + at, n);
		done += n;
	}
	return 0;
}

static int pipe_resize(struct pipe *p, uint nslots) __must_hold(p->lock)
{
	struct page **slot;
	size_t used = pipe_used(p);
	int err;

	if (used > nslots * PAGE_SIZE)
		return -EBUSY;
	slot = kcalloc(nslots, sizeof(*slot));
	if (!slot)
		return -ENOMEM;
	err = pipe_copy_out(p, slot);
	if (err < 0) {
		pipe_free_slots(slot, nslots);
		kfree(slot);
		return err;
	}
	pipe_free_slots(p->slot, p->nslots);
	if (p->slot != p->slot_inline)
		kfree(p->slot);
	p->slot = slot;
	p->nslots = nslots;
	p->tail = 0;
	p->head = used;
	return 0;
}

long pipe_set_size(struct file *f, ulong size)
{
	struct pipe *p = f->private;
	ulong nslots;
	long err;

	if (size > 1ul << 31)
		return -EINVAL;
	nslots = roundup_pow2(MAX(DIV_ROUND_UP(size, PAGE_SIZE), 1ul));
	if (nslots > PIPE_SLOTS_MAX && !capable(CAP_SYS_RESOURCE))
		return -EPERM;
	if (nslots > 16 * PIPE_SLOTS_MAX)
		return -ENOMEM;
	mutex_lock(&p->lock);
	err = pipe_resize(p, (uint)nslots);
	mutex_unlock(&p->lock);
	if (err < 0)
		return err;
	wake_all_key(&p->write_wait, POLLOUT | POLLWRNORM);
	return (long)(nslots * PAGE_SIZE);
}

/* ---- tee ---- */

/* Copy the first bytes of @p, without taking them, to @buf. */
static size_t pipe_peek(struct pipe *p, u8 *buf, size_t n) __must_hold(p->lock)
{
	size_t done = 0, used = pipe_used(p);

	n = MIN(n, used);
	while (done < n) {
		size_t pos = p->tail + done, at = pos & (PAGE_SIZE - 1);
		size_t part = MIN(PAGE_SIZE - at, n - done);
		struct page *pg = p->slot[(pos >> PAGE_SHIFT) & (p->nslots - 1)];

		memcpy(buf + done, (u8 *)page_address(pg) + at, part);
		done += part;
	}
	return n;
}

long pipe_tee(struct file *from, struct file *to, size_t len, bool nonblock)
{
	struct pipe *p = from->private;
	struct iobuf io;
	u8 *buf;
	long n;
	u64 pos = 0;

	if (!file_is_pipe(from) || !file_is_pipe(to) || from->private == to->private)
		return -EINVAL;
	if (!(from->mode & FILE_READ) || !(to->mode & FILE_WRITE))
		return -EBADF;
	len = MIN(len, 16 * PAGE_SIZE);
	buf = kalloc(len);
	if (!buf)
		return -ENOMEM;
	mutex_lock(&p->lock);
	n = pipe_wait_data(p, nonblock || (from->flags & O_NONBLOCK));
	if (n > 0)
		n = (long)pipe_peek(p, buf, len);
	mutex_unlock(&p->lock);
	if (n > 0) {
		iobuf_init_kernel(&io, buf, (size_t)n);
		n = pipe_write(to, &io, &pos);
	}
	kfree(buf);
	return n;
}
