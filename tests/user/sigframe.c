/* SPDX-License-Identifier: MIT */
/*
 * The frame of a handler: where what is, that changes to it count after the return, and that a
 * corrupt one kills its program or is refused, and nothing more.
 */
#include "test.h"

#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

/* ---- what differs: names of registers, layout of the floating-point part ---- */

struct context {                /* as the kernel lays it out */
	unsigned long flags, link;
	stack_t stack;
#if defined(__x86_64__)
	uint64_t reg[16];               /* r8-r15 di si bp bx dx ax cx sp */
	uint64_t pc, status;
	uint16_t cs, gs, fs, ss;
	uint64_t err, trapno, oldmask, cr2;
	unsigned char *fp;
	uint64_t reserved[8];
	uint64_t mask;
#else
	uint64_t mask;
	char unused[120];
	uint64_t pad;
	uint64_t fault_address;
	uint64_t reg[31], sp, pc, status, pad2;
	unsigned char records[4096];
#endif
};

#if defined(__x86_64__)
#define REG_MARK        4               /* r12 */
#define CARRY           1ul
#define XMM3_AT         (160 + 16 * 3)
#define MXCSR_AT        24
#define SW_AT           464
#define HEADER_AT       512
#define YMM3_AT         (576 + 16 * 3)
#define MAGIC1          0x46505853u
#define MAGIC2          0x46505845u
#define SET_MARK(v)     __asm__ volatile("movq %0, %%r12" :: "r"((uint64_t)(v)) : "r12")
/* Marks in, a signal to ourselves by the kernel's call, marks out. */
#define AROUND_SIGNAL(signo, gp, fp, carry)                                             \
	__asm__ volatile("movq %0, %%r12\n\tmovq %1, %%xmm3\n\tclc\n\tsyscall\n\t"        \
			 "setc %2\n\tmovq %%r12, %0\n\tmovq %%xmm3, %1"                         \
			 : "+m"(gp), "+m"(fp), "=m"(carry)                                      \
			 : "a"(SYS_tkill), "D"(syscall(SYS_gettid)), "S"(signo)                 \
			 : "rcx", "r11", "r12", "xmm3", "memory", "cc")
#else
#define REG_MARK        20
#define CARRY           (1ul << 29)
#define V3_AT           (16 + 16 * 3)
#define AROUND_SIGNAL(signo, gp, fp, carry)                                             \
	__asm__ volatile("ldr x20, %0\n\tldr d3, %1\n\tmov x0, %3\n\tmov x1, %4\n\t"            \
			 "mov x8, %5\n\tmov x9, #0\n\tcmp x9, #1\n\tsvc #0\n\t"  \
			 "cset w9, cs\n\tstrb w9, %2\n\t"                                    \
			 "str x20, %0\n\tstr d3, %1"                                            \
			 : "+m"(gp), "+m"(fp), "=m"(carry)                                      \
			 : "r"((uint64_t)syscall(SYS_gettid)), "r"((uint64_t)(signo)),          \
			   "r"((uint64_t)SYS_tkill)                                             \
			 : "x0", "x1", "x8", "x9", "x20", "v3", "memory", "cc")

/* The record of this kind, or NULL. */
static unsigned char *record(struct context *c, uint32_t magic)
{
	unsigned char *at = c->records;

	while (at + 8 <= c->records + sizeof(c->records)) {
		uint32_t head[2];

		memcpy(head, at, 8);
		if (head[0] == magic)
			return at;
		if (head[0] == 0)
			return NULL;
		at += head[1];
	}
	return NULL;
}
#endif

static void handle(int signo, void (*fn)(int, siginfo_t *, void *), int flags)
{
	struct sigaction sa = { .sa_sigaction = fn, .sa_flags = SA_SIGINFO | flags };

	EXPECT_EQ(0, sigaction(signo, &sa, NULL));
}

static uint64_t gp, fp;
static unsigned char carry;
static volatile int count;

/* ---- layout ---- */

static uintptr_t info_at, context_at, frame_address;
static struct context seen;
#if defined(__x86_64__)
static unsigned char fp_seen[832];
#endif

