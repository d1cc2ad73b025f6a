/* SPDX-License-Identifier: MIT */
/* getdents64(2): entries are gathered in a kernel buffer and copied out at once. */
#include "vfs.h"

#include <uapi/errno.h>

#include <gemel/slab.h>
#include <gemel/string.h>
#include <gemel/syscalls.h>
#include <gemel/uaccess.h>

#include "fdtable.h"

#define GETDENTS_MAX 8192u

struct getdents {
	struct dir_context ctx;
	u8 *buf;
	size_t size, used;
	bool is_too_small;              /* not even one fits */
};

static bool getdents_emit(struct dir_context *ctx, const char *name, size_t len, u64 ino,
			  uint d_type, u64 next_pos)
{
	struct getdents *g = container_of(ctx, struct getdents, ctx);
	size_t head = offsetof(struct uapi_linux_dirent64, name);
	size_t reclen = ALIGN_UP(head + len + 1, 8);
	struct uapi_linux_dirent64 *d;

	if (reclen > g->size - g->used) {
		g->is_too_small = g->used == 0;
		return false;
	}
	d = (struct uapi_linux_dirent64 *)(g->buf + g->used);
	memset(d, 0, reclen);
	d->ino = ino;
	d->off = (s64)next_pos;
	d->reclen = (u16)reclen;
	d->type = (u8)d_type;
	memcpy(d->name, name, len);
	g->used += reclen;
	return true;
}

static long getdents_file(struct file *f, void __user *ubuf, uint size)
{
	struct getdents g = { .ctx = { .emit = getdents_emit }, .size = MIN(size, GETDENTS_MAX) };
	long err;

	if (!f->ops->iterate)
		return -ENOTDIR;
	g.buf = kalloc(g.size ? g.size : 1);
	if (!g.buf)
		return -ENOMEM;
	mutex_lock(&f->pos_lock);
	g.ctx.pos = f->pos;
	err = f->ops->iterate(f, &g.ctx);
	if (err == 0 && g.used && copy_to_user(ubuf, g.buf, g.used) < 0)
		err = -EFAULT;
	if (err == 0)
		f->pos = g.ctx.pos;
	mutex_unlock(&f->pos_lock);
	kfree(g.buf);
	if (err < 0)
		return err;
	return g.is_too_small ? -EINVAL : (long)g.used;
}

long sys_getdents64(int fd, struct uapi_linux_dirent64 __user *ubuf, uint size)
{
	struct fd_ref r = fd_borrow(fd);
	long n;

	if (!fd_ref_file(r))
		return -EBADF;
	n = getdents_file(fd_ref_file(r), ubuf, size);
	fd_return(r);
	return n;
}
