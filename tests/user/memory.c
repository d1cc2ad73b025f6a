/* SPDX-License-Identifier: MIT */
/* brk and the mmap family: what is mapped, protected, shared, and gone. */
#include "test.h"

#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE 4096ul

static char *map(size_t pages, int prot, int flags)
{
	char *p = mmap(NULL, pages * PAGE, prot, flags | MAP_ANONYMOUS, -1, 0);

	EXPECT(p != MAP_FAILED);
	return p;
}

static int touch_read(void *arg)
{
	return *(volatile char *)arg & 0;
}

static int touch_write(void *arg)
{
	*(volatile char *)arg = 1;
	return 0;
}

static bool can_read(void *p)
{
	return test_in_child(touch_read, p) == 0;
}

static bool can_write(void *p)
{
	return test_in_child(touch_write, p) == 0;
}

TEST(brk_grows_shrinks_and_zeroes)
{
	uintptr_t start = (uintptr_t)syscall(SYS_brk, 0);
	char *p = (char *)((start + PAGE - 1) & ~(PAGE - 1));

	EXPECT(start != 0);
	EXPECT_EQ(start, syscall(SYS_brk, 0));
	EXPECT_EQ((uintptr_t)p + 8 * PAGE, syscall(SYS_brk, (uintptr_t)p + 8 * PAGE));
	EXPECT(test_is_filled(p, 0, 8 * PAGE));
	memset(p, 'x', 8 * PAGE);
	EXPECT_EQ((uintptr_t)p + PAGE, syscall(SYS_brk, (uintptr_t)p + PAGE));
	EXPECT(!can_read(p + 2 * PAGE));
	EXPECT_EQ((uintptr_t)p + 4 * PAGE, syscall(SYS_brk, (uintptr_t)p + 4 * PAGE));
	EXPECT(test_is_filled(p, 'x', PAGE));
	EXPECT(test_is_filled(p + PAGE, 0, 3 * PAGE));
	/* Nonsense leaves it where it is. */
	EXPECT_EQ((uintptr_t)p + 4 * PAGE, syscall(SYS_brk, 1));
	EXPECT_EQ((uintptr_t)p + 4 * PAGE, syscall(SYS_brk, ~0ul << 20));
}

TEST(anonymous_memory_is_zero_and_writable)
{
	char *p = map(16, PROT_READ | PROT_WRITE, MAP_PRIVATE);

	EXPECT(test_is_filled(p, 0, 16 * PAGE));
	memset(p, 0xa5, 16 * PAGE);
	EXPECT(test_is_filled(p, 0xa5, 16 * PAGE));
	EXPECT_EQ(0, munmap(p, 16 * PAGE));
	EXPECT(!can_read(p));
}

TEST(partial_munmap_leaves_both_ends)
{
	char *p = map(5, PROT_READ | PROT_WRITE, MAP_PRIVATE);

	memset(p, 1, 5 * PAGE);
	EXPECT_EQ(0, munmap(p + 2 * PAGE, PAGE));
	EXPECT(test_is_filled(p, 1, 2 * PAGE));
	EXPECT(test_is_filled(p + 3 * PAGE, 1, 2 * PAGE));
	EXPECT(!can_read(p + 2 * PAGE));
	EXPECT_EQ(0, munmap(p, 5 * PAGE));      /* a hole is fine */
}

TEST(mprotect_is_enforced)
{
	char *p = map(3, PROT_READ | PROT_WRITE, MAP_PRIVATE);

	memset(p, 1, 3 * PAGE);
	EXPECT_EQ(0, mprotect(p + PAGE, PAGE, PROT_READ));
	EXPECT(can_write(p));
	EXPECT(!can_write(p + PAGE));
	EXPECT(can_read(p + PAGE));
	EXPECT(can_write(p + 2 * PAGE));
	EXPECT_EQ(0, mprotect(p + PAGE, PAGE, PROT_NONE));
	EXPECT(!can_read(p + PAGE));
	EXPECT_EQ(0, mprotect(p + PAGE, PAGE, PROT_READ | PROT_WRITE));
	EXPECT_EQ(1, p[PAGE]);
	EXPECT_ERRNO(EINVAL, syscall(SYS_mprotect, p + 1, PAGE, PROT_READ));
	EXPECT_EQ(0, munmap(p + PAGE, PAGE));
	EXPECT_ERRNO(ENOMEM, mprotect(p, 3 * PAGE, PROT_READ));
}

