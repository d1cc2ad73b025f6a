/* SPDX-License-Identifier: MIT */
/* A static position-independent program: it relocates itself, and lands elsewhere each time. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test.h"

static int value = 42;
static int *const pointer = &value;

TEST(relocates_itself)
{
	EXPECT_EQ(&value, pointer);
	EXPECT_EQ(42, *pointer);
	EXPECT_EQ(0, getauxval(AT_BASE));
}

TEST(stack_and_heap_are_apart_from_the_image)
{
	char here;
	char *heap = malloc(100000);

	EXPECT(llabs((long long)((uintptr_t)&here - (uintptr_t)&value)) > 1 << 20);
	EXPECT(heap != NULL);
}

TEST(addresses_differ_from_run_to_run)
{
	uintptr_t seen[4];
	bool differ = false;

	for (int i = 0; i < 4; i++) {
		int ends[2];

		EXPECT_EQ(0, pipe(ends));
		if (fork() == 0) {
			dup2(ends[1], 9);
			close(STDOUT_FILENO);
			execl("/proc/self/exe", "start_pie", "tell_address", (char *)NULL);
			_exit(1);
		}
		close(ends[1]);
		EXPECT_EQ(sizeof(seen[i]), read(ends[0], &seen[i], sizeof(seen[i])));
		EXPECT(wait(NULL) > 0);
		differ |= seen[i] != seen[0];
	}
	EXPECT(differ);
}

/* Where its child above says where it is; by itself it only writes to a closed descriptor. */
TEST(tell_address)
{
	uintptr_t here = (uintptr_t)&value;

	EXPECT(write(9, &here, sizeof(here)) == sizeof(here) || errno == EBADF);
}