static void on_layout(int signo, siginfo_t *si, void *uc)
{
	(void)signo;
	info_at = (uintptr_t)si;
	context_at = (uintptr_t)uc;
	frame_address = (uintptr_t)__builtin_frame_address(0);
	memcpy(&seen, uc, sizeof(seen));
#if defined(__x86_64__)
	memcpy(fp_seen, seen.fp, sizeof(fp_seen));
	if (((uintptr_t)seen.fp & 63) != 0)
		_exit(3);
#endif
	count++;
}

TEST(layout_is_linuxs)
{
	handle(SIGUSR1, on_layout, 0);
	gp = 0x1111;
	fp = 0x2222;
	AROUND_SIGNAL(SIGUSR1, gp, fp, carry);
	EXPECT_EQ(1, count);
	EXPECT_EQ(0x1111, gp);
	EXPECT_EQ(0x2222, fp);
	EXPECT_EQ(0, carry);
	EXPECT_EQ(0x1111, seen.reg[REG_MARK]);
	EXPECT_EQ(0, seen.status & CARRY);
	EXPECT_EQ(0, seen.link);
	EXPECT_EQ(0, seen.stack.ss_size);
#if defined(__x86_64__)
	uint32_t word;

	/* Restorer, context, siginfo; the handler starts as if it had been called. */
	EXPECT_EQ(context_at + 304, info_at);
	EXPECT_EQ(0, context_at & 15);
	EXPECT_EQ(0, seen.reg[13]);             /* rax: the result of the call */
	EXPECT_EQ(0x33, seen.cs);
	EXPECT_EQ(0x2b, seen.ss);
	EXPECT_EQ(6, seen.flags & 6);
	EXPECT(seen.reg[15] - context_at > 128 + 304 + 128);
	memcpy(&word, fp_seen + XMM3_AT, 4);
	EXPECT_EQ(0x2222, word);
	memcpy(&word, fp_seen + SW_AT, 4);
	EXPECT_EQ(MAGIC1, word);
	EXPECT_EQ(1, seen.flags & 1);
#else
	unsigned char *r = record(&seen, FPSIMD_MAGIC);
	uint32_t head[2];

	EXPECT_EQ(context_at, info_at + 128);
	EXPECT_EQ(0, info_at & 15);
	EXPECT_EQ(0, seen.reg[0]);
	EXPECT(r == seen.records);
	memcpy(head, r, 8);
	EXPECT_EQ(528, head[1]);
	memcpy(head, r + V3_AT, 8);
	EXPECT_EQ(0x2222, head[0]);
	EXPECT(record(&seen, ESR_MAGIC) == NULL);
	EXPECT_EQ(0, seen.status & ~0xf0000000ul);
#endif
}

static sigjmp_buf back;

static void on_fault(int signo, siginfo_t *si, void *uc)
{
	(void)si;
	(void)signo;
	memcpy(&seen, uc, sizeof(seen));
	siglongjmp(back, 1);
}

TEST(a_faults_details_are_in_it)
{
	char *p = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	handle(SIGSEGV, on_fault, 0);
	if (!sigsetjmp(back, 1))
		*(volatile char *)(p + 5) = 1;
#if defined(__x86_64__)
	EXPECT_EQ(14, seen.trapno);
	EXPECT_EQ(6, seen.err & ~1ul);          /* a write from user mode */
	EXPECT_EQ((uintptr_t)p + 5, seen.cr2);
#else
	uint64_t esr;

	EXPECT_EQ((uintptr_t)p + 5, seen.fault_address);
	EXPECT(record(&seen, ESR_MAGIC) != NULL);
	memcpy(&esr, record(&seen, ESR_MAGIC) + 8, 8);
	EXPECT_EQ(0x24, esr >> 26);             /* data abort from EL0 */
	EXPECT_EQ(0x40, esr & 0x40);            /* a write */
#endif
}

/* ---- changes ---- */

static void on_change(int signo, siginfo_t *si, void *uc)
{
	struct context *c = uc;
	uint64_t mark = 0x7777;

	(void)si;
	(void)signo;
	count++;
	c->reg[REG_MARK] = 0x9999;
	c->status |= CARRY;
	c->mask |= 1ul << (SIGUSR2 - 1) | 1ul << (SIGKILL - 1);
#if defined(__x86_64__)
	memcpy(c->fp + XMM3_AT, &mark, 8);
#else
	memcpy(record(c, FPSIMD_MAGIC) + V3_AT, &mark, 8);
#endif
}

