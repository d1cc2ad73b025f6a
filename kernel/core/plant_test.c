/* SPDX-License-Identifier: MIT */
/*
 * Planted bugs: `ktest=plant plant=WORD` on the command line of a debug kernel.
 * Each must be caught and named; tests/system/plant_test.py says how.
 */
#include <arch/irqflags.h>

#include <gemel/boot_info.h>
#include <gemel/kasan.h>
#include <gemel/kthread.h>
#include <gemel/ktest.h>
#include <gemel/list.h>
#include <gemel/mutex.h>
#include <gemel/page.h>
#include <gemel/refs.h>
#include <gemel/slab.h>
#include <gemel/string.h>
#include <gemel/task.h>
#include <gemel/time.h>
#include <gemel/vmalloc.h>

static struct mutex inner = MUTEX_INIT(inner, INODE);
static struct mutex outer = MUTEX_INIT(outer, MM);
static struct spinlock spin = SPINLOCK_INIT(DCACHE);
static struct wait_queue queue = WAIT_QUEUE_INIT(queue);
static volatile uint number = 64;
static volatile int largest = 0x7fffffff;
static volatile long sink;
static bool happened;

static __noinline void plant_lock_order(void)
{
	mutex_lock(&outer);
	mutex_lock(&inner);
	mutex_unlock(&inner);
	mutex_unlock(&outer);
}

static __noinline __no_lock_analysis void plant_lock_twice(void)
{
	mutex_lock(&outer);
	mutex_lock(&outer);
	mutex_unlock(&outer);
}

static __noinline __no_lock_analysis void plant_lock_kept(void)
{
	mutex_lock(&outer);
}

static __noinline void plant_sleep_in_atomic(void)
{
	spin_lock(&spin);
	mutex_lock(&inner);
	mutex_unlock(&inner);
	spin_unlock(&spin);
}

/* It need not wait this time. */
static __noinline void plant_wait_in_atomic(void)
{
	spin_lock(&spin);
	wait_event_blocked(&queue, number == 64);
	spin_unlock(&spin);
}

static __noinline void plant_yield_in_atomic(void)
{
	spin_lock(&spin);
	sched_yield();
	spin_unlock(&spin);
}

static __noinline void plant_allocation_in_atomic(void)
{
	spin_lock(&spin);
	kfree(kalloc(64));
	spin_unlock(&spin);
}

static __noinline __no_lock_analysis void plant_unlock_of_another(void)
{
	spin_unlock(&spin);
}

static __noinline void plant_shift(void)
{
	sink = 1l << number;
}

static __noinline void plant_overflow(void)
{
	sink = largest + (int)number;
}

static __noinline void plant_bounds(void)
{
	static int array[8];

	sink = array[number];
}

/* Not by an index, which the compiler could check. */
static __noinline void plant_global_overflow(void)
{
	static char small[20];
	volatile char *p = small;

	p[number / 3] = 1;
}

static __noinline void plant_string_overread(void)
{
	const volatile char *p = "short";

	sink = p[number / 8];
}

static __noinline void plant_use_after_free(void)
{
	volatile long *p = kalloc(64);

	kfree((void *)p);
	sink = p[1];
}

static __noinline void plant_heap_overflow(void)
{
	volatile char *p = kalloc(40);

	p[40] = 1;
	kfree((void *)p);
}

/* An object of a page, whose neighbour is in use. */
static __noinline void plant_page_object_overflow(void)
{
	volatile char *p[16];

	for (uint i = 0; i < ARRAY_SIZE(p); i++)
		p[i] = kalloc(PAGE_SIZE);
	p[number / 8][PAGE_SIZE] = 1;
}

static __noinline void plant_block_overflow(void)
{
	volatile char *p = kalloc(4 * PAGE_SIZE);

	p[4 * PAGE_SIZE] = 1;
}

static __noinline void plant_vmalloc_overflow(void)
{
	volatile char *p = vmalloc(5000);

	p[5000] = 1;
	vfree((void *)p);
	sink = 0;
}

static __noinline void fill(volatile char *at, uint n)
{
	while (n-- > 0)
		at[n] = 1;
}

static __noinline void plant_stack_overflow(void)
{
	volatile char array[48];

	fill(array, number - 15);
	sink = array[0];
}

/* As a device writes: nothing is checked then. */
static __noinline __no_kasan void plant_page_written(void)
{
	volatile char *p = page_alloc_kernel(0, ALLOC_ATOMIC);

	irq_push_off();
	page_free_kernel((void *)p, 0);
	p[77] = 1;
	sink = (long)page_alloc_kernel(0, ALLOC_ATOMIC);
	irq_pop_off();
}

