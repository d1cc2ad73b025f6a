/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Credentials: immutable once published; a change makes a new one and
 * replaces task->cred, so readers need no lock for their own.
 */
#include <gemel/refs.h>

struct task;

/* cred->securebits; the bit above each locks it. */
#define SECURE_NOROOT           0x01u
#define SECURE_NO_SETUID_FIXUP  0x04u
#define SECURE_KEEP_CAPS        0x10u
#define SECURE_NO_AMBIENT_RAISE 0x40u
#define SECURE_LOCKS            0xaau
#define SECURE_ALL              0xffu

struct cred {
	struct refs refs;
	uid_t uid, euid, suid, fsuid;
	gid_t gid, egid, sgid, fsgid;
	u64 cap_effective, cap_permitted, cap_inheritable, cap_bounding, cap_ambient;
	u32 securebits;
	uint ngroups;
	gid_t groups[];
};

#define CAP_CHOWN 0
#define CAP_DAC_OVERRIDE 1
#define CAP_DAC_READ_SEARCH 2
#define CAP_FOWNER 3
#define CAP_FSETID 4
#define CAP_KILL 5
#define CAP_SETGID 6
#define CAP_SETUID 7
#define CAP_SETPCAP 8
#define CAP_LINUX_IMMUTABLE 9
#define CAP_NET_BIND_SERVICE 10
#define CAP_NET_ADMIN 12
#define CAP_NET_RAW 13
#define CAP_IPC_LOCK 14
#define CAP_SYS_RAWIO 17
#define CAP_SYS_CHROOT 18
#define CAP_SYS_PTRACE 19
#define CAP_SYS_ADMIN 21
#define CAP_SYS_BOOT 22
#define CAP_SYS_NICE 23
#define CAP_SYS_RESOURCE 24
#define CAP_SYS_TIME 25
#define CAP_WAKE_ALARM 35
#define CAP_SYS_TTY_CONFIG 26
#define CAP_MKNOD 27
#define CAP_MAC_OVERRIDE 32
#define CAP_SYSLOG 34
#define CAP_LAST 40

const struct cred *current_cred(void);          /* valid until current changes it */
bool capable(int cap);
bool cred_in_group(const struct cred *c, gid_t gid);
/* May current look into @t, as ptrace and /proc/PID do: by its real ids, or those for files.  0,
 * -EPERM.  Takes process_lock. */
int __must_check cred_may_look(struct task *t, bool is_real);
void cred_get(const struct cred *c);
void cred_put(const struct cred *c);
