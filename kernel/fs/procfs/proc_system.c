/* SPDX-License-Identifier: MIT */
/*
 * Files of procfs about the system as a whole, in Linux's formats: programs parse them by
 * column and by word.
 *
 * Numbers that this kernel does not count (swap, soft interrupts, pages in and out) are there as
 * zero where a program would stumble over their absence.  The time that processors were busy is
 * divided into user and system in proportion to what all processes used.
 */
#include <arch/cpu.h>

#include <uapi/errno.h>
#include <uapi/stat.h>

#include <gemel/block.h>
#include <gemel/boot_info.h>
#include <gemel/cpu.h>
#include <gemel/irq.h>
#include <gemel/kmsg.h>
#include <gemel/page.h>
#include <gemel/printf.h>
#include <gemel/sched.h>
#include <gemel/slab.h>
#include <gemel/string.h>
#include <gemel/syscall.h>
#include <gemel/time.h>
#include <gemel/trace.h>
#include <gemel/utsname.h>

#include "../vfs/vfs.h"
#include "proc.h"

#define USER_HZ_NS      (NSEC_PER_SEC / 100)
#define KIB_PAGE        (PAGE_SIZE / 1024)

static int show_version(struct text *x, const struct proc_ref *r)
{
	(void)r;
	text_printf(x, "%s version %s (gemel@gemel) (clang) %s\n", UTS_SYSNAME, UTS_RELEASE,
		    UTS_VERSION);
	return 0;
}

static int show_cmdline(struct text *x, const struct proc_ref *r)
{
	(void)r;
	text_puts(x, boot_info.cmdline);
	text_puts(x, "\n");
	return 0;
}

static u64 idle_total(void)
{
	struct cpu *c;
	u64 ns = 0;

	for_each_online_cpu(c)
		ns += sched_idle_ns(c);
	return ns;
}

static int show_uptime(struct text *x, const struct proc_ref *r)
{
	u64 up = time_now() / (NSEC_PER_SEC / 100), idle = idle_total() / (NSEC_PER_SEC / 100);

	(void)r;
	text_printf(x, "%lu.%02lu %lu.%02lu\n", (ulong)(up / 100), (ulong)(up % 100),
		    (ulong)(idle / 100), (ulong)(idle % 100));
	return 0;
}

static uint count_tasks(void)
{
	struct task *t;
	uint n = 0;

	irq_lock(&process_lock);
	list_for_each(t, &all_tasks, all_link)
		n++;
	irq_unlock(&process_lock);
	return n;
}

static int show_loadavg(struct text *x, const struct proc_ref *r)
{
	u64 avg[3];
	uint n = count_tasks();
	pid_t last;

	(void)r;
	(void)pid_figures(&last);
	sched_loadavg(avg);
	for (uint i = 0; i < 3; i++)
		text_printf(x, "%lu.%02lu ", (ulong)(avg[i] >> 16),
			    (ulong)((avg[i] & 0xffff) * 100 >> 16));
	text_printf(x, "%u/%u %d\n", sched_nr_running(), n, last);
	return 0;
}

static void meminfo_line(struct text *x, const char *name, u64 pages)
{
	char label[24];

	scnprintf(label, sizeof(label), "%s:", name);
	text_printf(x, "%-15s %8lu kB\n", label, (ulong)(pages * KIB_PAGE));
}

static int show_meminfo(struct text *x, const struct proc_ref *r)
{
	struct memory_info mi;

	(void)r;
	memory_info(&mi);
	meminfo_line(x, "MemTotal", mi.total);
	meminfo_line(x, "MemFree", mi.free);
	meminfo_line(x, "MemAvailable", mi.available);
	meminfo_line(x, "Buffers", mi.buffers);
	meminfo_line(x, "Cached", mi.cached);
	meminfo_line(x, "SwapCached", 0);
	meminfo_line(x, "Active", mi.anon);
	meminfo_line(x, "Inactive", mi.cached);
	meminfo_line(x, "SwapTotal", 0);
	meminfo_line(x, "SwapFree", 0);
	meminfo_line(x, "Dirty", mi.dirty);
	meminfo_line(x, "Writeback", mi.writeback);
	meminfo_line(x, "AnonPages", mi.anon);
	meminfo_line(x, "Mapped", mi.mapped);
	meminfo_line(x, "Shmem", mi.shmem);
	meminfo_line(x, "KReclaimable", 0);
	meminfo_line(x, "Slab", mi.slab);
	meminfo_line(x, "SReclaimable", 0);
	meminfo_line(x, "SUnreclaim", mi.slab);
	meminfo_line(x, "KernelStack", mi.kstack);
	meminfo_line(x, "PageTables", mi.pagetables);
	meminfo_line(x, "CommitLimit", mi.total / 2);
	meminfo_line(x, "Committed_AS", mi.committed);
	return 0;
}

