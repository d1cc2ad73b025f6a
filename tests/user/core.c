/* SPDX-License-Identifier: MIT */
/*
 * Core files: when there is one, and what is in it.  The pattern is taken to be "core", the
 * default.
 */
#include "test.h"

#include <elf.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/procfs.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef NT_SIGINFO
#define NT_SIGINFO 0x53494749
#endif
#ifndef NT_FILE
#define NT_FILE 0x46494c45
#endif

#if defined(__x86_64__)
#define MACHINE EM_X86_64
#define REG_COUNT 27
#define REG_MARK 2              /* r13 */
#define REG_PC 16
#define REG_SP 19
#define FP_MARK_AT (160 + 16 * 5)       /* xmm5 */
__asm__(".text\n.type call_marked, @function\ncall_marked:\n\t.cfi_startproc\n"
	"\tpushq %r13\n\t.cfi_def_cfa_offset 16\n\t.cfi_offset r13, -16\n"
	"\tmovq %rdi, %r13\n\tmovq %rdi, %xmm5\n\tmovq %rdx, %rdi\n\tcall *%rsi\n"
	"\tpopq %r13\n\t.cfi_def_cfa_offset 8\n\tret\n\t.cfi_endproc\n"
	".size call_marked, . - call_marked\n");
#else
#define MACHINE EM_AARCH64
#define REG_COUNT 34
#define REG_MARK 21             /* x21 */
#define REG_PC 32
#define REG_SP 31
#define FP_MARK_AT (16 * 5)     /* v5 */
__asm__(".text\n.type call_marked, @function\ncall_marked:\n\t.cfi_startproc\n"
	"\tstp x29, x30, [sp, #-32]!\n\t.cfi_def_cfa_offset 32\n\t.cfi_offset x29, -32\n"
	"\t.cfi_offset x30, -24\n\tstr x21, [sp, #16]\n\t.cfi_offset x21, -16\n"
	"\tmov x29, sp\n\tmov x21, x0\n\tfmov d5, x0\n\tmov x0, x2\n\tblr x1\n"
	"\tldr x21, [sp, #16]\n\tldp x29, x30, [sp], #32\n\t.cfi_def_cfa_offset 0\n\tret\n"
	"\t.cfi_endproc\n.size call_marked, . - call_marked\n");
#endif

/* Put the mark into a register and into a vector register, then call @fn(@arg). */
void call_marked(uint64_t mark, void (*fn)(void *arg), void *arg);

/* As the kernel lays it out. */
struct prstatus {
	int32_t signo, code, err;
	int16_t cursig, pad;
	uint64_t pending, blocked;
	int32_t pid, ppid, pgrp, sid;
	int64_t times[8];
	uint64_t reg[REG_COUNT];
	int32_t has_fp, pad2;
};

struct prpsinfo {
	char state, sname, zombie, nice;
	uint64_t flags;
	uint32_t uid, gid;
	int32_t pid, ppid, pgrp, sid;
	char fname[16], psargs[80];
};

/* ---- dying with a core ---- */

static void core_limit(rlim_t bytes)
{
	struct rlimit rl = { bytes, RLIM_INFINITY };

	EXPECT_EQ(0, setrlimit(RLIMIT_CORE, &rl));
}

static int die_of(void *arg)
{
	int signo = (int)(intptr_t)arg;

	signal(signo, SIG_DFL);
	raise(signo);
	return 0;
}

static void make_ready(void)
{
	test_chdir_scratch();
	core_limit(RLIM_INFINITY);
}

/* ---- reading one ---- */

static unsigned char *image;
static size_t image_size;

static const Elf64_Ehdr *header(void)
{
	return (const Elf64_Ehdr *)image;
}

static const Elf64_Phdr *segment(int i)
{
	return (const Elf64_Phdr *)(image + header()->e_phoff) + i;
}

static void read_core(void)
{
	int fd = open("core", O_RDONLY);
	struct stat st;

	EXPECT(fd >= 0);
	EXPECT_EQ(0, fstat(fd, &st));
	image_size = (size_t)st.st_size;
	image = mmap(NULL, image_size, PROT_READ, MAP_PRIVATE, fd, 0);
	EXPECT(image != MAP_FAILED);
	close(fd);
	EXPECT_EQ(0, memcmp(image, ELFMAG, SELFMAG));
	EXPECT_EQ(ET_CORE, header()->e_type);
	EXPECT_EQ(MACHINE, header()->e_machine);
	EXPECT_EQ(sizeof(Elf64_Phdr), header()->e_phentsize);
	EXPECT_EQ(PT_NOTE, segment(0)->p_type);
	for (int i = 0; i < header()->e_phnum; i++)
		EXPECT(segment(i)->p_offset + segment(i)->p_filesz <= image_size);
}