static __noinline void plant_double_free(void)
{
	void *p = kalloc(64);

	kfree(p);
	kfree(p);
	sink = 0;
}

/* A pointer that a program gave, used as one of the kernel. */
static __noinline void plant_user_pointer(void)
{
	sink = *(volatile long *)(0x10000ul + number * 0);
}

static __noinline void plant_list(void)
{
	static struct list a = LIST_INIT(a), b = LIST_INIT(b), link;

	list_add(&a, &link);
	list_add(&b, &link);
	list_remove(a.next);
	list_add(&a, &b);
}

static __noinline void plant_refs(void)
{
	struct refs r = REFS_INIT(1);

	(void)refs_put(&r);
	(void)refs_put(&r);
}

static __noinline void plant_refs_overflow(void)
{
	struct refs r = REFS_INIT(~0u);

	refs_get(&r);
}

static __noinline void plant_list_splice(void)
{
	static struct list a = LIST_INIT(a), b = LIST_INIT(b), link;

	list_add(&a, &link);
	list_add(&b, &link);
	list_splice_tail(&b, &a);
}

static __noinline void plant_page_leak(void)
{
	sink = (long)page_alloc_kernel(0, 0);
}

static __noinline void plant_leak(void)
{
	sink = (long)kalloc(1000);
}

static int loser(void *arg)
{
	(void)arg;
	wait_event_blocked(&queue, READ_ONCE(happened));
	return 0;
}

/* The condition comes true, and nobody says so. */
static __noinline void plant_lost_wake_up(void)
{
	struct task *t = kthread_run(loser, NULL, "loser", ~0ull);

	(void)sleep_until(time_now() + 100 * NSEC_PER_MSEC, TASK_BLOCKED);
	WRITE_ONCE(happened, true);
	(void)sleep_until(time_now() + 60 * NSEC_PER_SEC, TASK_SLEEPING);
	(void)kthread_join(t);
}

static __noinline int soft_lock_up(void *arg)
{
	(void)arg;
	preempt_disable();
	for (;;)
		arch_cpu_relax();
}

static __noinline int hard_lock_up(void *arg)
{
	(void)arg;
	arch_irq_disable();
	for (;;)
		arch_cpu_relax();
}

static void lock_up(int (*fn)(void *arg))
{
	struct task *t = kthread_run(fn, NULL, "stuck", 2);

	(void)kthread_join(t);
}

static void plant_soft_lock_up(void)
{
	lock_up(soft_lock_up);
}

static void plant_hard_lock_up(void)
{
	lock_up(hard_lock_up);
}

static const struct plant {
	const char *word;
	void (*fn)(void);
} plants[] = {
	{ "lock-order", plant_lock_order },
	{ "lock-twice", plant_lock_twice },
	{ "lock-kept", plant_lock_kept },
	{ "sleep-in-atomic", plant_sleep_in_atomic },
	{ "wait-in-atomic", plant_wait_in_atomic },
	{ "yield-in-atomic", plant_yield_in_atomic },
	{ "allocation-in-atomic", plant_allocation_in_atomic },
	{ "unlock-of-another", plant_unlock_of_another },
	{ "shift", plant_shift },
	{ "overflow", plant_overflow },
	{ "bounds", plant_bounds },
	{ "global-overflow", plant_global_overflow },
	{ "string-overread", plant_string_overread },
	{ "use-after-free", plant_use_after_free },
	{ "heap-overflow", plant_heap_overflow },
	{ "page-object-overflow", plant_page_object_overflow },
	{ "block-overflow", plant_block_overflow },
	{ "vmalloc-overflow", plant_vmalloc_overflow },
	{ "stack-overflow", plant_stack_overflow },
	{ "page-written", plant_page_written },
	{ "double-free", plant_double_free },
	{ "user-pointer", plant_user_pointer },
	{ "list", plant_list },
	{ "refs", plant_refs },
	{ "refs-overflow", plant_refs_overflow },
	{ "list-splice", plant_list_splice },
	{ "page-leak", plant_page_leak },
	{ "leak", plant_leak },
	{ "lost-wake-up", plant_lost_wake_up },
	{ "soft-lock-up", plant_soft_lock_up },
	{ "hard-lock-up", plant_hard_lock_up },
};

KTEST(plant, only_what_the_command_line_names)
{
	char word[32];

	if (!cmdline_get("plant", word, sizeof(word)))
		return;
	for (uint i = 0; i < ARRAY_SIZE(plants); i++)
		if (strcmp(plants[i].word, word) == 0)
			plants[i].fn();
	EXPECT(strcmp(word, "leak") == 0 || strcmp(word, "page-leak") == 0);
}
