/* SPDX-License-Identifier: MIT */
/*
 * sysfs: what programs look for in /sys.  The processors, as lscpu, htop and C libraries count
 * them, what asks for huge pages, and which terminal is behind the console.  It is procfs's machine
 * with other tables; the devices themselves are not shown.
 *
 * Each processor is a core of its own in the one package there is.
 */
#include <uapi/errno.h>
#include <uapi/stat.h>

#include <gemel/bits.h>
#include <gemel/cpu.h>
#include <gemel/tty.h>

#include "../vfs/vfs.h"
#include "proc.h"

#define SYSFS_MAGIC     0x62656572u

static u64 online_mask(void)
{
	struct cpu *cpu;
	u64 mask = 0;

	for_each_online_cpu(cpu)
		mask |= BIT(cpu->id);
	return mask;
}

static u64 present_mask(void)
{
	return ~0ull >> (64 - cpu_count);
}

/* Groups of 32 bits, as many digits as there are processors. */
static int show_mask(struct text *x, u64 mask)
{
	uint low = MIN(cpu_count, 32u);

	if (cpu_count > 32)
		text_printf(x, "%0*lx,", (int)(cpu_count - 32 + 3) / 4, (ulong)(mask >> 32));
	text_printf(x, "%0*lx\n", (int)(low + 3) / 4, (ulong)(u32)mask);
	return 0;
}

static int show_list(struct text *x, u64 mask)
{
	text_list(x, mask);
	return 0;
}

static int show_online(struct text *x, const struct proc_ref *r)
{
	(void)r;
	return show_list(x, online_mask());
}

static int show_offline(struct text *x, const struct proc_ref *r)
{
	(void)r;
	return show_list(x, present_mask() & ~online_mask());
}

static int show_present(struct text *x, const struct proc_ref *r)
{
	(void)r;
	return show_list(x, present_mask());
}

static int show_kernel_max(struct text *x, const struct proc_ref *r)
{
	(void)r;
	text_printf(x, "%u\n", MAX_CPUS - 1);
	return 0;
}

/* ---- one processor: r->fd ---- */

static int show_core_id(struct text *x, const struct proc_ref *r)
{
	text_printf(x, "%d\n", r->fd);
	return 0;
}

static int show_package(struct text *x, const struct proc_ref *r)
{
	(void)r;
	text_puts(x, "0\n");
	return 0;
}

static int show_threads(struct text *x, const struct proc_ref *r)
{
	return show_mask(x, BIT(r->fd));
}

static int show_threads_list(struct text *x, const struct proc_ref *r)
{
	return show_list(x, BIT(r->fd));
}

static int show_cores(struct text *x, const struct proc_ref *r)
{
	(void)r;
	return show_mask(x, online_mask());
}

static const struct proc_entry topology_entries[] = {
	PROC_FILE("core_id", 0444, show_core_id),
	PROC_FILE("core_siblings", 0444, show_cores),
	PROC_FILE("core_siblings_list", 0444, show_online),
	PROC_FILE("physical_package_id", 0444, show_package),
	PROC_FILE("thread_siblings", 0444, show_threads),
	PROC_FILE("thread_siblings_list", 0444, show_threads_list),
};
static const struct proc_dir topology_dir = { PROC_TABLE(topology_entries) };

static const struct proc_entry one_cpu_entries[] = {
	PROC_DIR("topology", 0555, &topology_dir),
};
static const struct proc_dir one_cpu_dir = { PROC_TABLE(one_cpu_entries) };
static const struct proc_entry one_cpu = PROC_DIR("cpu", 0555, &one_cpu_dir);

static bool next_cpu(const struct proc_ref *r, u64 *id)
{
	(void)r;
	return *id < cpu_count;
}

static int lookup_cpu(const struct proc_ref *r, u64 id, struct proc_ref *out)
{
	(void)r;
	if (id >= cpu_count)
		return -ENOENT;
	out->entry = &one_cpu;
	out->fd = (int)id;
	return 0;
}

/* ---- the tree ---- */

static const struct proc_entry cpu_entries[] = {
	PROC_FILE("kernel_max", 0444, show_kernel_max),
	PROC_FILE("offline", 0444, show_offline),
	PROC_FILE("online", 0444, show_online),
	PROC_FILE("possible", 0444, show_present),
	PROC_FILE("present", 0444, show_present),
};
static const struct proc_dir cpu_dir = {
	PROC_TABLE(cpu_entries), .prefix = "cpu", .next = next_cpu, .lookup = lookup_cpu,
};

static int show_huge(struct text *x, const struct proc_ref *r)
{
	(void)r;
	text_puts(x, "always madvise [never]\n");
	return 0;
}

static const struct proc_entry huge_entries[] = { PROC_FILE("enabled", 0444, show_huge) };
static const struct proc_dir huge_dir = { PROC_TABLE(huge_entries) };
static const struct proc_entry mm_entries[] = {
	PROC_DIR("transparent_hugepage", 0555, &huge_dir),
};
static const struct proc_dir mm_dir = { PROC_TABLE(mm_entries) };
static const struct proc_entry kernel_entries[] = { PROC_DIR("mm", 0555, &mm_dir) };
static const struct proc_dir kernel_dir = { PROC_TABLE(kernel_entries) };

static const struct proc_entry system_entries[] = { PROC_DIR("cpu", 0555, &cpu_dir) };
static const struct proc_dir system_dir = { PROC_TABLE(system_entries) };
static const struct proc_entry devices_entries[] = { PROC_DIR("system", 0555, &system_dir) };
static const struct proc_dir devices_dir = { PROC_TABLE(devices_entries) };

static int show_console(struct text *x, const struct proc_ref *r)
{
	const char *name = tty_console_name();

	(void)r;
	if (name)
		text_printf(x, "%s\n", name);
	return 0;
}

static int show_console_dev(struct text *x, const struct proc_ref *r)
{
	(void)r;
	text_puts(x, "5:1\n");
	return 0;
}

static const struct proc_entry console_entries[] = {
	PROC_FILE("active", 0444, show_console),
	PROC_FILE("dev", 0444, show_console_dev),
};
static const struct proc_dir console_dir = { PROC_TABLE(console_entries) };
static const struct proc_entry tty_entries[] = { PROC_DIR("console", 0555, &console_dir) };
static const struct proc_dir tty_dir = { PROC_TABLE(tty_entries) };
static const struct proc_entry class_entries[] = { PROC_DIR("tty", 0555, &tty_dir) };
static const struct proc_dir class_dir = { PROC_TABLE(class_entries) };

static const struct proc_entry root_entries[] = {
	PROC_DIR("class", 0555, &class_dir),
	PROC_DIR("devices", 0555, &devices_dir),
	PROC_DIR("kernel", 0555, &kernel_dir),
};
static const struct proc_dir root_dir = { PROC_TABLE(root_entries) };
static const struct proc_entry root_entry = PROC_DIR("/", 0555, &root_dir);

static int sysfs_mount(struct superblock *sb, const char *data)
{
	(void)data;
	sb->magic = SYSFS_MAGIC;
	sb->block_size = PAGE_SIZE;
	return proc_mount_table(sb, &root_entry);
}

static struct fs_type sysfs_type = { .name = "sysfs", .mount = sysfs_mount };

void sysfs_register(void)
{
	fs_register(&sysfs_type);
}
