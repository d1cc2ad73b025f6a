/* SPDX-License-Identifier: MIT */
/*
 * /proc/sys: what programs ask for.
 *
 * A file is a row: its name, who may, what shows it and what writes it.  What can be changed is
 * kept where it is used, under the lock of there; this file only reads and writes the text.  A
 * value that cannot be changed is a constant, and refuses to be written.
 */
#include <uapi/errno.h>
#include <uapi/stat.h>

#include <gemel/coredump.h>
#include <gemel/cred.h>
#include <gemel/kmsg.h>
#include <gemel/page.h>
#include <gemel/random.h>
#include <gemel/string.h>
#include <gemel/utsname.h>

#include "../vfs/vfs.h"
#include "proc.h"

static int show_name(struct text *x, enum uts_name which)
{
	char name[UTS_NAME_MAX + 1];

	uts_name_get(which, name, sizeof(name));
	text_printf(x, "%s\n", name);
	return 0;
}

/* The first line, as much of it as a name holds. */
static int write_name(enum uts_name which, const char *text, size_t len)
{
	const char *end = memchr(text, '\n', len);

	uts_name_set(which, text, end ? (size_t)(end - text) : len);
	return 0;
}

static int show_hostname(struct text *x, const struct proc_ref *r)
{
	(void)r;
	return show_name(x, UTS_NODE);
}

static int show_domainname(struct text *x, const struct proc_ref *r)
{
	(void)r;
	return show_name(x, UTS_DOMAIN);
}

static int write_hostname(const struct proc_ref *r, char *text, size_t len)
{
	(void)r;
	return write_name(UTS_NODE, text, len);
}

static int write_domainname(const struct proc_ref *r, char *text, size_t len)
{
	(void)r;
	return write_name(UTS_DOMAIN, text, len);
}

/* A file whose text is a constant. */
#define CONSTANT(fn, value)                                             \
	static int fn(struct text *x, const struct proc_ref *r)         \
	{                                                               \
		(void)r;                                                \
		text_puts(x, value "\n");                               \
		return 0;                                               \
	}

CONSTANT(show_osrelease, UTS_RELEASE)
CONSTANT(show_ostype, UTS_SYSNAME)
CONSTANT(show_os_version, UTS_VERSION)
CONSTANT(show_pid_max, "32768")
CONSTANT(show_threads_max, "32768")
CONSTANT(show_ngroups_max, "65536")
CONSTANT(show_cap_last_cap, "40")
CONSTANT(show_rt_period, "1000000")
CONSTANT(show_rt_runtime, "950000")
CONSTANT(show_randomize, "2")
CONSTANT(show_entropy, "256")
CONSTANT(show_overcommit, "0")
CONSTANT(show_max_map_count, "65530")
CONSTANT(show_swappiness, "0")
CONSTANT(show_nr_open, "1048576")
CONSTANT(show_pipe_max_size, "1048576")
CONSTANT(show_zero, "0")
CONSTANT(show_rr_slice, "100")
CONSTANT(show_overcommit_ratio, "50")
CONSTANT(show_mmap_min, "65536")
CONSTANT(show_somaxconn, "4096")

static void put_uuid(struct text *x, const u8 *u)
{
	for (uint i = 0; i < 16; i++)
		text_printf(x, i == 4 || i == 6 || i == 8 || i == 10 ? "-%02x" : "%02x", u[i]);
	text_puts(x, "\n");
}

static void make_uuid(u8 *u)
{
	random_bytes(u, 16);
	u[6] = (u8)((u[6] & 0x0f) | 0x40);
	u[8] = (u8)((u[8] & 0x3f) | 0x80);
}

static int show_uuid(struct text *x, const struct proc_ref *r)
{
	u8 u[16];

	(void)r;
	make_uuid(u);
	put_uuid(x, u);
	return 0;
}