/* The data of the @nth note of this type, or NULL. */
static const void *note(uint32_t type, int nth, size_t *size)
{
	const unsigned char *at = image + segment(0)->p_offset;
	const unsigned char *end = at + segment(0)->p_filesz;

	while (at < end) {
		const Elf64_Nhdr *n = (const Elf64_Nhdr *)at;
		const unsigned char *data = at + sizeof(*n) + ((n->n_namesz + 3) & ~3u);

		if (n->n_type == type && nth-- == 0) {
			if (size)
				*size = n->n_descsz;
			return data;
		}
		at = data + ((n->n_descsz + 3) & ~3u);
	}
	return NULL;
}

/* What the core says of this address; NULL: it is not in the file. */
static const void *memory(const volatile void *address)
{
	uint64_t va = (uintptr_t)address;

	for (int i = 1; i < header()->e_phnum; i++) {
		const Elf64_Phdr *ph = segment(i);

		if (ph->p_type == PT_LOAD && va >= ph->p_vaddr && va - ph->p_vaddr < ph->p_filesz)
			return image + ph->p_offset + (va - ph->p_vaddr);
	}
	return NULL;
}

/* ---- when ---- */

TEST(status_says_that_there_is_one)
{
	static const int signals[] = { SIGQUIT, SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE, SIGSEGV,
				       SIGXCPU, SIGXFSZ, SIGSYS };
	struct stat st;

	make_ready();
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
		int status = test_in_child(die_of, (void *)(intptr_t)signals[i]);

		EXPECT_EQ(signals[i] | 0x80, status);
		EXPECT_EQ(0, stat("core", &st));
		EXPECT_EQ(S_IFREG | 0600, st.st_mode);
		EXPECT_EQ(1, st.st_nlink);
		read_core();
		EXPECT_EQ(signals[i],
			  ((const struct prstatus *)note(NT_PRSTATUS, 0, NULL))->cursig);
		EXPECT_EQ(0, unlink("core"));
	}
}

TEST(other_signals_leave_none)
{
	static const int signals[] = { SIGTERM, SIGKILL, SIGHUP, SIGALRM, SIGUSR1, SIGPIPE, SIGIO };

	make_ready();
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
		EXPECT_EQ(signals[i], test_in_child(die_of, (void *)(intptr_t)signals[i]));
		EXPECT_ERRNO(ENOENT, access("core", F_OK));
	}
}

static int die_undumpable(void *arg)
{
	EXPECT_EQ(0, prctl(PR_SET_DUMPABLE, 0));
	return die_of(arg);
}

TEST(none_without_a_limit_or_undumpable)
{
	make_ready();
	EXPECT_EQ(SIGQUIT, test_in_child(die_undumpable, (void *)SIGQUIT));
	EXPECT_ERRNO(ENOENT, access("core", F_OK));
	core_limit(0);
	EXPECT_EQ(SIGQUIT, test_in_child(die_of, (void *)SIGQUIT));
	EXPECT_ERRNO(ENOENT, access("core", F_OK));
	core_limit(4095);
	EXPECT_EQ(SIGQUIT, test_in_child(die_of, (void *)SIGQUIT));
	EXPECT_ERRNO(ENOENT, access("core", F_OK));
}

static int die_as_another(void *arg)
{
	EXPECT_EQ(1, prctl(PR_GET_DUMPABLE));
	EXPECT_EQ(0, setresuid(1000, 1000, 0));
	EXPECT_EQ(0, prctl(PR_GET_DUMPABLE));
	if (arg)
		EXPECT_EQ(0, prctl(PR_SET_DUMPABLE, 1));
	return die_of((void *)SIGQUIT);
}

TEST(none_after_a_change_of_user)
{
	make_ready();
	EXPECT_EQ(0, chmod(".", 0777));
	EXPECT_EQ(SIGQUIT, test_in_child(die_as_another, NULL));
	EXPECT_ERRNO(ENOENT, access("core", F_OK));
	EXPECT_EQ(SIGQUIT | 0x80, test_in_child(die_as_another, ""));
	EXPECT_EQ(0, access("core", F_OK));
}

