/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * A cursor over the caller's memory, kernel or user, one segment or many.
 * Everything below the system-call layer moves data through one of these, so no
 * read or write path ever asks "is this a user pointer?".
 */
#include <gemel/compiler.h>

struct iovec {                  /* the ABI's: user addresses */
	ulong base;
	size_t len;
};

struct iobuf {
	size_t left;            /* bytes not yet moved */
	/* Private to core/iobuf.c. */
	bool is_kernel;
	const struct iovec *seg;
	size_t nseg, seg_off;
	struct iovec one;
};

void iobuf_init_kernel(struct iobuf *io, void *buf, size_t n);
/* 0 or -EFAULT. */
int __must_check iobuf_init_user(struct iobuf *io, void __user *buf, size_t n);
/*
 * @iov is kernel memory holding user segments, kept by the caller; checked.  0, -EINVAL (sum),
 * -EFAULT.
 */
int __must_check iobuf_init_iovec(struct iobuf *io, const struct iovec *iov, size_t n);

/*
 * Move up to @n bytes and advance: from the caller's memory / into it.  Bytes moved (may be
 * short at a fault), or -EFAULT if none could be.  May sleep.
 */
ssize_t __must_check iobuf_get(struct iobuf *io, void *dst, size_t n);
ssize_t __must_check iobuf_put(struct iobuf *io, const void *src, size_t n);
ssize_t __must_check iobuf_put_zero(struct iobuf *io, size_t n);
/*
 * Fault in the next up to @n bytes for reading by iobuf_get(), so that it does not fault while
 * a page lock is held.  How many bytes from here on are good, at least 1 (0 only for @n 0), or
 * -EFAULT.
 */
ssize_t __must_check iobuf_prefault(struct iobuf *io, size_t n);
/* Go back @n bytes just moved. */
void iobuf_rewind(struct iobuf *io, size_t n);
