/* SPDX-License-Identifier: MIT */
/*
 * Which parts of the kernel a task runs through.
 *
 * In debug kernels the compiler calls __sanitizer_cov_trace_pc() on every edge of what
 * the Makefile names in COVERED; the caller's address goes into the buffer of the task that
 * runs, if it has enabled one.  Interrupts are on nobody's account.  An open
 * file of /dev/kcov has one buffer, which programs map: word 0 counts the addresses that
 * follow.  A program resets the count itself, so what it holds is only believed after a look.
 *
 * States of an open file: without a buffer [open], idle [KCOV_INIT_TRACE, once], recording
 * for one task [KCOV_ENABLE]; idle again by KCOV_DISABLE or that task's end.
 *
 * Locking.  None: the buffer is published once, and never changes; owner is claimed
 * by compare-and-swap and given back by its task.  A recording task holds a reference.
 */
#include <gemel/kcov.h>

#include <uapi/errno.h>

#include <gemel/address_space.h>
#include <gemel/fs.h>
#include <gemel/page.h>
#include <gemel/slab.h>
#include <gemel/task.h>

#define KCOV_INIT_TRACE         0x80086301u
#define KCOV_ENABLE             0x6364u
#define KCOV_DISABLE            0x6365u
#define KCOV_TRACE_PC           0
#define MISC_MAJOR              10
#define KCOV_MINOR              127
#define WORDS_PER_PAGE          (PAGE_SIZE / sizeof(u64))
#define WORDS_MAX               (1ul << 18)

struct kcov_buffer {
	u64 nwords;
	u64 *page[];
};

struct kcov {
	struct refs refs;               /* the file's, the recording task's */
	struct kcov_buffer *buffer;     /* set once */
	struct task *owner;             /* atomic: who records; NULL: nobody */
};

static u32 recording;                   /* atomic: tasks that do */

void __sanitizer_cov_trace_pc(void);

void __sanitizer_cov_trace_pc(void)
{
	struct kcov_buffer *b;
	u64 at;

	/* The first keeps from asking for a current task before there is one. */
	if (likely(!READ_ONCE(recording)) || in_interrupt() || !current->kcov)
		return;
	b = current->kcov->buffer;
	at = READ_ONCE(b->page[0][0]) + 1;
	if (at >= b->nwords || !at)
		return;
	b->page[at / WORDS_PER_PAGE][at % WORDS_PER_PAGE] = (ulong)__builtin_return_address(0);
	WRITE_ONCE(b->page[0][0], at);
}

static u64 buffer_pages(const struct kcov_buffer *b)
{
	return DIV_ROUND_UP(b->nwords, WORDS_PER_PAGE);
}

static void buffer_destroy(struct kcov_buffer *b)
{
	for (u64 i = 0; b && i < buffer_pages(b); i++)
		if (b->page[i])
			page_put(virt_to_page(b->page[i]));
	kfree(b);
}

static struct kcov_buffer *buffer_create(u64 nwords)
{
	size_t npages = DIV_ROUND_UP(nwords, WORDS_PER_PAGE);
	struct kcov_buffer *b = kzalloc(sizeof(*b) + npages * sizeof(b->page[0]));

	if (!b)
		return NULL;
	b->nwords = nwords;
	for (size_t i = 0; i < npages; i++) {
		b->page[i] = page_alloc_kernel(0, ALLOC_ZERO);
		if (!b->page[i]) {
			buffer_destroy(b);
			return NULL;
		}
	}
	return b;
}

static void kcov_put(struct kcov *k)
{
	if (!refs_put(&k->refs))
		return;
	buffer_destroy(k->buffer);
	kfree(k);
}

static long kcov_set_size(struct kcov *k, u64 nwords)
{
	struct kcov_buffer *b, *none = NULL;

	if (nwords < 2 || nwords > WORDS_MAX)
		return -EINVAL;
	b = buffer_create(nwords);
	if (!b)
		return -ENOMEM;
	if (__atomic_compare_exchange_n(&k->buffer, &none, b, false, __ATOMIC_ACQ_REL,
					__ATOMIC_RELAXED))
		return 0;
	buffer_destroy(b);
	return -EBUSY;
}

static long kcov_enable(struct kcov *k, ulong mode)
{
	struct task *nobody = NULL;

	if (mode != KCOV_TRACE_PC || !load_acquire(&k->buffer))
		return -EINVAL;
	if (current->kcov || !__atomic_compare_exchange_n(&k->owner, &nobody, current, false,
							  __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
		return -EBUSY;
	refs_get(&k->refs);
	current->kcov = k;
	__atomic_fetch_add(&recording, 1, __ATOMIC_RELAXED);
	return 0;
}

void kcov_task_end(struct task *t)
{
	struct kcov *k = t->kcov;

	if (!k)
		return;
	t->kcov = NULL;
	__atomic_fetch_sub(&recording, 1, __ATOMIC_RELAXED);
	store_release(&k->owner, NULL);
	kcov_put(k);
}

static long kcov_ioctl(struct file *f, uint cmd, ulong arg)
{
	struct kcov *k = f->private;

	switch (cmd) {
	case KCOV_INIT_TRACE:
		return kcov_set_size(k, arg);
	case KCOV_ENABLE:
		return kcov_enable(k, arg);
	case KCOV_DISABLE:
		if (arg || current->kcov != k)
			return -EINVAL;
		kcov_task_end(current);
		return 0;
	default:
		return -ENOTTY;
	}
}

static int kcov_fault(struct area *a, u64 offset, struct page **pg)
{
	struct kcov *k = a->file->private;

	if (offset >> PAGE_SHIFT >= buffer_pages(k->buffer))
		return -EFAULT;
	*pg = virt_to_page(k->buffer->page[offset >> PAGE_SHIFT]);
	page_get(*pg);
	return 0;
}

static const struct area_ops kcov_area_ops = { .fault = kcov_fault };

static int kcov_mmap(struct file *f, struct area *a)
{
	struct kcov *k = f->private;

	if (!load_acquire(&k->buffer) || !(a->flags & AREA_SHARED))
		return -EINVAL;
	a->ops = &kcov_area_ops;
	return 0;
}

static void kcov_release(struct file *f)
{
	kcov_put(f->private);
}

static int kcov_open(struct char_device *cd, struct file *f)
{
	struct kcov *k = kzalloc(sizeof(*k));

	(void)cd;
	if (!k)
		return -ENOMEM;
	refs_init(&k->refs, 1);
	f->private = k;
	return 0;
}

static const struct file_ops kcov_ops = {
	.ioctl = kcov_ioctl,
	.mmap = kcov_mmap,
	.release = kcov_release,
};

static struct char_device kcov_device = {
	.name = "kcov", .mode = 0600, .ops = &kcov_ops, .open = kcov_open,
};

void kcov_init(void)
{
	kcov_device.dev = dev_make(MISC_MAJOR, KCOV_MINOR);
	if (GEMEL_DEBUG && chrdev_register(&kcov_device) < 0)
		panic("kcov: no memory");
}
