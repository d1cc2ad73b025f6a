/* SPDX-License-Identifier: MIT */
/* /dev/null, zero, full, random, urandom, kmsg. */
#include <uapi/errno.h>
#include <uapi/fcntl.h>

#include <gemel/address_space.h>
#include <gemel/fs.h>
#include <gemel/iobuf.h>
#include <gemel/kmsg.h>
#include <gemel/log.h>
#include <gemel/poll.h>
#include <gemel/random.h>
#include <gemel/slab.h>

#include "memdev.h"

#define MEM_MAJOR 1

static s64 null_seek(struct file *f, s64 off, int whence)
{
	(void)off;
	(void)whence;
	f->pos = 0;
	return 0;
}

static ssize_t null_read(struct file *f, struct iobuf *io, u64 *pos)
{
	(void)f;
	(void)io;
	(void)pos;
	return 0;
}

static ssize_t null_write(struct file *f, struct iobuf *io, u64 *pos)
{
	(void)f;
	(void)pos;
	return (ssize_t)io->left;
}

static ssize_t zero_read(struct file *f, struct iobuf *io, u64 *pos)
{
	(void)f;
	(void)pos;
	return io->left ? iobuf_put_zero(io, io->left) : 0;
}

static int zero_mmap(struct file *f, struct area *a)
{
	struct file *memory;
	int err = tmpfs_file_create("dev/zero", a->offset + (a->end - a->start), 0, &memory);

	(void)f;
	if (err < 0)
		return err;
	file_put(a->file);
	a->file = memory;
	a->mapping = &memory->inode->mapping;
	return 0;
}

static ssize_t full_write(struct file *f, struct iobuf *io, u64 *pos)
{
	(void)f;
	(void)io;
	(void)pos;
	return -ENOSPC;
}

static ssize_t random_file_read(struct file *f, struct iobuf *io, u64 *pos)
{
	(void)f;
	(void)pos;
	u8 buf[256];
	size_t done = 0;

	while (io->left) {
		size_t n = MIN(io->left, sizeof(buf));
		ssize_t moved;

		random_bytes(buf, n);
		moved = iobuf_put(io, buf, n);
		if (moved < 0)
			return done ? (ssize_t)done : moved;
		done += (size_t)moved;
	}
	return (ssize_t)done;
}

static ssize_t random_file_write(struct file *f, struct iobuf *io, u64 *pos)
{
	u8 buf[64];
	size_t total = io->left;

	(void)f;
	(void)pos;
	while (io->left) {
		ssize_t n = iobuf_get(io, buf, MIN(io->left, sizeof(buf)));

		if (n < 0)
			return n;
		random_add(buf, (size_t)n, 0);
	}
	return (ssize_t)total;
}

static const struct file_ops null_ops = {
	.read = null_read, .write = null_write, .seek = null_seek,
};
static const struct file_ops zero_ops = {
	.read = zero_read, .write = null_write, .seek = null_seek, .mmap = zero_mmap,
};
static const struct file_ops full_ops = {
	.read = zero_read, .write = full_write, .seek = null_seek,
};
static const struct file_ops random_ops = {
	.read = random_file_read, .write = random_file_write, .seek = null_seek,
};


static struct char_device devices[] = {
	{ .name = "null", .mode = 0666, .ops = &null_ops },
	{ .name = "zero", .mode = 0666, .ops = &zero_ops },
	{ .name = "full", .mode = 0666, .ops = &full_ops },
	{ .name = "random", .mode = 0666, .ops = &random_ops },
	{ .name = "urandom", .mode = 0666, .ops = &random_ops },
	{ .name = "kmsg", .mode = 0644, .ops = &kmsg_ops, .open = kmsg_open },
};
static const u8 minors[] = { 3, 5, 7, 8, 9, 11 };

void memdev_register(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(devices); i++) {
		devices[i].dev = dev_make(MEM_MAJOR, minors[i]);
		if (chrdev_register(&devices[i]) < 0)
			panic("fs: /dev/%s cannot be made", devices[i].name);
	}
}