TEST(changes_count_after_the_return)
{
	unsigned long mask = 0;

	handle(SIGUSR1, on_change, 0);
	gp = 0x1111;
	fp = 0x2222;
	AROUND_SIGNAL(SIGUSR1, gp, fp, carry);
	EXPECT_EQ(1, count);
	EXPECT_EQ(0x9999, gp);
	EXPECT_EQ(0x7777, fp);
	EXPECT_EQ(1, carry);
	EXPECT_EQ(0, syscall(SYS_rt_sigprocmask, SIG_BLOCK, NULL, &mask, 8));
	EXPECT_EQ(1ul << (SIGUSR2 - 1), mask & (1ul << (SIGUSR2 - 1) | 1ul << (SIGKILL - 1)));
}

static char first_stack[65536], second_stack[65536];

static void on_other_stack(int signo, siginfo_t *si, void *uc)
{
	struct context *c = uc;

	(void)si;
	(void)signo;
	c->stack.ss_sp = second_stack;
	c->stack.ss_size = sizeof(second_stack);
	count++;
}

TEST(the_alternate_stack_comes_from_it)
{
	stack_t ss = { .ss_sp = first_stack, .ss_size = sizeof(first_stack) };

	EXPECT_EQ(0, sigaltstack(&ss, NULL));
	handle(SIGUSR1, on_other_stack, 0);
	EXPECT_EQ(0, raise(SIGUSR1));
	EXPECT_EQ(0, sigaltstack(NULL, &ss));
	EXPECT(ss.ss_sp == second_stack);
	handle(SIGUSR1, on_layout, SA_ONSTACK);
	EXPECT_EQ(0, raise(SIGUSR1));
	EXPECT(seen.stack.ss_sp == second_stack);
	EXPECT_EQ(0, seen.stack.ss_flags);
	EXPECT(frame_address - (uintptr_t)second_stack < sizeof(second_stack));
	/* The size that the auxiliary vector tells is enough for a frame. */
	EXPECT((uintptr_t)second_stack + sizeof(second_stack) - context_at < getauxval(51));
	EXPECT(getauxval(51) < 65536);
}

/* The faulting instruction is skipped by a handler that knows its length. */
static void on_skip(int signo, siginfo_t *si, void *uc)
{
	(void)si;
	(void)signo;
#if defined(__x86_64__)
	((struct context *)uc)->pc += 2;
#else
	((struct context *)uc)->pc += 4;
#endif
	count++;
}

TEST(the_program_counter_comes_from_it)
{
	handle(SIGILL, on_skip, 0);
	for (int i = 0; i < 3; i++) {
#if defined(__x86_64__)
		__asm__ volatile("ud2" ::: "memory");
#else
		__asm__ volatile("udf #0" ::: "memory");
#endif
	}
	EXPECT_EQ(3, count);
}

#if defined(__x86_64__)

static uint32_t mxcsr_get(void)
{
	uint32_t v;

	__asm__ volatile("stmxcsr %0" : "=m"(v));
	return v;
}

static void mxcsr_set(uint32_t v)
{
	__asm__ volatile("ldmxcsr %0" :: "m"(v));
}

static volatile uint32_t mxcsr_seen;

static void on_modes(int signo, siginfo_t *si, void *uc)
{
	(void)si;
	(void)uc;
	(void)signo;
	mxcsr_seen = mxcsr_get();
	mxcsr_set(0x1f80 | 0x2000);
}

TEST(floating_point_modes_are_kept)
{
	handle(SIGUSR1, on_modes, 0);
	mxcsr_set(0x1f80 | 0x6000);
	EXPECT_EQ(0, raise(SIGUSR1));
	EXPECT_EQ(0x1f80, mxcsr_seen);
	EXPECT_EQ(0x1f80 | 0x6000, mxcsr_get());
}

