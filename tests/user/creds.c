/* SPDX-License-Identifier: MIT */
/* User and group ids, capabilities, what exec makes of them, and the limits of users. */
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/securebits.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/fsuid.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test.h"

enum { USER = 12345, OTHER = 12346, GROUP = 12347, REPORT_FD = 9 };

#define CAP(n)  (1ull << (n))
#define CAPS_FILES (CAP(CAP_CHOWN) | CAP(CAP_DAC_OVERRIDE) | CAP(CAP_DAC_READ_SEARCH) | \
		    CAP(CAP_FOWNER) | CAP(CAP_FSETID) | CAP(CAP_LINUX_IMMUTABLE) | \
		    CAP(CAP_MKNOD) | CAP(CAP_MAC_OVERRIDE))

struct caps {
	uint64_t permitted, effective, inheritable;
};

static struct caps caps_get(void)
{
	struct __user_cap_header_struct h = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct d[2];

	EXPECT_EQ(0, syscall(SYS_capget, &h, d));
	return (struct caps){ d[0].permitted | (uint64_t)d[1].permitted << 32,
			      d[0].effective | (uint64_t)d[1].effective << 32,
			      d[0].inheritable | (uint64_t)d[1].inheritable << 32 };
}

static int caps_set(struct caps c)
{
	struct __user_cap_header_struct h = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct d[2] = {
		{ (uint32_t)c.effective, (uint32_t)c.permitted, (uint32_t)c.inheritable },
		{ (uint32_t)(c.effective >> 32), (uint32_t)(c.permitted >> 32),
		  (uint32_t)(c.inheritable >> 32) },
	};

	return (int)syscall(SYS_capset, &h, d);
}

static uint64_t ambient(void)
{
	uint64_t set = 0;

	for (int i = 0; i < 64; i++)
		if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, i, 0, 0) == 1)
			set |= CAP(i);
	return set;
}

static uint64_t bounding(void)
{
	uint64_t set = 0;

	for (int i = 0; i < 64; i++)
		if (prctl(PR_CAPBSET_READ, i) == 1)
			set |= CAP(i);
	return set;
}

/* CAP_NET_RAW stays with a process that is no longer root, ambient. */
static void keep_net_raw(void)
{
	struct caps c = caps_get();

	c.inheritable = CAP(CAP_NET_RAW);
	EXPECT_EQ(0, caps_set(c));
	EXPECT_EQ(0, prctl(PR_SET_KEEPCAPS, 1));
	EXPECT_EQ(0, setresuid(USER, USER, USER));
	EXPECT_EQ(0, prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_NET_RAW, 0, 0));
}

/* ---- exec ---- */

struct report {
	uid_t uid[3];
	gid_t gid[3];
	struct caps caps;
	uint64_t ambient;
	int secure, dumpable, keep;
};

/* Run by exec_transitions through exec: says what it is. */
TEST(exec_report)
{
	struct report r;

	if (fcntl(REPORT_FD, F_GETFD) < 0)
		return;
	memset(&r, 0, sizeof(r));
	EXPECT_EQ(0, getresuid(&r.uid[0], &r.uid[1], &r.uid[2]));
	EXPECT_EQ(0, getresgid(&r.gid[0], &r.gid[1], &r.gid[2]));
	r.caps = caps_get();
	r.ambient = ambient();
	r.secure = (int)getauxval(AT_SECURE);
	r.dumpable = prctl(PR_GET_DUMPABLE) == 1;
	r.keep = prctl(PR_GET_KEEPCAPS);
	EXPECT_EQ(sizeof(r), write(REPORT_FD, &r, sizeof(r)));
}

static void as_root(void)
{
}

static void as_user(void)
{
	EXPECT_EQ(0, setresuid(USER, USER, USER));
}

