/* SPDX-License-Identifier: MIT */
/* Calls that only this architecture has.  A list of rows, included several times: no guard. */
