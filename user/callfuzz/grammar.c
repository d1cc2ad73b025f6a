/* SPDX-License-Identifier: MIT */
/* What a plausible argument is: learned from the types and names in the kernel's own table. */
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <linux/futex.h>

#include "callfuzz.h"

#ifdef __x86_64__
#define NR(amd64, arm64) (amd64)
#else
#define NR(amd64, arm64) (arm64)
#endif
#define ROW(n, x, a, count, ...) \
	{ .name = #n, .nr = NR(x, a), .nargs = count, .text = { __VA_ARGS__ } },
#define SYSCALL0(n, x, a) { .name = #n, .nr = NR(x, a) },
#define SYSCALL1(n, x, a, t, v) ROW(n, x, a, 1, #t " " #v)
#define SYSCALL2(n, x, a, t, v, t2, v2) ROW(n, x, a, 2, #t " " #v, #t2 " " #v2)
#define SYSCALL3(n, x, a, t, v, t2, v2, t3, v3) \
	ROW(n, x, a, 3, #t " " #v, #t2 " " #v2, #t3 " " #v3)
#define SYSCALL4(n, x, a, t, v, t2, v2, t3, v3, t4, v4) \
	ROW(n, x, a, 4, #t " " #v, #t2 " " #v2, #t3 " " #v3, #t4 " " #v4)
#define SYSCALL5(n, x, a, t, v, t2, v2, t3, v3, t4, v4, t5, v5) \
	ROW(n, x, a, 5, #t " " #v, #t2 " " #v2, #t3 " " #v3, #t4 " " #v4, #t5 " " #v5)
#define SYSCALL6(n, x, a, t, v, t2, v2, t3, v3, t4, v4, t5, v5, t6, v6) \
	ROW(n, x, a, 6, #t " " #v, #t2 " " #v2, #t3 " " #v3, #t4 " " #v4, #t5 " " #v5, #t6 " " #v6)

struct call calls[] = {
#include "../../kernel/include/gemel/syscalls_fs.h"
#include "../../kernel/include/gemel/syscalls_mm.h"
#include "../../kernel/include/gemel/syscalls_task.h"
#if __has_include("../../kernel/include/gemel/syscalls_net.h")
#include "../../kernel/include/gemel/syscalls_net.h"
#endif
#ifdef __x86_64__
#include "../../kernel/arch/amd64/include/arch_impl/syscall_rows.h"
#endif
};
const size_t ncalls = sizeof(calls) / sizeof(calls[0]);

/* The first are those that root may write to, rename and remove without harm to the system. */
const char *const paths[] = {
	"a", "b", "c", "d", "tmpfs", "proc", "ext2", "d/a", "d/b", "d/../a", ".", "..", "", "/",
	"/tmp", "link", "loop", "fifo", "d/", "a/b", "nowhere/x", "/proc/self/maps",
	"/proc/self/stat", "/proc/self/fd",
	"/proc/self/mem", "/proc/self/cmdline", "/proc/self/exe", "/proc/meminfo",
	"/proc/self/fd/3", "/proc/stat", "/proc/self/status", "/proc/self/task", "/proc/mounts",
	"/proc/self/smaps", "/proc/self/cwd/a", "/proc/self/oom_score_adj", "/proc/slabinfo",
	"sock", "/bin/true",
	"/dev/null", "/dev/zero", "/dev/full", "/dev/urandom", "/etc/passwd", "/dev/ptmx", "/sys",
	"/dev/pts", "/dev/tty", "/dev/pts/0", "/dev/fd/4", "/dev/kmsg", "/proc", "/proc/self",
	"/proc/self/mountinfo", "/proc/self/fdinfo/13", "/proc/self/environ", "/proc/self/auxv",
	"/proc/self/comm", "/proc/self/limits", "/proc/self/statm", "/proc/self/io",
	"/proc/self/pagemap", "/proc/thread-self/stat", "/proc/1/stat", "/proc/1/fd",
	"/proc/self/timers", "/proc/self/map_files", "/proc/self/coredump_filter",
	"/proc/self/clear_refs", "/proc/self/fail-nth", "/proc/locks", "/proc/uptime",
	"/proc/loadavg", "/proc/vmstat", "/proc/interrupts", "/proc/cpuinfo", "/proc/devices",
	"/proc/filesystems", "/proc/partitions", "/proc/stats", "/proc/trace", "/proc/kmsg",
	"/proc/sys/kernel/pid_max", "/proc/sys/kernel/hostname", "/proc/sys/vm/overcommit_memory",
};
const size_t npaths = sizeof(paths) / sizeof(paths[0]);
const size_t npaths_of_root = 39;
const size_t npaths_here = 19;          /* of the scratch directory, at first */

#define SET(call, arg, mask, ...) { call, arg, mask, (const uint64_t[]){ __VA_ARGS__ }, \
	sizeof((const uint64_t[]){ __VA_ARGS__ }) / sizeof(uint64_t) }
/* The first row whose call is in the name and whose argument is the argument's name counts. */
static const struct flags flag_sets[] = {
	SET("openat2", "size", false, 24, 24, 24, 32),
	SET("openat2", "flags", true, 0),
	SET("clone3", "size", false, 64, 80, 88, 96),
	SET("robust", "size", false, 24),
	SET("timer_", "id", false, 0, 0, 0, 1, 2, 3),
	SET("getrusage", "who", false, 0, 1, (uint64_t)-1),
	SET("ioprio", "which", false, 1, 2, 3),
	SET("ioprio", "prio", false, 0, 2 << 13, 2 << 13 | 4, 3 << 13, 1 << 13),
	SET("sched_getattr", "size", false, 48, 56, 64),
	SET("sched", "flags", false, 0),
	SET("affinity", "len", false, 8, 8, 16, 128, 4),
	SET("pidfd_open", "flags", true, O_NONBLOCK),
	SET("pidfd", "flags", false, 0),
	SET("copy_file_range", "flags", false, 0),
	SET("sync_file_range", "flags", true, 1, 2, 4),
	SET("membarrier", "flags", false, 0, 0, 1),
	SET("personality", "persona", false, 0, 0xffffffff, 0x0040000, 0x0400000, 0x20008),
	SET("", "timeout_ms", false, 0, 1, 10, (uint64_t)-1),
	SET("shutdown", "how", false, 0, 1, 2),
	SET("open", "flags", true, O_WRONLY, O_RDWR, O_CREAT, O_EXCL, O_TRUNC, O_APPEND, O_NONBLOCK,
	    O_DIRECTORY, O_NOFOLLOW, O_CLOEXEC, O_PATH, O_TMPFILE, O_NOCTTY, O_DSYNC, O_ASYNC,
	    O_DIRECT, O_NOATIME),
	SET("pipe2", "flags", true, O_NONBLOCK, O_CLOEXEC, O_DIRECT),
	SET("dup3", "flags", true, O_CLOEXEC),
	SET("memfd", "flags", true, 1, 2, 4),
	SET("eventfd2", "flags", true, O_NONBLOCK, O_CLOEXEC, 1),
	SET("timerfd_create", "flags", true, O_NONBLOCK, O_CLOEXEC),
	SET("timerfd_settime", "flags", true, 1, 2),
	SET("timer_settime", "flags", true, 1),
	SET("signalfd4", "flags", true, O_NONBLOCK, O_CLOEXEC),
	SET("epoll_create1", "flags", true, O_CLOEXEC),
	SET("inotify_init", "flags", true, O_NONBLOCK, O_CLOEXEC),
	SET("epoll_ctl", "op", false, EPOLL_CTL_ADD, EPOLL_CTL_MOD, EPOLL_CTL_DEL),
	SET("mmap", "prot", true, PROT_READ, PROT_WRITE, PROT_EXEC),
	SET("mprotect", "prot", true, PROT_READ, PROT_WRITE, PROT_EXEC, PROT_GROWSDOWN),
	SET("mmap", "flags", true, MAP_PRIVATE, MAP_SHARED, MAP_ANONYMOUS, MAP_FIXED, MAP_POPULATE,
	    MAP_GROWSDOWN, MAP_LOCKED, MAP_NORESERVE, MAP_FIXED_NOREPLACE, MAP_STACK),
	SET("mremap", "flags", true, MREMAP_MAYMOVE, MREMAP_FIXED, MREMAP_DONTUNMAP),
	SET("madvise", "advice", false, 0, 1, 2, 3, 4, 8, 9, 10, 11, 14, 15, 16, 17, 18, 19, 20, 21,
	    22, 23),
	SET("fadvise", "advice", false, 0, 1, 2, 3, 4, 5),
	SET("msync", "flags", true, 1, 2, 4),
	SET("mlock", "flags", true, 1, 2, 4),
	SET("clone", "flags", true, CLONE_VM, CLONE_FS, CLONE_FILES, CLONE_SIGHAND, CLONE_THREAD,
	    CLONE_VFORK, CLONE_PARENT, CLONE_SETTLS, CLONE_PARENT_SETTID, CLONE_CHILD_SETTID,
	    CLONE_CHILD_CLEARTID, CLONE_SYSVSEM, CLONE_PIDFD, SIGCHLD),
	SET("unshare", "flags", true, CLONE_FS, CLONE_FILES, CLONE_VM, CLONE_SIGHAND, CLONE_THREAD),
	SET("fcntl", "cmd", false, F_DUPFD, F_GETFD, F_SETFD, F_GETFL, F_SETFL, F_GETLK, F_SETLK,
	    F_SETLKW, F_SETOWN, F_GETOWN, F_SETSIG, F_GETSIG, F_DUPFD_CLOEXEC, F_SETPIPE_SZ,
	    F_GETPIPE_SZ, F_ADD_SEALS, F_GET_SEALS, F_OFD_GETLK, F_OFD_SETLK, F_OFD_SETLKW,
	    F_SETLEASE, F_GETLEASE, F_SETOWN_EX, F_GETOWN_EX, F_NOTIFY),
	SET("ioctl", "cmd", false, TCGETS, TCSETS, TCSETSW, TCSETSF, TIOCGWINSZ, TIOCSWINSZ,
	    TIOCGPGRP, TIOCSPGRP, TIOCSCTTY, TIOCNOTTY, TIOCGPTN, TIOCSPTLCK, TIOCPKT, FIONREAD,
	    FIONBIO, FIOASYNC, FIOCLEX, FIONCLEX, TIOCSTI, TCXONC, TCFLSH, TCSBRK, TIOCOUTQ,
	    TIOCGSID, TIOCEXCL, TIOCNXCL, TIOCGPTPEER, TIOCGETD, TIOCSETD, 0x1260, 0x80081272,
	    TCGETA, TCSETA, TCSETAW, TCSETAF, 0x802c542a, 0x402c542b, 0x402c542c, 0x402c542d,
	    TIOCGPTLCK, TIOCGPKT, TIOCGEXCL, TIOCGDEV, TIOCSIG, TIOCSBRK, TIOCCBRK, TIOCVHANGUP,
	    TCSBRKP, 0x1268, 0x127b, 0x125e, 0x80081270),
	SET("flock", "op", false, LOCK_SH, LOCK_EX, LOCK_UN, LOCK_SH | LOCK_NB, LOCK_EX | LOCK_NB),
	SET("lseek", "whence", false, 0, 1, 2, 3, 4),
	/* Of names: which of paths[].  Only in the scratch directory is anything mounted. */
	SET("mount", "source", false, 0, 3, 4),
	SET("mount", "target", false, 0, 3, 3, 7),
	SET("mount", "type", false, 4, 4, 5, 6),
	SET("mount", "flags", true, 1, 2, 4, 8, 16, 32, 1024, 4096, 4096, 8192, 16384, 1 << 17,
	    1 << 18, 1 << 19, 1 << 20, 1 << 21),
	SET("umount2", "flags", true, 1, 2, 4, 8),
	SET("fallocate", "mode", true, 1, 2, 8, 16, 32),
	SET("unlinkat", "flags", false, 0, AT_REMOVEDIR),
	SET("renameat2", "flags", true, 1, 2, 4),
	SET("xattr", "flags", true, 1, 2),
	SET("getrandom", "flags", true, 1, 2, 4),
	SET("splice", "flags", true, 1, 2, 4, 8),
	SET("tee", "flags", true, 1, 2),
	SET("preadv2", "flags", true, 1, 2, 4, 8, 16),
	SET("pwritev2", "flags", true, 1, 2, 4, 8, 16),
	SET("close_range", "flags", true, 2, 4),
	SET("close_range", "first", false, 3, 5, 12, 40),
	SET("waitid", "type", false, P_ALL, P_PID, P_PGID, 3),
	SET("wait", "options", true, WNOHANG, WUNTRACED, WCONTINUED, WEXITED, WSTOPPED, WNOWAIT,
	    0x20000000, 0x40000000, 0x80000000),
	SET("futex", "op", false, FUTEX_WAIT, FUTEX_WAKE, FUTEX_REQUEUE, FUTEX_CMP_REQUEUE,
	    FUTEX_WAKE_OP, FUTEX_LOCK_PI, FUTEX_UNLOCK_PI, FUTEX_TRYLOCK_PI, FUTEX_WAIT_BITSET,
	    FUTEX_WAKE_BITSET, FUTEX_WAIT | 128, FUTEX_WAKE | 128, FUTEX_WAIT_BITSET | 256,
	    FUTEX_CMP_REQUEUE | 128),
	SET("prctl", "op", false, 1, 2, 3, 4, 7, 8, 9, 10, 13, 14, 15, 16, 21, 22, 23, 24, 27, 28,
	    29, 30, 35, 36, 37, 38, 39, 40, 47, 0x53564d41),
	SET("sigprocmask", "how", false, SIG_BLOCK, SIG_UNBLOCK, SIG_SETMASK),
	SET("", "set_size", false, 8, 8, 8, 8, 16, 0),
	SET("", "mask_size", false, 8, 8, 8, 8, 16, 0),
	SET("sigqueueinfo", "signo", false, 10, 12, 34, 64, 18, 17),
	SET("itimer", "which", false, ITIMER_REAL, ITIMER_VIRTUAL, ITIMER_PROF),
	SET("rlimit", "which", false, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15),
	SET("", "clock", false, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 11, (uint64_t)-6, (uint64_t)-2),
	SET("clock_nanosleep", "flags", true, 1),
	SET("priority", "which", false, 0, 1, 2),
	SET("sched", "policy", false, 0, 1, 2, 3, 5, 0x40000000),
	SET("membarrier", "cmd", false, 0, 1, 2, 4, 8, 16, 32, 64, 128, 256),
	SET("socket", "domain", false, AF_UNIX, AF_INET, AF_INET6, AF_PACKET, AF_NETLINK),
	SET("socket", "type", false, SOCK_STREAM, SOCK_DGRAM, SOCK_RAW, SOCK_SEQPACKET,
	    SOCK_STREAM | SOCK_NONBLOCK, SOCK_DGRAM | SOCK_NONBLOCK),
	SET("socket", "protocol", false, 0, 0, 0, 1, 6, 17),
	SET("sockopt", "level", false, SOL_SOCKET, 0, 6, 17, 41),
	SET("statx", "mask", false, 0x7ff, 0xfff, 0, 0x80000000),
	SET("", "backlog", false, 0, 1, 5),
	SET("inotify_add", "mask", true, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048,
	    0x01000000, 0x20000000, 0x80000000),
	SET("recv", "flags", true, MSG_DONTWAIT, MSG_PEEK, MSG_TRUNC, MSG_WAITALL, MSG_OOB),
	SET("send", "flags", true, MSG_DONTWAIT, MSG_NOSIGNAL, MSG_MORE, MSG_OOB),
	SET("at", "flags", true, AT_SYMLINK_NOFOLLOW, AT_SYMLINK_FOLLOW, AT_EMPTY_PATH, AT_EACCESS,
	    0x2000, 0x4000),
	SET("access", "mode", true, 1, 2, 4),
};

/* What root may do and a test may not: it would end or change the system for everybody. */
static const char *const not_for_root[] = {
	"reboot", "pivot_root", "chroot", "settimeofday", "clock_settime",
	"sched_setscheduler", "sched_setparam", "sched_setattr", "setpriority", "syslog", "mknod",
	"mknodat", "setrlimit", "prlimit64", "sethostname", "setdomainname", "swapon", "swapoff",
};
static const char *const ends_it[] = { "exit", "exit_group", "execve", "execveat", "rt_sigreturn",
				       "pause", "rt_sigsuspend", "vfork", "sync" };
static const char *const makes_fd[] = {
	"open", "openat", "openat2", "creat", "dup", "dup2", "dup3", "epoll_create1",
	"epoll_create", "eventfd2", "eventfd", "signalfd4", "signalfd", "timerfd_create",
	"memfd_create", "pidfd_open", "inotify_init1", "inotify_init",
	"socket", "accept", "accept4", "fcntl",
};
static const char *const makes_two[] = { "pipe", "pipe2", "socketpair" };
static const char *const makes_pid[] = { "fork", "vfork", "clone", "clone3" };
static const char *const makes_address[] = { "mmap", "mremap", "brk" };

static const struct {
	const char *word;
	enum style style;
} styles[] = {
	{ "iovec", VECTOR }, { "timespec", TIMES }, { "timeval", TIMES }, { "itimer", TIMES },
	{ "sigset_t", SIGNALS }, { "pollfd", FDS }, { "epoll_event", EVENT },
	{ "sigaction", ACTION },
	{ "s64", OFFSETS }, { "open_how", HOW }, { "clone_args", CLONE },
	{ "void __user * event", EVENT_SIGNAL }, { "sched_attr", SCHEDULING },
	{ "void __user * header", CAPABILITY }, { "void __user * head", ROBUST },
	{ "uapi_stack", STACK }, { "void __user * sig", MASK },
	{ "const void __user * buf", WORDS }, { "const void __user * data", OPTIONS },
	{ "ulong __user * argv", STRINGS },
	{ "ulong __user * envp", STRINGS }, { "sockaddr", SOCKADDR }, { "int __user", INTS },
	{ "u32 __user", INTS }, { "uid_t", INTS }, { "gid_t", INTS }, { "msghdr", VECTOR },
	{ " event", EVENT }, { "siginfo", INTS },
};

/* The first row whose call and argument are in the names counts. */
static const struct source sources[] = {
	{ "", "dirfd", NULL, (uint64_t)AT_FDCWD },
	{ "getdents", "fd", "open", 5 },
	{ "fchdir", "fd", "open", 5 },
	{ "", "epfd", "epoll_create", 11 },
	{ "timerfd", "fd", "timerfd_create", 13 },
	{ "", "pidfd", "pidfd_open", 15 },
	{ "pidfd_send", "fd", "pidfd_open", 15 },
	{ "signalfd", "fd", "signalfd", 17 },
	{ "splice", "fd", "pipe", 10 },
	{ "tee", "in_fd", "pipe", 9 },
	{ "tee", "out_fd", "pipe", 10 },
	{ "ioctl", "fd", NULL, 16 },
	{ "copy_file_range", "fd", "open", 3 },
	{ "fallocate", "fd", "open", 3 },
	{ "mmap", "fd", NULL, 3 },
};

bool has(const char *text, const char *word)
{
	return strstr(text, word) != NULL;
}

static bool is_in(const char *name, const char *const *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(name, list[i]) == 0)
			return true;
	return false;
}
#define IS_IN(name, list) is_in(name, list, sizeof(list) / sizeof(list[0]))

static const struct flags *flags_of(const char *call, const char *arg)
{
	const char *name = strrchr(arg, ' ') + 1;

	for (size_t i = 0; i < sizeof(flag_sets) / sizeof(flag_sets[0]); i++)
		if (has(call, flag_sets[i].call) && strcmp(name, flag_sets[i].arg) == 0)
			return &flag_sets[i];
	return NULL;
}

static struct argument pointer_of(const char *call, const char *arg)
{
	struct argument a = { .what = W_DATA };

	if (has(arg, "const char __user")) {
		a.what = W_PATH;
		a.flags = flags_of(call, arg);
	}
	for (size_t i = 0; i < sizeof(styles) / sizeof(styles[0]); i++)
		if (has(arg, styles[i].word)) {
			a.style = styles[i].style;
			break;
		}
	return a;
}

static enum what what_of(const char *arg)
{
	static const struct {
		const char *word;
		enum what what;
	} words[] = {
		{ "fd", W_FD }, { "pid", W_PID }, { " tid", W_PID }, { "tgid", W_PID },
		{ " who", W_PID }, { " id", W_PID }, { "signo", W_SIGNAL }, { "addr", W_ADDRESS },
		{ " stack", W_ADDRESS }, { " brk", W_ADDRESS }, { "len", W_LENGTH },
		{ "size", W_LENGTH }, { " n", W_LENGTH }, { "count", W_LENGTH },
		{ " max", W_LENGTH },
		{ "mode_t", W_MODE }, { "uid", W_UID }, { "gid", W_UID },
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (has(arg, words[i].word))
			return words[i].what;
	return W_NUMBER;
}

static const struct source *source_of(const char *call, const char *arg)
{
	const char *name = strrchr(arg, ' ') + 1;

	for (size_t i = 0; i < sizeof(sources) / sizeof(sources[0]); i++)
		if (has(call, sources[i].call) && has(name, sources[i].arg))
			return &sources[i];
	return NULL;
}

static struct argument argument_of(const char *call, const char *arg)
{
	struct argument a = { .what = W_FLAGS, .flags = flags_of(call, arg) };

	if (has(arg, "__user *"))
		return pointer_of(call, arg);
	if (!a.flags)
		a.what = what_of(arg);
	if (a.what == W_FD)
		a.source = source_of(call, arg);
	return a;
}

void grammar_init(void)
{
	for (struct call *c = calls; c < calls + ncalls; c++) {
		for (int i = 0; i < c->nargs; i++)
			c->arg[i] = argument_of(c->name, c->text[i]);
		c->makes_two = IS_IN(c->name, makes_two);
		c->makes = c->makes_two || IS_IN(c->name, makes_fd) ? W_FD :
			   IS_IN(c->name, makes_pid) ? W_PID :
			   IS_IN(c->name, makes_address) ? W_ADDRESS : W_NUMBER;
		c->not_for_root = IS_IN(c->name, not_for_root);
		c->ends_it = IS_IN(c->name, ends_it);
	}
}
