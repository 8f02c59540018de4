// SPDX-License-Identifier: LGPL-2.1-or-later
/* See diag.h. Pure: formats text, never prints it. */

#include "base/diag.h"

#include <stdarg.h>
#include <stdio.h>

static void hide_controls(char *text)
{
	for (unsigned char *p = (unsigned char *)text; *p; p++) {
		if (*p < 0x20 || *p == 0x7f)
			*p = '?';
		else if (*p == 0xc2 && p[1] >= 0x80 && p[1] <= 0x9f) /* C1 controls in UTF-8 */
			*p = p[1] = '?';
	}
}

void diag_set(struct diag *diag, const char *file, unsigned line, unsigned column,
	      const char *format, ...)
{
	va_list args;

	if (!diag)
		return;

	diag->file = file;
	diag->line = line;
	diag->column = column;

	va_start(args, format);
	(void)vsnprintf(diag->text, sizeof(diag->text), format, args);
	va_end(args);

	hide_controls(diag->text);
}

const char *diag_format(const struct diag *diag, char *buffer, size_t size)
{
	if (!diag->file)
		(void)snprintf(buffer, size, "%s", diag->text);
	else if (!diag->line)
		(void)snprintf(buffer, size, "%s: %s", diag->file, diag->text);
	else if (!diag->column)
		(void)snprintf(buffer, size, "%s:%u: %s", diag->file, diag->line, diag->text);
	else
		(void)snprintf(buffer, size, "%s:%u:%u: %s", diag->file, diag->line, diag->column,
			       diag->text);
	return buffer;
}