static void as_user_no_new(void)
{
	as_user();
	EXPECT_EQ(0, prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
}

static void with_noroot(void)
{
	EXPECT_EQ(0, prctl(PR_SET_SECUREBITS, SECBIT_NOROOT));
}

static void without_chown(void)
{
	EXPECT_EQ(0, prctl(PR_CAPBSET_DROP, CAP_CHOWN));
}

static void really_root(void)
{
	EXPECT_EQ(0, setresuid(0, USER, USER));
}

static void effectively_root(void)
{
	EXPECT_EQ(0, setresuid(USER, 0, 0));
}

static void keeping(void)
{
	EXPECT_EQ(0, prctl(PR_SET_KEEPCAPS, 1));
}

static void with_inheritable(void)
{
	struct caps c = caps_get();

	c.inheritable = CAP(CAP_CHOWN);
	EXPECT_EQ(0, caps_set(c));
	EXPECT_EQ(0, prctl(PR_CAPBSET_DROP, CAP_CHOWN));
}

static struct report exec_and_ask(const char *path, void (*prepare)(void))
{
	char *argv[] = { "creds", "exec_report", NULL }, *envp[] = { NULL };
	struct report r;
	int fds[2], status;
	pid_t pid;

	EXPECT_EQ(0, pipe(fds));
	pid = fork();
	if (pid == 0) {
		EXPECT_EQ(REPORT_FD, dup2(fds[1], REPORT_FD));
		close(STDOUT_FILENO);
		open("/dev/null", O_WRONLY);
		prepare();
		execve(path, argv, envp);
		_exit(errno);
	}
	close(fds[1]);
	EXPECT_EQ(sizeof(r), read(fds[0], &r, sizeof(r)));
	close(fds[0]);
	EXPECT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
	return r;
}

static void copy_self(const char *to, mode_t mode, uid_t uid, gid_t gid)
{
	static char buf[65536];
	int in = open("/proc/self/exe", O_RDONLY), out = open(to, O_WRONLY | O_CREAT, 0700);
	ssize_t n;

	while ((n = read(in, buf, sizeof(buf))) > 0)
		EXPECT_EQ(n, write(out, buf, (size_t)n));
	EXPECT_EQ(0, fchown(out, uid, gid));
	EXPECT_EQ(0, fchmod(out, mode));
	close(in);
	close(out);
}

TEST(exec_transitions)
{
	uint64_t all = bounding(), less = all & ~CAP(CAP_CHOWN), raw = CAP(CAP_NET_RAW);
	const struct {
		void (*prepare)(void);
		const char *file;
		uid_t uid, euid;
		gid_t egid;
		uint64_t permitted, effective, ambient;
		int secure, dumpable;
	} row[] = {
		{ as_root, "plain", 0, 0, 0, all, all, 0, 0, 1 },
		{ as_user, "plain", USER, USER, 0, 0, 0, 0, 0, 1 },
		{ as_user, "suid", USER, 0, 0, all, all, 0, 1, 0 },
		{ as_user_no_new, "suid", USER, USER, 0, 0, 0, 0, 0, 1 },
		{ as_user, "sgid", USER, USER, GROUP, 0, 0, 0, 1, 0 },
		{ as_user, "locked", USER, USER, 0, 0, 0, 0, 0, 1 },
		{ as_user, "other", USER, OTHER, 0, 0, 0, 0, 1, 0 },
		{ as_root, "other", 0, OTHER, 0, all, 0, 0, 1, 0 },
		{ keep_net_raw, "plain", USER, USER, 0, raw, raw, raw, 0, 1 },
		{ keep_net_raw, "other", USER, OTHER, 0, 0, 0, 0, 1, 0 },
		{ keep_net_raw, "suid", USER, 0, 0, all, all, 0, 1, 0 },
		{ with_noroot, "plain", 0, 0, 0, 0, 0, 0, 0, 1 },
		{ without_chown, "plain", 0, 0, 0, less, less, 0, 0, 1 },
		{ with_inheritable, "plain", 0, 0, 0, all, all, 0, 0, 1 },
		{ really_root, "plain", 0, USER, 0, all, 0, 0, 1, 0 },
		{ effectively_root, "plain", USER, 0, 0, all, all, 0, 1, 0 },
		{ keeping, "plain", 0, 0, 0, all, all, 0, 0, 1 },
		{ as_user, "unreadable", USER, USER, 0, 0, 0, 0, 0, 0 },
	};

	test_chdir_scratch_in("/var/tmp");
	EXPECT_EQ(0, chmod(".", 0755));
	copy_self("plain", 0755, 0, 0);
	copy_self("suid", 04755, 0, 0);
	copy_self("sgid", 02755, 0, GROUP);
	copy_self("locked", 02745, 0, GROUP);
	copy_self("other", 04755, OTHER, 0);
	copy_self("unreadable", 0711, 0, 0);
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		struct report r = exec_and_ask(row[i].file, row[i].prepare);

		if (r.uid[0] != row[i].uid || r.uid[1] != row[i].euid || r.uid[2] != row[i].euid ||
		    r.gid[1] != row[i].egid || r.gid[2] != row[i].egid || r.keep)
			test_fail(__FILE__, __LINE__, "ids of row", row[i].euid,
				  (long)(i * 100000 + r.uid[1]));
		if (r.caps.permitted != row[i].permitted ||
		    r.caps.effective != row[i].effective || r.ambient != row[i].ambient)
			test_fail(__FILE__, __LINE__, "capabilities of row", (long)i,
				  (long)r.caps.permitted);
		if (r.secure != row[i].secure || r.dumpable != row[i].dumpable)
			test_fail(__FILE__, __LINE__, "secure, dumpable of row", (long)i,
				  r.secure * 10 + r.dumpable);
	}
}

