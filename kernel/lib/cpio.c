/* SPDX-License-Identifier: MIT */
/*
 * The "newc" form: a header of 110 ASCII characters ("070701", then 13
 * numbers of 8 hexadecimal digits), the name with its NUL, padding to 4, the
 * data, padding to 4.  "070702" is the same with a checksum.  Archives may
 * be concatenated, with zeros between them.
 */
#include <gemel/cpio.h>

#include <uapi/errno.h>

#include <gemel/string.h>

enum { CPIO_HEADER = 110, CPIO_NAME_MAX = 4096 };

/* The numbers of a header, in order. */
enum {
	CPIO_INO, CPIO_MODE, CPIO_UID, CPIO_GID, CPIO_NLINK, CPIO_MTIME, CPIO_SIZE,
	CPIO_DEVMAJOR, CPIO_DEVMINOR, CPIO_RDEVMAJOR, CPIO_RDEVMINOR, CPIO_NAMESIZE, CPIO_CHECK,
	CPIO_NUMBERS
};

static bool read_hex8(const u8 *p, u32 *out)
{
	u32 v = 0;

	for (uint i = 0; i < 8; i++) {
		u8 c = p[i];

		if (c >= '0' && c <= '9')
			c -= '0';
		else if (c >= 'a' && c <= 'f')
			c -= 'a' - 10;
		else if (c >= 'A' && c <= 'F')
			c -= 'A' - 10;
		else
			return false;
		v = v << 4 | c;
	}
	*out = v;
	return true;
}

static bool read_header(const u8 *p, u32 number[CPIO_NUMBERS])
{
	if (memcmp(p, "070701", 6) != 0 && memcmp(p, "070702", 6) != 0)
		return false;
	for (uint i = 0; i < CPIO_NUMBERS; i++)
		if (!read_hex8(p + 6 + 8 * i, &number[i]))
			return false;
	return true;
}

static void strip_name(struct cpio_entry *e)
{
	for (;;) {
		if (e->name[0] == '/')
			e->name++, e->name_len--;
		else if (e->name[0] == '.' && e->name[1] == '/')
			e->name += 2, e->name_len -= 2;
		else
			return;
	}
}

int cpio_next(struct cpio *c, struct cpio_entry *out)
{
	u32 n[CPIO_NUMBERS];
	const u8 *p = c->buf + c->pos;
	size_t left = c->len - c->pos, data, end;

	if (left < CPIO_HEADER || !read_header(p, n))
		return -EINVAL;
	if (n[CPIO_NAMESIZE] < 2 || n[CPIO_NAMESIZE] > CPIO_NAME_MAX)
		return -EINVAL;
	data = ALIGN_UP((size_t)CPIO_HEADER + n[CPIO_NAMESIZE], 4);
	if (data > left || n[CPIO_SIZE] > left - data)
		return -EINVAL;
	if (strnlen((const char *)p + CPIO_HEADER, n[CPIO_NAMESIZE]) != n[CPIO_NAMESIZE] - 1)
		return -EINVAL;
	/* The last padding may be missing at the very end. */
	end = MIN(data + ALIGN_UP((size_t)n[CPIO_SIZE], 4), left);

	*out = (struct cpio_entry){
		.name = (const char *)p + CPIO_HEADER,
		.name_len = n[CPIO_NAMESIZE] - 1,
		.data = p + data,
		.size = n[CPIO_SIZE],
		.ino = n[CPIO_INO],
		.mode = n[CPIO_MODE],
		.uid = n[CPIO_UID],
		.gid = n[CPIO_GID],
		.nlink = n[CPIO_NLINK],
		.mtime = n[CPIO_MTIME],
		.rdev_major = n[CPIO_RDEVMAJOR],
		.rdev_minor = n[CPIO_RDEVMINOR],
	};
	c->pos += end;
	if (strcmp(out->name, "TRAILER!!!") == 0)
		return 0;
	strip_name(out);
	return 1;
}
