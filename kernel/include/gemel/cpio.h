/* SPDX-License-Identifier: MIT */
#pragma once
/* cpio archives of the "newc" form, in memory.  Pure; the archive is not trusted. */
#include <gemel/compiler.h>

struct cpio {
	const u8 *buf;
	size_t len;
	size_t pos;
};

struct cpio_entry {
	const char *name;       /* in the archive, NUL-terminated, no leading '/' or "./" */
	size_t name_len;
	const void *data;       /* in the archive */
	size_t size;
	u32 ino, mode, uid, gid, nlink, mtime;
	u32 rdev_major, rdev_minor;
};

static inline void cpio_open(struct cpio *c, const void *buf, size_t len)
{
	*c = (struct cpio){ buf, len, 0 };
}

/* The next entry.  1; 0 at the trailer; -EINVAL if the archive is broken or ends without one. */
int __must_check cpio_next(struct cpio *c, struct cpio_entry *out);
