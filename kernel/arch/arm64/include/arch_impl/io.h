/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Plain ldr/str with a base register, which any hypervisor can emulate.
 * There is no port space: is_port is never set.
 *
 * A read is followed by a barrier so that what it says (a ring index, "data
 * is there") orders later loads of memory; a write is preceded by one so that
 * the device sees the stores before it.
 */
static inline u8 io_read8(const struct io_region *r, size_t off)
{
	u32 v;

	asm volatile("ldrb %w0, [%1]\n\tdmb oshld" : "=r"(v) : "r"(r->base + off) : "memory");
	return (u8)v;
}

static inline u16 io_read16(const struct io_region *r, size_t off)
{
	u32 v;

	asm volatile("ldrh %w0, [%1]\n\tdmb oshld" : "=r"(v) : "r"(r->base + off) : "memory");
	return (u16)v;
}

static inline u32 io_read32(const struct io_region *r, size_t off)
{
	u32 v;

	asm volatile("ldr %w0, [%1]\n\tdmb oshld" : "=r"(v) : "r"(r->base + off) : "memory");
	return v;
}

static inline u64 io_read64(const struct io_region *r, size_t off)
{
	u64 v;

	asm volatile("ldr %0, [%1]\n\tdmb oshld" : "=r"(v) : "r"(r->base + off) : "memory");
	return v;
}

static inline void io_write8(const struct io_region *r, size_t off, u8 v)
{
	asm volatile("dmb oshst\n\tstrb %w0, [%1]" :: "r"(v), "r"(r->base + off) : "memory");
}

static inline void io_write16(const struct io_region *r, size_t off, u16 v)
{
	asm volatile("dmb oshst\n\tstrh %w0, [%1]" :: "r"(v), "r"(r->base + off) : "memory");
}

static inline void io_write32(const struct io_region *r, size_t off, u32 v)
{
	asm volatile("dmb oshst\n\tstr %w0, [%1]" :: "r"(v), "r"(r->base + off) : "memory");
}

static inline void io_write64(const struct io_region *r, size_t off, u64 v)
{
	asm volatile("dmb oshst\n\tstr %0, [%1]" :: "r"(v), "r"(r->base + off) : "memory");
}

static inline void dma_rmb(void)
{
	asm volatile("dmb oshld" ::: "memory");
}

static inline void dma_wmb(void)
{
	asm volatile("dmb oshst" ::: "memory");
}

static inline void dma_mb(void)
{
	asm volatile("dmb osh" ::: "memory");
}