/* ---- ids and capabilities ---- */

TEST(user_ids_change_capabilities)
{
	uint64_t all = bounding();

	EXPECT(all == caps_get().effective);
	EXPECT_EQ(0, seteuid(USER));
	EXPECT_EQ(0, (long)caps_get().effective);
	EXPECT(all == caps_get().permitted);
	EXPECT_EQ(0, seteuid(0));
	EXPECT(all == caps_get().effective);
	EXPECT_EQ(0, setfsuid(USER));
	EXPECT_EQ(USER, setfsuid((uid_t)-1));
	EXPECT((all & ~CAPS_FILES) == caps_get().effective);
	EXPECT_EQ(USER, setfsuid(0));
	EXPECT(all == caps_get().effective);
	keep_net_raw();
	EXPECT(all == caps_get().permitted);
	EXPECT_EQ(0, (long)caps_get().effective);
	EXPECT((long)CAP(CAP_NET_RAW) == (long)ambient());
}

TEST(the_last_root_id_takes_capabilities_along)
{
	struct caps c = caps_get();

	c.inheritable = CAP(CAP_NET_RAW);
	EXPECT_EQ(0, caps_set(c));
	EXPECT_EQ(0, prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_NET_RAW, 0, 0));
	EXPECT_EQ(0, prctl(PR_SET_KEEPCAPS, 1));
	EXPECT_EQ(0, setresuid(USER, USER, 0));
	EXPECT_EQ((long)CAP(CAP_NET_RAW), (long)ambient());
	EXPECT_EQ(0, setresuid(-1, -1, USER));
	EXPECT(caps_get().permitted == c.permitted);
	/* Even with KEEPCAPS. */
	EXPECT_EQ(0, (long)ambient());
}

TEST(securebits_stop_the_fixing)
{
	EXPECT_EQ(0, prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP | SECBIT_NOROOT_LOCKED));
	EXPECT_EQ(0, setresuid(USER, USER, USER));
	EXPECT(caps_get().effective == bounding());
	EXPECT_EQ(SECBIT_NO_SETUID_FIXUP | SECBIT_NOROOT_LOCKED, prctl(PR_GET_SECUREBITS));
	EXPECT_ERRNO(EPERM, prctl(PR_SET_SECUREBITS, SECBIT_NOROOT | SECBIT_NOROOT_LOCKED));
	EXPECT_ERRNO(EPERM, prctl(PR_SET_SECUREBITS, 0));
	EXPECT_ERRNO(EPERM, prctl(PR_SET_SECUREBITS, SECBIT_NOROOT_LOCKED | 0x1000));
	EXPECT_EQ(0, prctl(PR_SET_SECUREBITS, SECBIT_NOROOT_LOCKED | SECBIT_KEEP_CAPS_LOCKED |
			   SECBIT_NO_CAP_AMBIENT_RAISE));
	EXPECT_ERRNO(EPERM, prctl(PR_SET_KEEPCAPS, 1));
	EXPECT_ERRNO(EPERM, prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_CHOWN, 0, 0));
}

