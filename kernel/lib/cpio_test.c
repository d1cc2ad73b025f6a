/* SPDX-License-Identifier: MIT */
#include <gemel/cpio.h>

#include <uapi/errno.h>

#include <gemel/ktest.h>
#include <gemel/printf.h>
#include <gemel/string.h>

static u8 archive[1024];
static size_t archive_len;

static void pad4(void)
{
	while (archive_len % 4)
		archive[archive_len++] = 0;
}

static void add(const char *name, u32 mode, const char *data)
{
	size_t dlen = strlen(data), nlen = strlen(name) + 1;

	archive_len += (size_t)snprintf((char *)archive + archive_len, 120,
		"070701%08X%08X%08X%08X%08X%08X%08zX%08X%08X%08X%08X%08zX%08X",
		7, mode, 1, 2, 1, 3, dlen, 0, 0, 5, 6, nlen, 0);
	memcpy(archive + archive_len, name, nlen);
	archive_len += nlen;
	pad4();
	memcpy(archive + archive_len, data, dlen);
	archive_len += dlen;
	pad4();
}

static void make_archive(void)
{
	archive_len = 0;
	add("./bin/sh", 0100755, "hello");
	add("dev/null", 020666, "");
	add("TRAILER!!!", 0, "");
}

KTEST(cpio, lists_entries)
{
	struct cpio_entry e;
	struct cpio c;

	make_archive();
	cpio_open(&c, archive, archive_len);
	EXPECT_EQ(1, cpio_next(&c, &e));
	EXPECT_EQ(0, strcmp(e.name, "bin/sh"));
	EXPECT_EQ(6, e.name_len);
	EXPECT_EQ(5, e.size);
	EXPECT_EQ(0, memcmp(e.data, "hello", 5));
	EXPECT_EQ(0100755, e.mode);
	EXPECT_EQ(1, cpio_next(&c, &e));
	EXPECT_EQ(5, e.rdev_major);
	EXPECT_EQ(6, e.rdev_minor);
	EXPECT_EQ(0, cpio_next(&c, &e));
}

KTEST(cpio, refuses_every_truncation)
{
	for (size_t len = 0; len < archive_len; len++) {
		struct cpio_entry e;
		struct cpio c;
		int err;

		make_archive();
		cpio_open(&c, archive, len);
		while ((err = cpio_next(&c, &e)) == 1)
			;
		EXPECT(err == -EINVAL || len > archive_len - 4);
	}
}

KTEST(cpio, refuses_bad_numbers)
{
	struct cpio_entry e;
	struct cpio c;

	make_archive();
	archive[6 + 8 * 6] = 'F';               /* the size */
	cpio_open(&c, archive, archive_len);
	EXPECT_EQ(-EINVAL, cpio_next(&c, &e));
	make_archive();
	archive[6 + 8 * 11 + 7] = '5';          /* the name's length */
	cpio_open(&c, archive, archive_len);
	EXPECT_EQ(-EINVAL, cpio_next(&c, &e));
	make_archive();
	archive[10] = 'g';
	cpio_open(&c, archive, archive_len);
	EXPECT_EQ(-EINVAL, cpio_next(&c, &e));
}
