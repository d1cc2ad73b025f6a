/* SPDX-License-Identifier: MIT */
/*
 * Gemel's init: the first program, /sbin/init or /init of an initramfs.
 *
 * It mounts the usual file systems, keeps a login shell on the console, reaps
 * orphans, and takes the system down in order.  BusyBox's poweroff, reboot and
 * halt ask for that with a signal: SIGUSR2, SIGTERM, SIGUSR1.
 *
 * Words NAME=VALUE of the kernel's command line that the kernel does not know
 * are init's environment.  With GEMEL_RUN=FILE it runs the shell command that
 * stands in FILE instead of a session, tells the exit status in a frame on the
 * console that tools/run takes off again, and powers off.
 * GEMEL_WINSIZE=ROWSxCOLUMNS sets the size of the console's window.
 *
 * Signals are blocked everywhere but in sigsuspend(), so a handler only has to
 * leave its number, and nothing can be missed between a look and a wait.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

/* What tools/run looks for on the console. */
#define FRAME_START "\036gemel start\036\n"
#define FRAME_EXIT  "\036gemel exit %d\036\n"

enum {
	COMMAND_MAX = 64 << 10,
	TERM_WAIT_MS = 2000,            /* between SIGTERM and SIGKILL at shutdown */
	QUICK_EXIT_S = 1,               /* a session shorter than this has failed */
	QUICK_EXITS_MAX = 5,
};

static const char *const shells[] = { "/bin/bash", "/bin/sh" };

static volatile sig_atomic_t shutdown_signal;

static void on_signal(int sig)
{
	if (sig != SIGCHLD)
		shutdown_signal = sig;
}

static void say(const char *what, const char *name)
{
	dprintf(STDERR_FILENO, "init: %s: %s: %s\n", name, what, strerror(errno));
}

static void mount_one(const char *type, const char *where, unsigned long flags, const char *data)
{
	struct stat here, above;
	char parent[64];

	snprintf(parent, sizeof(parent), "%s/..", where);
	if (stat(where, &here) < 0 && (mkdir(where, 0755) < 0 || stat(where, &here) < 0))
		return;
	if (stat(parent, &above) == 0 && here.st_dev != above.st_dev)
		return;                 /* the kernel has mounted it already */
	/* ENODEV: this kernel has no such file system, and the programs live without it. */
	if (mount(type, where, type, flags, data) < 0 && errno != ENODEV)
		say("mount", where);
}