TEST(ids_that_a_user_may_take)
{
	uid_t r, e, s;

	EXPECT_EQ(0, setresgid(GROUP, GROUP + 1, GROUP + 2));
	EXPECT_EQ(0, setresuid(USER, USER + 1, USER + 2));
	EXPECT_ERRNO(EPERM, setuid(USER + 1));
	EXPECT_ERRNO(EPERM, setgid(GROUP + 1));
	EXPECT_ERRNO(EINVAL, setuid((uid_t)-1));
	EXPECT_ERRNO(EINVAL, setgid((gid_t)-1));
	EXPECT_ERRNO(EPERM, setreuid(USER + 2, -1));
	EXPECT_ERRNO(EPERM, setregid(GROUP + 2, -1));
	EXPECT_ERRNO(EPERM, setresuid(-1, -1, 0));
	EXPECT_ERRNO(EPERM, setresgid(-1, -1, 0));
	EXPECT_ERRNO(EPERM, setgroups(0, NULL));
	EXPECT_EQ(0, setresuid(USER + 1, USER + 2, USER));
	EXPECT_EQ(0, setreuid(-1, USER + 1));
	EXPECT_EQ(0, getresuid(&r, &e, &s));
	EXPECT_EQ(USER + 1, r);
	EXPECT_EQ(USER + 1, e);
	EXPECT_EQ(USER, s);
	EXPECT_EQ(0, setreuid(USER + 1, USER));
	EXPECT_EQ(0, getresuid(&r, &e, &s));
	EXPECT_EQ(USER, s);
	EXPECT_EQ(USER, setfsuid(0));
	EXPECT_EQ(USER, setfsuid(USER + 1));
	EXPECT_EQ(USER + 1, setfsuid((uid_t)-1));
	EXPECT_EQ(GROUP + 1, setfsgid(0));
	EXPECT_EQ(GROUP + 1, setfsgid(GROUP));
	EXPECT_EQ(GROUP, setfsgid((gid_t)-1));
	EXPECT_ERRNO(EFAULT, syscall(SYS_getresuid, &r, (void *)8, &s));
}

TEST(groups_are_a_sorted_set)
{
	gid_t set[3] = { 30, 10, 20 }, got[4] = { 0 };

	EXPECT_EQ(0, setgroups(3, set));
	EXPECT_EQ(3, getgroups(0, NULL));
	EXPECT_ERRNO(EINVAL, getgroups(2, got));
	EXPECT_ERRNO(EINVAL, getgroups(-1, got));
	EXPECT_EQ(3, getgroups(4, got));
	EXPECT_EQ(10, got[0]);
	EXPECT_EQ(20, got[1]);
	EXPECT_EQ(30, got[2]);
	EXPECT_ERRNO(EINVAL, syscall(SYS_setgroups, 65537, set));
	EXPECT_ERRNO(EFAULT, syscall(SYS_setgroups, 1, (void *)8));
	EXPECT_ERRNO(EFAULT, syscall(SYS_getgroups, 3, (void *)8));
	EXPECT_EQ(0, setgroups(0, NULL));
	EXPECT_EQ(0, getgroups(4, got));
}