static int die_large(void *arg)
{
	char *p = mmap(NULL, 4 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	memset(p, 0x5a, 4 << 20);
	return die_of(arg);
}

TEST(the_limit_cuts_it)
{
	struct stat st;

	make_ready();
	core_limit(1 << 20);
	EXPECT_EQ(SIGQUIT | 0x80, test_in_child(die_large, (void *)SIGQUIT));
	EXPECT_EQ(0, stat("core", &st));
	EXPECT(st.st_blocks * 512 <= (1 << 20) + 4096);
	EXPECT(st.st_size > 0);
	EXPECT_EQ(0, unlink("core"));
	core_limit(RLIM_INFINITY);
	EXPECT_EQ(SIGQUIT | 0x80, test_in_child(die_large, (void *)SIGQUIT));
	EXPECT_EQ(0, stat("core", &st));
	EXPECT(st.st_size > 4 << 20);
}

TEST(a_link_is_replaced_and_a_directory_refused)
{
	struct stat st;

	make_ready();
	test_write_file("victim", "whole");
	EXPECT_EQ(0, symlink("victim", "core"));
	EXPECT_EQ(SIGABRT | 0x80, test_in_child(die_of, (void *)SIGABRT));
	EXPECT_EQ(0, strcmp("whole", test_read_file("victim")));
	EXPECT_EQ(0, lstat("core", &st));
	EXPECT(S_ISREG(st.st_mode));
	EXPECT_EQ(0, unlink("core"));
	EXPECT_EQ(0, link("victim", "core"));
	EXPECT_EQ(SIGABRT | 0x80, test_in_child(die_of, (void *)SIGABRT));
	EXPECT_EQ(0, strcmp("whole", test_read_file("victim")));
	EXPECT_EQ(0, unlink("core"));
	EXPECT_EQ(0, mkdir("core", 0700));
	EXPECT_EQ(SIGABRT, test_in_child(die_of, (void *)SIGABRT));
}

TEST(the_parent_is_told)
{
	sigset_t set;
	siginfo_t si;
	pid_t pid;

	make_ready();
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	EXPECT_EQ(0, sigprocmask(SIG_BLOCK, &set, NULL));
	pid = fork();
	if (pid == 0)
		_exit(die_of((void *)SIGSEGV));
	EXPECT_EQ(SIGCHLD, sigwaitinfo(&set, &si));
	EXPECT_EQ(CLD_DUMPED, si.si_code);
	EXPECT_EQ(SIGSEGV, si.si_status);
	memset(&si, 0, sizeof(si));
	EXPECT_EQ(0, waitid(P_PID, (id_t)pid, &si, WEXITED));
	EXPECT_EQ(CLD_DUMPED, si.si_code);
	EXPECT_EQ(SIGSEGV, si.si_status);
}

/* ---- what ---- */

static volatile int *bad_pointer = (int *)0x10;

static __attribute__((noinline)) void crash_here(void *arg)
{
	*bad_pointer = (int)(intptr_t)arg;
	/* Not a tail call, so that the caller stays in the backtrace. */
	__asm__ volatile("" ::: "memory");
}

static int die_marked(void *arg)
{
	call_marked(0x1122334455667788, crash_here, arg);
	return 0;
}

TEST(registers_and_signal_are_in_it)
{
	const struct prstatus *st;
	const struct prpsinfo *ps;
	const unsigned char *fp;
	const siginfo_t *si;
	uint64_t mark;
	size_t size;

	make_ready();
	EXPECT_EQ(SIGSEGV | 0x80, test_in_child(die_marked, NULL));
	read_core();
	st = note(NT_PRSTATUS, 0, &size);
	EXPECT(st != NULL);
	EXPECT_EQ(sizeof(*st), size);
	EXPECT_EQ(SIGSEGV, st->signo);
	EXPECT_EQ(SIGSEGV, st->cursig);
	EXPECT_EQ(getpid(), st->ppid);
	EXPECT_EQ(getpgrp(), st->pgrp);
	EXPECT_EQ(getsid(0), st->sid);
	EXPECT_EQ(1, st->has_fp);
	EXPECT_EQ(0x1122334455667788, st->reg[REG_MARK]);
	EXPECT(st->reg[REG_PC] - (uintptr_t)crash_here < 64);
	EXPECT(memory((void *)st->reg[REG_SP]) != NULL);
	fp = note(NT_FPREGSET, 0, &size);
	EXPECT(fp != NULL && size >= 512);
	memcpy(&mark, fp + FP_MARK_AT, 8);
	EXPECT_EQ(0x1122334455667788, mark);
	si = note(NT_SIGINFO, 0, &size);
	EXPECT_EQ(sizeof(*si), size);
	EXPECT_EQ(SEGV_MAPERR, si->si_code);
	EXPECT(si->si_addr == (void *)0x10);
	ps = note(NT_PRPSINFO, 0, &size);
	EXPECT_EQ(sizeof(*ps), size);
	EXPECT_EQ(st->pid, ps->pid);
	EXPECT_EQ(getuid(), ps->uid);
	EXPECT_EQ(0, strncmp("core", ps->fname, 16));
	EXPECT(strncmp("/usr", ps->psargs, 1) == 0 || strstr(ps->psargs, "core") != NULL);
	EXPECT_EQ(1, (note(NT_PRSTATUS, 1, NULL) == NULL));
}

static char in_data[8] = "in data";

TEST(memory_is_in_it)
{
	char on_stack[16] = "on the stack", *heap = strdup("on the heap");
	char *hidden, *untouched, *readable;
	const uint64_t *aux;
	size_t size;

	make_ready();
	hidden = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	untouched = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	readable = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	strcpy(readable, "shared");
	EXPECT_EQ(0, mprotect(readable, 4096, PROT_READ));
	strcpy(hidden, "hidden");
	EXPECT_EQ(0, madvise(hidden, 4096, MADV_DONTDUMP));
	in_data[0] = 'I';
	EXPECT_EQ(SIGABRT | 0x80, test_in_child(die_of, (void *)SIGABRT));
	read_core();
	EXPECT_EQ(0, memcmp(memory(on_stack), on_stack, sizeof(on_stack)));
	EXPECT_EQ(0, strcmp(memory(heap), "on the heap"));
	EXPECT_EQ(0, memcmp(memory(in_data), in_data, sizeof(in_data)));
	EXPECT_EQ(0, strcmp(memory(readable), "shared"));
	EXPECT(memory(hidden) == NULL);
	EXPECT(test_is_filled(memory(untouched), 0, 1 << 20));
	aux = note(NT_AUXV, 0, &size);
	for (size_t i = 0; aux[i] != AT_NULL && i < size / 8; i += 2)
		EXPECT_EQ(getauxval(aux[i]), aux[i + 1]);
}

static int die_filtered(void *arg)
{
	int fd = open("/proc/self/coredump_filter", O_WRONLY);

	EXPECT_EQ(strlen(arg), write(fd, arg, strlen(arg)));
	return die_of((void *)SIGABRT);
}

TEST(the_filter_chooses)
{
	static char *shared, *file, *text;
	int fd;

	make_ready();
	shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	shared[0] = 's';
	fd = open("f", O_RDWR | O_CREAT, 0600);
	EXPECT_EQ(0, ftruncate(fd, 8192));
	file = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	file[0] = 'f';
	text = mmap(NULL, 8192, PROT_READ, MAP_PRIVATE, fd, 0);
	EXPECT_EQ('f', text[0]);
	EXPECT_EQ(SIGABRT | 0x80, test_in_child(die_filtered, "0"));
	read_core();
	EXPECT(memory(in_data) == NULL);
	EXPECT(memory(shared) == NULL);
	EXPECT(memory(file) == NULL);
	EXPECT(note(NT_PRSTATUS, 0, NULL) != NULL);
	EXPECT_EQ(SIGABRT | 0x80, test_in_child(die_filtered, "0x01"));
	read_core();
	EXPECT(memory(in_data) != NULL);
	EXPECT(memory(shared) == NULL);
	EXPECT_EQ(SIGABRT | 0x80, test_in_child(die_filtered, "0x0e"));
	read_core();
	EXPECT(memory(shared) != NULL);
	EXPECT_EQ('f', *(const char *)memory(file));
	EXPECT_EQ('f', *(const char *)memory(text));
	EXPECT(memory(text + 4096) != NULL);
}

TEST(files_are_named_in_it)
{
	const uint64_t *f;
	const char *name;
	char path[256], exe[256];
	bool has_file = false, has_exe = false;
	size_t size;
	ssize_t n;
	void *p;
	int fd;

	make_ready();
	n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);
	exe[n] = '\0';
	EXPECT(getcwd(path, sizeof(path) - 4) != NULL);
	strcat(path, "/f");
	fd = open("f", O_RDWR | O_CREAT, 0600);
	EXPECT_EQ(0, ftruncate(fd, 3 * 4096));
	p = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 8192);
	EXPECT_EQ(SIGABRT | 0x80, test_in_child(die_of, (void *)SIGABRT));
	read_core();
	f = note(NT_FILE, 0, &size);
	EXPECT(f != NULL && f[0] >= 2);
	EXPECT_EQ(4096, f[1]);
	name = (const char *)(f + 2 + 3 * f[0]);
	for (uint64_t i = 0; i < f[0]; i++, name += strlen(name) + 1) {
		if (f[2 + 3 * i] == (uintptr_t)p) {
			has_file = true;
			EXPECT_EQ((uintptr_t)p + 4096, f[3 + 3 * i]);
			EXPECT_EQ(2, f[4 + 3 * i]);
			EXPECT_EQ(0, strcmp(path, name));
		}
		has_exe |= strcmp(exe, name) == 0;
	}
	EXPECT(has_file && has_exe);
	EXPECT(name <= (const char *)f + size);
}