static int show_vmstat(struct text *x, const struct proc_ref *r)
{
	struct memory_info mi;

	(void)r;
	memory_info(&mi);
	text_printf(x, "nr_free_pages %lu\nnr_anon_pages %lu\nnr_mapped %lu\nnr_file_pages %lu\n"
		    "nr_dirty %lu\nnr_writeback %lu\nnr_shmem %lu\nnr_page_table_pages %lu\n",
		    (ulong)mi.free, (ulong)mi.anon, (ulong)mi.mapped, (ulong)mi.cached,
		    (ulong)mi.dirty, (ulong)mi.writeback, (ulong)mi.shmem, (ulong)mi.pagetables);
	text_puts(x, "pgpgin 0\npgpgout 0\npswpin 0\npswpout 0\npgfault 0\npgmajfault 0\n");
	return 0;
}

static int show_cpuinfo(struct text *x, const struct proc_ref *r)
{
	char *buf = kalloc(PAGE_SIZE);

	(void)r;
	if (!buf)
		return -ENOMEM;
	for (uint i = 0; i < cpu_count; i++) {
		int n = arch_cpuinfo(buf, PAGE_SIZE, i);

		text_put(x, buf, MIN((size_t)MAX(n, 0), PAGE_SIZE - 1));
		text_puts(x, "\n");
	}
	kfree(buf);
	return 0;
}

/* User and system time of all processes that are there: how busy time is divided. */
static void busy_shares(u64 *user, u64 *system)
{
	struct process *p;
	pid_t pid = 1;

	*user = *system = 1;
	while ((p = process_next(pid))) {
		struct process_times pt;

		process_times(p, &pt);
		*user += pt.user_ns + pt.child_user_ns;
		*system += pt.system_ns + pt.child_system_ns;
		pid = p->pid + 1;
		process_put(p);
	}
}

static void stat_cpu_line(struct text *x, const char *name, u64 busy, u64 idle, u64 user,
			  u64 system)
{
	u64 busy_ticks = busy / USER_HZ_NS;
	u64 user_ticks = busy_ticks * (user >> 10) / MAX((user + system) >> 10, 1ull);

	text_printf(x, "%s %lu 0 %lu %lu 0 0 0 0 0 0\n", name, (ulong)user_ticks,
		    (ulong)(busy_ticks - user_ticks), (ulong)(idle / USER_HZ_NS));
}

static int show_stat(struct text *x, const struct proc_ref *r)
{
	u64 now = time_now(), user, system, idle = idle_total();
	uint online = 0;
	struct cpu *c;
	char name[16];
	pid_t last;

	(void)r;
	busy_shares(&user, &system);
	for_each_online_cpu(c)
		online++;
	stat_cpu_line(x, "cpu ", now * online - MIN(idle, now * online), idle, user, system);
	for_each_online_cpu(c) {
		idle = sched_idle_ns(c);
		scnprintf(name, sizeof(name), "cpu%u", c->id);
		stat_cpu_line(x, name, now - MIN(idle, now), idle, user, system);
	}
	text_printf(x, "intr %lu\nctxt %lu\nbtime %lu\nprocesses %lu\nprocs_running %u\n"
		    "procs_blocked 0\nsoftirq 0\n", (ulong)irq_count_total(),
		    (ulong)sched_context_switches(),
		    (ulong)((time_realtime() - now) / NSEC_PER_SEC), (ulong)pid_figures(&last),
		    sched_nr_running());
	return 0;
}

