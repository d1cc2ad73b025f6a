/* SPDX-License-Identifier: MIT */
/*
 * The kernel in this process: boots it with the command line "quiet ktest=SUITE", so that it runs
 * the tests that are linked in, its own and those of this directory, and ends.
 *
 *	port [SUITE[.NAME] [WORDS]]	WORDS are added to the command line
 */
#include <stdio.h>

void host_boot(const char *cmdline);

int main(int argc, char **argv)
{
	static char cmdline[512];

	setvbuf(stdout, NULL, _IOLBF, 0);
	snprintf(cmdline, sizeof(cmdline), "quiet ktest=%s %s", argc > 1 ? argv[1] : "",
		 argc > 2 ? argv[2] : "");
	host_boot(cmdline);
	return 1;
}
