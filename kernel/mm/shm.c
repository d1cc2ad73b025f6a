/* SPDX-License-Identifier: MIT */
/*
 * Shared anonymous memory: MAP_SHARED | MAP_ANONYMOUS.
 *
 * The pages live in a mapping without a file; every area that shows it (after
 * fork or a split) holds a reference of the object.  They are never reclaimed:
 * they are the only copy.
 */
#include <uapi/errno.h>

#include <gemel/assert.h>
#include <gemel/refs.h>

#include "mm.h"

struct shm {
	struct refs refs;
	u64 npages;             /* constant */
	struct mapping mapping;
};

static struct slab_cache *shm_cache;

static struct shm *shm_of(const struct area *a)
{
	return container_of(a->mapping, struct shm, mapping);
}

static void shm_open(struct area *a)
{
	refs_get(&shm_of(a)->refs);
}

static void shm_close(struct area *a)
{
	struct shm *shm = shm_of(a);

	if (!refs_put(&shm->refs))
		return;
	mapping_fini(&shm->mapping);
	slab_free(shm_cache, shm);
}

static const struct area_ops shm_area_ops = {
	.open = shm_open,
	.close = shm_close,
};

int shm_attach(struct area *a, u64 pages)
{
	struct shm *shm = slab_alloc(shm_cache);

	if (!shm)
		return -ENOMEM;
	refs_init(&shm->refs, 1);
	shm->npages = pages;
	mapping_init(&shm->mapping, NULL, NULL);
	shm->mapping.no_reclaim = true;
	a->mapping = &shm->mapping;
	a->ops = &shm_area_ops;
	return 0;
}

u64 shm_pages(const struct area *a)
{
	ASSERT(a->ops == &shm_area_ops);
	return shm_of(a)->npages;
}

void shm_init(void)
{
	shm_cache = slab_cache_create("shm", sizeof(struct shm), 0, NULL);
	if (!shm_cache)
		panic("mm: no memory for shared memory");
}
