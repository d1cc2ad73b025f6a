/* SPDX-License-Identifier: MIT */
/*
 * The vDSO: the one body of its functions, run by programs in user mode.
 *
 * Compiled for a shared object of its own, not for the kernel (Makefile), which
 * finds its data one page below itself.  There are no relocations, no writable
 * data and no calls out.  What it cannot answer it asks the kernel.
 *
 * A function has the name that Linux gives it on the architecture; arch's vdso.map
 * says which of them exist there.
 */
#include <gemel/vdso.h>

#include <arch/syscall.h>
#include <arch/time.h>
#include <arch/vdso.h>

#define HIDDEN __attribute__((visibility("hidden")))
#define EXPORT __attribute__((visibility("default"), used))

/* The first byte of the image; the linker's. */
extern const char HIDDEN __ehdr_start[];

#define DATA ((const struct vdso_data *)(__ehdr_start - 4096))

int EXPORT VDSO_NAME(clock_gettime)(int clock, struct uapi_timespec *ts);
int EXPORT VDSO_NAME(clock_getres)(int clock, struct uapi_timespec *ts);
int EXPORT VDSO_NAME(gettimeofday)(struct uapi_timeval *tv, struct uapi_timezone *tz);
s64 EXPORT VDSO_NAME(time)(s64 *out);
long EXPORT VDSO_NAME(getcpu)(u32 *cpu, u32 *node, void *unused);

static inline bool is_ours(int clock)
{
	return (uint)clock < 32 && VDSO_CLOCKS >> clock & 1;
}

/* False: the counter is not to be used. */
static inline bool clock_now(uint clock, u64 *ns)
{
	const struct vdso_data *d = DATA;
	u32 seq;

	do {
		seq = vdso_read_begin(d);
		if (unlikely(!d->mult))
			return false;
		*ns = clock_from_monotonic(d, clock,
					   clock_scale(arch_cycles() - d->base_cycles, d->mult));
	} while (vdso_read_again(d, seq));
	return true;
}

int VDSO_NAME(clock_gettime)(int clock, struct uapi_timespec *ts)
{
	u64 ns;

	if (unlikely(!is_ours(clock) || !clock_now((uint)clock, &ns)))
		return (int)vdso_syscall2(ARCH_SYSCALL_NR(228, 113), clock, (long)ts);
	ts->sec = (s64)(ns / NSEC_PER_SEC);
	ts->nsec = (s64)(ns % NSEC_PER_SEC);
	return 0;
}

int VDSO_NAME(clock_getres)(int clock, struct uapi_timespec *ts)
{
	if (unlikely(!is_ours(clock)))
		return (int)vdso_syscall2(ARCH_SYSCALL_NR(229, 114), clock, (long)ts);
	if (ts) {
		ts->sec = 0;
		ts->nsec = VDSO_CLOCKS_COARSE >> clock & 1 ? (s64)COARSE_NS : 1;
	}
	return 0;
}

int VDSO_NAME(gettimeofday)(struct uapi_timeval *tv, struct uapi_timezone *tz)
{
	u64 ns;

	if (unlikely(!clock_now(CLOCK_REALTIME, &ns)))
		return (int)vdso_syscall2(ARCH_SYSCALL_NR(96, 169), (long)tv, (long)tz);
	if (tv) {
		tv->sec = (s64)(ns / NSEC_PER_SEC);
		tv->usec = (s64)(ns % NSEC_PER_SEC / NSEC_PER_USEC);
	}
	if (tz)
		*tz = DATA->zone;
	return 0;
}

s64 VDSO_NAME(time)(s64 *out)
{
	struct uapi_timespec ts;

	(void)VDSO_NAME(clock_gettime)(CLOCK_REALTIME, &ts);
	if (out)
		*out = ts.sec;
	return ts.sec;
}

long VDSO_NAME(getcpu)(u32 *cpu, u32 *node, void *unused)
{
	u32 id;

	(void)unused;
	if (!vdso_cpu(DATA->features, &id))
		return vdso_syscall2(ARCH_SYSCALL_NR(309, 168), (long)cpu, (long)node);
	if (cpu)
		*cpu = id;
	if (node)
		*node = 0;
	return 0;
}
