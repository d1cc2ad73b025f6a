/* SPDX-License-Identifier: MIT */
/*
 * A lock with priority inheritance that outlives its owners, by the kernel's protocol
 * (futex(2), FUTEX_LOCK_PI): user space takes a word of 0 only.
 *
 * musl's robust mutex is no measure of a kernel here: its trylock also takes a word without an
 * owner from under the waiters that the kernel is about to give it to, and then two own it.
 */
#pragma once

#include <errno.h>
#include <linux/futex.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

struct pi_lock {
	struct robust_list link;
	_Atomic uint32_t word;
};

static inline long pi_lock_call(struct pi_lock *l, int op)
{
	return syscall(SYS_futex, &l->word, op | FUTEX_PRIVATE_FLAG, 0, NULL, NULL, 0);
}

/* 0, EOWNERDEAD: an owner before died with it, or another errno: it is not ours. */
static inline int pi_lock_take(struct pi_lock *l)
{
	uint32_t none = 0;

	if (atomic_compare_exchange_strong(&l->word, &none, (uint32_t)syscall(SYS_gettid)))
		return 0;
	if (pi_lock_call(l, FUTEX_LOCK_PI) < 0)
		return errno;
	return atomic_fetch_and(&l->word, ~FUTEX_OWNER_DIED) & FUTEX_OWNER_DIED ? EOWNERDEAD : 0;
}

/* 0, or an errno. */
static inline int pi_lock_give(struct pi_lock *l)
{
	uint32_t mine = (uint32_t)syscall(SYS_gettid);

	if (atomic_compare_exchange_strong(&l->word, &mine, 0))
		return 0;
	return pi_lock_call(l, FUTEX_UNLOCK_PI) < 0 ? errno : 0;
}

/* The calling thread, which owns @l and nothing else, is about to exit; @head is not to be touched
 * until it has.  0, or an errno. */
static inline int pi_lock_bequeath(struct pi_lock *l, struct robust_list_head *head)
{
	*head = (struct robust_list_head){ .futex_offset = offsetof(struct pi_lock, word) };
	/* Bit 0: with priority inheritance. */
	head->list.next = (struct robust_list *)((uintptr_t)&l->link | 1);
	l->link.next = &head->list;
	return syscall(SYS_set_robust_list, head, sizeof(*head)) < 0 ? errno : 0;
}
