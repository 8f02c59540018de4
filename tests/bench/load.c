// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What `holdfast object load` takes for 100,000 typed entries, against a map made and filled by one
 * batch update of the same bytes: one after the other, so that what else the machine does meets
 * both, without the time that they had to wait for a processor, and the median of how they compare:
 * the best of each would compare a lucky moment of one with a common one of the other. What misses
 * the limit gets more rounds. TAP. Ends at once, with a skip, where maps cannot be made or are not
 * filled in batches.
 *
 * usage: bench-load LOAD.bpf.o FOLDER        for the texts
 */

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/diag.h"
#include "base/size.h"
#include "base/system.h"
#include "loader/loader.h"
#include "object/object.h"

#define ENTRIES 100000
#define ROUNDS 15
#define ROUNDS_MAX 75 /* if it misses the limit */

#define LIMIT 2.0 /* times the bare update */

struct subject {
	const char *map;
	void (*print)(FILE *text, unsigned int i);
};

/* Not in the order of the keys. */
static unsigned int mixed(unsigned int i)
{
	return i * 2654435761u % 16777213u;
}

static void print_number(FILE *text, unsigned int i)
{
	(void)fprintf(text, "      - {key: %u, value: %s}\n", mixed(i), i % 2 ? "DENY" : "ALLOW");
}

static void print_prefix(FILE *text, unsigned int i)
{
	(void)fprintf(text, "      - {key: 10.%u.%u.%u/32, value: %s}\n", i >> 16, i >> 8 & 255,
		      i & 255, i % 2 ? "DENY" : "ALLOW");
}

static void print_peer(FILE *text, unsigned int i)
{
	(void)fprintf(text,
		      "      - {key: {address: %u, port: %u, protocol: 6, flags: 0}, value: %s}\n",
		      mixed(i), i % 60000, i % 2 ? "DENY" : "ALLOW");
}

static const struct subject subjects[] = {
	{"numbers", print_number},
	{"prefixes", print_prefix},
	{"peers", print_peer}, /* four fields and 84 bytes of text for 12 */
};

/* The second number of schedstat: how long there was no processor for us. 0 if nobody counts. */
static double waited(void)
{
	_cleanup_fclose_ FILE *file = fopen("/proc/self/schedstat", "re");
	unsigned long long delay = 0;

	if (!file || fscanf(file, "%*u %llu", &delay) != 1)
		return 0;
	return (double)delay / 1e9;
}

/* Sleep counts, and what others kept the processor for does not. */
static double now(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9 - waited();
}

static int text_write(const struct subject *subject, const char *path)
{
	FILE *text = fopen(path, "we");

	if (!text)
		return -errno;
	(void)fprintf(text, "apiVersion: holdfast/v1\nkind: MapData\nmaps:\n  %s:\n    entries:\n",
		      subject->map);
	for (unsigned int i = 0; i < ENTRIES; i++)
		subject->print(text, i);
	return fclose(text) ? -EIO : 0;
}

/* Memory for a map that nothing goes into is none of the text's cost. */
static void others_shrink(const struct loader *loader, const char *name)
{
	struct bpf_map *map;

	bpf_object__for_each_map(map, loader->bpf) {
		if (strcmp(bpf_map__name(map), name) != 0)
			(void)bpf_map__set_max_entries(map, 1);
	}
}

/* All of it, from the file's name to a frozen map; what it wrote stays in the loader. */
static int load(const struct object *object, const char *name, const char *path,
		struct loader **ret_loader, double *ret_seconds)
{
	_cleanup_(data_file_freep) struct data_file *data = NULL;
	struct loader_request request = {.object = object, .path = "load.bpf.o"};
	struct diag diag = {0};
	double begun = now();
	int r;

	r = data_file_read(path, &data, &diag);
	request.contents = data;
	if (!r)
		r = loader_plan(&request, ret_loader, &diag);
	if (!r)
		others_shrink(*ret_loader, name);
	if (!r)
		r = loader_run(*ret_loader, NULL, &diag);
	*ret_seconds = now() - begun;
	if (r)
		printf("# %s:%u: %s (%d)\n", path, diag.line, diag.text, r);
	else if (!data->quick)
		printf("# %s was not read quickly\n", path);
	return r;
}

