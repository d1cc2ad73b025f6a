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

static void kib(struct text *x, const char *name, u64 pages)
{
	char label[24];

	scnprintf(label, sizeof(label), "%s:", name);
	text_printf(x, "%-16s%8lu kB\n", label, (ulong)(pages * (PAGE_SIZE / 1024)));
}

/* Whether a file's page was written to is not kept for each mapping: clean.  Anonymous: dirty. */
static void show_usage(struct text *x, const struct area_usage *u, u64 locked)
{
	u64 file = u->present - u->anon;

	kib(x, "Rss", u->present);
	text_printf(x, "Pss:            %8lu kB\n", (ulong)(u->share_bytes / 1024));
	kib(x, "Shared_Clean", file - u->private_file);
	kib(x, "Shared_Dirty", u->anon - u->private_anon);
	kib(x, "Private_Clean", u->private_file);
	kib(x, "Private_Dirty", u->private_anon);
	kib(x, "Referenced", u->present);
	kib(x, "Anonymous", u->anon);
	kib(x, "Swap", 0);
	kib(x, "Locked", locked);
}

static void show_area_usage(struct text *x, struct address_space *as, const struct area *a)
{
	static const struct { u32 bit; char name[4]; } names[] = {
		{ AREA_READ, "rd " }, { AREA_WRITE, "wr " }, { AREA_EXEC, "ex " },
		{ AREA_SHARED, "sh " }, { AREA_GROWSDOWN, "gd " }, { AREA_LOCKED, "lo " },
	};
	u64 pages = (a->end - a->start) >> PAGE_SHIFT;
	struct area_usage u = { 0 };

	as_area_usage(as, a, &u);
	kib(x, "Size", pages);
	kib(x, "KernelPageSize", 1);
	kib(x, "MMUPageSize", 1);
	show_usage(x, &u, a->flags & AREA_LOCKED ? u.present : 0);
	text_puts(x, "THPeligible:    0\nVmFlags: ");
	for (uint i = 0; i < ARRAY_SIZE(names); i++)
		if (a->flags & names[i].bit)
			text_puts(x, names[i].name);
	text_puts(x, "\n");
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
			show_area_usage(x, as, a);
	}
	rwmutex_read_unlock(&as->lock);
	as_put(as);
	return 0;
}

int proc_show_smaps_rollup(struct text *x, const struct proc_ref *r)
{
	struct address_space *as = task_get_as(r->t);
	vaddr_t start = 0, end = 0;
	struct area_usage u = { 0 };
	u64 locked;

	if (!as)
		return -ESRCH;
	rwmutex_read_lock(&as->lock);
	for (struct rb_node *n = rb_first(&as->areas); n; n = rb_next(n)) {
		const struct area *a = rb_entry(n, struct area, node);

		start = start ? start : a->start;
		end = a->end;
		as_area_usage(as, a, &u);
	}
	locked = as->locked_pages;
	rwmutex_read_unlock(&as->lock);
	as_put(as);
	text_printf(x, "%08lx-%08lx ---p 00000000 00:00 0                          [rollup]\n",
		    start, end);
	show_usage(x, &u, locked);
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
