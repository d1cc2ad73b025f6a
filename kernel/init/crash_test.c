/* SPDX-License-Identifier: MIT */
/*
 * Crashes on purpose: `ktest=crash crash=WORD` on the command line.  What the
 * panic must say is checked from outside, by tests/system/crash_test.py.
 * Without the word nothing happens.
 */
#include <arch/cpu.h>

#include <gemel/assert.h>
#include <gemel/boot_info.h>
#include <gemel/ktest.h>
#include <gemel/page.h>
#include <gemel/spin.h>
#include <gemel/string.h>
#include <gemel/vmalloc.h>

#define USER_ADDRESS    0x400000ul

static char data_to_execute[64] = { 1 };

/* Each frame is touched, so that no guard page is jumped over. */
static __noinline int crash_stack(volatile char *above)
{
	volatile char frame[256];

	frame[0] = *above;
	if (frame[0] == 'x')
		return 0;
	return crash_stack(frame) + frame[0];
}

static void crash_text(void)
{
	*(volatile char *)(ulong)crash_text = 0;
}

static void crash_rodata(void)
{
	static const char constant[] = "constant";

	*(volatile char *)(ulong)constant = 0;
}

static void crash_execute(void)
{
	((void (*)(void))(ulong)data_to_execute)();
}

static void crash_user_access(void)
{
	*(volatile char *)USER_ADDRESS = 0;
}

static void crash_user_execute(void)
{
	((void (*)(void))USER_ADDRESS)();
}

/* The page behind a vmalloc() range is a guard. */
static void crash_guard(void)
{
	volatile char *p = vmalloc(PAGE_SIZE);

	if (p)
		p[PAGE_SIZE] = 0;
}

static void crash_assert(void)
{
	ASSERT(!"this is a test");
}

static void crash_locked(void)
{
	static struct irqlock lock = IRQLOCK_INIT(UART);

	irq_lock(&lock);
	panic("with a lock held");
}

static void crash_overflow(void)
{
	char start = 0;

	crash_stack(&start);
}

static const struct {
	const char *word;
	void (*crash)(void);
} crashes[] = {
	{ "stack", crash_overflow },
	{ "text", crash_text },
	{ "rodata", crash_rodata },
	{ "execute", crash_execute },
	{ "user-access", crash_user_access },
	{ "user-execute", crash_user_execute },
	{ "guard", crash_guard },
	{ "assert", crash_assert },
	{ "locked", crash_locked },
};

KTEST(crash, as_the_command_line_says)
{
	char word[16];

	if (!cmdline_get("crash", word, sizeof(word)))
		return;
	for (uint i = 0; i < ARRAY_SIZE(crashes); i++)
		if (strcmp(word, crashes[i].word) == 0)
			crashes[i].crash();
	EXPECT(!"the kernel lives on");
}