static int bare(const struct loader_map *map, const struct bpf_map *like, double *ret_seconds)
{
	LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = bpf_map__map_flags(like));
	const struct data_entries *e = &map->entries;
	double begun = now();
	_cleanup_close_ int fd = bpf_map_create(bpf_map__type(like), "bare", e->key_size,
						e->value_size, ENTRIES, &opts);
	__u32 n = e->n;
	int r = fd < 0 ? -errno : bpf_map_update_batch(fd, e->keys, e->values, &n, NULL);

	*ret_seconds = now() - begun;
	return r ? -1 : n == ENTRIES ? 0 : -1;
}

static const struct loader_map *map_of(const struct loader *loader, const char *name)
{
	size_t i = 0;

	while (strcmp(loader->maps[i].name, name) != 0)
		i++;
	return &loader->maps[i];
}

/* One load, and one bare update of what it loaded. */
static int compare_once(const struct object *object, const char *map, const char *path,
			double *ret_load, double *ret_bare)
{
	_cleanup_(loader_freep) struct loader *loader = NULL;

	if (load(object, map, path, &loader, ret_load))
		return -1;
	return bare(map_of(loader, map), bpf_object__find_map_by_name(loader->bpf, map), ret_bare);
}

static int by_size(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static double median(const double *values, size_t n)
{
	double sorted[ROUNDS_MAX];

	memcpy(sorted, values, n * sizeof(*values));
	qsort(sorted, n, sizeof(*sorted), by_size);
	return sorted[n / 2];
}

/* Returns the times that a load takes of a bare update; below 0 if one of them fails. */
static double compare(const struct object *object, const struct subject *subject, const char *path)
{
	double loads[ROUNDS_MAX], bares[ROUNDS_MAX], times[ROUNDS_MAX];
	size_t n = 0;

	if (text_write(subject, path) < 0)
		return -1;
	/* the first finds neither the text nor the memory at hand */
	if (compare_once(object, subject->map, path, &loads[0], &bares[0]))
		return -1;
	for (; n < ROUNDS || (n < ROUNDS_MAX && median(times, n) > LIMIT); n++) {
		if (compare_once(object, subject->map, path, &loads[n], &bares[n]))
			return -1;
		times[n] = loads[n] / bares[n];
	}
	printf("# %s: load %.1f ms, bare update %.1f ms, %.2f times, medians of %zu\n",
	       subject->map, median(loads, n) * 1e3, median(bares, n) * 1e3, median(times, n), n);
	return median(times, n);
}

/* As every subject needs it of the kernel. */
static bool can_be_measured(void)
{
	_cleanup_close_ int fd = bpf_map_create(BPF_MAP_TYPE_HASH, "probe", 4, 4, 1, NULL);
	uint32_t key = 0, value = 0, n = 1;

	return fd >= 0 && !bpf_map_update_batch(fd, &key, &value, &n, NULL);
}

int main(int argc, char **argv)
{
	_cleanup_(object_freep) struct object *object = NULL;
	_cleanup_free_ char *data = NULL;
	struct diag diag = {0};
	size_t met = 0, size;
	char path[512];

	if (argc != 3) {
		printf("Bail out! usage: bench-load LOAD.bpf.o FOLDER\n");
		return 2;
	}
	if (!can_be_measured()) {
		printf("1..0 # SKIP no map can be made and filled here: %s\n", strerror(errno));
		return 0;
	}
	printf("1..%zu\n", ARRAY_SIZE(subjects));
	if (file_read(AT_FDCWD, argv[1], OBJECT_MAX_SIZE, &data, &size) ||
	    object_read((const uint8_t *)data, size, &object, &diag)) {
		printf("not ok - %s is read: %s\n", argv[1], diag.text);
		return 1;
	}
	for (size_t i = 0; i < ARRAY_SIZE(subjects); i++) {
		double times;
		bool good;

		(void)snprintf(path, sizeof(path), "%s/%s.yaml", argv[2], subjects[i].map);
		times = compare(object, &subjects[i], path);
		good = times > 0 && times <= LIMIT;
		printf("%sok - %d %s are loaded in %.0f times a bare update\n", good ? "" : "not ",
		       ENTRIES, subjects[i].map, LIMIT);
		met += good;
	}
	printf("# targets met %zu of %zu\n", met, ARRAY_SIZE(subjects));
	return met < ARRAY_SIZE(subjects);
}
