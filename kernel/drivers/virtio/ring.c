/* SPDX-License-Identifier: MIT */
/*
 * Split virtqueues.
 *
 * Three arrays are shared with the device: descriptors (driver writes),
 * the available ring (driver writes) and the used ring (device writes).
 * What the driver needs to find its way back - chains, tokens, lengths - it
 * keeps in its own slots and never reads from shared memory: a device that
 * scribbles there gains nothing.
 *
 *	driver				device
 *	desc[], avail->ring[]
 *	--- (A) release
 *	avail->idx			avail->idx
 *					--- acquire
 *					avail->ring[], desc[]
 *					used->ring[]
 *					--- release
 *	used->idx			used->idx
 *	--- (B) acquire
 *	used->ring[]
 *
 * (C) A full barrier stands between publishing avail->idx and reading
 * whether the device wants a kick, and between saying which completion
 * should interrupt and looking for completions: the device does the same the
 * other way round, so one of the two always sees the other.
 *
 * A used element is believed only if it names a buffer that is out and a
 * length that fits in it, and the used index only if so many can be out;
 * otherwise the ring is broken for good.
 */
#include "ring.h"

#include <uapi/errno.h>

#include <gemel/string.h>

enum { DESC_NEXT = 1, DESC_WRITE = 2 };
enum { AVAIL_NO_INTERRUPT = 1, USED_NO_NOTIFY = 1 };

size_t ring_avail_offset(uint size)
{
	return sizeof(struct ring_desc) * (size_t)size;
}

size_t ring_used_offset(uint size)
{
	size_t avail = sizeof(struct ring_avail) + sizeof(u16) * ((size_t)size + 1);

	return ALIGN_UP(ring_avail_offset(size) + avail, RING_ALIGN);
}

size_t ring_bytes(uint size)
{
	return ring_used_offset(size) + sizeof(struct ring_used) +
	       sizeof(struct ring_used_elem) * (size_t)size + sizeof(u16);
}

void ring_init(struct ring *r, uint size, void *mem, struct ring_slot *slot, bool has_event_idx)
{
	u8 *base = mem;

	*r = (struct ring){
		.size = (u16)size,
		.nfree = (u16)size,
		.has_event_idx = has_event_idx,
		.desc = mem,
		.avail = (struct ring_avail *)(base + ring_avail_offset(size)),
		.used = (struct ring_used *)(base + ring_used_offset(size)),
		.slot = slot,
	};
	memset(slot, 0, sizeof(*slot) * size);
	for (uint i = 0; i < size; i++)
		slot[i].next = (u16)(i + 1);
}

/* avail->ring[size]: the used index at which the device interrupts. */
static void set_used_event(struct ring *r, u16 idx)
{
	WRITE_ONCE(r->avail->ring[r->size], idx);
}

/* used->ring[size], a u16: the available index at which the device wants a kick. */
static u16 avail_event(const struct ring *r)
{
	u16 *event = (u16 *)&r->used->ring[r->size];

	return READ_ONCE(*event);
}

int ring_add(struct ring *r, const struct ring_seg *segs, uint nout, uint nin, void *token)
{
	uint n = nout + nin;
	u16 head = r->free_head, at = head;
	u64 in_len = 0;

	if (n == 0 || n > r->size || !token)
		return -EINVAL;
	if (r->broken)
		return -EIO;
	if (n > r->nfree)
		return -ENOSPC;

	for (uint i = 0; i < n; i++) {
		struct ring_desc *d = &r->desc[at];

		d->addr = segs[i].addr;
		d->len = segs[i].len;
		d->flags = (u16)((i >= nout ? DESC_WRITE : 0) | (i + 1 < n ? DESC_NEXT : 0));
		d->next = r->slot[at].next;
		if (i >= nout)
			in_len += segs[i].len;
		if (i + 1 < n)
			at = r->slot[at].next;
	}
	r->free_head = r->slot[at].next;
	r->nfree = (u16)(r->nfree - n);
	r->slot[head].token = token;
	r->slot[head].ndesc = (u16)n;
	r->slot[head].in_len = in_len;

	r->avail->ring[r->avail_idx % r->size] = head;
	r->avail_idx++;
	store_release(&r->avail->idx, r->avail_idx);    /* (A) */
	return 0;
}

bool ring_needs_kick(struct ring *r)
{
	u16 old = r->kicked_idx, new = r->avail_idx;

	if (old == new || r->broken)
		return false;
	r->kicked_idx = new;
	smp_mb();                                       /* (C) */
	if (!r->has_event_idx)
		return !(READ_ONCE(r->used->flags) & USED_NO_NOTIFY);
	/* Is the event index in [old, new)? */
	return (u16)(new - avail_event(r) - 1) < (u16)(new - old);
}

bool ring_has_used(const struct ring *r)
{
	return !r->broken && load_acquire(&r->used->idx) != r->used_idx;     /* (B) */
}

/* Give the descriptors of the buffer at @head back. */
static void *slot_release(struct ring *r, u16 head)
{
	struct ring_slot *first = &r->slot[head];
	void *token = first->token;
	u16 last = head;

	for (uint i = 1; i < first->ndesc; i++)
		last = r->slot[last].next;
	r->slot[last].next = r->free_head;
	r->free_head = head;
	r->nfree = (u16)(r->nfree + first->ndesc);
	first->token = NULL;
	return token;
}

/* The next element of the used ring, which has @n; NULL: it can be taken. */
static const char *used_lie(struct ring *r, uint n, u32 *id, u32 *len)
{
	const struct ring_used_elem *e = &r->used->ring[r->used_idx % r->size];

	*id = READ_ONCE(e->id);
	*len = READ_ONCE(e->len);
	if (n > (uint)r->size - r->nfree)
		return "more is used than there was";
	if (*id >= r->size || !r->slot[*id].token)
		return "a buffer is used that was not given";
	return *len > r->slot[*id].in_len ? "more was written than fits" : NULL;
}

void *ring_take(struct ring *r, u32 *len)
{
	u16 n = (u16)(load_acquire(&r->used->idx) - r->used_idx);       /* (B) */
	u32 id;

	if (r->broken || n == 0)
		return NULL;
	r->broken = used_lie(r, n, &id, len);
	if (r->broken)
		return NULL;
	r->used_idx++;
	if (r->has_event_idx && !r->irq_off) {
		set_used_event(r, r->used_idx);
		smp_mb();                               /* (C) */
	}
	return slot_release(r, (u16)id);
}

void ring_disable_irq(struct ring *r)
{
	r->irq_off = true;
	/* With event indices, not moving used_event is enough. */
	if (!r->has_event_idx)
		WRITE_ONCE(r->avail->flags, AVAIL_NO_INTERRUPT);
}

bool ring_enable_irq(struct ring *r)
{
	r->irq_off = false;
	if (r->has_event_idx)
		set_used_event(r, r->used_idx);
	else
		WRITE_ONCE(r->avail->flags, 0);
	smp_mb();                                       /* (C) */
	return !ring_has_used(r);
}

void *ring_detach(struct ring *r)
{
	for (u16 i = 0; i < r->size; i++)
		if (r->slot[i].token)
			return slot_release(r, i);
	return NULL;
}
