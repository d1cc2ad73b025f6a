/* SPDX-License-Identifier: MIT */
/*
 * Formatting.  printf_format() cuts the format into plain runs and
 * conversions and hands each piece of output to a callback; everything else
 * is a callback.  A conversion is read into a struct spec first, so that
 * reading and printing do not know each other.
 */
#include <gemel/printf.h>

#include <gemel/string.h>

enum spec_flag {
	FLAG_LEFT = 1,
	FLAG_ZERO = 2,
	FLAG_PLUS = 4,
	FLAG_SPACE = 8,
	FLAG_ALT = 16,
};

struct spec {
	uint flags;
	int width;              /* 0: none */
	int precision;          /* -1: none */
	int size;               /* bytes of an integer argument */
	char conv;
};

struct sink {
	printf_put_fn *put;
	void *ctx;
	size_t total;
};

static void sink_text(struct sink *to, const char *text, size_t len)
{
	if (!len)
		return;
	to->put(to->ctx, text, len);
	to->total += len;
}

static void sink_pad(struct sink *to, char c, int n)
{
	char run[16];

	if (n <= 0)
		return;
	memset(run, c, sizeof(run));
	for (; n > (int)sizeof(run); n -= (int)sizeof(run))
		sink_text(to, run, sizeof(run));
	sink_text(to, run, (size_t)n);
}

static uint flag_of(char c)
{
	switch (c) {
	case '-': return FLAG_LEFT;
	case '0': return FLAG_ZERO;
	case '+': return FLAG_PLUS;
	case ' ': return FLAG_SPACE;
	case '#': return FLAG_ALT;
	default: return 0;
	}
}

static const char *read_number(const char *fmt, int *out)
{
	int n = 0;

	for (; *fmt >= '0' && *fmt <= '9'; fmt++)
		if (n < 100000)
			n = n * 10 + (*fmt - '0');
	*out = n;
	return fmt;
}

static const char *read_size(const char *fmt, int *size)
{
	*size = sizeof(int);
	switch (*fmt) {
	case 'h':
		*size = fmt[1] == 'h' ? 1 : 2;
		return fmt + (fmt[1] == 'h' ? 2 : 1);
	case 'l':
		*size = 8;
		return fmt + (fmt[1] == 'l' ? 2 : 1);
	case 'z':
	case 't':
	case 'j':
		*size = 8;
		return fmt + 1;
	default:
		return fmt;
	}
}

/* Read what stands after a '%'.  va_list is passed by its holder: an array type decays. */
struct args {
	va_list ap;
};

static const char *spec_read(const char *fmt, struct spec *spec, struct args *args)
{
	*spec = (struct spec){ .precision = -1 };
	while (flag_of(*fmt))
		spec->flags |= flag_of(*fmt++);
	if (*fmt == '*') {
		spec->width = va_arg(args->ap, int);
		fmt++;
		if (spec->width < 0) {
			spec->flags |= FLAG_LEFT;
			spec->width = spec->width == -__INT_MAX__ - 1 ? 0 : -spec->width;
		}
	} else {
		fmt = read_number(fmt, &spec->width);
	}
	if (*fmt == '.') {
		fmt++;
		if (*fmt == '*') {
			spec->precision = va_arg(args->ap, int);
			fmt++;
			if (spec->precision < 0)
				spec->precision = -1;
		} else {
			fmt = read_number(fmt, &spec->precision);
		}
	}
	fmt = read_size(fmt, &spec->size);
	spec->conv = *fmt;
	return *fmt ? fmt + 1 : fmt;
}

/* @prefix, zeros and @text in the field that @spec asks for. */
static void print_field(struct sink *to, const struct spec *spec, const char *prefix,
			int zeros, const char *text, size_t len)
{
	size_t plen = strlen(prefix);
	int pad = spec->width - (int)(plen + len) - zeros;

	if (!(spec->flags & FLAG_LEFT))
		sink_pad(to, ' ', pad);
	sink_text(to, prefix, plen);
	sink_pad(to, '0', zeros);
	sink_text(to, text, len);
	if (spec->flags & FLAG_LEFT)
		sink_pad(to, ' ', pad);
}

static void print_integer(struct sink *to, const struct spec *spec, u64 value, uint base,
			  const char *prefix)
{
	const char *digits = spec->conv == 'X' ? "0123456789ABCDEF" : "0123456789abcdef";
	char buf[24];
	size_t at = sizeof(buf);
	int len, zeros = 0;

	for (u64 v = value; v; v /= base)
		buf[--at] = digits[v % base];
	if (!value && spec->precision != 0)
		buf[--at] = '0';
	len = (int)(sizeof(buf) - at);
	if (spec->precision > len)
		zeros = spec->precision - len;
	else if (spec->precision < 0 && (spec->flags & (FLAG_ZERO | FLAG_LEFT)) == FLAG_ZERO)
		zeros = MAX(0, spec->width - (int)strlen(prefix) - len);
	print_field(to, spec, prefix, zeros, buf + at, (size_t)len);
}

