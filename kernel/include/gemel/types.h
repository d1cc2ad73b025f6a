/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Scalar types.  Units and spaces are in the type: a paddr_t is never a
 * vaddr_t, and neither is a user pointer (see __user in compiler.h).
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int8_t s8;
typedef int16_t s16;
typedef int32_t s32;
typedef int64_t s64;

typedef unsigned int uint;
typedef unsigned long ulong;

/* Little- and big-endian values as they stand on disk or on the wire. */
typedef struct le16 { u16 raw; } __attribute__((packed)) le16;
typedef struct le32 { u32 raw; } __attribute__((packed)) le32;
typedef struct le64 { u64 raw; } __attribute__((packed)) le64;
typedef struct be16 { u16 raw; } __attribute__((packed)) be16;
typedef struct be32 { u32 raw; } __attribute__((packed)) be32;
typedef struct be64 { u64 raw; } __attribute__((packed)) be64;

/* Both architectures run little-endian. */
static inline u16 le16_get(le16 v) { return v.raw; }
static inline u32 le32_get(le32 v) { return v.raw; }
static inline u64 le64_get(le64 v) { return v.raw; }
static inline le16 le16_make(u16 v) { return (le16){ v }; }
static inline le32 le32_make(u32 v) { return (le32){ v }; }
static inline le64 le64_make(u64 v) { return (le64){ v }; }
static inline u16 be16_get(be16 v) { return __builtin_bswap16(v.raw); }
static inline u32 be32_get(be32 v) { return __builtin_bswap32(v.raw); }
static inline u64 be64_get(be64 v) { return __builtin_bswap64(v.raw); }
static inline be16 be16_make(u16 v) { return (be16){ __builtin_bswap16(v) }; }
static inline be32 be32_make(u32 v) { return (be32){ __builtin_bswap32(v) }; }
static inline be64 be64_make(u64 v) { return (be64){ __builtin_bswap64(v) }; }

#ifndef GEMEL_HOST
typedef long ssize_t;
typedef s64 off_t;
typedef u32 mode_t;
typedef s32 pid_t;
typedef u32 uid_t;
typedef u32 gid_t;
typedef u64 dev_t;
typedef u64 ino_t;
#else
#include <sys/types.h>
#endif

typedef u64 paddr_t;    /* physical address */
typedef u64 pfn_t;      /* page frame number: paddr >> PAGE_SHIFT */
typedef ulong vaddr_t;  /* virtual address, kernel or user, that is not dereferenced */
