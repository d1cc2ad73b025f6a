/* SPDX-License-Identifier: MIT */
#include <gemel/printf.h>

#include <gemel/ktest.h>
#include <gemel/string.h>

static char buf[128];

static bool is_text(const char *want, const char *fmt, ...) __printf_like(2, 3);
static bool is_text(const char *want, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vscnprintf(buf, sizeof(buf), fmt, ap);
	va_end(ap);
	return n == (int)strlen(want) && strcmp(buf, want) == 0;
}

KTEST(printf, integers)
{
	EXPECT(is_text("0 1 -1 4294967295", "%d %i %d %u", 0, 1, -1, ~0U));
	EXPECT(is_text("-2147483648", "%d", -2147483647 - 1));
	EXPECT(is_text("-9223372036854775808", "%ld", (long)(1UL << 63)));
	EXPECT(is_text("18446744073709551615", "%llu", ~0ULL));
	EXPECT(is_text("ff FF 17", "%x %X %o", 255, 255, 15));
	EXPECT(is_text("-1 255 65535", "%hhd %hhu %hu", (s8)-1, (u8)255, (u16)65535));
	EXPECT(is_text("7 -7", "%zu %zd", (size_t)7, (ssize_t)-7));
}

KTEST(printf, width_and_flags)
{
	EXPECT(is_text("|   42|42   |00042|", "|%5d|%-5d|%05d|", 42, 42, 42));
	EXPECT(is_text("|  -42|-0042|", "|%5d|%05d|", -42, -42));
	EXPECT(is_text("|+1| 1|", "|%+d|% d|", 1, 1));
	EXPECT(is_text("|0x2a|0x002a|0|", "|%#x|%#06x|%#x|", 42, 42, 0));
	EXPECT(is_text("|  007|", "|%5.3d|", 7));
	EXPECT(is_text("||", "|%.0d|", 0));
	EXPECT(is_text("|   5|5   |", "|%*d|%*d|", 4, 5, -4, 5));
	EXPECT(is_text("                    1", "%21d", 1));
}

KTEST(printf, strings)
{
	EXPECT(is_text("|abc|  abc|abc  |ab|", "|%s|%5s|%-5s|%.2s|", "abc", "abc", "abc", "abc"));
	EXPECT(is_text("|a|", "|%.*s|", 1, "abc"));
	EXPECT(is_text("x%y", "%c%%%c", 'x', 'y'));
	EXPECT(is_text("0x1000", "%p", (void *)0x1000));
}

KTEST(printf, result_is_what_was_written)
{
	char small[4];

	EXPECT_EQ(3, scnprintf(small, sizeof(small), "%s", "abcdef"));
	EXPECT_EQ(0, strcmp(small, "abc"));
	EXPECT_EQ(0, scnprintf(small, 0, "%s", "abcdef"));
	EXPECT_EQ(6, snprintf(small, sizeof(small), "%s", "abcdef"));
}
