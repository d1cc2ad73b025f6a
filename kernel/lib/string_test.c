/* SPDX-License-Identifier: MIT */
/*
 * On the host the C names belong to libc, so the kernel's bodies are
 * compiled here once more under other names.
 */
#include <gemel/string.h>

#include <uapi/errno.h>

#include <gemel/ktest.h>

#ifdef GEMEL_HOST
#define STRING_TEST
#define memcpy          own_memcpy
#define memmove         own_memmove
#define memset          own_memset
#define memcmp          own_memcmp
#define memchr          own_memchr
#define strlen          own_strlen
#define strnlen         own_strnlen
#define strcmp          own_strcmp
#define strncmp         own_strncmp
#define strchr          own_strchr
#define strrchr         own_strrchr
void *memcpy(void *dst, const void *src, size_t n);
void *memmove(void *dst, const void *src, size_t n);
void *memset(void *dst, int byte, size_t n);
int memcmp(const void *a, const void *b, size_t n);
void *memchr(const void *s, int byte, size_t n);
size_t strlen(const char *s);
size_t strnlen(const char *s, size_t max);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t n);
char *strchr(const char *s, int c);
char *strrchr(const char *s, int c);
#include "memcmp.c"
#include "memcpy.c"
#include "memmove.c"
#include "memset.c"
#include "string.c"
#endif

enum { N = 80 };

static void fill(u8 *p, uint seed)
{
	for (uint i = 0; i < N; i++)
		p[i] = (u8)(i * 7 + seed);
}

KTEST(string, memcpy_copies_every_length_and_nothing_else)
{
	u8 src[N], dst[N];

	fill(src, 1);
	for (uint at = 0; at < 9; at++) {
		for (uint n = 0; n + at + 1 < N; n++) {
			fill(dst, 100);
			EXPECT(memcpy(dst + 1, src + at, n) == dst + 1);
			EXPECT_EQ(100, dst[0]);
			for (uint i = 0; i < n; i++)
				EXPECT_EQ(src[at + i], dst[1 + i]);
			EXPECT_EQ((u8)((n + 1) * 7 + 100), dst[n + 1]);
		}
	}
}

KTEST(string, memmove_handles_overlap_both_ways)
{
	u8 buf[N], want[N];

	for (uint from = 0; from < 20; from++) {
		for (uint to = 0; to < 20; to++) {
			for (uint n = 0; n < 50; n += 7) {
				fill(buf, 3);
				fill(want, 3);
				for (uint i = 0; i < n; i++)
					want[to + i] = (u8)((from + i) * 7 + 3);
				memmove(buf + to, buf + from, n);
				EXPECT_EQ(0, memcmp(buf, want, N));
			}
		}
	}
}

KTEST(string, memset_fills_exactly)
{
	u8 buf[N];

	for (uint n = 0; n < 40; n++) {
		fill(buf, 9);
		memset(buf + 3, 0x1a5, n);
		EXPECT_EQ((u8)(2 * 7 + 9), buf[2]);
		for (uint i = 0; i < n; i++)
			EXPECT_EQ(0xa5, buf[3 + i]);
		EXPECT_EQ((u8)((3 + n) * 7 + 9), buf[3 + n]);
	}
}

KTEST(string, memcmp_orders_by_unsigned_bytes)
{
	EXPECT(memcmp("abcdefgh\x80", "abcdefgh\x7f", 9) > 0);
	EXPECT(memcmp("abcdefghi", "abcdefghj", 9) < 0);
	EXPECT_EQ(0, memcmp("abcX", "abcY", 3));
	EXPECT(memcmp("b0000000", "a9999999", 8) > 0);
}

KTEST(string, searches)
{
	const char *s = "hello";

	EXPECT(memchr(s, 'l', 5) == s + 2);
	EXPECT(!memchr(s, 'l', 2));
	EXPECT(strchr(s, 'l') == s + 2);
	EXPECT(strchr(s, '\0') == s + 5);
	EXPECT(!strchr(s, 'x'));
	EXPECT(strrchr(s, 'l') == s + 3);
	EXPECT(!strrchr(s, 'x'));
	EXPECT_EQ(5, strlen(s));
	EXPECT_EQ(3, strnlen(s, 3));
	EXPECT_EQ(5, strnlen(s, 9));
}

KTEST(string, comparisons)
{
	EXPECT_EQ(0, strcmp("a", "a"));
	EXPECT(strcmp("a", "ab") < 0);
	EXPECT(strcmp("\xff", "a") > 0);
	EXPECT_EQ(0, strncmp("abc", "abd", 2));
	EXPECT(strncmp("abc", "abd", 3) < 0);
	EXPECT_EQ(0, strncmp("ab", "ab", 9));
	EXPECT(str_has_prefix("console=ttyS0", "console="));
	EXPECT(!str_has_prefix("con", "console="));
}

KTEST(string, strscpy_cuts_and_says_so)
{
	char buf[4] = "zzz";

	EXPECT_EQ(2, strscpy(buf, "ab", sizeof(buf)));
	EXPECT_EQ(0, strcmp(buf, "ab"));
	EXPECT_EQ(3, strscpy(buf, "abc", sizeof(buf)));
	EXPECT_EQ(-E2BIG, strscpy(buf, "abcd", sizeof(buf)));
	EXPECT_EQ(0, strcmp(buf, "abc"));
	EXPECT_EQ(-E2BIG, strscpy(buf, "x", 0));
}

KTEST(string, parse_u64_reads_numbers)
{
	const char *end;
	u64 v = 0;

	EXPECT_EQ(0, parse_u64("123", 10, &v, NULL));
	EXPECT_EQ(123, v);
	EXPECT_EQ(0, parse_u64("0x1fG", 0, &v, &end));
	EXPECT_EQ(0x1f, v);
	EXPECT_EQ('G', *end);
	EXPECT_EQ(0, parse_u64("0755", 0, &v, NULL));
	EXPECT_EQ(0755, v);
	EXPECT_EQ(0, parse_u64("0", 0, &v, NULL));
	EXPECT_EQ(0, v);
	EXPECT_EQ(0, parse_u64("18446744073709551615", 10, &v, NULL));
	EXPECT(v == ~0ULL);
	EXPECT_EQ(-ERANGE, parse_u64("18446744073709551616", 10, &v, NULL));
	EXPECT_EQ(-EINVAL, parse_u64("", 10, &v, NULL));
	EXPECT_EQ(-EINVAL, parse_u64("12x", 10, &v, NULL));
	EXPECT_EQ(-EINVAL, parse_u64("-1", 10, &v, &end));
}