/* ---- threads ---- */

enum { THREADS = 4 };
static volatile pid_t tids[THREADS];

/* Half of them run, half of them sleep. */
static __attribute__((noinline)) void thread_waits(void *arg)
{
	tids[(intptr_t)arg] = (pid_t)syscall(SYS_gettid);
	if ((intptr_t)arg % 2)
		for (;;)
			pause();
	for (;;)
		__asm__ volatile("" ::: "memory");
}

static void *thread_main(void *arg)
{
	call_marked(0xa000 + (intptr_t)arg, thread_waits, arg);
	return NULL;
}

static int die_threaded(void *arg)
{
	pthread_t t;

	for (intptr_t i = 0; i < THREADS; i++) {
		EXPECT_EQ(0, pthread_create(&t, NULL, thread_main, (void *)i));
		while (!tids[i])
			sched_yield();
	}
	call_marked(0xbbbb, crash_here, arg);
	return 0;
}

TEST(every_thread_is_in_it)
{
	const struct prstatus *st;
	const pid_t *saved;
	bool seen[THREADS] = { false };

	make_ready();
	EXPECT_EQ(SIGSEGV | 0x80, test_in_child(die_threaded, NULL));
	read_core();
	/* The one that crashed is first. */
	st = note(NT_PRSTATUS, 0, NULL);
	EXPECT_EQ(0xbbbb, st->reg[REG_MARK]);
	saved = memory(tids);
	EXPECT(saved != NULL);
	for (int i = 0; i < THREADS; i++) {
		int number;

		st = note(NT_PRSTATUS, 1 + i, NULL);
		EXPECT(st != NULL);
		number = (int)st->reg[REG_MARK] - 0xa000;
		/* Inside of pause() the register may have another use. */
		for (int k = 0; k < THREADS; k++)
			if (saved[k] == st->pid) {
				EXPECT(!seen[k]);
				seen[k] = true;
				if (k % 2 == 0)
					EXPECT_EQ(k, number);
			}
		EXPECT(note(NT_FPREGSET, 1 + i, NULL) != NULL);
	}
	for (int k = 0; k < THREADS; k++)
		EXPECT(seen[k]);
	EXPECT(note(NT_PRSTATUS, 1 + THREADS, NULL) == NULL);
}

