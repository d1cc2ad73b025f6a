/* SPDX-License-Identifier: MIT */
/*
 * The live trace as a file: reading waits for lines, writing chooses the events.
 *
 * Tracepoints wake nobody, so a reader that finds nothing looks again a little later, and
 * poll tells what is there without being able to announce more.
 */
#include <uapi/errno.h>
#include <uapi/fcntl.h>

#include <gemel/iobuf.h>
#include <gemel/mutex.h>
#include <gemel/poll.h>
#include <gemel/sched.h>
#include <gemel/slab.h>
#include <gemel/string.h>
#include <gemel/task.h>
#include <gemel/time.h>
#include <gemel/trace.h>

#include "../vfs/vfs.h"
#include "proc.h"

#define CHUNK           (4 * PAGE_SIZE)
#define LOOK_AGAIN_NS   (5 * NSEC_PER_MSEC)

struct trace_file {
	struct mutex lock;              /* one reader at a time */
	struct trace_cursor *cursor;
	char line[TRACE_LINE_MAX];      /* what a reader with little room has not taken yet */
	size_t at, len;
};

int proc_trace_open(struct file *f)
{
	struct trace_file *tf = kzalloc(sizeof(*tf));
	int err;

	if (!tf)
		return -ENOMEM;
	err = trace_open(&tf->cursor);
	if (err < 0) {
		kfree(tf);
		return err;
	}
	mutex_init(&tf->lock, LOCK_RANK_INODEFILE);
	f->private = tf;
	f->mode |= FILE_NOSEEK;
	return 0;
}

/* Into @buf, under the lock: whole lines, or a piece of one if it has no room for that. */
static size_t trace_file_fill(struct trace_file *tf, char *buf, size_t size)
{
	size_t n;

	if (tf->at == tf->len) {
		if (size >= TRACE_LINE_MAX)
			return trace_read(tf->cursor, buf, size);
		tf->at = 0;
		tf->len = trace_read(tf->cursor, tf->line, sizeof(tf->line));
	}
	n = MIN(size, tf->len - tf->at);
	memcpy(buf, tf->line + tf->at, n);
	tf->at += n;
	return n;
}

static ssize_t trace_file_take(struct trace_file *tf, struct iobuf *io)
{
	size_t size = MIN(io->left, CHUNK), n;
	char *buf = kalloc(size);
	ssize_t done = 0;

	if (!buf)
		return -ENOMEM;
	mutex_lock(&tf->lock);
	n = trace_file_fill(tf, buf, size);
	mutex_unlock(&tf->lock);
	if (n)
		done = iobuf_put(io, buf, n);
	kfree(buf);
	return done;
}

static ssize_t trace_file_read(struct file *f, struct iobuf *io, u64 *pos)
{
	(void)pos;
	if (io->left == 0)
		return 0;
	for (;;) {
		ssize_t n = trace_file_take(f->private, io);
		int err;

		if (n != 0)
			return n;
		if (f->flags & O_NONBLOCK)
			return -EAGAIN;
		err = sleep_until(time_now() + LOOK_AGAIN_NS, TASK_SLEEPING);
		if (err < 0)
			return err;
	}
}

static ssize_t trace_file_write(struct file *f, struct iobuf *io, u64 *pos)
{
	struct trace_file *tf = f->private;
	char words[128];
	size_t total = io->left;
	ssize_t n;
	int err;

	(void)pos;
	if (total >= sizeof(words))
		return -EINVAL;
	n = iobuf_get(io, words, total);
	if (n < 0)
		return n;
	while (n > 0 && words[n - 1] == '\n')
		n--;
	words[n] = '\0';
	err = trace_select(tf->cursor, words);
	return err < 0 ? err : (ssize_t)total;
}

static uint trace_file_poll(struct file *f, struct poll_table *pt)
{
	struct trace_file *tf = f->private;
	bool more;

	(void)pt;
	mutex_lock(&tf->lock);
	more = tf->at < tf->len || trace_has_more(tf->cursor);
	mutex_unlock(&tf->lock);
	return (more ? POLLIN | POLLRDNORM : 0) | POLLOUT;
}

static void trace_file_release(struct file *f)
{
	struct trace_file *tf = f->private;

	trace_close(tf->cursor);
	kfree(tf);
}

const struct file_ops proc_trace_ops = {
	.read = trace_file_read,
	.write = trace_file_write,
	.poll = trace_file_poll,
	.release = trace_file_release,
};