static int show_interrupts(struct text *x, const struct proc_ref *r)
{
	(void)r;
	text_printf(x, "ALL: %10lu   all interrupts\n", (ulong)irq_count_total());
	return 0;
}

static int show_filesystems(struct text *x, const struct proc_ref *r)
{
	(void)r;
	filesystems_show(text_emit, x);
	return 0;
}

static void emit_device(void *arg, const struct char_device *cd)
{
	text_printf(arg, "%3u %s\n", dev_major(cd->dev), cd->name ? cd->name : "?");
}

static int show_devices(struct text *x, const struct proc_ref *r)
{
	(void)r;
	text_puts(x, "Character devices:\n");
	chrdev_show(emit_device, x);
	text_printf(x, "\nBlock devices:\n%3u virtblk\n", BLOCK_MAJOR);
	return 0;
}

/* The serial ports have one line together. */
struct tty_drivers {
	struct text *x;
	const char *port;               /* the first one's name, or NULL */
	u32 major, first, last;
};

static void emit_tty(void *arg, const struct char_device *cd)
{
	struct tty_drivers *d = arg;
	u32 major = dev_major(cd->dev), minor = dev_minor(cd->dev);

	if (!cd->name || (major != 5 && !str_has_prefix(cd->name, "tty")))
		return;
	if (major == 5) {
		text_printf(d->x, "/dev/%-15s /dev/%-10s %3u %7u system%s%s\n", cd->name, cd->name,
			    major, minor, minor < 2 ? ":" : "",
			    minor == 0 ? "/dev/tty" : minor == 1 ? "console" : "");
		return;
	}
	if (!d->port)
		*d = (struct tty_drivers){ d->x, cd->name, major, minor, minor };
	d->last = MAX(d->last, minor);
}

static int show_tty_drivers(struct text *x, const struct proc_ref *r)
{
	struct tty_drivers d = { .x = x };

	(void)r;
	chrdev_show(emit_tty, &d);
	if (d.port)
		text_printf(x, "%-20s /dev/%-10.*s %3u %u-%u serial\n", "serial",
			    (int)strlen(d.port) - 1, d.port, d.major, d.first, d.last);
	text_printf(x, "%-20s /dev/%-10s %3u %s pty:slave\n", "pty_slave", "pts", 136,
		    "0-1048575");
	return 0;
}

static const struct proc_entry tty_entries[] = {
	PROC_FILE("drivers", 0444, show_tty_drivers),
};
static const struct proc_dir tty_dir = { PROC_TABLE(tty_entries) };

static int show_partitions(struct text *x, const struct proc_ref *r)
{
	struct block_device *bd = NULL;

	(void)r;
	text_puts(x, "major minor  #blocks  name\n\n");
	while ((bd = block_next(bd)))
		text_printf(x, "%4u  %7u %10lu %s\n", dev_major(bd->dev), dev_minor(bd->dev),
			    (ulong)(bd->nsectors / 2), bd->name);
	return 0;
}

static int show_diskstats(struct text *x, const struct proc_ref *r)
{
	struct block_device *bd = NULL;

	(void)r;
	while ((bd = block_next(bd)))
		text_printf(x, "%4u %7u %s %lu 0 %lu 0 %lu 0 %lu 0 %u 0 0 0 0 0 0 0 0\n",
			    dev_major(bd->dev), dev_minor(bd->dev), bd->name, (ulong)bd->reads,
			    (ulong)bd->sectors_read, (ulong)bd->writes,
			    (ulong)bd->sectors_written, bd->inflight);
	return 0;
}

