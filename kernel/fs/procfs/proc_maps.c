/* SPDX-License-Identifier: MIT */
/* /proc/PID/maps and smaps. */
#include <uapi/errno.h>

#include <gemel/address_space.h>
#include <gemel/printf.h>
#include <gemel/string.h>

#include "../vfs/vfs.h"
#include "proc.h"

#define NAME_COLUMN 73

static const char *area_label(const struct address_space *as, const struct area *a)
{
	if (a->flags & AREA_HEAP)
		return "[heap]";
	if (a->flags & AREA_STACK)
		return "[stack]";
	if (a->flags & AREA_VDSO)
		return a->flags & AREA_EXEC ? "[vdso]" : "[vvar]";
	if (!a->file && a->start <= as->brk_start && a->end >= as->brk && as->brk > as->brk_start)
		return "[heap]";
	return a->file || !(a->flags & AREA_SHARED) ? NULL : "/dev/zero (deleted)";
}

static void show_area(struct text *x, const struct address_space *as, const struct area *a)
{
	struct inode *ip = a->file ? a->file->inode : NULL;
	const char *label = area_label(as, a);
	size_t start = x->len;

	text_printf(x, "%08lx-%08lx %c%c%c%c %08lx %02x:%02x %lu ", a->start, a->end,
		    a->flags & AREA_READ ? 'r' : '-', a->flags & AREA_WRITE ? 'w' : '-',
		    a->flags & AREA_EXEC ? 'x' : '-', a->flags & AREA_SHARED ? 's' : 'p',
		    a->file ? (ulong)a->offset : 0ul, ip ? dev_major(ip->sb->dev) : 0,
		    ip ? dev_minor(ip->sb->dev) : 0, ip ? (ulong)ip->ino : 0ul);
	if (a->file || label) {
		while (!x->failed && x->len - start < NAME_COLUMN)
			text_puts(x, " ");
		if (a->file)
			text_file(x, a->file);
		else
			text_puts(x, label);
	}
	text_puts(x, "\n");
}

static void show_area_sizes(struct text *x, const struct area *a)
{
	ulong kib = (a->end - a->start) / 1024;

	text_printf(x, "Size:           %8lu kB\n", kib);
	text_puts(x, "KernelPageSize:        4 kB\nMMUPageSize:           4 kB\n"
		  "Rss:                   0 kB\nPss:                   0 kB\n");
	text_puts(x, "Shared_Clean:          0 kB\nShared_Dirty:          0 kB\n"
		  "Private_Clean:         0 kB\nPrivate_Dirty:         0 kB\n"
		  "Referenced:            0 kB\nAnonymous:             0 kB\n"
		  "Swap:                  0 kB\nLocked:                0 kB\n");
}

static int show_areas(struct text *x, const struct proc_ref *r, bool sizes)
{
	struct address_space *as = task_get_as(r->t);

	if (!as)
		return 0;
	rwmutex_read_lock(&as->lock);
	for (struct rb_node *n = rb_first(&as->areas); n; n = rb_next(n)) {
		struct area *a = rb_entry(n, struct area, node);

		show_area(x, as, a);
		if (sizes)
			show_area_sizes(x, a);
	}
	rwmutex_read_unlock(&as->lock);
	as_put(as);
	return 0;
}

int proc_show_maps(struct text *x, const struct proc_ref *r)
{
	return show_areas(x, r, false);
}

int proc_show_smaps(struct text *x, const struct proc_ref *r)
{
	return show_areas(x, r, true);
}
