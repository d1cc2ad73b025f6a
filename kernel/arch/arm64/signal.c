/* SPDX-License-Identifier: MIT */
/*
 * Signal frames in Linux's layout.
 *
 *	higher	frame record (fp, lr)   so that a debugger walks through
 *		rt_sigframe             struct ucontext ends in 4096 bytes of
 *	sp ->	                        records: fpsimd, esr, sve, end
 *
 * Each record has a header of magic and size; what a program does not know it
 * skips.  On the way back fpsimd must be there; a magic that is not known, a
 * size that does not fit, a second record of a kind or no end is refused.
 */
#include <arch/signal.h>

#include <uapi/errno.h>

#include <gemel/address_space.h>
#include <gemel/signal.h>
#include <gemel/slab.h>
#include <gemel/string.h>
#include <gemel/task.h>
#include <gemel/uaccess.h>
#include <gemel/vdso.h>

#include "arm64.h"
#include "fpu.h"

#define RECORDS_SIZE    4096u

struct sigcontext {
	u64 fault_address;
	u64 regs[31];
	u64 sp, pc, pstate;
	u64 pad;
	/* RECORDS_SIZE bytes of records follow. */
};

struct ucontext {
	u64 flags, link;
	struct uapi_stack stack;
	sigset_t sigmask;
	u8 unused[128 - sizeof(sigset_t)];
	u64 pad;
	struct sigcontext mc;
};

struct rt_sigframe {
	struct ksiginfo info;
	struct ucontext uc;
};
_Static_assert(offsetof(struct ucontext, mc) == 176, "ucontext_t");
_Static_assert(sizeof(struct rt_sigframe) == 592, "rt_sigframe without its records");

struct record {
	u32 magic, size;
};

struct fpsimd_record {
	struct record head;
	u32 fpsr, fpcr;
	u64 v[32][2];
};

struct esr_record {
	struct record head;
	u64 esr;
};

struct sve_record {
	struct record head;
	u16 vl;
	u16 flags;
	u16 reserved[2];
	/* Z, P, FFR follow if the task uses SVE. */
};

#define FPSIMD_MAGIC    0x46508001u
#define ESR_MAGIC       0x45535201u
#define SVE_MAGIC       0x53564501u

struct frame_record {
	u64 fp, lr;
};

/* Write one record at *@at and advance it. */
static int record_write(ulong *at, const void *record, size_t size)
{
	if (copy_to_user(user_ptr(void, *at), record, size) < 0)
		return -EFAULT;
	*at += size;
	return 0;
}

/* One page at most on the stack of the kernel: the record is built in two parts. */
static int fpsimd_write(ulong *at, const struct fpsimd_state *fp)
{
	struct {
		struct record head;
		u32 fpsr, fpcr;
	} r = { { FPSIMD_MAGIC, sizeof(struct fpsimd_record) }, fp->fpsr, fp->fpcr };

	if (record_write(at, &r, sizeof(r)) < 0)
		return -EFAULT;
	return record_write(at, fp->v, sizeof(fp->v));
}

static size_t sve_record_size(void)
{
	return ALIGN_UP(sizeof(struct sve_record) + fpu_sve_size(), 16ul);
}

/* @regs NULL: the task has not used SVE, and the record tells the vector length only. */
static int sve_write(ulong *at, const void *regs)
{
	size_t size = regs ? sve_record_size() : sizeof(struct sve_record);
	ulong next = *at + size;
	struct sve_record r = {
		.head = { SVE_MAGIC, (u32)size },
		.vl = (u16)cpu_features.sve_bytes,
	};

	if (record_write(at, &r, sizeof(r)) < 0 ||
	    (regs && record_write(at, regs, fpu_sve_size()) < 0))
		return -EFAULT;
	*at = next;
	return 0;
}

/* @info is about the memory access that arch_thread remembers. */
static bool is_fault(const struct ksiginfo *info)
{
	return (info->signo == SIGSEGV || info->signo == SIGBUS) && info->code > 0 &&
	       info->code < SI_KERNEL;
}

static int records_write(ulong at, bool has_esr)
{
	const struct arch_thread *th = &current->arch;
	static const struct record end;
	struct esr_record esr = { { ESR_MAGIC, sizeof(esr) }, th->fault_esr };

	fpu_sync();
	if (fpsimd_write(&at, &th->fp) < 0)
		return -EFAULT;
	if (has_esr && record_write(&at, &esr, sizeof(esr)) < 0)
		return -EFAULT;
	if (cpu_features.has_sve && sve_write(&at, th->sve) < 0)
		return -EFAULT;
	return record_write(&at, &end, sizeof(end));
}

static void frame_fill(struct rt_sigframe *f, const struct trapframe *tf,
		       const struct signal_frame *sf)
{
	const struct arch_thread *th = &current->arch;

	memset(f, 0, sizeof(*f));
	f->info = *sf->info;
	/* The tag of the address, for who wants it. */
	if (is_fault(sf->info) && (sf->act->flags & SA_EXPOSE_TAGBITS) &&
	    sf->info->fault.addr == th->fault_addr)
		f->info.fault.addr |= th->fault_tag;
	f->uc.stack = sf->altstack;
	f->uc.sigmask = sf->oldmask;
	f->uc.mc.fault_address = is_fault(sf->info) ? th->fault_addr : 0;
	memcpy(f->uc.mc.regs, tf->x, sizeof(f->uc.mc.regs));
	f->uc.mc.sp = tf->sp;
	f->uc.mc.pc = tf->pc;
	f->uc.mc.pstate = tf->pstate;
}

