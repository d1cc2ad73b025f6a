/* SPDX-License-Identifier: MIT */
/* Rows of memory: see syscall_table.h.  No include guard. */
