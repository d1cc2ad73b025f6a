/* SPDX-License-Identifier: MIT */
/*
 * From the number register to the handler.  One thunk per call turns six
 * registers into typed arguments, without function-pointer casts; most
 * compile to one jump, because the registers are in their places already.
 */
#include <gemel/syscall.h>

#include <arch/syscall.h>
#include <uapi/errno.h>
#include <gemel/fault.h>
#include <gemel/lockrank.h>
#include <gemel/syscalls.h>
#include <gemel/trace.h>

#define REGS \
	__unused ulong r0, __unused ulong r1, __unused ulong r2, __unused ulong r3, \
	__unused ulong r4, __unused ulong r5

#define SYSCALL0(n, x, a) \
	static long thunk_##n(REGS) { return sys_##n(); }
#define SYSCALL1(n, x, a, t1, a1) \
	static long thunk_##n(REGS) { return sys_##n((t1)r0); }
#define SYSCALL2(n, x, a, t1, a1, t2, a2) \
	static long thunk_##n(REGS) { return sys_##n((t1)r0, (t2)r1); }
#define SYSCALL3(n, x, a, t1, a1, t2, a2, t3, a3) \
	static long thunk_##n(REGS) { return sys_##n((t1)r0, (t2)r1, (t3)r2); }
#define SYSCALL4(n, x, a, t1, a1, t2, a2, t3, a3, t4, a4) \
	static long thunk_##n(REGS) { return sys_##n((t1)r0, (t2)r1, (t3)r2, (t4)r3); }
#define SYSCALL5(n, x, a, t1, a1, t2, a2, t3, a3, t4, a4, t5, a5) \
	static long thunk_##n(REGS) { return sys_##n((t1)r0, (t2)r1, (t3)r2, (t4)r3, (t5)r4); }
#define SYSCALL6(n, x, a, t1, a1, t2, a2, t3, a3, t4, a4, t5, a5, t6, a6) \
	static long thunk_##n(REGS) \
	{ return sys_##n((t1)r0, (t2)r1, (t3)r2, (t4)r3, (t5)r4, (t6)r5); }
#include <gemel/syscall_table.h>
#undef SYSCALL0
#undef SYSCALL1
#undef SYSCALL2
#undef SYSCALL3
#undef SYSCALL4
#undef SYSCALL5
#undef SYSCALL6

/* Two rows with one number are an error (-Winitializer-overrides). */
#define ROW(n, x, a)                            [ARCH_SYSCALL_NR(x, a)] = thunk_##n,
#define SYSCALL0(n, x, a)                       ROW(n, x, a)
#define SYSCALL1(n, x, a, ...)                  ROW(n, x, a)
#define SYSCALL2(n, x, a, ...)                  ROW(n, x, a)
#define SYSCALL3(n, x, a, ...)                  ROW(n, x, a)
#define SYSCALL4(n, x, a, ...)                  ROW(n, x, a)
#define SYSCALL5(n, x, a, ...)                  ROW(n, x, a)
#define SYSCALL6(n, x, a, ...)                  ROW(n, x, a)
static long (*const calls[])(REGS) = {
#include <gemel/syscall_table.h>
};
#undef ROW

struct syscall_text {
	const char *name, *args;
};

#define ROW(n, x, a, text)                      [ARCH_SYSCALL_NR(x, a)] = { #n, text },
#undef SYSCALL0
#undef SYSCALL1
#undef SYSCALL2
#undef SYSCALL3
#undef SYSCALL4
#undef SYSCALL5
#undef SYSCALL6
#define SYSCALL0(n, x, a)                       ROW(n, x, a, "")
#define SYSCALL1(n, x, a, t1, a1)               ROW(n, x, a, #t1 " " #a1)
#define SYSCALL2(n, x, a, t1, a1, t2, a2)       ROW(n, x, a, #t1 " " #a1 ", " #t2 " " #a2)
#define SYSCALL3(n, x, a, t1, a1, t2, a2, t3, a3) \
	ROW(n, x, a, #t1 " " #a1 ", " #t2 " " #a2 ", " #t3 " " #a3)
#define SYSCALL4(n, x, a, t1, a1, t2, a2, t3, a3, t4, a4) \
	ROW(n, x, a, #t1 " " #a1 ", " #t2 " " #a2 ", " #t3 " " #a3 ", " #t4 " " #a4)
#define SYSCALL5(n, x, a, t1, a1, t2, a2, t3, a3, t4, a4, t5, a5) \
	ROW(n, x, a, #t1 " " #a1 ", " #t2 " " #a2 ", " #t3 " " #a3 ", " #t4 " " #a4 ", " \
		#t5 " " #a5)
#define SYSCALL6(n, x, a, t1, a1, t2, a2, t3, a3, t4, a4, t5, a5, t6, a6) \
	ROW(n, x, a, #t1 " " #a1 ", " #t2 " " #a2 ", " #t3 " " #a3 ", " #t4 " " #a4 ", " \
		#t5 " " #a5 ", " #t6 " " #a6)
static const struct syscall_text texts[] = {
#include <gemel/syscall_table.h>
};

const char *syscall_name(ulong nr)
{
	return nr < ARRAY_SIZE(texts) && texts[nr].name ? texts[nr].name : "";
}

const char *syscall_args_text(ulong nr)
{
	return nr < ARRAY_SIZE(texts) && texts[nr].args ? texts[nr].args : "";
}

static u32 counts[GEMEL_DEBUG ? ARRAY_SIZE(calls) : 1];         /* atomic */

ulong syscall_limit(void)
{
	return ARRAY_SIZE(calls);
}

u32 syscall_count(ulong nr)
{
	return GEMEL_DEBUG ? READ_ONCE(counts[nr]) : 0;
}

/* Debug kernels count calls, and tell a plan of failure what has come of it. */
static __noinline long call_watched(ulong nr, const ulong a[6])
{
	long ret;

	__atomic_fetch_add(&counts[nr], 1, __ATOMIC_RELAXED);
	fault_call_begins();
	ret = calls[nr](a[0], a[1], a[2], a[3], a[4], a[5]);
	fault_call_ends(nr, ret);
	lock_check_none("syscall", syscall_name(nr));
	return ret;
}

static __always_inline long syscall_call(ulong nr, const ulong a[6])
{
	if (GEMEL_DEBUG && nr < ARRAY_SIZE(calls) && calls[nr])
		return call_watched(nr, a);
	if (likely(nr < ARRAY_SIZE(calls) && calls[nr]))
		return calls[nr](a[0], a[1], a[2], a[3], a[4], a[5]);
	return -ENOSYS;
}

#define TRACED ((1ull << TRACE_SYSCALL) | (1ull << TRACE_SYSRET))

static __noinline void dispatch_traced(struct trapframe *tf)
{
	ulong nr = arch_syscall_nr(tf);
	ulong a[6];
	long ret;

	arch_syscall_args(tf, a);
	if (trace_enabled & (1ull << TRACE_SYSCALL))
		trace_syscall(nr, a);
	ret = syscall_call(nr, a);
	trace(TRACE_SYSRET, nr, (ulong)ret);
	arch_syscall_set_return(tf, ret);
}

void syscall_dispatch(struct trapframe *tf)
{
	ulong a[6];

	if (unlikely(READ_ONCE(trace_enabled) & TRACED)) {
		dispatch_traced(tf);
		return;
	}
	arch_syscall_args(tf, a);
	arch_syscall_set_return(tf, syscall_call(arch_syscall_nr(tf), a));
}
