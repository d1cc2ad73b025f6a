/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Split virtqueues, the memory part only: pure, host-tested.  Who rings the
 * doorbell and who is interrupted is virtio.c's business.  One caller at a
 * time per ring.
 */
#include <gemel/compiler.h>

#define RING_SIZE_MAX   256
#define RING_ALIGN      4096u   /* of the used part; what legacy devices demand */

struct ring_desc {
	u64 addr;
	u32 len;
	u16 flags;
	u16 next;
};

struct ring_avail {
	u16 flags;
	u16 idx;
	u16 ring[];             /* [size], then used_event */
};

struct ring_used_elem {
	u32 id;
	u32 len;
};

struct ring_used {
	u16 flags;
	u16 idx;
	struct ring_used_elem ring[];   /* [size], then avail_event */
};

struct ring_seg {
	u64 addr;
	u32 len;
};

/* The driver's own knowledge, which the device cannot change. */
struct ring_slot {
	void *token;            /* of the buffer that starts here; NULL: none */
	u64 in_len;             /* bytes the device may write to it */
	u16 ndesc;
	u16 next;               /* chain of the buffer, or of the free list */
};

struct ring {
	u16 size;
	u16 nfree;
	u16 free_head;
	u16 avail_idx;          /* what was published */
	u16 used_idx;           /* what was taken */
	u16 kicked_idx;         /* avail_idx at the last ring_needs_kick() */
	bool has_event_idx;
	bool irq_off;
	const char *broken;     /* why nothing more is believed; NULL: it is */
	struct ring_desc *desc;
	struct ring_avail *avail;
	struct ring_used *used;
	struct ring_slot *slot;
};

/* Bytes of device memory for @size entries, and where the parts are in it. */
size_t ring_bytes(uint size);
size_t ring_avail_offset(uint size);
size_t ring_used_offset(uint size);

/*
 * @size is a power of two up to RING_SIZE_MAX; @mem is ring_bytes(@size) of
 * zeroed memory, aligned to RING_ALIGN; @slot has @size elements.
 */
void ring_init(struct ring *r, uint size, void *mem, struct ring_slot *slot, bool has_event_idx);

/* As virtqueue_add(): 0, -ENOSPC, -EINVAL, -EIO. */
int __must_check ring_add(struct ring *r, const struct ring_seg *segs, uint nout, uint nin,
			  void *token);
/* Should the device be told of what was added since the last call? */
bool ring_needs_kick(struct ring *r);
/* The next used buffer's token and written length, or NULL. */
void *ring_take(struct ring *r, u32 *len);
bool ring_has_used(const struct ring *r);
void ring_disable_irq(struct ring *r);
bool ring_enable_irq(struct ring *r);
/* Any buffer that is still out, or NULL.  The device must have been stopped. */
void *ring_detach(struct ring *r);
