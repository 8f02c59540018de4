// SPDX-License-Identifier: LGPL-2.1-or-later
/* See counters.h. */

#include "export/counters.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/size.h"
#include "evidence/follow.h"
#include "export/entry.h"

#define LABEL_LEN 40
#define NS_PER_S 1000000000u

/* From what a ring buffer takes to what a host that was off takes; both formats read them so. */
static const struct bucket {
	const char *le;
	uint64_t ns;
} buckets[] = {
	{"0.001", 1000000u},
	{"0.005", 5000000u},
	{"0.01", 10000000u},
	{"0.05", 50000000u},
	{"0.1", 100000000u},
	{"0.5", 500000000u},
	{"1.0", 1ull * NS_PER_S},
	{"5.0", 5ull * NS_PER_S},
	{"10.0", 10ull * NS_PER_S},
	{"60.0", 60ull * NS_PER_S},
	{"300.0", 300ull * NS_PER_S},
	{"3600.0", 3600ull * NS_PER_S},
	{"86400.0", 86400ull * NS_PER_S},
	{"604800.0", 604800ull * NS_PER_S},
};

struct counters {
	json_t *decisions, *notes; /* by their labels, as they are printed */
	uint64_t lost, unwritten, unreadable, pruned;
	uint64_t loads, loads_audit, loads_decided;
	uint64_t detect[ARRAY_SIZE(buckets) + 1]; /* each its own; the last is beyond all */
	uint64_t detect_count, detect_ns;
};

int counters_new(struct counters **ret_counters)
{
	_cleanup_(counters_freep) struct counters *counters = calloc(1, sizeof(*counters));

	if (!counters)
		return -ENOMEM;
	counters->decisions = json_object();
	counters->notes = json_object();
	if (!counters->decisions || !counters->notes)
		return -ENOMEM;
	*ret_counters = TAKE_PTR(counters);
	return 0;
}

struct counters *counters_free(struct counters *counters)
{
	if (counters) {
		json_decref(counters->decisions);
		json_decref(counters->notes);
	}
	free(counters);
	return NULL;
}

void counters_pruned(struct counters *counters, uint64_t n)
{
	counters->pruned += n;
}

