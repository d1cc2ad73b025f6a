/* SPDX-License-Identifier: MIT */
#include <gemel/profile.h>

#include <uapi/errno.h>

#include <gemel/ktest.h>
#include <gemel/printf.h>
#include <gemel/string.h>
#include <gemel/time.h>

static ulong spins;

static void __noinline profile_test_spin(u64 ns)
{
	u64 end = time_now() + ns;

	while (time_now() < end)
		spins++;
}

/* How many samples have this function in their stack. */
struct search {
	const char *function;
	u64 samples, lines;
};

static bool line_has(const char *line, const char *word)
{
	size_t n = strlen(word);

	for (; *line; line++)
		if (strncmp(line, word, n) == 0)
			return true;
	return false;
}

static void search_line(void *arg, const char *line)
{
	struct search *s = arg;
	const char *count = strrchr(line, ' ');
	u64 n;

	s->lines++;
	if (count && parse_u64(count + 1, 10, &n, NULL) == 0 && line_has(line, s->function))
		s->samples += n;
}

KTEST(profile, finds_the_function_that_spins)
{
	struct search here = { .function = "profile_test_spin" };

	EXPECT_EQ(0, profile_start(2000));
	EXPECT_EQ(-EBUSY, profile_start(2000));
	/* 40 are due in each round; a busy host takes most of them away. */
	for (uint i = 0; i < 200 && here.samples < 20; i++) {
		profile_test_spin(20 * NSEC_PER_MSEC);
		here.samples = 0;
		profile_report(search_line, &here);
	}
	profile_stop();
	EXPECT(here.samples >= 20);
}

KTEST(profile, begins_from_nothing_and_refuses_bad_rates)
{
	struct search here = { .function = "profile_test_spin" };

	EXPECT_EQ(-EINVAL, profile_start(0));
	EXPECT_EQ(-EINVAL, profile_start(PROFILE_HZ_MAX + 1));
	EXPECT_EQ(0, profile_start(1));
	profile_stop();
	profile_stop();
	profile_report(search_line, &here);
	EXPECT_EQ(0, here.samples);
}