TEST(capget_and_capset_check)
{
	struct __user_cap_header_struct h = { 0, 0 };
	struct __user_cap_data_struct d[2] = { { 0 } };
	struct caps c = caps_get();

	EXPECT_ERRNO(EINVAL, syscall(SYS_capget, &h, d));
	EXPECT_EQ(_LINUX_CAPABILITY_VERSION_3, h.version);
	h.version = 0;
	EXPECT_EQ(0, syscall(SYS_capget, &h, NULL));
	EXPECT_ERRNO(EFAULT, syscall(SYS_capget, (void *)8, d));
	h.pid = -1;
	EXPECT_ERRNO(EINVAL, syscall(SYS_capget, &h, d));
	h.pid = 0x3ffffff;
	EXPECT_ERRNO(ESRCH, syscall(SYS_capget, &h, d));
	h.pid = 1;
	EXPECT_EQ(0, syscall(SYS_capget, &h, d));
	EXPECT_ERRNO(EPERM, syscall(SYS_capset, &h, d));
	h.pid = 0;
	EXPECT_ERRNO(EFAULT, syscall(SYS_capset, &h, NULL));
	c.permitted &= ~CAP(CAP_CHOWN);
	EXPECT_ERRNO(EPERM, caps_set(c));
	c.effective = c.permitted & ~CAP(CAP_SETPCAP);
	c.inheritable = CAP(CAP_NET_RAW) | CAP(CAP_KILL);
	EXPECT_EQ(0, caps_set(c));
	EXPECT_EQ(0, prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_KILL, 0, 0));
	EXPECT_EQ(0, prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_NET_RAW, 0, 0));
	EXPECT_ERRNO(EPERM, prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_CHOWN, 0, 0));
	c.permitted |= CAP(CAP_CHOWN);
	EXPECT_ERRNO(EPERM, caps_set(c));
	c.permitted &= ~CAP(CAP_CHOWN);
	c.inheritable |= CAP(CAP_CHOWN);
	EXPECT_ERRNO(EPERM, caps_set(c));
	EXPECT_ERRNO(EPERM, prctl(PR_CAPBSET_DROP, CAP_CHOWN));
	EXPECT_ERRNO(EPERM, prctl(PR_SET_SECUREBITS, 0));
	/* What is no longer inheritable is no longer ambient. */
	c.inheritable = CAP(CAP_KILL);
	EXPECT_EQ(0, caps_set(c));
	EXPECT_EQ((long)CAP(CAP_KILL), (long)ambient());
	EXPECT_EQ(0, prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_LOWER, CAP_KILL, 0, 0));
	EXPECT_EQ(0, (long)ambient());
}

TEST(a_change_of_identity_resets_what_was_for_the_old_one)
{
	int sig = -1;

	EXPECT_EQ(0, prctl(PR_SET_PDEATHSIG, SIGUSR1));
	EXPECT_EQ(1, prctl(PR_GET_DUMPABLE));
	EXPECT_EQ(0, setresuid(-1, USER, -1));
	EXPECT(prctl(PR_GET_DUMPABLE) != 1);
	EXPECT_EQ(0, prctl(PR_GET_PDEATHSIG, &sig));
	EXPECT_EQ(0, sig);
	EXPECT_EQ(0, prctl(PR_SET_DUMPABLE, 1));
	EXPECT_EQ(1, prctl(PR_GET_DUMPABLE));
	EXPECT_EQ(0, setresuid(-1, 0, -1));
	EXPECT_EQ(0, prctl(PR_SET_DUMPABLE, 1));
	EXPECT_EQ(0, setresgid(-1, GROUP, -1));
	EXPECT(prctl(PR_GET_DUMPABLE) != 1);
	EXPECT_EQ(0, prctl(PR_SET_DUMPABLE, 1));
	EXPECT_EQ(GROUP, setfsgid(OTHER));
	EXPECT(prctl(PR_GET_DUMPABLE) != 1);
}

/* ---- prctl ---- */

