/* SPDX-License-Identifier: MIT */
/* Mapped files, copy-on-write at its edges, and what the kernel may not touch. */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test.h"

enum { PAGE = 4096 };

static sigjmp_buf after_fault;
static volatile siginfo_t fault;

static void on_fault(int sig, siginfo_t *info, void *context)
{
	(void)context;
	fault.si_signo = sig;
	fault.si_code = info->si_code;
	fault.si_addr = info->si_addr;
	siglongjmp(after_fault, 1);
}

static void catch_faults(void)
{
	struct sigaction sa = { .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO };

	EXPECT_EQ(0, sigaction(SIGSEGV, &sa, NULL));
	EXPECT_EQ(0, sigaction(SIGBUS, &sa, NULL));
}

/* The signal that an access raises, or 0. */
static int fault_of_read(const volatile char *p)
{
	if (sigsetjmp(after_fault, 1))
		return fault.si_signo;
	(void)*p;
	return 0;
}

static int fault_of_write(volatile char *p)
{
	if (sigsetjmp(after_fault, 1))
		return fault.si_signo;
	*p = 1;
	return 0;
}

static char *map(size_t size, int prot)
{
	char *p = mmap(NULL, size, prot, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	EXPECT(p != MAP_FAILED);
	return p;
}

TEST(kernel_memory_is_out_of_reach)
{
	catch_faults();
	EXPECT_EQ(SIGSEGV, fault_of_read((char *)0xffffffff80000000));
	EXPECT_EQ(SIGSEGV, fault_of_read((char *)0xffff800000000000));
	EXPECT_EQ(SIGSEGV, fault_of_write((char *)-PAGE));
	if (!sigsetjmp(after_fault, 1)) {
		((void (*)(void))0xffffffff80000000)();
		EXPECT(false);
	}
	EXPECT_EQ(SIGSEGV, fault.si_signo);
}

TEST(unmapped_access_tells_the_address)
{
	char *p = map(PAGE, PROT_READ);

	EXPECT_EQ(0, munmap(p, PAGE));
	catch_faults();
	EXPECT_EQ(SIGSEGV, fault_of_read(p + 123));
	EXPECT_EQ(SEGV_MAPERR, fault.si_code);
	EXPECT_EQ(p + 123, fault.si_addr);
	EXPECT_EQ(SIGSEGV, fault_of_read((char *)8));
	EXPECT_EQ(SIGSEGV, fault_of_write(NULL));
	EXPECT_EQ(NULL, fault.si_addr);
}

TEST(fork_isolates_stack_heap_and_data)
{
	static char data[PAGE] = { 1 };
	char stack[PAGE] = { 1 }, *heap = malloc(PAGE), *mapped = map(PAGE, PROT_READ | PROT_WRITE);
	char *all[] = { data, stack, heap, mapped };
	int there[2], back[2];
	char byte = 0;
	pid_t pid;

	EXPECT_EQ(0, pipe(there));
	EXPECT_EQ(0, pipe(back));
	for (int i = 0; i < 4; i++)
		memset(all[i], 1, PAGE);
	pid = fork();
	if (pid == 0) {
		for (int i = 0; i < 4; i++)
			memset(all[i], 2, PAGE);
		EXPECT_EQ(1, write(back[1], &byte, 1));
		EXPECT_EQ(1, read(there[0], &byte, 1));
		for (int i = 0; i < 4; i++)
			EXPECT(test_is_filled(all[i], 2, PAGE));
		_exit(0);
	}
	EXPECT_EQ(1, read(back[0], &byte, 1));
	for (int i = 0; i < 4; i++) {
		EXPECT(test_is_filled(all[i], 1, PAGE));
		memset(all[i], 3, PAGE);
	}
	EXPECT_EQ(1, write(there[1], &byte, 1));
	EXPECT_EQ(pid, waitpid(pid, (int *)all, 0));
	EXPECT_EQ(0, *(int *)all);
}

TEST(copy_on_write_through_three_generations)
{
	char *p = map(4 * PAGE, PROT_READ | PROT_WRITE);
	int status;
	pid_t pid;

	memset(p, 1, 4 * PAGE);
	pid = fork();
	if (pid == 0) {
		pid_t inner;

		p[0] = 2;
		inner = fork();
		if (inner == 0) {
			p[0] = 3;
			p[PAGE] = 3;
			_exit(p[2 * PAGE] != 1);
		}
		EXPECT_EQ(inner, waitpid(inner, &status, 0));
		_exit(status != 0 || p[0] != 2 || p[PAGE] != 1);
	}
	EXPECT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
	EXPECT(test_is_filled(p, 1, 4 * PAGE));
}

TEST(the_kernel_writes_through_copy_on_write)
{
	char *p = map(PAGE, PROT_READ | PROT_WRITE);
	int ends[2], status;
	pid_t pid;

	EXPECT_EQ(0, pipe(ends));
	memset(p, 1, PAGE);
	pid = fork();
	if (pid == 0) {
		EXPECT_EQ(3, write(ends[1], "abc", 3));
		EXPECT_EQ(3, read(ends[0], p, 3));
		_exit(memcmp(p, "abc", 3) != 0);
	}
	EXPECT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
	EXPECT(test_is_filled(p, 1, PAGE));
}

TEST(read_only_pages_refuse_the_kernel_too)
{
	char *p = map(PAGE, PROT_READ);
	int ends[2];

	EXPECT_EQ(0, pipe(ends));
	EXPECT_EQ(1, write(ends[1], "x", 1));
	EXPECT_ERRNO(EFAULT, read(ends[0], p, 1));
	EXPECT_ERRNO(EFAULT, write(ends[1], (void *)8, 1));
}

FILE_TEST(private_mapping_leaves_the_file)
{
	char *p;
	int fd;

	test_write_file("file", "hello, file");
	fd = open("file", O_RDWR);
	p = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	EXPECT(p != MAP_FAILED);
	EXPECT_EQ(0, strcmp(p, "hello, file"));
	EXPECT(test_is_filled(p + 11, 0, PAGE - 11));
	p[0] = 'J';
	EXPECT_EQ(0, strcmp(test_read_file("file"), "hello, file"));
}

FILE_TEST(shared_mapping_and_file_are_one)
{
	char *p;
	int fd;

	test_write_file("file", "hello, file");
	fd = open("file", O_RDWR);
	p = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	EXPECT(p != MAP_FAILED);
	p[0] = 'J';
	EXPECT_EQ(0, strcmp(test_read_file("file"), "Jello, file"));
	EXPECT_EQ(2, pwrite(fd, "ab", 2, 1));
	EXPECT_EQ(0, strcmp(p, "Jablo, file"));
	EXPECT_EQ(0, msync(p, PAGE, MS_SYNC));
	EXPECT_EQ(0, munmap(p, PAGE));
	EXPECT_EQ(0, close(fd));
	EXPECT_EQ(0, strcmp(test_read_file("file"), "Jablo, file"));
}

FILE_TEST(mapping_beyond_the_end_is_a_bus_error)
{
	char *p;
	int fd;

	catch_faults();
	test_write_file("file", "short");
	fd = open("file", O_RDWR);
	p = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	EXPECT(p != MAP_FAILED);
	EXPECT_EQ(0, fault_of_read(p + PAGE - 1));
	EXPECT_EQ(SIGBUS, fault_of_read(p + PAGE));
	EXPECT_EQ(BUS_ADRERR, fault.si_code);
	EXPECT_EQ(0, ftruncate(fd, 2 * PAGE));
	EXPECT_EQ(0, fault_of_write(p + PAGE));
	EXPECT_EQ(0, ftruncate(fd, 0));
	EXPECT_EQ(SIGBUS, fault_of_read(p));
}

FILE_TEST(mapping_outlives_descriptor_and_name)
{
	char *p;
	int fd;

	test_write_file("file", "still here");
	fd = open("file", O_RDONLY);
	p = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, fd, 0);
	EXPECT(p != MAP_FAILED);
	EXPECT_EQ(0, close(fd));
	EXPECT_EQ(0, unlink("file"));
	EXPECT_EQ(0, strcmp(p, "still here"));
}

TEST(a_large_sparse_mapping_is_cheap)
{
	size_t size = (size_t)1 << 36;
	char *p = mmap(NULL, size, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	EXPECT(p != MAP_FAILED);
	for (size_t at = 0; at < size; at += size / 16)
		p[at] = 1;
	EXPECT_EQ(1, p[size / 2]);
	EXPECT_EQ(0, munmap(p, size));
}