static u64 take_unsigned(const struct spec *spec, struct args *args)
{
	u64 v = spec->size == 8 ? va_arg(args->ap, u64) : va_arg(args->ap, uint);

	if (spec->size == 1)
		return (u8)v;
	return spec->size == 2 ? (u16)v : v;
}

static s64 take_signed(const struct spec *spec, struct args *args)
{
	s64 v = spec->size == 8 ? va_arg(args->ap, s64) : va_arg(args->ap, int);

	if (spec->size == 1)
		return (s8)v;
	return spec->size == 2 ? (s16)v : v;
}

static void print_signed(struct sink *to, const struct spec *spec, s64 v)
{
	const char *prefix = "";

	if (v < 0)
		prefix = "-";
	else if (spec->flags & FLAG_PLUS)
		prefix = "+";
	else if (spec->flags & FLAG_SPACE)
		prefix = " ";
	print_integer(to, spec, v < 0 ? -(u64)v : (u64)v, 10, prefix);
}

static void print_string(struct sink *to, const struct spec *spec, const char *s)
{
	if (!s)
		s = "(null)";
	print_field(to, spec, "", 0, s,
		    spec->precision < 0 ? strlen(s) : strnlen(s, (size_t)spec->precision));
}

static void print_hex(struct sink *to, const struct spec *spec, u64 v)
{
	const char *prefix = spec->conv == 'X' ? "0X" : "0x";

	print_integer(to, spec, v, 16, v && (spec->flags & FLAG_ALT) ? prefix : "");
}

static void print_one(struct sink *to, const struct spec *spec, struct args *args)
{
	char c;

	switch (spec->conv) {
	case 'd':
	case 'i':
		print_signed(to, spec, take_signed(spec, args));
		return;
	case 'u':
		print_integer(to, spec, take_unsigned(spec, args), 10, "");
		return;
	case 'x':
	case 'X':
		print_hex(to, spec, take_unsigned(spec, args));
		return;
	case 'o':
		print_integer(to, spec, take_unsigned(spec, args), 8,
			      spec->flags & FLAG_ALT ? "0" : "");
		return;
	case 'p':
		print_integer(to, spec, (uintptr_t)va_arg(args->ap, void *), 16, "0x");
		return;
	case 'c':
		c = (char)va_arg(args->ap, int);
		print_field(to, spec, "", 0, &c, 1);
		return;
	case 's':
		print_string(to, spec, va_arg(args->ap, const char *));
		return;
	case '%':
		sink_text(to, "%", 1);
		return;
	default:
		sink_text(to, "%?", 2);
		return;
	}
}

int printf_format(printf_put_fn *put, void *ctx, const char *fmt, va_list ap)
{
	struct sink to = { put, ctx, 0 };
	struct args args;
	struct spec spec;

	va_copy(args.ap, ap);
	while (*fmt) {
		const char *run = fmt;

		while (*fmt && *fmt != '%')
			fmt++;
		sink_text(&to, run, (size_t)(fmt - run));
		if (!*fmt)
			break;
		fmt = spec_read(fmt + 1, &spec, &args);
		print_one(&to, &spec, &args);
	}
	va_end(args.ap);
	return (int)to.total;
}

struct buffer {
	char *at;
	size_t left;            /* without the terminator */
};

static void buffer_put(void *ctx, const char *text, size_t len)
{
	struct buffer *b = ctx;
	size_t n = MIN(len, b->left);

	memcpy(b->at, text, n);
	b->at += n;
	b->left -= n;
}

static int buffer_format(char *buf, size_t size, const char *fmt, va_list ap)
	__printf_like(3, 0);
static int buffer_format(char *buf, size_t size, const char *fmt, va_list ap)
{
	char none;
	struct buffer b = { size ? buf : &none, size ? size - 1 : 0 };
	int n = printf_format(buffer_put, &b, fmt, ap);

	if (size)
		*b.at = '\0';
	return n;
}

#ifndef GEMEL_HOST

int vsnprintf(char *buf, size_t size, const char *fmt, va_list ap)
{
	return buffer_format(buf, size, fmt, ap);
}

int snprintf(char *buf, size_t size, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = buffer_format(buf, size, fmt, ap);
	va_end(ap);
	return n;
}

#endif

int vscnprintf(char *buf, size_t size, const char *fmt, va_list ap)
{
	int n = buffer_format(buf, size, fmt, ap);

	if (!size)
		return 0;
	return n < (int)size ? n : (int)size - 1;
}

int scnprintf(char *buf, size_t size, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vscnprintf(buf, size, fmt, ap);
	va_end(ap);
	return n;
}
