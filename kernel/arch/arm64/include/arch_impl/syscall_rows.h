/* SPDX-License-Identifier: MIT */
/* No call is of ARM64 alone: it has the generic table.  No include guard: a list of rows. */
