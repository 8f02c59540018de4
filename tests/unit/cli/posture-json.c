// SPDX-License-Identifier: LGPL-2.1-or-later
#include <stdlib.h>
#include <string.h>

#include "cli/posture-view.h"
#include "posture/posture.h"
#include "test.h"

#define N 3

/* Findings of the first checks, each in a status, with a value and at most one item. */
struct host {
	struct posture posture;
	struct posture_finding findings[N];
	char *items[N][2];
};

static void host_set(struct host *host, size_t i, enum posture_status status, const char *value)
{
	host->findings[i].check = posture_check_each(i);
	host->findings[i].status = status;
	(void)strcpy(host->findings[i].value, value);
	host->findings[i].items = host->items[i];
	host->posture.findings = host->findings;
	host->posture.n = N;
}

static void host_add(struct host *host, size_t i, const char *item)
{
	host->items[i][host->findings[i].n_items++] = (char *)item;
}

static void host_init(struct host *host)
{
	memset(host, 0, sizeof(*host));
	host_set(host, 0, POSTURE_GOOD, "integrity");
	host_set(host, 1, POSTURE_WEAK, "1 of 2");
	host_add(host, 1, "a");
	host_set(host, 2, POSTURE_UNKNOWN, "");
}

/* What was recorded of @then, compared with @now. */
static size_t changes(const struct host *then, const struct host *now, size_t *ret_n_worse)
{
	const struct posture_demand demand = {0};
	json_t *json = posture_json(&then->posture, &demand), *found = NULL;
	char *text = json_dumps(json, 0);
	size_t n;

	assert_int_equal(baseline_compare(text, strlen(text), &now->posture, &found, ret_n_worse),
			 0);
	n = json_array_size(found);
	json_decref(found);
	json_decref(json);
	free(text);
	return n;
}

static void the_same_host_has_not_changed(void **state)
{
	struct host then, now;
	size_t n_worse;

	host_init(&then);
	host_init(&now);
	assert_int_equal(changes(&then, &now, &n_worse), 0);
	assert_int_equal(n_worse, 0);
}

static void each_step_down_is_worse_and_no_step_up(void **state)
{
	struct host then, now;

	for (int was = POSTURE_GOOD; was < _POSTURE_STATUS_MAX; was++) {
		for (int is = POSTURE_GOOD; is < _POSTURE_STATUS_MAX; is++) {
			bool known = was != POSTURE_UNKNOWN;
			size_t n_worse;

			host_init(&then);
			host_init(&now);
			host_set(&then, 0, was, "");
			host_set(&now, 0, is, "");
			assert_int_equal(changes(&then, &now, &n_worse), was != is);
			assert_int_equal(n_worse, known && is > was);
		}
	}
}

static void one_more_of_what_is_weak_is_worse_and_one_less_is_not(void **state)
{
	struct host then, now;
	size_t n_worse;

	host_init(&then);
	host_init(&now);
	host_add(&now, 1, "b");
	assert_int_equal(changes(&then, &now, &n_worse), 1);
	assert_int_equal(n_worse, 1);
	assert_int_equal(changes(&now, &then, &n_worse), 0);
	assert_int_equal(n_worse, 0);
}

static void another_value_is_a_change_and_not_worse(void **state)
{
	struct host then, now;
	size_t n_worse;

	host_init(&then);
	host_init(&now);
	host_set(&now, 0, POSTURE_GOOD, "confidentiality");
	assert_int_equal(changes(&then, &now, &n_worse), 1);
	assert_int_equal(n_worse, 0);
	/* how many there are is told by the items, which are the same */
	host_init(&now);
	(void)strcpy(now.findings[1].value, "1 of 3");
	assert_int_equal(changes(&then, &now, &n_worse), 0);
}

static void refused(const char *text)
{
	json_t *found = NULL;
	struct host now;
	size_t n_worse;

	host_init(&now);
	assert_int_equal(baseline_compare(text, strlen(text), &now.posture, &found, &n_worse),
			 BASELINE_E_INVALID);
	assert_null(found);
}

static void what_is_no_earlier_answer_is_refused(void **state)
{
	refused("");
	refused("{}");
	refused("[]");
	refused("{\"checks\": []}");
	refused("{\"checks\": [1]}");
	refused("{\"checks\": [{\"id\": \"lockdown\"}]}");
	refused("{\"checks\": [{\"id\": \"lockdown\", \"status\": \"fine\"}]}");
	refused("{\"checks\": [{\"id\": 1, \"status\": \"good\"}]}");
	refused("{\"checks\": [{\"id\": \"lockdown\", \"status\": \"good\"}], \"checks\": []}");
}

static void what_fails_is_what_is_bad_or_not_good_as_demanded(void **state)
{
	struct posture_demand none = {0}, some = {.ids = "x,lockdown"}, other = {.ids = "lock"};
	struct host host;

	for (int status = POSTURE_GOOD; status < _POSTURE_STATUS_MAX; status++) {
		host_init(&host);
		host_set(&host, 0, status, "");
		assert_int_equal(posture_fails(&none, host.findings), status == POSTURE_BAD);
		assert_int_equal(posture_fails(&some, host.findings), status != POSTURE_GOOD);
		assert_false(posture_fails(&other, host.findings));
	}
}

static void sarif_fails_what_is_weak_and_passes_what_is_good(void **state)
{
	struct host host;
	json_t *json, *results;

	host_init(&host);
	json = posture_sarif(&host.posture);
	assert_non_null(json);
	assert_string_equal(json_string_value(json_object_get(json, "version")), "2.1.0");
	results = json_object_get(json_array_get(json_object_get(json, "runs"), 0), "results");
	assert_int_equal(json_array_size(results), N);
	for (size_t i = 0; i < N; i++) {
		static const char *const kinds[] = {"pass", "fail", "open"};
		json_t *kind = json_object_get(json_array_get(results, i), "kind");

		assert_string_equal(json_string_value(kind), kinds[i]);
	}
	json_decref(json);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_same_host_has_not_changed),
		cmocka_unit_test(each_step_down_is_worse_and_no_step_up),
		cmocka_unit_test(one_more_of_what_is_weak_is_worse_and_one_less_is_not),
		cmocka_unit_test(another_value_is_a_change_and_not_worse),
		cmocka_unit_test(what_is_no_earlier_answer_is_refused),
		cmocka_unit_test(what_fails_is_what_is_bad_or_not_good_as_demanded),
		cmocka_unit_test(sarif_fails_what_is_weak_and_passes_what_is_good),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