static bool has_avx(void)
{
	uint32_t a = 1, b, c = 0, d;

	__asm__ volatile("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
	return (c >> 28 & 1) && (c >> 27 & 1);
}

static void on_avx(int signo, siginfo_t *si, void *uc)
{
	struct context *c = uc;
	uint64_t features, bv;
	uint32_t sw[4];

	(void)si;
	(void)signo;
	memcpy(sw, c->fp + SW_AT, sizeof(sw));
	memcpy(&features, c->fp + SW_AT + 8, 8);
	memcpy(&bv, c->fp + HEADER_AT, 8);
	if (sw[0] == MAGIC1 && (features & 4) && (bv & 4)) {
		memcpy(&sw[3], c->fp + YMM3_AT, 4);
		if (sw[3] == 0x5a5a5a5a)
			memset(c->fp + YMM3_AT, 0xa5, 16);
	}
	__asm__ volatile("vzeroall" ::: "memory");
}

/* The upper halves of the registers. */
TEST(wide_registers)
{
	unsigned char v[32], got[32];

	if (!has_avx())
		test_fail(__FILE__, __LINE__, "a CPU with AVX", 1, 0);
	handle(SIGUSR1, on_avx, 0);
	memset(v, 0x5a, sizeof(v));
	__asm__ volatile("vmovdqu %1, %%ymm3\n\tsyscall\n\tvmovdqu %%ymm3, %0"
			 : "=m"(got) : "m"(v), "a"(SYS_tkill), "D"(syscall(SYS_gettid)),
			   "S"(SIGUSR1)
			 : "rcx", "r11", "xmm3", "memory");
	EXPECT(test_is_filled(got, 0x5a, 16));
	EXPECT(test_is_filled(got + 16, 0xa5, 16));
}

#else

static uint64_t fpcr_get(void)
{
	uint64_t v;

	__asm__ volatile("mrs %0, fpcr" : "=r"(v));
	return v;
}

static void on_modes(int signo, siginfo_t *si, void *uc)
{
	(void)si;
	(void)uc;
	(void)signo;
	__asm__ volatile("msr fpcr, %0" :: "r"(1ul << 24));
}

TEST(floating_point_modes_are_kept)
{
	handle(SIGUSR1, on_modes, 0);
	__asm__ volatile("msr fpcr, %0" :: "r"(3ul << 22));
	EXPECT_EQ(0, raise(SIGUSR1));
	EXPECT_EQ(3ul << 22, fpcr_get());
}

static volatile uint16_t vl_seen;

static void on_sve(int signo, siginfo_t *si, void *uc)
{
	unsigned char *r = record(uc, SVE_MAGIC);
	uint32_t size;

	(void)si;
	(void)signo;
	if (r) {
		memcpy((void *)&vl_seen, r + 8, 2);
		memcpy(&size, r + 4, 4);
		/* Z3's upper part, of a record that has registers. */
		if (size > 16 && r[16 + 3 * vl_seen + 16] == 0x5a)
			memset(r + 16 + 3 * vl_seen + 16, 0xa5, vl_seen - 16);
	}
	count++;
}

/* What is wider than a SIMD register, where the CPU has SVE.  A fault, for a system call may lose
 * it. */
static void on_sve_fault(int signo, siginfo_t *si, void *uc)
{
	on_sve(signo, si, uc);
	((struct context *)uc)->pc += 4;
}

TEST(wide_registers)
{
	unsigned char v[256], got[256];

	if (!(getauxval(AT_HWCAP) & 1ul << 22))
		test_fail(__FILE__, __LINE__, "a CPU with SVE", 1, 0);
	handle(SIGUSR1, on_sve, 0);
	EXPECT_EQ(0, raise(SIGUSR1));
	EXPECT(vl_seen >= 16);
	handle(SIGILL, on_sve_fault, 0);
	memset(v, 0x5a, sizeof(v));
	__asm__ volatile(".arch_extension sve\n\tldr z3, [%0]\n\tudf #0\n\tstr z3, [%1]"
			 :: "r"(v), "r"(got) : "v3", "memory");
	EXPECT_EQ(2, count);
	EXPECT(test_is_filled(got, 0x5a, 16));
	EXPECT(test_is_filled(got + 16, 0xa5, vl_seen - 16));
}

#endif

/* ---- corruption ---- */

/* FINE: the return works, and what may not be changed was not. */
enum outcome { FINE, KILLED };

struct corruption {
	const char *name;
	enum outcome want;
	void (*fn)(struct context *c);
};

static __attribute__((noinline, noreturn)) void sigreturn_at(uintptr_t sp)
{
#if defined(__x86_64__)
	__asm__ volatile("movq %0, %%rsp\n\tsyscall" :: "r"(sp), "a"(SYS_rt_sigreturn) : "memory");
#else
	__asm__ volatile("mov sp, %0\n\tmov x8, %1\n\tsvc #0"
			 :: "r"(sp), "r"((uint64_t)SYS_rt_sigreturn) : "x8", "memory");
#endif
	_exit(50);
}

static void sp_null(struct context *c)
{
	(void)c;
	sigreturn_at(0);
}

static void sp_kernel(struct context *c)
{
	(void)c;
	sigreturn_at(0xffffffff80000000);
}

static void sp_end(struct context *c)
{
	(void)c;
	sigreturn_at(~0ul - 64);
}

static void sp_noncanonical(struct context *c)
{
	(void)c;
	sigreturn_at(0x7fff000000000000);
}

static void nothing(struct context *c)
{
	(void)c;
}

static void pc_kernel(struct context *c)
{
	c->pc = 0xffffffff80000000;
}

static void pc_noncanonical(struct context *c)
{
	c->pc = 0x1234567812345678;
}

static void pc_null(struct context *c)
{
	c->pc = 0;
}

#if defined(__x86_64__)

static void fp_null(struct context *c)
{
	c->fp = NULL;
}

static void fp_bad(struct context *c)
{
	c->fp = (void *)8;
}

static void fp_kernel(struct context *c)
{
	c->fp = (void *)0xffff888000000000;
}

static void fp_unaligned(struct context *c)
{
	static unsigned char copy[8192];

	memcpy(copy + 1, c->fp, 4096 - ((uintptr_t)c->fp & 2047));
	c->fp = copy + 1;
}

static void cs_kernel(struct context *c)
{
	c->cs = 0x10;
}

static void cs_null(struct context *c)
{
	c->cs = 0;
}

static void cs_nowhere(struct context *c)
{
	c->cs = 0xfff8;
}

static void ss_kernel(struct context *c)
{
	c->ss = 0x18;
}

static void ss_nowhere(struct context *c)
{
	c->ss = 0xfff8;
}

static void mxcsr_reserved(struct context *c)
{
	c->fp[MXCSR_AT + 2] = 0xff;
}

static void header_bit(struct context *c)
{
	c->fp[HEADER_AT + 7] |= 0x40;
}

static void header_compact(struct context *c)
{
	c->fp[HEADER_AT + 8] = 1;
}

static void header_reserved(struct context *c)
{
	c->fp[HEADER_AT + 16] = 1;
}

static void magic1(struct context *c)
{
	c->fp[SW_AT] ^= 0xff;
}

static void size_huge(struct context *c)
{
	memset(c->fp + SW_AT + 16, 0xff, 4);
}

static void size_tiny(struct context *c)
{
	memset(c->fp + SW_AT + 16, 0, 4);
}

static void flags_privileged(struct context *c)
{
	/* I/O privilege, interrupts off, nested task, virtual-8086, all that is reserved. */
	c->status |= 0xfffffffffff3a000 & ~0x200ul;
	c->status &= ~0x200ul;
}

static const struct corruption corruptions[] = {
	{ "nothing", FINE, nothing },
	{ "sp null", KILLED, sp_null },
	{ "sp in the kernel", KILLED, sp_kernel },
	{ "sp at the end", KILLED, sp_end },
	{ "sp without form", KILLED, sp_noncanonical },
	{ "pc in the kernel", KILLED, pc_kernel },
	{ "pc without form", KILLED, pc_noncanonical },
	{ "pc null", KILLED, pc_null },
	{ "no floating point", FINE, fp_null },
	{ "floating point nowhere", KILLED, fp_bad },
	{ "floating point in the kernel", KILLED, fp_kernel },
	{ "floating point unaligned", KILLED, fp_unaligned },
	{ "cs of the kernel", KILLED, cs_kernel },
	{ "cs null", KILLED, cs_null },
	{ "cs nowhere", KILLED, cs_nowhere },
	{ "ss of the kernel", KILLED, ss_kernel },
	{ "ss nowhere", KILLED, ss_nowhere },
	{ "reserved bits of MXCSR", KILLED, mxcsr_reserved },
	{ "unknown feature in the header", KILLED, header_bit },
	{ "compaction in the header", KILLED, header_compact },
	{ "reserved bits of the header", KILLED, header_reserved },
	{ "first magic", FINE, magic1 },
	{ "size too large", FINE, size_huge },
	{ "size too small", FINE, size_tiny },
	{ "privileged flags", FINE, flags_privileged },
};

#else

static void put_record(unsigned char *at, uint32_t magic, uint32_t size)
{
	uint32_t head[2] = { magic, size };

	memcpy(at, head, 8);
}

static void sp_unaligned(struct context *c)
{
	sigreturn_at((uintptr_t)c - 128 + 8);
}

static void record_unknown(struct context *c)
{
	put_record(c->records, 0x12345678, 528);
}

static void record_none(struct context *c)
{
	put_record(c->records, 0, 0);
}

static void record_size_zero(struct context *c)
{
	put_record(c->records, FPSIMD_MAGIC, 0);
}

static void record_size_odd(struct context *c)
{
	put_record(c->records, FPSIMD_MAGIC, 520);
}

static void record_size_huge(struct context *c)
{
	put_record(c->records, FPSIMD_MAGIC, 0xfffffff0);
}

static void record_twice(struct context *c)
{
	memcpy(c->records + 528, c->records, 528);
	put_record(c->records + 1056, 0, 0);
}

static void record_without_end(struct context *c)
{
	for (unsigned i = 528; i < sizeof(c->records); i += 16)
		put_record(c->records + i, ESR_MAGIC, 16);
}

static void record_end_with_size(struct context *c)
{
	put_record(c->records + 528, 0, 16);
}

static void record_sve_length(struct context *c)
{
	memset(c->records + 528, 0, 32);
	put_record(c->records + 528, SVE_MAGIC, 16);
	c->records[528 + 8] = 7;
}

static void record_sve_twice(struct context *c)
{
	memset(c->records + 528, 0, 64);
	put_record(c->records + 528, SVE_MAGIC, 16);
	put_record(c->records + 544, SVE_MAGIC, 16);
}

static void status_el1(struct context *c)
{
	c->status |= 5;
}

static void status_aarch32(struct context *c)
{
	c->status |= 16;
}

static void status_masked(struct context *c)
{
	c->status |= 0x80;
}

static void status_reserved(struct context *c)
{
	c->status |= 0xffffffff0cd1e020;
}

static const struct corruption corruptions[] = {
	{ "nothing", FINE, nothing },
	{ "sp null", KILLED, sp_null },
	{ "sp in the kernel", KILLED, sp_kernel },
	{ "sp at the end", KILLED, sp_end },
	{ "sp without form", KILLED, sp_noncanonical },
	{ "sp unaligned", KILLED, sp_unaligned },
	{ "pc in the kernel", KILLED, pc_kernel },
	{ "pc without form", KILLED, pc_noncanonical },
	{ "pc null", KILLED, pc_null },
	{ "unknown record", KILLED, record_unknown },
	{ "no floating point", KILLED, record_none },
	{ "record of no size", KILLED, record_size_zero },
	{ "record of another size", KILLED, record_size_odd },
	{ "record too large", KILLED, record_size_huge },
	{ "record twice", KILLED, record_twice },
	{ "records without an end", KILLED, record_without_end },
	{ "end with a size", KILLED, record_end_with_size },
	{ "SVE of another length", KILLED, record_sve_length },
	{ "SVE twice", KILLED, record_sve_twice },
	{ "EL1", KILLED, status_el1 },
	{ "AArch32", KILLED, status_aarch32 },
	{ "interrupts masked", KILLED, status_masked },
	{ "reserved bits of the status", FINE, status_reserved },
};

#endif

static const struct corruption *corruption;

static void on_corrupt(int signo, siginfo_t *si, void *uc)
{
	(void)si;
	(void)signo;
	corruption->fn(uc);
}

static int return_from_corrupt(void *arg)
{
	corruption = arg;
	handle(SIGUSR1, on_corrupt, 0);
	gp = 0x1111;
	AROUND_SIGNAL(SIGUSR1, gp, fp, carry);
	EXPECT_EQ(0x1111, gp);
	EXPECT_EQ(0, carry);
#if defined(__x86_64__)
	uint64_t flags;

	__asm__ volatile("pushfq\n\tpopq %0" : "=r"(flags));
	/* Interrupts on, no I/O privilege. */
	EXPECT_EQ(0x202, flags & 0x7202);
	EXPECT_EQ(0x1f80, mxcsr_get() & 0xffc0);
#endif
	return 0;
}

TEST(corrupt_frames)
{
	for (size_t i = 0; i < sizeof(corruptions) / sizeof(corruptions[0]); i++) {
		int status = test_in_child(return_from_corrupt, (void *)&corruptions[i]);
		int want = corruptions[i].want == KILLED ? SIGSEGV : 0;

		if ((status & 0x7f) != want || (!want && status))
			printf("# %s: status 0x%x\n", corruptions[i].name, status);
		EXPECT_EQ(want, status & ~0x80);
	}
}

/* A corrupt frame's SIGSEGV can be caught, on a stack that is good. */
static void on_bad_frame(int signo, siginfo_t *si, void *uc)
{
	(void)uc;
	if (signo == SIGSEGV && si->si_code > 0)
		_exit(33);
	_exit(34);
}

static int caught_bad_frame(void *arg)
{
	stack_t ss = { .ss_sp = first_stack, .ss_size = sizeof(first_stack) };

	EXPECT_EQ(0, sigaltstack(&ss, NULL));
	handle(SIGSEGV, on_bad_frame, SA_ONSTACK);
	return return_from_corrupt(arg);
}

TEST(a_corrupt_frame_can_be_caught)
{
	static const struct corruption bad = { "sp null", KILLED, sp_null };

	EXPECT_EQ(33 << 8, test_in_child(caught_bad_frame, (void *)&bad));
}

/* ---- fuzzing ---- */

static uint64_t random_state;

static uint64_t random_next(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state;
}

static void scramble(unsigned char *p, size_t n, unsigned changes)
{
	while (changes--)
		p[random_next() % n] ^= (unsigned char)random_next();
}

/* One of: noise over all, some bytes, the floating-point part; the pc stays or is noise as a
 * whole, so that nothing runs but what was to. */
static void on_fuzz(int signo, siginfo_t *si, void *uc)
{
	struct context *c = uc;
	uint64_t pc = c->pc;
	unsigned kind = random_next() % 5;
#if defined(__x86_64__)
	unsigned char *f = c->fp;
	size_t size = 832;
#else
	unsigned char *f = c->records;
	size_t size = sizeof(c->records);
#endif

	(void)si;
	(void)signo;
	if (kind == 0)
		for (size_t i = 0; i < sizeof(*c) / 8; i++)
			((uint64_t *)c)[i] = random_next();
	else if (kind == 1)
		scramble((unsigned char *)c, sizeof(*c), 1 + random_next() % 8);
	else if (kind == 2)
		scramble(f, size, 1 + random_next() % 64);
	else if (kind == 3)
		for (size_t i = 0; i < size / 8; i++)
			((uint64_t *)f)[i] = random_next();
	else
		sigreturn_at((uintptr_t)c + (random_next() % 256) * 8 - 1024);
	c->pc = random_next() % 8 ? pc : random_next();
}

static int fuzz(void *arg)
{
	random_state = 0x9e3779b97f4a7c15 * (1 + (uintptr_t)arg);
	/* What strays does no harm to others. */
	EXPECT_EQ(0, setresgid(1000, 1000, 1000));
	EXPECT_EQ(0, setresuid(1000, 1000, 1000));
	handle(SIGUSR1, on_fuzz, 0);
	for (int i = 0; i < 4; i++)
		AROUND_SIGNAL(SIGUSR1, gp, fp, carry);
	return 0;
}

TEST(random_frames_harm_nobody_else)
{
	enum { RUNS = 400, PATIENCE = 20000 };
	int died = 0, ended = 0, stray = 0, null = open("/dev/null", 2);

	for (uintptr_t i = 0; i < RUNS; i++) {
		double x = 1.5 + (double)i;
		int status, tries;
		pid_t pid = fork();

		if (pid == 0) {
			dup2(null, 1);
			_exit(fuzz((void *)i));
		}
		/* One that strays into a loop is ended. */
		for (tries = 0; waitpid(pid, &status, WNOHANG) == 0 && tries < PATIENCE; tries++)
			sched_yield();
		if (tries == PATIENCE) {
			stray++;
			kill(pid, SIGKILL);
			EXPECT_EQ(pid, waitpid(pid, &status, 0));
		}
		died += WIFSIGNALED(status);
		ended += WIFEXITED(status);
		EXPECT(x == 1.5 + (double)i);
	}
	EXPECT_EQ(RUNS, died + ended);
	EXPECT(died > RUNS / 4);
	EXPECT(stray < RUNS / 2);
}
