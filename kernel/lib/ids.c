/* SPDX-License-Identifier: MIT */
#include <gemel/ids.h>

#include <uapi/errno.h>

#include <gemel/bitmap.h>
#include <gemel/slab.h>
#include <gemel/string.h>

void ids_init(struct ids *ids, uint limit)
{
	*ids = (struct ids){ NULL, 0, limit };
}

void ids_fini(struct ids *ids)
{
	kfree(ids->map);
	*ids = (struct ids){ NULL, 0, 0 };
}

/* Make room for @id, which is below the limit. */
static int ids_grow(struct ids *ids, uint id)
{
	size_t nbits = MAX((size_t)ids->nbits, (size_t)256);
	ulong *map;

	if (id < ids->nbits)
		return 0;
	while (nbits <= id)
		nbits *= 2;
	map = kalloc_atomic(BITMAP_BYTES(nbits));
	if (!map)
		return -ENOMEM;
	memset(map, 0, BITMAP_BYTES(nbits));
	if (ids->map)
		memcpy(map, ids->map, BITMAP_BYTES((size_t)ids->nbits));
	kfree(ids->map);
	ids->map = map;
	ids->nbits = (uint)MIN(nbits, (size_t)1 << 31);
	return 0;
}

int ids_take(struct ids *ids, uint id)
{
	int err;

	if (id >= ids->limit)
		return -EINVAL;
	if (ids_is_used(ids, id))
		return -EEXIST;
	err = ids_grow(ids, id);
	if (err < 0)
		return err;
	bitmap_set(ids->map, id);
	return 0;
}

/* The lowest free id in [from, end), end <= limit, or @end. */
static uint ids_find(const struct ids *ids, uint from, uint end)
{
	if (from >= ids->nbits)
		return MIN(from, end);
	return (uint)MIN(bitmap_next_clear(ids->map, ids->nbits, from), (size_t)end);
}

int ids_alloc(struct ids *ids, uint from, uint *out)
{
	return ids_alloc_cyclic(ids, from, from, out);
}

int ids_alloc_cyclic(struct ids *ids, uint low, uint from, uint *out)
{
	uint id = ids_find(ids, from, ids->limit);
	int err;

	if (id >= ids->limit && from > low) {
		uint end = MIN(from, ids->limit);

		id = ids_find(ids, low, end);
		if (id >= end)
			return -ENOSPC;
	}
	if (id >= ids->limit)
		return -ENOSPC;
	err = ids_take(ids, id);
	if (err < 0)
		return err;
	*out = id;
	return 0;
}

void ids_free(struct ids *ids, uint id)
{
	bitmap_clear(ids->map, id);
}

bool ids_is_used(const struct ids *ids, uint id)
{
	return id < ids->nbits && bitmap_test(ids->map, id);
}
