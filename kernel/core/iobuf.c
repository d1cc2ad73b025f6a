/* SPDX-License-Identifier: MIT */
/*
 * A cursor over the caller's memory.
 *
 * A cursor is its current segment (io->seg), how far into it (io->seg_off) and
 * the bytes left in all (io->left).  Going on to the next segment happens
 * lazily, when there is something to move, so that rewinding over a border
 * is a walk backwards through the same array.
 */
#include <gemel/iobuf.h>

#include <arch/mmu.h>

#include <uapi/errno.h>

#include <gemel/assert.h>
#include <gemel/string.h>
#include <gemel/uaccess.h>

/* Linux's limit of one transfer. */
#define IO_MAX (0x7ffffffful & PAGE_MASK)

static void iobuf_init_one(struct iobuf *io, ulong base, size_t n, bool is_kernel)
{
	io->left = n;
	io->is_kernel = is_kernel;
	io->one = (struct iovec){ base, n };
	io->seg = &io->one;
	io->nseg = 1;
	io->seg_off = 0;
}

void iobuf_init_kernel(struct iobuf *io, void *buf, size_t n)
{
	iobuf_init_one(io, (ulong)buf, n, true);
}

int iobuf_init_user(struct iobuf *io, void __user *buf, size_t n)
{
	if (!user_range_ok(buf, n))
		return -EFAULT;
	iobuf_init_one(io, (ulong)buf, MIN(n, IO_MAX), false);
	return 0;
}

int iobuf_init_iovec(struct iobuf *io, const struct iovec *iov, size_t n)
{
	size_t sum = 0;

	for (size_t i = 0; i < n; i++) {
		if ((ssize_t)iov[i].len < 0 || (ssize_t)(sum + iov[i].len) < 0)
			return -EINVAL;
		if (!user_range_ok(user_ptr(void, iov[i].base), iov[i].len))
			return -EFAULT;
		sum += iov[i].len;
	}
	io->left = MIN(sum, IO_MAX);
	io->is_kernel = false;
	io->seg = iov;
	io->nseg = n;
	io->seg_off = 0;
	return 0;
}

/* The address to go on at and how many of @n bytes are in one piece there; @n <= io->left, > 0. */
static ulong iobuf_here(struct iobuf *io, size_t *n)
{
	while (io->seg_off == io->seg->len) {
		DEBUG_ASSERT(io->nseg > 1);
		io->seg++;
		io->nseg--;
		io->seg_off = 0;
	}
	*n = MIN(*n, io->seg->len - io->seg_off);
	return io->seg->base + io->seg_off;
}

static void iobuf_advance(struct iobuf *io, size_t n)
{
	io->seg_off += n;
	io->left -= n;
}

enum iobuf_how { IOBUF_GET, IOBUF_PUT, IOBUF_ZERO };

/* Move @n bytes between @at, the caller's memory, and @mem.  What moved. */
static size_t move_piece(const struct iobuf *io, ulong at, void *mem, size_t n, enum iobuf_how how)
{
	void *kernel = (void *)at;
	void __user *user = user_ptr(void, at);

	switch (how) {
	case IOBUF_GET:
		if (!io->is_kernel)
			return copy_from_user_partial(mem, user, n);
		memcpy(mem, kernel, n);
		return n;
	case IOBUF_PUT:
		if (!io->is_kernel)
			return copy_to_user_partial(user, mem, n);
		memcpy(kernel, mem, n);
		return n;
	default:
		if (!io->is_kernel)
			return clear_user(user, n) < 0 ? 0 : n;
		memset(kernel, 0, n);
		return n;
	}
}

static ssize_t iobuf_move(struct iobuf *io, char *mem, size_t n, enum iobuf_how how)
{
	size_t done = 0;

	n = MIN(n, io->left);
	while (done < n) {
		size_t piece = n - done;
		ulong at = iobuf_here(io, &piece);
		size_t moved = move_piece(io, at, mem ? mem + done : NULL, piece, how);

		iobuf_advance(io, moved);
		done += moved;
		if (moved < piece)
			break;
	}
	return done || !n ? (ssize_t)done : -EFAULT;
}

ssize_t iobuf_get(struct iobuf *io, void *dst, size_t n)
{
	return iobuf_move(io, dst, n, IOBUF_GET);
}

ssize_t iobuf_put(struct iobuf *io, const void *src, size_t n)
{
	return iobuf_move(io, (char *)(ulong)src, n, IOBUF_PUT);
}

ssize_t iobuf_put_zero(struct iobuf *io, size_t n)
{
	return iobuf_move(io, NULL, n, IOBUF_ZERO);
}

/* Touch one byte of every page of [at, at + n).  How many bytes are good from the start. */
static size_t prefault_piece(ulong at, size_t n)
{
	ulong page = ALIGN_DOWN(at, PAGE_SIZE);

	for (; page < at + n; page += PAGE_SIZE) {
		ulong from = MAX(page, at);
		char byte;

		if (copy_from_user_partial(&byte, user_ptr(void, from), 1) != 1)
			return from - at;
	}
	return n;
}

ssize_t iobuf_prefault(struct iobuf *io, size_t n)
{
	struct iobuf look = *io;
	size_t good = 0;

	n = MIN(n, io->left);
	if (io->is_kernel)
		return (ssize_t)n;
	/* The copy's single segment is its own. */
	if (io->seg == &io->one)
		look.seg = &look.one;
	while (good < n) {
		size_t piece = n - good;
		ulong at = iobuf_here(&look, &piece);
		size_t ok = prefault_piece(at, piece);

		iobuf_advance(&look, ok);
		good += ok;
		if (ok < piece)
			break;
	}
	return good || !n ? (ssize_t)good : -EFAULT;
}

void iobuf_rewind(struct iobuf *io, size_t n)
{
	io->left += n;
	while (n > io->seg_off) {
		n -= io->seg_off;
		io->seg--;
		io->nseg++;
		io->seg_off = io->seg->len;
	}
	io->seg_off -= n;
}
