/* SPDX-License-Identifier: MIT */
#pragma once
/* Choose so that no two regions overlap, each a whole number of root entries. */
#define USER_END        0x00007ffffffff000
#define PHYSMAP_BASE    0xffff800000000000
#define PHYSMAP_END     0xffffc00000000000
#define VMALLOC_BASE    0xffffc90000000000
#define VMALLOC_END     0xffffc98000000000
#define VMEMMAP_BASE    0xffffea0000000000
#define KERNEL_BASE     0xffffffff80000000
