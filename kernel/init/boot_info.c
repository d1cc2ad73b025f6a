/* SPDX-License-Identifier: MIT */
/*
 * The boot-time memory map, and the words of the command line.
 *
 * Both lists of ranges are sorted and disjoint at all times: an added range
 * swallows every range that it overlaps or touches.  Reservations are whole
 * pages from the start; RAM is cut to whole pages by boot_memory_ready(),
 * when all its pieces are known.  Only the boot CPU runs: no locks.
 */
#include <gemel/boot_info.h>

#include <gemel/assert.h>
#include <gemel/string.h>

/* Of both architectures; this file is free of <arch/> so that it runs in the host's tests. */
#define BOOT_PAGE 4096ull

struct boot_info boot_info;

static void range_remove(struct boot_range *list, uint *n, uint at)
{
	*n -= 1;
	memmove(&list[at], &list[at + 1], (*n - at) * sizeof(*list));
}

static void range_insert(struct boot_range *list, uint *n, uint at, paddr_t base, paddr_t end)
{
	if (*n == BOOT_MAX_RANGES)
		panic("boot: more than %u memory ranges", BOOT_MAX_RANGES);
	memmove(&list[at + 1], &list[at], (*n - at) * sizeof(*list));
	list[at].base = base;
	list[at].size = end - base;
	*n += 1;
}

static void range_add(struct boot_range *list, uint *n, paddr_t base, paddr_t end)
{
	uint at = 0;

	while (at < *n && list[at].base + list[at].size < base)
		at++;
	while (at < *n && list[at].base <= end) {
		base = MIN(base, list[at].base);
		end = MAX(end, list[at].base + list[at].size);
		range_remove(list, n, at);
	}
	range_insert(list, n, at, base, end);
}

void boot_add_ram(struct boot_info *bi, paddr_t base, u64 size)
{
	if (size && base + size > base)
		range_add(bi->ram, &bi->nram, base, base + size);
}

void boot_reserve(struct boot_info *bi, paddr_t base, u64 size)
{
	if (size)
		range_add(bi->reserved, &bi->nreserved, ALIGN_DOWN(base, BOOT_PAGE),
			  ALIGN_UP(base + size, BOOT_PAGE));
}

void boot_memory_ready(struct boot_info *bi)
{
	for (uint i = bi->nram; i-- > 0;) {
		struct boot_range *r = &bi->ram[i];
		paddr_t base = ALIGN_UP(r->base, BOOT_PAGE);
		paddr_t end = ALIGN_DOWN(r->base + r->size, BOOT_PAGE);

		if (base >= end) {
			range_remove(bi->ram, &bi->nram, i);
			continue;
		}
		r->base = base;
		r->size = end - base;
	}
}

/* The highest place for @size bytes in @r below @limit that is not reserved; 0: none. */
static paddr_t range_find_free(const struct boot_info *bi, const struct boot_range *r, u64 size,
			       u64 align, paddr_t limit)
{
	paddr_t top = MIN(r->base + r->size, limit);

	for (uint i = bi->nreserved + 1; i-- > 0;) {
		const struct boot_range *taken = i ? &bi->reserved[i - 1] : NULL;
		paddr_t base;

		if (top < r->base + size)
			return 0;
		base = ALIGN_DOWN(top - size, align);
		if (base < r->base)
			return 0;
		if (!taken || taken->base + taken->size <= base)
			return base;
		if (taken->base < base + size)
			top = taken->base;
	}
	return 0;
}

paddr_t boot_alloc(struct boot_info *bi, u64 size, u64 align)
{
	paddr_t limit = bi->alloc_limit ? bi->alloc_limit : ~0ull;

	size = ALIGN_UP(size, BOOT_PAGE);
	for (uint i = bi->nram; i-- > 0;) {
		paddr_t pa = range_find_free(bi, &bi->ram[i], size, align, limit);

		if (pa) {
			boot_reserve(bi, pa, size);
			return pa;
		}
	}
	return 0;
}

/* The value of @word if it is "@name" or "@name=value"; *@len its length.  NULL: another word. */
static const char *word_value(const char *word, const char *end, const char *name, size_t *len)
{
	size_t n = strlen(name);

	if ((size_t)(end - word) < n || memcmp(word, name, n) != 0)
		return NULL;
	word += n;
	if (word < end && *word != '=')
		return NULL;
	if (word < end)
		word++;
	*len = (size_t)(end - word);
	return word;
}

/* The value of the last word for @name. */
static const char *cmdline_find(const char *name, size_t *len)
{
	const char *at = boot_info.cmdline, *found = NULL;

	while (*at) {
		const char *end = at;
		const char *value;
		size_t n;

		while (*end && *end != ' ')
			end++;
		value = word_value(at, end, name, &n);
		if (value) {
			found = value;
			*len = n;
		}
		at = *end ? end + 1 : end;
	}
	return found;
}

bool cmdline_get(const char *name, char *buf, size_t size)
{
	size_t len;
	const char *value = cmdline_find(name, &len);

	if (!value)
		return false;
	if (size) {
		len = MIN(len, size - 1);
		memcpy(buf, value, len);
		buf[len] = '\0';
	}
	return true;
}

bool cmdline_has(const char *name)
{
	size_t len;

	return cmdline_find(name, &len) != NULL;
}