uint signal_frame_size(void)
{
	return sizeof(struct rt_sigframe) + RECORDS_SIZE + sizeof(struct frame_record) + 16;
}

int arch_signal_push(struct trapframe *tf, const struct signal_frame *sf)
{
	struct frame_record link = { tf->x[29], tf->x[30] };
	const struct ksigaction *act = sf->act;
	struct rt_sigframe frame;
	ulong record = ALIGN_DOWN(sf->sp, 16) - sizeof(link);
	ulong at = record - sizeof(frame) - RECORDS_SIZE;

	frame_fill(&frame, tf, sf);
	if (at <= sf->floor ||
	    copy_to_user(user_ptr(void, at), &frame, sizeof(frame)) < 0 ||
	    copy_to_user(user_ptr(void, record), &link, sizeof(link)) < 0 ||
	    records_write(at + sizeof(frame), is_fault(sf->info)) < 0)
		return -EFAULT;

	/* Nothing below can fail. */
	tf->x[0] = (u64)sf->info->signo;
	tf->x[1] = at + offsetof(struct rt_sigframe, info);
	tf->x[2] = at + offsetof(struct rt_sigframe, uc);
	tf->x[29] = record;
	tf->x[30] = act->flags & SA_RESTORER ? act->restorer : current->as->vdso + vdso_entry;
	tf->sp = at;
	tf->pc = act->handler;
	tf->pstate &= ~PSTATE_SINGLE_CALL;
	return 0;
}

/* What the records of a frame said. */
struct records {
	struct fpsimd_state fp;
	void *sve;              /* owned; NULL: no SVE state */
	bool has_fp, has_sve;
};

static int fpsimd_read(struct records *r, ulong at, u32 size)
{
	struct {
		struct record head;
		u32 fpsr, fpcr;
	} head;

	if (r->has_fp || size != sizeof(struct fpsimd_record) ||
	    user_read(&head, user_ptr(typeof(head), at)) < 0 ||
	    copy_from_user(r->fp.v, user_ptr(void, at + sizeof(head)), sizeof(r->fp.v)) < 0)
		return -EFAULT;
	r->fp.fpsr = head.fpsr;
	r->fp.fpcr = head.fpcr;
	r->has_fp = true;
	return 0;
}

static int sve_read(struct records *r, ulong at, u32 size)
{
	struct sve_record head;

	if (r->has_sve || !cpu_features.has_sve || size < sizeof(head) ||
	    user_read(&head, user_ptr(struct sve_record, at)) < 0 ||
	    head.vl != cpu_features.sve_bytes)
		return -EFAULT;
	r->has_sve = true;
	if (size == sizeof(head))
		return 0;
	if (size < sizeof(head) + fpu_sve_size())
		return -EFAULT;
	r->sve = kalloc(fpu_sve_size());
	if (!r->sve || copy_from_user(r->sve, user_ptr(void, at + sizeof(head)),
				      fpu_sve_size()) < 0)
		return -EFAULT;
	return 0;
}

/* All records of the frame into @r, which owns what it got also on failure. */
static int records_read(struct records *r, ulong at)
{
	ulong end = at + RECORDS_SIZE;

	while (at + sizeof(struct record) <= end) {
		struct record head;
		int err = 0;

		if (user_read(&head, user_ptr(struct record, at)) < 0)
			return -EFAULT;
		if (head.magic == 0 && head.size == 0)
			return r->has_fp ? 0 : -EFAULT;
		if (head.size < sizeof(head) || head.size > end - at || head.size % 16)
			return -EFAULT;
		if (head.magic == FPSIMD_MAGIC)
			err = fpsimd_read(r, at, head.size);
		else if (head.magic == SVE_MAGIC)
			err = sve_read(r, at, head.size);
		else if (head.magic != ESR_MAGIC)
			err = -EFAULT;
		if (err < 0)
			return err;
		at += head.size;
	}
	return -EFAULT;         /* no end */
}

/* User mode may set the condition flags and what its CPU has; never the mode or the masks. */
static bool pstate_is_valid(u64 pstate)
{
	return !(pstate & (PSTATE_MODE | PSTATE_AARCH32 | PSTATE_DAIF));
}

int arch_signal_pop(struct trapframe *tf, sigset_t *mask, struct uapi_stack *ss)
{
	struct records r = { .sve = NULL };
	ulong at = tf->sp;
	struct ucontext uc;

	if (at % 16 ||
	    user_read(&uc, user_ptr(struct ucontext, at + offsetof(struct rt_sigframe, uc))) < 0 ||
	    records_read(&r, at + sizeof(struct rt_sigframe)) < 0 ||
	    !pstate_is_valid(uc.mc.pstate)) {
		kfree(r.sve);
		return -EFAULT;
	}
	fpu_replace(&r.fp, r.sve);
	memcpy(tf->x, uc.mc.regs, sizeof(tf->x));
	tf->sp = uc.mc.sp;
	tf->pc = uc.mc.pc;
	tf->pstate = uc.mc.pstate & PSTATE_USER;
	*mask = uc.sigmask;
	*ss = uc.stack;
	return 0;
}
