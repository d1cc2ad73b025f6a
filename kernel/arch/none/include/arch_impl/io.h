/* SPDX-License-Identifier: MIT */
#pragma once
/* One instruction each, whatever the compiler would like: a hypervisor may have to emulate it. */
static inline u8 io_read8(const struct io_region *r, size_t off)
{
	return *(const volatile u8 *)(r->base + off);
}

static inline u16 io_read16(const struct io_region *r, size_t off)
{
	return *(const volatile u16 *)(r->base + off);
}

static inline u32 io_read32(const struct io_region *r, size_t off)
{
	return *(const volatile u32 *)(r->base + off);
}

static inline u64 io_read64(const struct io_region *r, size_t off)
{
	return *(const volatile u64 *)(r->base + off);
}

static inline void io_write8(const struct io_region *r, size_t off, u8 v)
{
	*(volatile u8 *)(r->base + off) = v;
}

static inline void io_write16(const struct io_region *r, size_t off, u16 v)
{
	*(volatile u16 *)(r->base + off) = v;
}

static inline void io_write32(const struct io_region *r, size_t off, u32 v)
{
	*(volatile u32 *)(r->base + off) = v;
}

static inline void io_write64(const struct io_region *r, size_t off, u64 v)
{
	*(volatile u64 *)(r->base + off) = v;
}

static inline void dma_rmb(void)
{
}

static inline void dma_wmb(void)
{
}

static inline void dma_mb(void)
{
}
