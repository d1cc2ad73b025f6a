/* SPDX-License-Identifier: MIT */
/* Calls that only this architecture has.  No include guard: a list of rows. */
