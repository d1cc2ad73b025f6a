/* SPDX-License-Identifier: MIT */
/*
 * What the system is and how it ends: uname, sysinfo, reboot, and
 * the odd calls that belong to no other file.
 */
#include "task_private.h"

#include <arch/cpu.h>
#include <uapi/errno.h>
#include <uapi/sched.h>
#include <gemel/fs.h>
#include <gemel/log.h>
#include <gemel/page.h>
#include <gemel/printf.h>
#include <gemel/sched.h>
#include <gemel/slab.h>
#include <gemel/string.h>
#include <gemel/syscalls.h>
#include <gemel/time.h>
#include <gemel/uaccess.h>
#include <gemel/utsname.h>
#include <gemel/cpu.h>

/* ---- names ---- */

static struct spinlock uts_lock = SPINLOCK_INIT(FDTABLE);
static char uts_names[2][UTS_NAME_MAX + 1] = { "(none)", "(none)" };

struct uapi_utsname {
	char sysname[65], nodename[65], release[65], version[65], machine[65], domainname[65];
};

void uts_name_get(enum uts_name which, char *buf, size_t size)
{
	spin_lock(&uts_lock);
	strscpy(buf, uts_names[which], size);
	spin_unlock(&uts_lock);
}

void uts_name_set(enum uts_name which, const char *name, size_t len)
{
	spin_lock(&uts_lock);
	memset(uts_names[which], 0, sizeof(uts_names[which]));
	memcpy(uts_names[which], name, MIN(len, (size_t)UTS_NAME_MAX));
	spin_unlock(&uts_lock);
}

long sys_uname(void __user *ubuf)
{
	struct uapi_utsname *u = kzalloc(sizeof(*u));
	int err;

	if (!u)
		return -ENOMEM;
	strscpy(u->sysname, UTS_SYSNAME, sizeof(u->sysname));
	strscpy(u->release, UTS_RELEASE, sizeof(u->release));
	strscpy(u->version, UTS_VERSION, sizeof(u->version));
	strscpy(u->machine, arch_machine_name, sizeof(u->machine));
	spin_lock(&uts_lock);
	memcpy(u->nodename, uts_names[UTS_NODE], sizeof(u->nodename));
	memcpy(u->domainname, uts_names[UTS_DOMAIN], sizeof(u->domainname));
	spin_unlock(&uts_lock);
	err = copy_to_user(ubuf, u, sizeof(*u));
	kfree(u);
	return err;
}

static long set_uts(enum uts_name which, const char __user *uname, int len)
{
	char name[UTS_NAME_MAX];

	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	if (len < 0 || len > UTS_NAME_MAX)
		return -EINVAL;
	if (copy_from_user(name, uname, (size_t)len) < 0)
		return -EFAULT;
	uts_name_set(which, name, (size_t)len);
	return 0;
}

long sys_sethostname(const char __user *name, int len)
{
	return set_uts(UTS_NODE, name, len);
}

long sys_setdomainname(const char __user *name, int len)
{
	return set_uts(UTS_DOMAIN, name, len);
}

/* ---- sysinfo ---- */

struct uapi_sysinfo {
	s64 uptime;
	u64 loads[3];
	u64 totalram, freeram, sharedram, bufferram, totalswap, freeswap;
	u16 procs, pad;
	u32 pad2;
	u64 totalhigh, freehigh;
	u32 mem_unit;
	u32 pad3;
};
_Static_assert(sizeof(struct uapi_sysinfo) == 112, "struct sysinfo");

static u16 count_tasks(void)
{
	struct task *t;
	uint n = 0;

	irq_lock(&process_lock);
	list_for_each(t, &all_tasks, all_link)
		n++;
	irq_unlock(&process_lock);
	return (u16)MIN(n, 0xffffu);
}

long sys_sysinfo(void __user *ubuf)
{
	struct uapi_sysinfo si;
	struct memory_info mi;

	memory_info(&mi);
	memset(&si, 0, sizeof(si));
	si.uptime = (s64)(time_now() / NSEC_PER_SEC);
	sched_loadavg(si.loads);
	si.totalram = mi.total << PAGE_SHIFT;
	si.freeram = mi.free << PAGE_SHIFT;
	si.sharedram = mi.shmem << PAGE_SHIFT;
	si.bufferram = mi.buffers << PAGE_SHIFT;
	si.procs = count_tasks();
	si.mem_unit = 1;
	return copy_to_user(ubuf, &si, sizeof(si));
}

/* ---- the end ---- */

#define REBOOT_MAGIC1           0xfee1deadu
#define REBOOT_CMD_RESTART      0x01234567u
#define REBOOT_CMD_HALT         0xcdef0123u
#define REBOOT_CMD_CAD_ON       0x89abcdefu
#define REBOOT_CMD_CAD_OFF      0x00000000u
#define REBOOT_CMD_POWER_OFF    0x4321fedcu
#define REBOOT_CMD_RESTART2     0xa1b2c3d4u

static bool is_magic2(uint magic)
{
	return magic == 672274793 || magic == 85072278 || magic == 369367448 || magic == 537993216;
}

long sys_reboot(uint magic1, uint magic2, uint cmd, void __user *arg)
{
	enum restart how;

	(void)arg;
	if (!capable(CAP_SYS_BOOT))
		return -EPERM;
	if (magic1 != REBOOT_MAGIC1 || !is_magic2(magic2))
		return -EINVAL;
	switch (cmd) {
	case REBOOT_CMD_CAD_ON:
	case REBOOT_CMD_CAD_OFF:
		return 0;
	case REBOOT_CMD_RESTART:
	case REBOOT_CMD_RESTART2:
		how = RESTART_REBOOT;
		break;
	case REBOOT_CMD_HALT:
		how = RESTART_HALT;
		break;
	case REBOOT_CMD_POWER_OFF:
		how = RESTART_POWEROFF;
		break;
	default:
		return -EINVAL;
	}
	vfs_shutdown();
	arch_restart(how);
}

/* ---- odds ---- */

long sys_personality(uint persona)
{
	uint old = current->personality;

	if (persona != PERSONA_ASK)
		current->personality = persona;
	return old;
}

enum {
	MEMBARRIER_QUERY = 0,
	MEMBARRIER_GLOBAL = 1,
	MEMBARRIER_GLOBAL_EXPEDITED = 2,
	MEMBARRIER_REGISTER_GLOBAL_EXPEDITED = 4,
	MEMBARRIER_PRIVATE_EXPEDITED = 8,
	MEMBARRIER_REGISTER_PRIVATE_EXPEDITED = 16,
};

static void barrier_here(void *arg)
{
	(void)arg;
	smp_mb();
}

long sys_membarrier(int cmd, uint flags, int cpu)
{
	(void)cpu;
	if (flags)
		return -EINVAL;
	switch (cmd) {
	case MEMBARRIER_QUERY:
		return MEMBARRIER_GLOBAL | MEMBARRIER_GLOBAL_EXPEDITED |
		       MEMBARRIER_REGISTER_GLOBAL_EXPEDITED | MEMBARRIER_PRIVATE_EXPEDITED |
		       MEMBARRIER_REGISTER_PRIVATE_EXPEDITED;
	case MEMBARRIER_REGISTER_GLOBAL_EXPEDITED:
	case MEMBARRIER_REGISTER_PRIVATE_EXPEDITED:
		return 0;
	case MEMBARRIER_GLOBAL:
	case MEMBARRIER_GLOBAL_EXPEDITED:
	case MEMBARRIER_PRIVATE_EXPEDITED:
		smp_mb();
		smp_call_others(barrier_here, NULL);
		return 0;
	}
	return -EINVAL;
}
