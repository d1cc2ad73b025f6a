/* SPDX-License-Identifier: MIT */
/* Rows of files, terminals, polling: see syscall_table.h.  No include guard. */
