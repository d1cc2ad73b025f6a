/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Small integers handed out, lowest or next first: pids, minors, ports.
 * The map grows as needed.  No locking: the owner brings it; allocation
 * uses kalloc_atomic(), so a spin lock will do.
 */
#include <gemel/compiler.h>

struct ids {
	ulong *map;     /* bit set: in use */
	uint nbits;     /* size of map */
	uint limit;     /* ids are 0 .. limit - 1 */
};

/* No id in use; none will be >= @limit.  Allocates nothing. */
void ids_init(struct ids *ids, uint limit);
void ids_fini(struct ids *ids);

/* The lowest free id in @from .. limit - 1.  0, -ENOSPC, -ENOMEM. */
int __must_check ids_alloc(struct ids *ids, uint from, uint *out);

/* The first free id at or after @from, wrapping to @low.  0, -ENOSPC, -ENOMEM. */
int __must_check ids_alloc_cyclic(struct ids *ids, uint low, uint from, uint *out);

/* Take exactly @id.  0, -EEXIST, -EINVAL (beyond the limit), -ENOMEM. */
int __must_check ids_take(struct ids *ids, uint id);

/* Give @id back; it is in use. */
void ids_free(struct ids *ids, uint id);

bool ids_is_used(const struct ids *ids, uint id);