TEST(prctl_checks_its_arguments)
{
	static const struct { int want; unsigned long arg[5]; } row[] = {
		{ EINVAL, { 9999 } },
		{ EINVAL, { PR_SET_PDEATHSIG, 65 } },
		{ EFAULT, { PR_GET_PDEATHSIG, 8 } },
		{ EINVAL, { PR_SET_DUMPABLE, 2 } },
		{ EINVAL, { PR_SET_KEEPCAPS, 2 } },
		{ EFAULT, { PR_SET_NAME, 8 } },
		{ EFAULT, { PR_GET_NAME, 8 } },
		{ EINVAL, { PR_CAPBSET_READ, 64 } },
		{ EINVAL, { PR_CAPBSET_DROP, 64 } },
		{ EINVAL, { PR_SET_NO_NEW_PRIVS, 0 } },
		{ EINVAL, { PR_SET_NO_NEW_PRIVS, 2 } },
		{ EINVAL, { PR_SET_NO_NEW_PRIVS, 1, 1 } },
		{ EINVAL, { PR_SET_NO_NEW_PRIVS, 1, 0, 0, 1 } },
		{ EINVAL, { PR_GET_NO_NEW_PRIVS, 1 } },
		{ EINVAL, { PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 1 } },
		{ EINVAL, { PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, 64 } },
		{ EINVAL, { PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, 1, 1 } },
		{ EINVAL, { PR_CAP_AMBIENT, 9, 1 } },
		{ EINVAL, { PR_SET_THP_DISABLE, 1, 0, 1 } },
		{ EINVAL, { PR_GET_THP_DISABLE, 1 } },
		{ EFAULT, { PR_GET_CHILD_SUBREAPER, 8 } },
		{ EFAULT, { PR_GET_TID_ADDRESS, 8 } },
		{ EINVAL, { PR_SET_TIMING, 1 } },
	};

	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		const unsigned long *a = row[i].arg;
		long got = syscall(SYS_prctl, a[0], a[1], a[2], a[3], a[4]);

		if (got != -1 || errno != row[i].want)
			test_fail(__FILE__, __LINE__, "row", (long)i, got == -1 ? -errno : got);
	}
}

static int asks_inherited(void *arg)
{
	(void)arg;
	return prctl(PR_GET_TIMERSLACK) != 123456 || prctl(PR_SET_TIMERSLACK, 1) ||
	       prctl(PR_SET_TIMERSLACK, 0) || prctl(PR_GET_TIMERSLACK) != 123456 ||
	       prctl(PR_GET_THP_DISABLE, 0, 0, 0, 0) != 1 ||
	       prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1;
}

TEST(prctl_settings_are_kept_and_inherited)
{
	int *address = NULL, mine, reaper = -1;
	long slack = prctl(PR_GET_TIMERSLACK);

	EXPECT_EQ(50000, slack);
	EXPECT_EQ(0, prctl(PR_SET_TIMERSLACK, 123456));
	EXPECT_EQ(123456, prctl(PR_GET_TIMERSLACK));
	EXPECT_EQ(0, prctl(PR_GET_THP_DISABLE, 0, 0, 0, 0));
	EXPECT_EQ(0, prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0));
	EXPECT_EQ(1, prctl(PR_GET_THP_DISABLE, 0, 0, 0, 0));
	EXPECT_EQ(0, prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
	EXPECT_EQ(0, WEXITSTATUS(test_in_child(asks_inherited, NULL)));
	syscall(SYS_set_tid_address, &mine);
	EXPECT_EQ(0, prctl(PR_GET_TID_ADDRESS, &address));
	EXPECT_EQ(&mine, address);
	EXPECT_EQ(0, prctl(PR_SET_CHILD_SUBREAPER, 7));
	EXPECT_EQ(0, prctl(PR_GET_CHILD_SUBREAPER, &reaper));
	EXPECT_EQ(1, reaper);
	EXPECT_EQ(0, prctl(PR_GET_TIMING));
	EXPECT_EQ(0, prctl(PR_SET_TIMING, 0));
	EXPECT_EQ(0, prctl(PR_GET_SECCOMP));
}

/* ---- limits ---- */

static void limit(int which, rlim_t value)
{
	struct rlimit r;

	EXPECT_EQ(0, getrlimit(which, &r));
	r.rlim_cur = value;
	EXPECT_EQ(0, setrlimit(which, &r));
}

TEST(processes_of_a_user_are_limited)
{
	char *argv[] = { "true", NULL };
	int made = 0, status;
	pid_t pid;

	pid = fork();
	if (pid == 0) {
		limit(RLIMIT_NPROC, 4);
		as_user();
		while (made < 10 && (pid = fork()) > 0)
			made++;
		if (pid == 0) {
			pause();
			_exit(0);
		}
		_exit(errno == EAGAIN ? made : 99);
	}
	EXPECT_EQ(pid, waitpid(pid, &status, 0));
	/* A group of ours: the runner kills those that pause. */
	EXPECT_EQ(3, WEXITSTATUS(status));
	pid = fork();
	if (pid == 0) {
		limit(RLIMIT_NPROC, 0);
		/* Root is not limited, but who becomes another in excess may not exec. */
		if (fork() == 0)
			_exit(0);
		EXPECT(wait(NULL) > 0);
		as_user();
		execv("/bin/true", argv);
		_exit(errno);
	}
	EXPECT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(EAGAIN, WEXITSTATUS(status));
}