static int show_boot_id(struct text *x, const struct proc_ref *r)
{
	static u8 id[16];
	static struct spinlock lock = SPINLOCK_INIT(FDTABLE);

	(void)r;
	spin_lock(&lock);
	if (!id[6])
		make_uuid(id);
	spin_unlock(&lock);
	put_uuid(x, id);
	return 0;
}

static int show_file_max(struct text *x, const struct proc_ref *r)
{
	struct memory_info mi;

	(void)r;
	memory_info(&mi);
	text_printf(x, "%lu\n", (ulong)(mi.total * PAGE_SIZE / 1024 / 10));
	return 0;
}

static int show_file_nr(struct text *x, const struct proc_ref *r)
{
	struct memory_info mi;

	(void)r;
	memory_info(&mi);
	text_printf(x, "%u\t0\t%lu\n", file_count(), (ulong)(mi.total * PAGE_SIZE / 1024 / 10));
	return 0;
}

static int show_core_pattern(struct text *x, const struct proc_ref *r)
{
	char pattern[CORE_PATTERN_MAX];

	(void)r;
	core_pattern_get(pattern);
	text_printf(x, "%s\n", pattern);
	return 0;
}

static int write_core_pattern(const struct proc_ref *r, char *text, size_t len)
{
	const char *end = memchr(text, '\n', len);

	(void)r;
	return core_pattern_set(text, end ? (size_t)(end - text) : len);
}

static int show_core_uses_pid(struct text *x, const struct proc_ref *r)
{
	(void)r;
	text_printf(x, "%u\n", core_uses_pid);
	return 0;
}

static int write_bool(const char *text, bool *to)
{
	u64 n;

	if (parse_u64(text, 10, &n, NULL) < 0)
		return -EINVAL;
	WRITE_ONCE(*to, n != 0);
	return 0;
}

static int write_core_uses_pid(const struct proc_ref *r, char *text, size_t len)
{
	(void)r, (void)len;
	return write_bool(text, &core_uses_pid);
}

static int show_dmesg_restrict(struct text *x, const struct proc_ref *r)
{
	(void)r;
	text_printf(x, "%u\n", dmesg_restrict);
	return 0;
}

static int write_dmesg_restrict(const struct proc_ref *r, char *text, size_t len)
{
	(void)r, (void)len;
	return capable(CAP_SYSLOG) ? write_bool(text, &dmesg_restrict) : -EPERM;
}

static int show_printk(struct text *x, const struct proc_ref *r)
{
	uint levels[PRINTK_LEVELS];

	(void)r;
	printk_levels_get(levels);
	for (uint i = 0; i < PRINTK_LEVELS; i++)
		text_printf(x, "%s%u", i ? "\t" : "", levels[i]);
	text_puts(x, "\n");
	return 0;
}

/* As many of the levels as there are numbers. */
static int write_printk(const struct proc_ref *r, char *text, size_t len)
{
	const char *p = text;
	uint levels[PRINTK_LEVELS], i;

	(void)r, (void)len;
	printk_levels_get(levels);
	for (i = 0; i < PRINTK_LEVELS; i++) {
		u64 n;

		while (*p == ' ' || *p == '\t')
			p++;
		if (parse_u64(p, 10, &n, &p) < 0)
			break;
		levels[i] = (uint)MIN(n, 255ull);
	}
	return i ? printk_levels_set(levels) : -EINVAL;
}

static const struct proc_entry random_entries[] = {
	PROC_FILE("boot_id", 0444, show_boot_id),
	PROC_FILE("entropy_avail", 0444, show_entropy),
	PROC_FILE("poolsize", 0444, show_entropy),
	PROC_FILE("uuid", 0444, show_uuid),
};
static const struct proc_dir random_dir = { PROC_TABLE(random_entries) };

