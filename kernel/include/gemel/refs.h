/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Reference counts.  An object is born with one; refs_put() that returns true
 * was the last, and the caller frees.  Going below zero or up from zero is a kernel
 * bug and panics; in debug kernels so does going beyond what a count can hold.
 */
#include <gemel/assert.h>
#include <gemel/compiler.h>

struct refs {
	u32 count;
};

#define REFS_INIT(n) { (n) }
#define REFS_MAX     (~0u)

static inline void refs_init(struct refs *r, u32 n)
{
	WRITE_ONCE(r->count, n);
}

static inline void refs_get(struct refs *r)
{
	u32 old = __atomic_fetch_add(&r->count, 1, __ATOMIC_RELAXED);

	ASSERT(old != 0);
	DEBUG_ASSERT(old != REFS_MAX);
}

/* Take a reference unless the count is already zero (lookup in a table that holds none). */
static inline bool refs_try_get(struct refs *r)
{
	u32 old = READ_ONCE(r->count);

	do {
		if (old == 0)
			return false;
		DEBUG_ASSERT(old != REFS_MAX);
	} while (!__atomic_compare_exchange_n(&r->count, &old, old + 1, true, __ATOMIC_ACQUIRE,
					      __ATOMIC_RELAXED));
	return true;
}

static inline bool __must_check refs_put(struct refs *r)
{
	u32 old = __atomic_fetch_sub(&r->count, 1, __ATOMIC_ACQ_REL);

	ASSERT(old != 0);
	return old == 1;
}