/* A word of ours, or "other": the log may be anybody's, and a label is quoted nowhere. */
static void label_of(const json_t *event, const char *key, char ret[LABEL_LEN])
{
	const char *value = json_string_value(json_object_get(event, key));
	static const char good[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				   "0123456789_-.";

	if (!value)
		value = "none";
	else if (!value[0] || strlen(value) >= LABEL_LEN || value[strspn(value, good)])
		value = "other";
	(void)snprintf(ret, LABEL_LEN, "%s", value);
}

static int count_n(json_t *series, const char *labels, const char *others, uint64_t n)
{
	json_t *number = json_object_get(series, labels);

	if (!number && json_object_size(series) >= COUNTERS_MAX_SERIES)
		return strcmp(labels, others) == 0
			       ? json_object_set_new(series, labels, json_integer((json_int_t)n))
			       : count_n(series, others, others, n);
	if (number)
		return json_integer_set(number, json_integer_value(number) + (json_int_t)n);
	return json_object_set_new(series, labels, json_integer((json_int_t)n));
}

static int count(json_t *series, const char *labels, const char *others)
{
	return count_n(series, labels, others, 1);
}

/* Events that have no entry of their own count like those that have. */
static int count_folded(struct counters *counters, const json_t *event)
{
	char row[LABEL_LEN], verdict[LABEL_LEN], act[LABEL_LEN], labels[4 * LABEL_LEN];
	uint64_t n = entry_number(event, "folded");

	label_of(event, "row", row);
	label_of(event, "verdict", verdict);
	label_of(event, "of", act);
	(void)snprintf(labels, sizeof(labels), "row=\"%s\",verdict=\"%s\",act=\"%s\"", row, verdict,
		       strcmp(act, "none") == 0 ? "folded" : act);
	if (strcmp(act, "prog_load") == 0)
		counters->loads_decided += n;
	return count_n(counters->decisions, labels, "row=\"other\",verdict=\"other\",act=\"other\"",
		       n)
		       ? -ENOMEM
		       : 0;
}

static void count_loads(struct counters *counters, const json_t *event)
{
	counters->loads += entry_number(event, "ids");
	counters->loads_decided += entry_number(event, "decided");
	counters->loads_audit += entry_number(event, "audit");
}

static void count_detect(struct counters *counters, const json_t *event)
{
	uint64_t ns = entry_number(event, "detect_ns");
	size_t i = 0;

	/* a log of before there was such a field says nothing of it */
	if (!json_is_integer(json_object_get(event, "detect_ns")))
		return;
	while (i < ARRAY_SIZE(buckets) && ns > buckets[i].ns)
		i++;
	counters->detect[i]++;
	counters->detect_count++;
	counters->detect_ns += ns;
}

int counters_take(struct counters *counters, const struct follow_entry *entry)
{
	_cleanup_(entry_json_freep) json_t *event = entry_parse(entry);
	char row[LABEL_LEN], verdict[LABEL_LEN], act[LABEL_LEN], labels[4 * LABEL_LEN];

	if (json_is_string(json_object_get(event, "act"))) {
		label_of(event, "row", row);
		label_of(event, "verdict", verdict);
		label_of(event, "act", act);
		(void)snprintf(labels, sizeof(labels), "row=\"%s\",verdict=\"%s\",act=\"%s\"", row,
			       verdict, act);
		count_detect(counters, event);
		return count(counters->decisions, labels,
			     "row=\"other\",verdict=\"other\",act=\"other\"")
			       ? -ENOMEM
			       : 0;
	}
	if (json_is_string(json_object_get(event, "note"))) {
		label_of(event, "note", act);
		if (strcmp(act, "loads") == 0)
			count_loads(counters, event);
		(void)snprintf(labels, sizeof(labels), "note=\"%s\"", act);
		return count(counters->notes, labels, "note=\"other\"") ? -ENOMEM : 0;
	}
	if (json_is_integer(json_object_get(event, "folded")))
		return count_folded(counters, event);
	counters->lost += entry_number(event, "lost");
	counters->unwritten += entry_number(event, "unwritten");
	counters->unreadable += !json_object_get(event, "lost") &&
				!json_object_get(event, "unwritten");
	return 0;
}

/* ---- the formats */

/* A family's first lines; OpenMetrics has the names without _total and _info there. */
struct family {
	const char *name, *suffix, *type, *help;
};

static void put_family(FILE *file, enum counters_format format, const struct family *family)
{
	bool open = format == COUNTERS_OPENMETRICS;
	const char *suffix = open ? "" : family->suffix,
		   *type = !open && strcmp(family->type, "info") == 0 ? "gauge" : family->type;

	(void)fprintf(file, "# HELP holdfast_%s%s %s\n# TYPE holdfast_%s%s %s\n", family->name,
		      suffix, family->help, family->name, suffix, type);
}

static void put_series(FILE *file, const char *name, json_t *series)
{
	const char *labels;
	json_t *number;

	json_object_foreach(series, labels, number)
	{
		(void)fprintf(file, "holdfast_%s{%s} %" JSON_INTEGER_FORMAT "\n", name, labels,
			      json_integer_value(number));
	}
}

static void put_detect(const struct counters *counters, FILE *file)
{
	uint64_t below = 0;

	for (size_t i = 0; i < ARRAY_SIZE(buckets); i++) {
		below += counters->detect[i];
		(void)fprintf(file, "holdfast_event_detect_seconds_bucket{le=\"%s\"} %" PRIu64 "\n",
			      buckets[i].le, below);
	}
	(void)fprintf(file,
		      "holdfast_event_detect_seconds_bucket{le=\"+Inf\"} %" PRIu64 "\n"
		      "holdfast_event_detect_seconds_count %" PRIu64 "\n"
		      "holdfast_event_detect_seconds_sum %" PRIu64 ".%09" PRIu64 "\n",
		      counters->detect_count, counters->detect_count,
		      counters->detect_ns / NS_PER_S, counters->detect_ns % NS_PER_S);
}

/* Of an origin, which may have any character but blanks and '+'. */
static void put_escaped(FILE *file, const char *value)
{
	for (; *value; value++) {
		if (*value == '"' || *value == '\\')
			(void)fputc('\\', file);
		(void)fputc(*value, file);
	}
}

void counters_print(const struct counters *counters, const struct counters_log *log,
		    enum counters_format format, FILE *file)
{
	const struct {
		struct family family;
		uint64_t value;
	} plain[] = {
		{{"events_lost", "_total", "counter", "Events that the kernel had no room for."},
		 counters->lost},
		{{"events_unwritten", "_total", "counter", "Entries that found no room on disk."},
		 counters->unwritten},
		{{"log_entries_unreadable", "_total", "counter", "Entries of no known form."},
		 counters->unreadable},
		{{"log_entries_pruned", "_total", "counter", "Entries gone before they counted."},
		 counters->pruned},
		{{"loads_decided", "_total", "counter",
		  "Program loads with a decision in the log."},
		 counters->loads_decided},
		{{"tlog_size", "", "gauge", "Entries under the checkpoint."}, log->size},
		{{"tlog_last_checkpoint_timestamp_seconds", "", "gauge",
		  "When the checkpoint was written."},
		 log->checkpoint_time > 0 ? (uint64_t)log->checkpoint_time : 0},
	};

	put_family(file, format,
		   &(struct family){"decisions", "_total", "counter",
				    "What was refused, observed and noted."});
	put_series(file, "decisions_total", counters->decisions);
	put_family(file, format,
		   &(struct family){"log_notes", "_total", "counter",
				    "What holdfastd said of itself."});
	put_series(file, "log_notes_total", counters->notes);
	put_family(file, format,
		   &(struct family){"loads_observed", "_total", "counter",
				    "Program loads, by who does not know of decisions."});
	(void)fprintf(file,
		      "holdfast_loads_observed_total{source=\"audit\"} %" PRIu64 "\n"
		      "holdfast_loads_observed_total{source=\"sweep\"} %" PRIu64 "\n",
		      counters->loads_audit, counters->loads);
	put_family(file, format,
		   &(struct family){"event_detect_seconds", "", "histogram",
				    "From the hook to the record."});
	put_detect(counters, file);
	for (size_t i = 0; i < ARRAY_SIZE(plain); i++) {
		put_family(file, format, &plain[i].family);
		(void)fprintf(file, "holdfast_%s%s %" PRIu64 "\n", plain[i].family.name,
			      plain[i].family.suffix, plain[i].value);
	}
	put_family(file, format, &(struct family){"tlog", "_info", "info", "Which log it is."});
	(void)fputs("holdfast_tlog_info{origin=\"", file);
	put_escaped(file, log->origin);
	(void)fputs("\"} 1\n", file);
	put_family(file, format, &(struct family){"build", "_info", "info", "What counted."});
	(void)fputs("holdfast_build_info{version=\"" HOLDFAST_VERSION "\"} 1\n", file);
	if (format == COUNTERS_OPENMETRICS)
		(void)fputs("# EOF\n", file);
}

/* The weight of one media range, in thousandths; -1 if it is not that one. */
static int weight_of(const char *range, size_t size, const char *type)
{
	size_t length = strlen(type);
	const char *q;
	char text[256];

	if (size >= sizeof(text))
		return -1;
	memcpy(text, range, size);
	text[size] = '\0';
	if (strncasecmp(text, type, length) != 0 || !strchr("; \t", text[length]))
		return -1;
	q = strcasestr(text + length, "q=");
	return q ? (int)(strtod(q + 2, NULL) * 1000) : 1000;
}

static int best_weight(const char *accept, const char *type)
{
	int best = -1;

	while (accept) {
		const char *comma;
		int weight;

		accept += strspn(accept, " \t");
		comma = strchrnul(accept, ',');
		weight = weight_of(accept, (size_t)(comma - accept), type);
		best = weight > best ? weight : best;
		accept = *comma ? comma + 1 : NULL;
	}
	return best;
}

enum counters_format counters_wanted(const char *accept)
{
	int open = best_weight(accept, "application/openmetrics-text"),
	    text = best_weight(accept, "text/plain");

	return open > 0 && open >= text ? COUNTERS_OPENMETRICS : COUNTERS_PROMETHEUS;
}