static const struct proc_entry kernel_entries[] = {
	PROC_FILE("cap_last_cap", 0444, show_cap_last_cap),
	{ .name = "core_pattern", .mode = S_IFREG | 0644, .show = show_core_pattern,
	  .write = write_core_pattern },
	{ .name = "core_uses_pid", .mode = S_IFREG | 0644, .show = show_core_uses_pid,
	  .write = write_core_uses_pid },
	{ .name = "dmesg_restrict", .mode = S_IFREG | 0644, .show = show_dmesg_restrict,
	  .write = write_dmesg_restrict },
	{ .name = "domainname", .mode = S_IFREG | 0644, .show = show_domainname,
	  .write = write_domainname },
	{ .name = "hostname", .mode = S_IFREG | 0644, .show = show_hostname,
	  .write = write_hostname },
	PROC_FILE("ngroups_max", 0444, show_ngroups_max),
	PROC_FILE("osrelease", 0444, show_osrelease),
	PROC_FILE("ostype", 0444, show_ostype),
	PROC_FILE("pid_max", 0644, show_pid_max),
	{ .name = "printk", .mode = S_IFREG | 0644, .show = show_printk, .write = write_printk },
	PROC_DIR("random", 0555, &random_dir),
	PROC_FILE("randomize_va_space", 0644, show_randomize),
	PROC_FILE("sched_rr_timeslice_ms", 0644, show_rr_slice),
	PROC_FILE("sched_rt_period_us", 0644, show_rt_period),
	PROC_FILE("sched_rt_runtime_us", 0644, show_rt_runtime),
	PROC_FILE("threads-max", 0644, show_threads_max),
	PROC_FILE("version", 0444, show_os_version),
};
static const struct proc_dir kernel_dir = { PROC_TABLE(kernel_entries) };

/* Pages and what holds them (1), names (2), both.  4: without a message, on Linux. */
static int write_drop_caches(const struct proc_ref *r, char *text, size_t len)
{
	u64 what;

	(void)r, (void)len;
	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	if (parse_u64(text, 10, &what, NULL) < 0 || what < 1 || what > 4)
		return -EINVAL;
	if (what & 1)
		reclaim_all();
	else if (what & 2)
		reclaim_names();
	return 0;
}

static const struct proc_entry vm_entries[] = {
	{ .name = "drop_caches", .mode = S_IFREG | 0200, .show = show_zero,
	  .write = write_drop_caches },
	PROC_FILE("max_map_count", 0644, show_max_map_count),
	PROC_FILE("mmap_min_addr", 0644, show_mmap_min),
	PROC_FILE("overcommit_memory", 0644, show_overcommit),
	PROC_FILE("overcommit_ratio", 0644, show_overcommit_ratio),
	PROC_FILE("swappiness", 0644, show_swappiness),
};
static const struct proc_dir vm_dir = { PROC_TABLE(vm_entries) };

static const struct proc_entry fs_entries[] = {
	PROC_FILE("file-max", 0644, show_file_max),
	PROC_FILE("file-nr", 0444, show_file_nr),
	PROC_FILE("nr_open", 0644, show_nr_open),
	PROC_FILE("pipe-max-size", 0644, show_pipe_max_size),
	PROC_FILE("protected_hardlinks", 0644, show_zero),
	PROC_FILE("protected_symlinks", 0644, show_zero),
	PROC_FILE("suid_dumpable", 0644, show_zero),
};
static const struct proc_dir fs_dir = { PROC_TABLE(fs_entries) };

static const struct proc_entry core_entries[] = {
	PROC_FILE("somaxconn", 0644, show_somaxconn),
};
static const struct proc_dir core_dir = { PROC_TABLE(core_entries) };
static const struct proc_entry net_entries[] = {
	PROC_DIR("core", 0555, &core_dir),
};
static const struct proc_dir net_dir = { PROC_TABLE(net_entries) };

static const struct proc_entry sys_entries[] = {
	PROC_DIR("fs", 0555, &fs_dir),
	PROC_DIR("kernel", 0555, &kernel_dir),
	PROC_DIR("net", 0555, &net_dir),
	PROC_DIR("vm", 0555, &vm_dir),
};
const struct proc_dir proc_sys_dir = { PROC_TABLE(sys_entries) };