static void mount_all(void)
{
	mount_one("proc", "/proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, "");
	mount_one("sysfs", "/sys", MS_NOSUID | MS_NODEV | MS_NOEXEC, "");
	mount_one("devtmpfs", "/dev", MS_NOSUID, "mode=0755");
	mount_one("devpts", "/dev/pts", MS_NOSUID | MS_NOEXEC, "mode=0620,ptmxmode=0666");
	mount_one("tmpfs", "/tmp", MS_NOSUID | MS_NODEV, "mode=1777");
	mount_one("tmpfs", "/run", MS_NOSUID | MS_NODEV, "mode=0755");
}

static void set_hostname(void)
{
	char name[65];
	int fd = open("/etc/hostname", O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return;
	n = read(fd, name, sizeof(name) - 1);
	close(fd);
	if (n <= 0)
		return;
	name[n] = '\0';
	name[strcspn(name, "\n")] = '\0';
	sethostname(name, strlen(name));
}

static void set_window_size(int fd)
{
	const char *word = getenv("GEMEL_WINSIZE");
	struct winsize size = { .ws_row = 0 };

	if (word && sscanf(word, "%hux%hu", &size.ws_row, &size.ws_col) == 2)
		ioctl(fd, TIOCSWINSZ, &size);
	unsetenv("GEMEL_WINSIZE");
}

/*
 * Open the terminal behind the console: Linux keeps job control from those who
 * have it open as /dev/console, and tells its own name in sysfs.
 */
static int open_terminal(void)
{
	char active[64] = "", path[80];
	int fd = open("/sys/class/tty/console/active", O_RDONLY | O_CLOEXEC);

	if (fd >= 0) {
		if (read(fd, active, sizeof(active) - 1) < 0)
			active[0] = '\0';
		close(fd);
		active[strcspn(active, " \n")] = '\0';
		snprintf(path, sizeof(path), "/dev/%s", active);
		fd = active[0] ? open(path, O_RDWR | O_NOCTTY) : -1;
	}
	return fd >= 0 ? fd : open("/dev/console", O_RDWR | O_NOCTTY);
}

/* In the child: a session of its own with the console as its terminal, and no blocked signals. */
static void start_session(void)
{
	sigset_t none;
	int fd;

	setsid();
	fd = open_terminal();
	if (fd < 0) {
		say("open", "/dev/console");
		_exit(1);
	}
	ioctl(fd, TIOCSCTTY, 1);
	for (int i = 0; i < 3; i++)
		dup2(fd, i);
	if (fd > 2)
		close(fd);
	for (int sig = 1; sig < SIGRTMIN; sig++)
		signal(sig, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

static void set_environment(const char *shell)
{
	setenv("HOME", "/root", 1);
	setenv("USER", "root", 1);
	setenv("LOGNAME", "root", 1);
	setenv("SHELL", shell, 1);
	setenv("TERM", "vt220", 0);
	setenv("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", 1);
	if (chdir("/root") < 0 && chdir("/") < 0)
		say("chdir", "/");
}

/* In the child: become the login shell, or "shell -c @command".  Does not return. */
static void exec_shell(const char *command)
{
	for (size_t i = 0; i < sizeof(shells) / sizeof(shells[0]); i++) {
		const char *name = strrchr(shells[i], '/') + 1;
		char login[16];

		if (access(shells[i], X_OK) < 0)
			continue;
		set_environment(shells[i]);
		snprintf(login, sizeof(login), "-%s", name);
		if (command)
			execl(shells[i], name, "-c", command, (char *)NULL);
		else
			execl(shells[i], login, (char *)NULL);
		say("exec", shells[i]);
	}
	_exit(127);
}

static bool have_shell(void)
{
	for (size_t i = 0; i < sizeof(shells) / sizeof(shells[0]); i++)
		if (access(shells[i], X_OK) == 0)
			return true;
	return false;
}

static pid_t spawn_shell(const char *command)
{
	pid_t pid = fork();

	if (pid < 0)
		say("fork", "shell");
	if (pid != 0)
		return pid;
	start_session();
	if (command) {
		int null = open("/dev/null", O_RDWR);

		if (null >= 0) {
			dup2(null, STDIN_FILENO);
			close(null);
		}
	}
	exec_shell(command);
	return -1;
}

/* Wait until @pid has ended, reaping all that end before it.  False: shutdown was asked for. */
static bool reap_until(pid_t pid, int *status)
{
	sigset_t none;
	pid_t dead;

	sigemptyset(&none);
	for (;;) {
		while ((dead = waitpid(-1, status, WNOHANG)) > 0)
			if (dead == pid)
				return true;
		if (shutdown_signal)
			return false;
		sigsuspend(&none);
	}
}

/* True when no child is left; waits for that at most @ms. */
static bool wait_for_none(int ms)
{
	const struct timespec tick = { .tv_nsec = 2 * 1000 * 1000 };

	for (int waited = 0;; waited += 2) {
		pid_t dead;

		while ((dead = waitpid(-1, NULL, WNOHANG)) > 0)
			;
		if (dead < 0 && errno == ECHILD)
			return true;
		if (waited >= ms)
			return false;
		nanosleep(&tick, NULL);
	}
}

static void unmount_all(void)
{
	static const char *const mounts[] = { "/run", "/tmp", "/dev/pts", "/sys" };

	for (size_t i = 0; i < sizeof(mounts) / sizeof(mounts[0]); i++)
		umount2(mounts[i], MNT_DETACH);
	if (mount(NULL, "/", NULL, MS_REMOUNT | MS_RDONLY, NULL) < 0 && errno != EINVAL)
		say("remount read-only", "/");
}

/* End every process, write everything out, and go down the way @sig asks.  Does not return. */
static void shut_down(int sig)
{
	int how = sig == SIGUSR1 ? RB_HALT_SYSTEM : sig == SIGUSR2 ? RB_POWER_OFF : RB_AUTOBOOT;

	if (kill(-1, SIGTERM) == 0) {
		kill(-1, SIGCONT);
		if (!wait_for_none(TERM_WAIT_MS)) {
			kill(-1, SIGKILL);
			wait_for_none(TERM_WAIT_MS);
		}
	}
	sync();
	unmount_all();
	sync();
	reboot(how);
	say("reboot", "kernel");
	_exit(1);
}

/* Run the command in @path, report its status on the console, power off. */
static void run_command(const char *path)
{
	static char command[COMMAND_MAX + 1];
	struct termios tio;
	int status = 0, code;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, command, COMMAND_MAX);
	pid_t pid;

	if (n < 0) {
		say("read", path);
		_exit(1);
	}
	close(fd);
	command[n] = '\0';
	if (tcgetattr(STDOUT_FILENO, &tio) == 0) {
		tio.c_oflag &= ~(tcflag_t)OPOST;
		tcsetattr(STDOUT_FILENO, TCSANOW, &tio);
	}
	dprintf(STDOUT_FILENO, FRAME_START);
	pid = spawn_shell(command);
	if (pid < 0 || !reap_until(pid, &status))
		code = 1;
	else
		code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	/* The end of the session has hung the terminal up: what was open of it is dead. */
	fd = open_terminal();
	dprintf(fd, FRAME_EXIT, code);
	tcdrain(fd);
	shut_down(shutdown_signal ? shutdown_signal : SIGUSR2);
}

/* Keep a login shell on the console until a signal asks for the end. */
static void run_sessions(void)
{
	int quick = 0, status;

	while (!shutdown_signal) {
		time_t start = time(NULL);
		pid_t pid = spawn_shell(NULL);

		if (pid > 0 && !reap_until(pid, &status))
			break;
		quick = time(NULL) - start < QUICK_EXIT_S ? quick + 1 : 0;
		if (quick > QUICK_EXITS_MAX) {
			dprintf(STDERR_FILENO, "init: the shell on /dev/console keeps ending at"
				" once; stopping\n");
			_exit(1);
		}
	}
	shut_down(shutdown_signal);
}

int main(void)
{
	static const int handled[] = { SIGCHLD, SIGTERM, SIGINT, SIGUSR1, SIGUSR2 };
	struct sigaction sa = { .sa_handler = on_signal };
	char path[256];
	sigset_t all;

	if (getpid() != 1) {
		fprintf(stderr, "init: the kernel starts this; use poweroff, reboot or halt\n");
		return 1;
	}
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	for (size_t i = 0; i < sizeof(handled) / sizeof(handled[0]); i++)
		sigaction(handled[i], &sa, NULL);
	reboot(RB_DISABLE_CAD);         /* Ctrl-Alt-Del becomes SIGINT */
	mount_all();
	set_hostname();
	set_window_size(STDOUT_FILENO);
	if (!have_shell()) {
		dprintf(STDERR_FILENO, "init: no shell: neither /bin/bash nor /bin/sh can be run;"
			" put one on the root file system\n");
		return 1;
	}
	if (getenv("GEMEL_RUN")) {
		snprintf(path, sizeof(path), "%s", getenv("GEMEL_RUN"));
		unsetenv("GEMEL_RUN");
		run_command(path);
	}
	run_sessions();
}
