// SPDX-License-Identifier: LGPL-2.1-or-later
/* `holdfast posture check` for people. See posture-view.h. */

#include <string.h>

#include "cli/posture-view.h"
#include "drill/drill.h"
#include "posture/posture.h"

static void print_line(FILE *file, const struct posture_finding *finding)
{
	bool opens = finding->status >= POSTURE_WEAK && finding->check->threats[0];

	(void)fprintf(file, "  %-18s %s%s%s", finding->check->id, finding->value,
		      finding->value[0] && finding->reason[0] ? ": " : "", finding->reason);
	(void)fprintf(file, "%s%s%s\n", opens ? " (" : "", opens ? finding->check->threats : "",
		      opens ? ")" : "");
}

static size_t count(const struct posture *posture, enum posture_status status)
{
	size_t n = 0;

	for (size_t i = 0; i < posture->n; i++)
		n += posture->findings[i].status == status;
	return n;
}

void posture_text(FILE *file, const struct posture *posture)
{
	const char *separator = "";

	(void)fprintf(file, "%s: ", posture->release[0] ? posture->release : "unknown kernel");
	for (int status = POSTURE_BAD; status >= POSTURE_GOOD; status--) {
		(void)fprintf(file, "%s%zu %s", separator, count(posture, status),
			      posture_status_name(status));
		separator = ", ";
	}
	(void)fputc('\n', file);
	if (posture->hidden)
		(void)fprintf(file, "a container: %smounts and files are its own, not the host's\n",
			      posture->hidden & SIGHT_TASKS ? "tasks, " : "");
	if (posture->guest)
		(void)fprintf(file, "a guest: whoever runs its host reads and writes its memory, "
				    "and is not seen from here\n");
	for (int status = POSTURE_BAD; status >= POSTURE_GOOD; status--) {
		if (!count(posture, status))
			continue;
		(void)fprintf(file, "\n%s\n", posture_status_name(status));
		for (size_t i = 0; i < posture->n; i++) {
			if (posture->findings[i].status == (enum posture_status)status)
				print_line(file, &posture->findings[i]);
		}
	}
}

static void print_threats(FILE *file, const char *threats)
{
	char id[8];

	for (const char *p = threats; *p; p += strspn(p, " ")) {
		size_t n = strcspn(p, " ");

		(void)snprintf(id, sizeof(id), "%.*s", (int)n, p);
		(void)fprintf(file, "  %-4s %s\n", id, drill_title(id) ?: "");
		p += n;
	}
}

void posture_explain(FILE *file, const struct posture_finding *finding)
{
	const struct posture_check *check = finding->check;

	(void)fprintf(file, "%s: %s\n\n", check->id, check->title);
	(void)fprintf(file, "status  %s\n", posture_status_name(finding->status));
	if (finding->value[0])
		(void)fprintf(file, "value   %s\n", finding->value);
	if (finding->reason[0])
		(void)fprintf(file, "reason  %s\n", finding->reason);
	(void)fprintf(file, "reads   %s\n\n%s\n\nfix: %s\n", check->reads, check->why, check->fix);
	if (check->mend.one_way)
		(void)fprintf(file, "There is no way back before the next boot.\n");
	(void)fprintf(file, "\nopens, while it is weak:%s\n", check->threats[0] ? "" : " nothing");
	print_threats(file, check->threats);
	if (finding->n_items)
		(void)fprintf(file, "\nfound:\n");
	for (size_t i = 0; i < finding->n_items; i++)
		(void)fprintf(file, "  %s\n", finding->items[i]);
	if (finding->n_dropped)
		(void)fprintf(file, "  and %zu more\n", finding->n_dropped);
	(void)fprintf(file, "\nsource: %s\n", check->source);
}

static void print_change(FILE *file, const json_t *change)
{
	const json_t *items = json_object_get(change, "new");
	const json_t *item;
	size_t i;

	(void)fprintf(file, "%-7s %-18s %s -> %s",
		      json_is_true(json_object_get(change, "worse")) ? "worse" : "changed",
		      json_string_value(json_object_get(change, "id")),
		      json_string_value(json_object_get(change, "was")),
		      json_string_value(json_object_get(change, "is")));
	json_array_foreach(items, i, item)(void)
		fprintf(file, "%s%s", i ? "; " : ", new: ", json_string_value(item));
	(void)fputc('\n', file);
}

void baseline_text(FILE *file, const json_t *changes)
{
	const json_t *change;
	size_t i;

	json_array_foreach(changes, i, change) print_change(file, change);
	if (!json_array_size(changes))
		(void)fprintf(file, "nothing has changed\n");
}