static volatile sig_atomic_t hits;

static void on_signal(int signo)
{
	(void)signo;
	hits++;
}

TEST(files_grow_to_their_limit)
{
	char buf[100] = { 0 };
	int fd, status;
	pid_t pid;

	test_chdir_scratch();
	fd = open("f", O_RDWR | O_CREAT, 0600);
	limit(RLIMIT_FSIZE, 150);
	EXPECT_EQ(100, write(fd, buf, 100));
	EXPECT_EQ(50, write(fd, buf, 100));
	signal(SIGXFSZ, on_signal);
	EXPECT_ERRNO(EFBIG, write(fd, buf, 1));
	EXPECT_EQ(1, hits);
	EXPECT_EQ(0, write(fd, buf, 0));
	EXPECT_ERRNO(EFBIG, ftruncate(fd, 151));
	EXPECT_EQ(2, hits);
	EXPECT_EQ(0, ftruncate(fd, 150));
	EXPECT_EQ(10, pwrite(fd, buf, 100, 140));
	EXPECT_ERRNO(EFBIG, pwrite(fd, buf, 1, 1000));
	EXPECT_EQ(3, hits);
	EXPECT_ERRNO(EFBIG, fallocate(fd, 0, 0, 200));
	EXPECT_EQ(4, hits);
	signal(SIGXFSZ, SIG_DFL);
	pid = fork();
	if (pid == 0) {
		limit(RLIMIT_CORE, 0);
		_exit(write(fd, buf, 1) == 1);
	}
	EXPECT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(SIGXFSZ, WTERMSIG(status));
}

