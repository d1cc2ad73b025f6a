/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * What the compiler is told: attributes, the user address space, lock
 * annotations, and the few type-generic helpers that only a macro can be.
 */
#include <gemel/types.h>

/*
 * GEMEL_DEBUG is 0 or 1, from the command line of the compiler: the debug
 * kernel is the same text, `if (GEMEL_DEBUG)` around checks that cost.
 */
#ifndef GEMEL_DEBUG
#define GEMEL_DEBUG 0
#endif

/*
 * A pointer into user space: it neither dereferences nor converts.  Only
 * core/uaccess.c and arch/ may cast it away (rule U1).
 */
#if defined(__clang__) && !defined(GEMEL_HOST)
#define __user                  __attribute__((noderef, address_space(1)))
#else
#define __user
#endif

/* Lock annotations, checked by clang (-Wthread-safety). */
#if defined(__clang__)
#define __lock_type(name)       __attribute__((capability(name)))
#define __acquires(l)           __attribute__((acquire_capability(l)))
#define __try_acquires(l)       __attribute__((try_acquire_capability(true, l)))
#define __releases(l)           __attribute__((release_capability(l)))
#define __must_hold(l)          __attribute__((requires_capability(l)))
#define __acquires_shared(l)    __attribute__((acquire_shared_capability(l)))
#define __releases_shared(l)    __attribute__((release_shared_capability(l)))
#define __asserts_held(l)       __attribute__((assert_capability(l)))
#define __no_lock_analysis      __attribute__((no_thread_safety_analysis))
#else
#define __lock_type(name)
#define __acquires(l)
#define __try_acquires(l)
#define __releases(l)
#define __must_hold(l)
#define __acquires_shared(l)
#define __releases_shared(l)
#define __asserts_held(l)
#define __no_lock_analysis
#endif
/* Struct members: documentation for people and for tools/check-tree. */
#define __guarded_by(l)

#define __must_check            __attribute__((warn_unused_result))
#define __printf_like(f, a)     __attribute__((format(printf, f, a)))
#define __noreturn              __attribute__((noreturn))
#define __packed                __attribute__((packed))
#define __aligned(n)            __attribute__((aligned(n)))
#define __used                  __attribute__((used))
#define __unused                __attribute__((unused))
#define __weak                  __attribute__((weak))
#define __noinline              __attribute__((noinline))
#undef __always_inline          /* the host's libc has one */
#define __always_inline         inline __attribute__((always_inline))
#define __section(s)            __attribute__((section(s)))
#define __cold                  __attribute__((cold))

#define likely(x)               __builtin_expect(!!(x), 1)
#define unlikely(x)             __builtin_expect(!!(x), 0)
#define unreachable()           __builtin_unreachable()

#define ARRAY_SIZE(a)           (sizeof(a) / sizeof((a)[0]))
#define STRINGIFY_(x)           #x
#define STRINGIFY(x)            STRINGIFY_(x)

/* The struct of type @type whose member @member is at @ptr. */
#define container_of(ptr, type, member) \
	((type *)((char *)(ptr) - offsetof(type, member)))

#define MIN(a, b)                                                        \
	({                                                               \
		__typeof__((a) + (b)) min_a_ = (a), min_b_ = (b);        \
		min_a_ < min_b_ ? min_a_ : min_b_;                       \
	})
#define MAX(a, b)                                                        \
	({                                                               \
		__typeof__((a) + (b)) max_a_ = (a), max_b_ = (b);        \
		max_a_ > max_b_ ? max_a_ : max_b_;                       \
	})

/* @n is a power of two in all three. */
#define ALIGN_UP(x, n)          (((x) + ((__typeof__(x))(n) - 1)) & ~((__typeof__(x))(n) - 1))
#define ALIGN_DOWN(x, n)        ((x) & ~((__typeof__(x))(n) - 1))
#define IS_ALIGNED(x, n)        (((x) & ((__typeof__(x))(n) - 1)) == 0)
#define DIV_ROUND_UP(x, n)      (((x) + (n) - 1) / (n))

#define KIB(n)                  ((u64)(n) << 10)
#define MIB(n)                  ((u64)(n) << 20)
#define GIB(n)                  ((u64)(n) << 30)

/* One access, not torn, not cached by the compiler, not ordered. */
#define READ_ONCE(x)            __atomic_load_n(&(x), __ATOMIC_RELAXED)
#define WRITE_ONCE(x, v)        __atomic_store_n(&(x), (v), __ATOMIC_RELAXED)
#define load_acquire(p)         __atomic_load_n((p), __ATOMIC_ACQUIRE)
#define store_release(p, v)     __atomic_store_n((p), (v), __ATOMIC_RELEASE)
#define barrier()               __atomic_signal_fence(__ATOMIC_SEQ_CST)
#define smp_mb()                __atomic_thread_fence(__ATOMIC_SEQ_CST)
#define smp_rmb()               __atomic_thread_fence(__ATOMIC_ACQUIRE)
#define smp_wmb()               __atomic_thread_fence(__ATOMIC_RELEASE)
