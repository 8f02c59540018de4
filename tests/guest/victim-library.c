// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The victim's own library; built with EVIL, what an attacker puts in its place, preloads, or lets
 * it load as a plugin: then its constructor says that it ran.
 */
#include <stdio.h>

const char *canary_library_word(void);

#ifdef EVIL
static void __attribute__((constructor)) evil(void)
{
	fprintf(stderr, "evil code ran\n");
}

/* What ld.so asks of an LD_AUDIT library. */
unsigned int la_version(unsigned int version);
unsigned int la_version(unsigned int version)
{
	return version;
}
#endif

const char *canary_library_word(void)
{
#ifdef EVIL
	return "evil";
#else
	return "genuine";
#endif
}
