/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Formatting into a buffer.  Conversions: d i u x X o c s p %; lengths hh h
 * l ll z t j; flags 0 - + space #; width and precision, also as *.  No
 * floating point, no %n, no positional arguments.  %p is 0x and hex digits;
 * %s of NULL is "(null)".
 */
#include <stdarg.h>

#include <gemel/compiler.h>

#ifdef GEMEL_HOST
#include <stdio.h>
#else
/*
 * Write at most @size bytes including the terminator, which is written
 * whenever @size > 0.  Returns the length that the whole text has.
 */
int vsnprintf(char *buf, size_t size, const char *fmt, va_list ap) __printf_like(3, 0);
int snprintf(char *buf, size_t size, const char *fmt, ...) __printf_like(3, 4);
#endif

/* The same, but the result is what was really written, without the terminator. */
int vscnprintf(char *buf, size_t size, const char *fmt, va_list ap) __printf_like(3, 0);
int scnprintf(char *buf, size_t size, const char *fmt, ...) __printf_like(3, 4);

/*
 * The engine: every piece of output goes to @put, in order.  Returns the
 * number of characters.  Allocates nothing, takes no lock.
 */
typedef void printf_put_fn(void *ctx, const char *text, size_t len);
int printf_format(printf_put_fn *put, void *ctx, const char *fmt, va_list ap)
	__printf_like(3, 0);