/* Counters for graphs: name and number, a line each. */
static int show_stats(struct text *x, const struct proc_ref *r)
{
	struct memory_info mi;
	u64 known;

	(void)r;
	memory_info(&mi);
	known = mi.free + mi.cached + mi.buffers + mi.anon + mi.slab + mi.kstack + mi.pagetables +
		mi.ktables;
	for (uint i = 0; i < TRACE_COUNT; i++)
		text_printf(x, "event.%s %lu\n", trace_event_name(i), (ulong)trace_count(i));
	for (ulong nr = 0; nr < syscall_limit(); nr++)
		if (syscall_count(nr) && syscall_name(nr)[0])
			text_printf(x, "syscall.%s %u\n", syscall_name(nr), syscall_count(nr));
	text_printf(x, "irq.total %lu\nsched.switches %lu\nsched.idle_ns %lu\nfiles.open %u\n"
		    "tasks %u\n", (ulong)irq_count_total(), (ulong)sched_context_switches(),
		    (ulong)idle_total(), file_count(), count_tasks());
	text_printf(x, "pages.free %lu\npages.cached %lu\npages.anon %lu\npages.slab %lu\n"
		    "pages.dirty %lu\npages.tables %lu\n", (ulong)mi.free, (ulong)mi.cached,
		    (ulong)mi.anon, (ulong)mi.slab, (ulong)mi.dirty, (ulong)mi.pagetables);
	text_printf(x, "pages.shmem %lu\npages.kstack %lu\npages.committed %lu\npages.other %lu\n",
		    (ulong)mi.shmem, (ulong)mi.kstack, (ulong)mi.committed,
		    (ulong)(mi.total - known));
	return 0;
}

static int show_swaps(struct text *x, const struct proc_ref *r)
{
	(void)r;
	text_puts(x, "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n");
	return 0;
}

static void emit_slab(void *arg, const char *name, size_t size, size_t used, size_t total)
{
	text_printf(arg, "%-17s %6lu %6lu %6lu\n", name, (ulong)used, (ulong)total, (ulong)size);
}

static int show_slabinfo(struct text *x, const struct proc_ref *r)
{
	(void)r;
	text_puts(x, "slabinfo - version: 2.1\n# name  <active_objs> <num_objs> <objsize>\n");
	slab_report(emit_slab, x);
	return 0;
}

static int link_self(const struct proc_ref *r, char *buf, size_t size)
{
	(void)r;
	return scnprintf(buf, size, "%d", current->process->pid);
}

static int link_thread_self(const struct proc_ref *r, char *buf, size_t size)
{
	(void)r;
	return scnprintf(buf, size, "%d/task/%d", current->process->pid, current->tid);
}

static int link_mounts(const struct proc_ref *r, char *buf, size_t size)
{
	(void)r;
	return scnprintf(buf, size, "self/mounts");
}

const struct proc_entry proc_root_entries[] = {
	PROC_FILE("cmdline", 0444, show_cmdline),
	PROC_FILE("cpuinfo", 0444, show_cpuinfo),
	PROC_FILE("devices", 0444, show_devices),
	PROC_FILE("diskstats", 0444, show_diskstats),
	PROC_FILE("filesystems", 0444, show_filesystems),
	PROC_FILE("interrupts", 0444, show_interrupts),
	{ .name = "kmsg", .mode = S_IFREG | 0400, .fops = &proc_kmsg_ops,
	  .open = proc_kmsg_open },
	PROC_FILE("loadavg", 0444, show_loadavg),
	PROC_FILE("meminfo", 0444, show_meminfo),
	{ .name = "mounts", .mode = S_IFLNK | 0777, .link = link_mounts },
	PROC_FILE("partitions", 0444, show_partitions),
	{ .name = "profile", .mode = S_IFREG | 0600, .show = proc_show_profile,
	  .write = proc_write_profile },
	{ .name = "self", .mode = S_IFLNK | 0777, .link = link_self },
	PROC_FILE("slabinfo", 0400, show_slabinfo),
	PROC_FILE("stat", 0444, show_stat),
	PROC_FILE("stats", 0444, show_stats),
	PROC_FILE("swaps", 0444, show_swaps),
	PROC_DIR("sys", 0555, &proc_sys_dir),
	{ .name = "thread-self", .mode = S_IFLNK | 0777, .link = link_thread_self },
	{ .name = "trace", .mode = S_IFREG | 0600, .fops = &proc_trace_ops,
	  .open = proc_trace_open },
	PROC_DIR("tty", 0555, &tty_dir),
	PROC_FILE("uptime", 0444, show_uptime),
	PROC_FILE("version", 0444, show_version),
	PROC_FILE("vmstat", 0444, show_vmstat),
};
const size_t proc_root_count = ARRAY_SIZE(proc_root_entries);