static int memory_limits(void *arg)
{
	size_t big = 64ul << 20;
	void *p;

	(void)arg;
	limit(RLIMIT_DATA, 16ul << 20);
	if (mmap(NULL, big, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) !=
	    MAP_FAILED || errno != ENOMEM)
		return 1;
	p = mmap(NULL, big, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED || mprotect(p, big, PROT_READ | PROT_WRITE) == 0)
		return 2;
	limit(RLIMIT_DATA, RLIM_INFINITY);
	limit(RLIMIT_AS, 128ul << 20);
	if (mmap(NULL, 128ul << 20, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) !=
	    MAP_FAILED || errno != ENOMEM)
		return 3;
	limit(RLIMIT_AS, RLIM_INFINITY);
	limit(RLIMIT_MEMLOCK, 8192);
	if (setresuid(USER, USER, USER))
		return 4;
	p = mmap(NULL, 16384, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (mlock(p, 16384) == 0 || errno != ENOMEM || mlock(p, 8192))
		return 5;
	limit(RLIMIT_MEMLOCK, 0);
	return munlock(p, 8192) || mlock(p, 4096) == 0 || errno != EPERM ? 6 : 0;
}

TEST(memory_is_limited)
{
	EXPECT_EQ(0, test_in_child(memory_limits, NULL));
}

static char *volatile deepest;

static int deep(int n)
{
	char frame[4096];

	deepest = frame;
	frame[0] = (char)n;
	return n ? deep(n - 1) + deepest[0] * frame[0] : 0;
}

static int uses_stack(void *arg)
{
	limit(RLIMIT_CORE, 0);
	limit(RLIMIT_STACK, 1 << 20);
	return deep((int)(intptr_t)arg) == -1;
}

TEST(the_stack_grows_to_its_limit)
{
	EXPECT_EQ(0, test_in_child(uses_stack, (void *)150));
	EXPECT_EQ(SIGSEGV, WTERMSIG(test_in_child(uses_stack, (void *)600)));
}

/* Root may not always raise a limit: not where it lacks CAP_SYS_RESOURCE. */
static bool raise_limit(int which, rlim_t value)
{
	return prlimit(0, which, &(struct rlimit){ value, value }, NULL) == 0;
}

static int priority_limits(void *arg)
{
	struct sched_param p = { .sched_priority = 5 };
	struct rlimit r;
	/* 25: as nice as -5; 0: no nicer. */
	int least = raise_limit(RLIMIT_NICE, 25) ? -5 : 3;

	(void)arg;
	limit(RLIMIT_RTPRIO, 0);
	if (setpriority(PRIO_PROCESS, 0, 3) || setresuid(USER, USER, USER))
		return 1;
	if (setpriority(PRIO_PROCESS, 0, least - 1) == 0 || errno != EACCES)
		return 2;
	if (setpriority(PRIO_PROCESS, 0, least) || getpriority(PRIO_PROCESS, 0) != least)
		return 3;
	if (syscall(SYS_sched_setscheduler, 0, SCHED_FIFO, &p) == 0 || errno != EPERM)
		return 4;
	if (setpriority(PRIO_PROCESS, 1, 19) == 0 || errno != EPERM)
		return 5;
	if (raise_limit(RLIMIT_NICE, 30))
		return 6;
	return prlimit(1, RLIMIT_NICE, NULL, &r) == 0 || errno != EPERM ? 7 : 0;
}

TEST(priorities_are_limited)
{
	EXPECT_EQ(0, test_in_child(priority_limits, NULL));
}

static int realtime_limits(void *arg)
{
	struct sched_param p = { .sched_priority = 5 };
	bool may = raise_limit(RLIMIT_RTPRIO, 5);

	(void)arg;
	if (!may)
		EXPECT_EQ(0, syscall(SYS_sched_setscheduler, 0, SCHED_RR, &p));
	if (setresuid(USER, USER, USER))
		return 1;
	if (may && syscall(SYS_sched_setscheduler, 0, SCHED_RR, &p))
		return 2;
	p.sched_priority = 6;
	if (syscall(SYS_sched_setparam, 0, &p) == 0 || errno != EPERM)
		return 3;
	limit(RLIMIT_RTPRIO, 0);
	/* Down is always allowed. */
	p.sched_priority = 4;
	if (syscall(SYS_sched_setparam, 0, &p))
		return 5;
	p.sched_priority = 0;
	return syscall(SYS_sched_setscheduler, 0, SCHED_OTHER, &p) ? 6 : 0;
}

TEST(realtime_is_limited)
{
	EXPECT_EQ(0, test_in_child(realtime_limits, NULL));
}

TEST(prlimit_checks)
{
	struct rlimit r = { 2, 1 };
	pid_t pid;
	int status;

	EXPECT_ERRNO(EINVAL, prlimit(0, 16, NULL, &r));
	EXPECT_ERRNO(ESRCH, prlimit(0x3ffffff, RLIMIT_CORE, NULL, &r));
	EXPECT_ERRNO(EINVAL, prlimit(0, RLIMIT_CORE, &(struct rlimit){ 2, 1 }, NULL));
	EXPECT_ERRNO(EFAULT, prlimit(0, RLIMIT_CORE, (void *)8, NULL));
	EXPECT_ERRNO(EFAULT, prlimit(0, RLIMIT_CORE, NULL, (void *)8));
	EXPECT_ERRNO(EPERM, prlimit(0, RLIMIT_NOFILE,
				    &(struct rlimit){ 2000000000, 2000000000 }, NULL));
	pid = fork();
	if (pid == 0) {
		pause();
		_exit(0);
	}
	EXPECT_EQ(0, prlimit(pid, RLIMIT_NOFILE, &(struct rlimit){ 77, 78 }, NULL));
	EXPECT_EQ(0, prlimit(pid, RLIMIT_NOFILE, NULL, &r));
	EXPECT_EQ(77, r.rlim_cur);
	EXPECT_EQ(78, r.rlim_max);
	EXPECT_EQ(0, kill(pid, SIGKILL));
	EXPECT_EQ(pid, waitpid(pid, &status, 0));
}
