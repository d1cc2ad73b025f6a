/* SPDX-License-Identifier: MIT */
/*
 * TLB shoot-down: a reader on another CPU keeps reading one user address while
 * the page under it is exchanged and flushed, round after round.  What it
 * reads after a flush has returned must be the new page.  Now and then it lets others run.
 */
#include <arch/mmu.h>
#include <arch/uaccess.h>

#include <gemel/cpu.h>
#include <gemel/kthread.h>
#include <gemel/ktest.h>
#include <gemel/page.h>
#include <gemel/spin.h>

#define VA      0x400000ul
#define ROUNDS  200u
#define STAY    8u              /* rounds without preemption */
#define PROT    (PROT_READ_BIT | PROT_WRITE_BIT | PROT_USER_BIT)

struct shared {
	struct arch_mmu *m;
	u32 want;               /* atomic: the round whose flush has returned */
	u32 seen;               /* atomic: the round that the reader has checked */
	u32 stale;              /* reader: reads that were older than want */
};

static u32 user_word(void)
{
	u32 v;

	return arch_user_load32((const u32 __user *)VA, &v) == 0 ? v : 0;
}

/* Preemption off: no switch takes the space away.  The round it has come to. */
static u32 read_rounds(struct shared *s, u32 from)
{
	u32 want, v;

	preempt_disable();
	irq_push_off();
	arch_mmu_activate(s->m);
	irq_pop_off();
	do {
		want = load_acquire(&s->want);
		v = user_word();
		/* 0: between the old page and the new one. */
		if (v && v < want)
			s->stale++;
		store_release(&s->seen, want);
		arch_cpu_relax();
	} while (want < ROUNDS && want < from + STAY);
	irq_push_off();
	arch_mmu_activate(NULL);
	irq_pop_off();
	preempt_enable();
	return want;
}

static int reader(void *arg)
{
	u32 round = 0;

	while (round < ROUNDS)
		round = read_rounds(arg, round);
	return 0;
}

/* Map @pg, marked with @round, in place of what is there. */
static void exchange(struct arch_mmu *m, struct page *pg, u32 round)
{
	*(u32 *)page_address(pg) = round;
	arch_mmu_unmap(m, VA, 1);
	(void)!arch_mmu_map(m, VA, page_to_phys(pg), 1, PROT);
	arch_tlb_flush(m, VA, 1);
}

static void rounds(struct shared *s, struct page *pg[2])
{
	for (u32 round = 2; round <= ROUNDS; round++) {
		exchange(s->m, pg[round & 1], round);
		store_release(&s->want, round);
		while (load_acquire(&s->seen) < round)
			arch_cpu_relax();
	}
}

KTEST(tlb, no_cpu_sees_the_old_page_after_a_flush)
{
	struct page *pg[2] = { page_alloc(0, ALLOC_ZERO), page_alloc(0, ALLOC_ZERO) };
	struct shared s = { .want = 1 };
	struct arch_mmu m;
	struct task *t;

	EXPECT(pg[0] && pg[1]);
	EXPECT_EQ(0, arch_mmu_init(&m));
	s.m = &m;
	if (cpu_count > 1) {
		uint other = cpu_id() ? 0 : 1;

		exchange(&m, pg[1], 1);
		t = kthread_run(reader, &s, "tlb reader", 1ull << other);
		EXPECT(t);
		rounds(&s, pg);
		EXPECT_EQ(0, kthread_join(t));
		EXPECT_EQ(0, s.stale);
	}
	arch_mmu_unmap(&m, VA, 1);
	arch_mmu_free(&m);
	page_free(pg[0], 0);
	page_free(pg[1], 0);
}