TEST(code_runs_only_where_exec_is_allowed)
{
#if defined(__x86_64__)
	static const unsigned char code[] = { 0xb8, 42, 0, 0, 0, 0xc3 };
#else
	static const unsigned char code[] = { 0x40, 0x05, 0x80, 0x52, 0xc0, 0x03, 0x5f, 0xd6 };
#endif
	char *p = map(1, PROT_READ | PROT_WRITE, MAP_PRIVATE);

	memcpy(p, code, sizeof(code));
	__builtin___clear_cache(p, p + sizeof(code));
	EXPECT_EQ(0, mprotect(p, PAGE, PROT_READ | PROT_EXEC));
	EXPECT_EQ(42, ((int (*)(void))p)());
}

TEST(mmap_errors)
{
	EXPECT_ERRNO(EINVAL, mmap(NULL, 0, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	EXPECT_ERRNO(EINVAL, mmap(NULL, PAGE, PROT_READ, MAP_ANONYMOUS, -1, 0));
	EXPECT_ERRNO(EBADF, mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, -1, 0));
	EXPECT_EQ(-EINVAL, syscall(SYS_mmap, 0, PAGE, PROT_READ,
				   MAP_PRIVATE | MAP_ANONYMOUS, -1, 12345)
			   == -1 ? -errno : 0);
	EXPECT_ERRNO(ENOMEM, mmap(NULL, ~0ul << 13, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	EXPECT_ERRNO(EINVAL, munmap((void *)1, PAGE));
	EXPECT_ERRNO(EINVAL, munmap(NULL, 0));
}

TEST(fixed_replaces_and_noreplace_does_not)
{
	char *p = map(4, PROT_READ | PROT_WRITE, MAP_PRIVATE);

	memset(p, 7, 4 * PAGE);
	EXPECT(p + PAGE == mmap(p + PAGE, PAGE, PROT_READ | PROT_WRITE,
				MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0));
	EXPECT(test_is_filled(p + PAGE, 0, PAGE));
	EXPECT(test_is_filled(p + 2 * PAGE, 7, 2 * PAGE));
	EXPECT_ERRNO(EEXIST, mmap(p, PAGE, PROT_READ,
				  MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0));
}

TEST(hint_is_taken_when_free)
{
	char *p = map(2, PROT_READ, MAP_PRIVATE);

	EXPECT_EQ(0, munmap(p, 2 * PAGE));
	EXPECT(p == mmap(p, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
}

static int scratch_file(size_t size)
{
	int fd;

	test_chdir_scratch();
	fd = open("f", O_RDWR | O_CREAT | O_TRUNC, 0600);
	EXPECT(fd >= 0);
	for (size_t i = 0; i < size; i += 16)
		EXPECT_EQ(16, write(fd, "0123456789abcdef", 16));
	return fd;
}

TEST(private_file_mapping_is_a_copy)
{
	int fd = scratch_file(3 * PAGE);
	char buf[16];
	char *p = mmap(NULL, 3 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);

	EXPECT(p != MAP_FAILED);
	EXPECT_EQ(0, memcmp(p + PAGE, "0123456789abcdef", 16));
	p[PAGE] = 'X';
	EXPECT_EQ(16, pread(fd, buf, 16, PAGE));
	EXPECT_EQ('0', buf[0]);
}

TEST(shared_file_mapping_is_the_file)
{
	int fd = scratch_file(3 * PAGE);
	char buf[16];
	char *p = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, PAGE);

	EXPECT(p != MAP_FAILED);
	p[0] = 'X';
	EXPECT_EQ(16, pread(fd, buf, 16, PAGE));
	EXPECT_EQ('X', buf[0]);
	EXPECT_EQ(1, pwrite(fd, "Y", 1, PAGE + 1));
	EXPECT_EQ('Y', p[1]);
	EXPECT_EQ(0, msync(p, 2 * PAGE, MS_SYNC));
	EXPECT_ERRNO(EINVAL, msync(p, PAGE, MS_SYNC | MS_ASYNC));
	EXPECT_ERRNO(EINVAL, msync(p + 1, PAGE, MS_SYNC));
}

TEST(mapping_keeps_the_file_after_close_and_unlink)
{
	int fd = scratch_file(PAGE);
	char *p = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0);

	close(fd);
	EXPECT_EQ(0, unlink("f"));
	EXPECT_EQ('f', p[15]);
}

TEST(mapping_modes_follow_the_descriptor)
{
	int fd = scratch_file(PAGE);
	int ro = open("f", O_RDONLY), wo = open("f", O_WRONLY);

	EXPECT_ERRNO(EACCES, mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, ro, 0));
	EXPECT(mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, ro, 0) != MAP_FAILED);
	EXPECT_ERRNO(EACCES, mmap(NULL, PAGE, PROT_READ, MAP_SHARED, wo, 0));
	close(fd);
}

TEST(truncated_mapping_loses_its_pages)
{
	int fd = scratch_file(2 * PAGE);
	char *p = mmap(NULL, 2 * PAGE, PROT_READ, MAP_SHARED, fd, 0);

	EXPECT_EQ('0', p[PAGE]);
	EXPECT_EQ(0, ftruncate(fd, PAGE));
	EXPECT_EQ(SIGBUS, WTERMSIG(test_in_child(touch_read, p + PAGE)));
	EXPECT_EQ('0', p[0]);
}

TEST(mremap_grows_moves_and_shrinks)
{
	char *p = map(2, PROT_READ | PROT_WRITE, MAP_PRIVATE), *q;

	memset(p, 9, 2 * PAGE);
	q = mremap(p, 2 * PAGE, 64 * PAGE, MREMAP_MAYMOVE);
	EXPECT(q != MAP_FAILED);
	EXPECT(test_is_filled(q, 9, 2 * PAGE));
	EXPECT(test_is_filled(q + 2 * PAGE, 0, 62 * PAGE));
	EXPECT(q == mremap(q, 64 * PAGE, PAGE, 0));
	EXPECT(!can_read(q + PAGE));
	EXPECT_EQ(9, q[0]);
	EXPECT_ERRNO(EFAULT, mremap(q + 100 * PAGE, PAGE, 2 * PAGE, MREMAP_MAYMOVE));
	EXPECT_ERRNO(EINVAL, mremap(q + 1, PAGE, PAGE, 0));
}

TEST(dontneed_gives_zero_pages)
{
	char *p = map(4, PROT_READ | PROT_WRITE, MAP_PRIVATE);

	memset(p, 3, 4 * PAGE);
	EXPECT_EQ(0, madvise(p + PAGE, 2 * PAGE, MADV_DONTNEED));
	EXPECT_EQ(3, p[0]);
	EXPECT(test_is_filled(p + PAGE, 0, 2 * PAGE));
	EXPECT_EQ(3, p[3 * PAGE]);
	EXPECT_ERRNO(EINVAL, madvise(p, PAGE, 9999));
	EXPECT_ERRNO(EINVAL, madvise(p + 1, PAGE, MADV_DONTNEED));
}

static int grow_stack(void *arg)
{
	size_t n = (size_t)arg;
	volatile char big[n];

	for (size_t i = 0; i < n; i += 1024)
		big[n - 1 - i] = 1;
	return big[n / 2] & 0;
}

TEST(stack_grows_to_a_megabyte)
{
	EXPECT_EQ(0, test_in_child(grow_stack, (void *)(1024 * 1024ul)));
}

TEST(mlock_and_mincore)
{
	unsigned char vec[4];
	char *p = map(4, PROT_READ | PROT_WRITE, MAP_PRIVATE);

	EXPECT_EQ(0, mlock(p, 2 * PAGE));
	EXPECT_EQ(0, mincore(p, 4 * PAGE, vec));
	EXPECT_EQ(1, vec[0] & vec[1] & 1);
	EXPECT_EQ(0, vec[3] & 1);
	EXPECT_EQ(0, munlock(p, 2 * PAGE));
	EXPECT_ERRNO(EINVAL, mincore(p + 1, PAGE, vec));
}

static int eat(void *arg)
{
	struct rlimit limit = { 64 << 20, 64 << 20 };

	(void)arg;
	if (setrlimit(RLIMIT_AS, &limit) < 0)
		return 1;
	if (mmap(NULL, 256 << 20, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED)
		return 2;
	return errno == ENOMEM ? 0 : 3;
}

TEST(address_space_limit_is_enforced)
{
	EXPECT_EQ(0, test_in_child(eat, NULL));
}

TEST(thousands_of_areas)
{
	enum { N = 2000 };
	char *p = map(N, PROT_READ | PROT_WRITE, MAP_PRIVATE);

	for (int i = 0; i < N; i += 2)
		EXPECT_EQ(0, mprotect(p + (size_t)i * PAGE, PAGE, PROT_READ));
	for (int i = 1; i < N; i += 2)
		p[(size_t)i * PAGE] = 1;
	for (int i = 0; i < N; i += 3)
		EXPECT_EQ(0, munmap(p + (size_t)i * PAGE, PAGE));
	EXPECT_EQ(0, munmap(p, N * PAGE));
}
