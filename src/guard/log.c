// SPDX-License-Identifier: LGPL-2.1-or-later
/* See log.h. */

#include "guard/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void log_print(int level, const char *format, ...)
{
	char text[1400];
	int e = errno;
	va_list args;

	va_start(args, format);
	errno = e;
	(void)vsnprintf(text, sizeof(text), format, args);
	va_end(args);

	for (unsigned char *p = (unsigned char *)text; *p; p++) {
		if (*p < 0x20 || *p == 0x7f)
			*p = '?';
	}
	if (getenv("JOURNAL_STREAM"))
		(void)fprintf(stderr, "<%d>%s\n", level, text);
	else
		(void)fprintf(stderr, "holdfastd: %s\n", text);
	errno = e;
}
