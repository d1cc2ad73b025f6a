/* SPDX-License-Identifier: MIT */
/*
 * Crashes on purpose: `ktest=crash crash=WORD` on the command line.  What the
 * panic must say is checked from outside, by tests/system/crash_test.py.
 * Without the word nothing happens.
 */
#include <arch/cpu.h>
#include <arch/trap.h>

#include <gemel/assert.h>
#include <gemel/boot_info.h>
#include <gemel/cpu.h>
#include <gemel/ktest.h>
#include <gemel/page.h>
#include <gemel/slab.h>
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

/* A fault whose frame lies where the last interrupt's was. */
static __noinline void crash_after_interrupt(void)
{
	ulong stack = (ulong)__builtin_frame_address(0);

	arch_this_cpu()->irq_frame = NULL;
	while (stack - (ulong)READ_ONCE(this_cpu()->irq_frame) > 2 * sizeof(struct trapframe))
		arch_cpu_relax();
	*(volatile char *)(ulong)crash_after_interrupt = 0;
}

/* The next five are the sanitizer's: a debug kernel stops at the access, another goes on. */
static void crash_use_after_free(void)
{
	volatile char *p = kalloc(40);

	kfree((void *)p);
	if (p)
		p[8] = 1;
}

static void crash_out_of_bounds(void)
{
	volatile char *p = kalloc(45);

	if (p)
		p[45] = 1;
	kfree((void *)p);
}

static void crash_page_after_free(void)
{
	volatile char *p = page_alloc_kernel(0, 0);

	page_free_kernel((void *)p, 0);
	if (p)
		p[100] = 1;
}

static void crash_copy_too_long(void)
{
	char *p = kalloc(100), *q = kalloc(200);

	if (p && q)
		memcpy(p, q, 101);
	kfree(p);
	kfree(q);
}

static void crash_double_free(void)
{
	void *p = kalloc(40);

	kfree(p);
	kfree(p);
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
	{ "after-interrupt", crash_after_interrupt },
	{ "use-after-free", crash_use_after_free },
	{ "out-of-bounds", crash_out_of_bounds },
	{ "page-after-free", crash_page_after_free },
	{ "copy-too-long", crash_copy_too_long },
	{ "double-free", crash_double_free },
};

KTEST(crash, as_the_command_line_says)
{
	char word[24];

	if (!cmdline_get("crash", word, sizeof(word)))
		return;
	for (uint i = 0; i < ARRAY_SIZE(crashes); i++)
		if (strcmp(word, crashes[i].word) == 0)
			crashes[i].crash();
	EXPECT(!"the kernel lives on");
}
