/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The test's object, and values of its types from text. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bpf_object;
struct btf;
struct data_plan;

/* fixture_open(), fixture_close() - the object; libbpf holds it, nothing is loaded */
int fixture_open(void **state);
int fixture_close(void **state);

/* fixture_object(), fixture_btf() - borrowed between the two */
struct bpf_object *fixture_object(void);
const struct btf *fixture_btf(void);

/* fixture_plan() - the plan of a struct by its name; release with data_plan_free() */
struct data_plan *fixture_plan(const char *name, bool is_prefix);

/* fixture_plan_refused() - the same, of which nothing comes but an error with this text in it */
void fixture_plan_refused(const char *name, const char *part);

/* encoded() - a text becomes exactly these bytes */
void encoded(const char *name, const char *yaml, const void *bytes, size_t size);

/* refused() - a text is refused at this line and column, with exactly this error */
void refused(const char *name, const char *yaml, const char *error);