static pthread_barrier_t barrier;

static void *thread_crashes(void *arg)
{
	pthread_barrier_wait(&barrier);
	crash_here(arg);
	return NULL;
}

static int die_everywhere(void *arg)
{
	pthread_t t;

	pthread_barrier_init(&barrier, NULL, 8);
	for (int i = 0; i < 7; i++)
		EXPECT_EQ(0, pthread_create(&t, NULL, thread_crashes, arg));
	thread_crashes(arg);
	return 0;
}

TEST(one_core_when_all_crash_at_once)
{
	make_ready();
	for (int i = 0; i < 20; i++) {
		EXPECT_EQ(SIGSEGV | 0x80, test_in_child(die_everywhere, NULL));
		read_core();
		munmap(image, image_size);
	}
}

static int die_huge(void *arg)
{
	size_t size = 24 << 20;
	char *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	memset(p, 1, size);
	return die_of(arg);
}

TEST(a_dump_can_be_killed)
{
	pid_t pid;
	int status;

	make_ready();
	pid = fork();
	if (pid == 0)
		_exit(die_huge((void *)SIGABRT));
	while (access("core", F_OK) < 0)
		EXPECT_EQ(0, waitpid(pid, &status, WNOHANG));
	EXPECT_EQ(0, kill(pid, SIGTERM));
	EXPECT_EQ(0, kill(pid, SIGKILL));
	EXPECT_EQ(0, kill(pid, SIGKILL));
	EXPECT_EQ(pid, waitpid(pid, &status, 0));
	/* The kill counts, unless it came after the end of the dump: then that is whole. */
	if (status == (SIGABRT | 0x80)) {
		struct stat st;

		EXPECT_EQ(0, stat("core", &st));
		EXPECT(st.st_size > 24 << 20);
		return;
	}
	EXPECT_EQ(SIGKILL, status);
}
