/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Circular doubly linked lists, intrusive.  A list head and a link are the
 * same struct; an empty head and an unlinked link point at themselves.
 * No locking: the owner of the list brings it.  Debug kernels check that neighbours agree.
 */
#include <gemel/assert.h>
#include <gemel/compiler.h>

struct list {
	struct list *next, *prev;
};

#define LIST_INIT(l)    { &(l), &(l) }

static inline void list_init(struct list *l)
{
	l->next = l->prev = l;
}

static inline bool list_is_empty(const struct list *head)
{
	return head->next == head;
}

static inline void list_insert_between(struct list *prev, struct list *l, struct list *next)
{
	DEBUG_ASSERT(prev->next == next && next->prev == prev);
	DEBUG_ASSERT(l != prev && l != next);
	l->prev = prev;
	l->next = next;
	prev->next = l;
	next->prev = l;
}

/* Insert @l right after @at; at a head: as the first. */
static inline void list_add(struct list *at, struct list *l)
{
	list_insert_between(at, l, at->next);
}

/* Insert @l right before @at; at a head: as the last. */
static inline void list_add_tail(struct list *at, struct list *l)
{
	list_insert_between(at->prev, l, at);
}

/* Unlink @l and make it point at itself; harmless on an unlinked one. */
static inline void list_remove(struct list *l)
{
	DEBUG_ASSERT(l->prev->next == l && l->next->prev == l);
	l->prev->next = l->next;
	l->next->prev = l->prev;
	list_init(l);
}

/* Move everything on @from to the end of @to; @from is empty afterwards. */
static inline void list_splice_tail(struct list *to, struct list *from)
{
	if (list_is_empty(from))
		return;
	DEBUG_ASSERT(from->next->prev == from && from->prev->next == from);
	DEBUG_ASSERT(to->prev->next == to);
	from->next->prev = to->prev;
	to->prev->next = from->next;
	from->prev->next = to;
	to->prev = from->prev;
	list_init(from);
}

#define list_entry(l, type, member)     container_of(l, type, member)
#define list_first(head, type, member)  list_entry((head)->next, type, member)
#define list_last(head, type, member)   list_entry((head)->prev, type, member)

/* Walk @head; the current entry must stay linked. */
#define list_for_each(pos, head, member)                                        \
	for (pos = list_entry((head)->next, __typeof__(*pos), member);          \
	     &pos->member != (head);                                            \
	     pos = list_entry(pos->member.next, __typeof__(*pos), member))

/* Walk @head; the current entry may be unlinked or freed.  @tmp has the type of @pos. */
#define list_for_each_safe(pos, tmp, head, member)                              \
	for (pos = list_entry((head)->next, __typeof__(*pos), member),          \
	     tmp = list_entry(pos->member.next, __typeof__(*pos), member);      \
	     &pos->member != (head);                                            \
	     pos = tmp, tmp = list_entry(tmp->member.next, __typeof__(*pos), member))
