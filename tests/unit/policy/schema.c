// SPDX-License-Identifier: LGPL-2.1-or-later
/* The parser's tables and the JSON Schema in policies/ say the same. */

#include <linux/types.h>
#include <string.h>

#include <jansson.h>

#include "base/cleanup.h"
#include "policy/image-check.h"
#include "policy/tree.h"
#include "policy/walk.h"
#include "test.h"

static json_t *load_schema(void)
{
	json_error_t error;
	json_t *schema = json_load_file(SCHEMA, 0, &error);

	if (!schema)
		fail_msg("%s:%d: %s", SCHEMA, error.line, error.text);
	return schema;
}

static void json_freep(json_t **json)
{
	json_decref(*json);
}

static const json_t *definition(const json_t *schema, const char *name)
{
	const json_t *d = json_object_get(json_object_get(schema, "$defs"), name);

	if (!d)
		fail_msg("the schema has no $defs/%s", name);
	return d;
}

static bool array_has(const json_t *array, const char *text)
{
	const json_t *item;
	size_t i;

	json_array_foreach(array, i, item)
	{
		if (strcmp(json_string_value(item), text) == 0)
			return true;
	}
	return false;
}

static const struct walk_key *find_key(const struct walk_table *table, const char *name)
{
	for (size_t i = 0; i < table->n_keys; i++) {
		if (strcmp(table->keys[i].name, name) == 0)
			return &table->keys[i];
	}
	return NULL;
}

static void check_table(const json_t *schema, const struct walk_table *table)
{
	const json_t *d = definition(schema, table->name),
		     *properties = json_object_get(d, "properties");
	const char *name;
	const json_t *property;

	for (size_t i = 0; i < table->n_keys; i++) {
		const struct walk_key *key = &table->keys[i];

		if (!json_object_get(properties, key->name) != key->not_built)
			fail_msg("%s.%s: in the table %s, in the schema the other way", table->name,
				 key->name, key->not_built ? "not built" : "built");
		if (array_has(json_object_get(d, "required"), key->name) != key->required)
			fail_msg("%s.%s: required differs", table->name, key->name);
	}
	json_object_foreach((json_t *)properties, name, property)
	{
		if (!find_key(table, name))
			fail_msg("%s.%s: not in the parser's table", table->name, name);
	}
	assert_true(json_is_false(json_object_get(d, "additionalProperties")));
}

static void the_schema_has_the_keys_that_the_parser_reads(void **state)
{
	_cleanup_(json_freep) json_t *schema = load_schema();
	const struct walk_table *tables;
	size_t n;

	tables = policy_tables(&n);
	assert_int_equal(n, 12);
	for (size_t i = 0; i < n; i++)
		check_table(schema, &tables[i]);
}

static json_int_t number(const json_t *schema, const char *table, const char *key, const char *name)
{
	const json_t *d =
		json_object_get(json_object_get(definition(schema, table), "properties"), key);
	const json_t *value = json_object_get(d, name);

	assert_true(json_is_integer(value));
	return json_integer_value(value);
}

static void the_schema_has_the_limits_that_the_parser_keeps(void **state)
{
	_cleanup_(json_freep) json_t *schema = load_schema();

	assert_int_equal(number(schema, "policy", "domains", "maxItems"), IMAGE_MAX_DOMAINS);
	assert_int_equal(number(schema, "domain", "executables", "maxItems"),
			 IMAGE_MAX_EXECUTABLES);
	assert_int_equal(number(schema, "domain", "libraries", "maxItems"), POLICY_MAX_LIBRARIES);
	assert_int_equal(number(schema, "domain", "pins", "maxItems"), IMAGE_MAX_PINS);
	assert_int_equal(number(schema, "domain", "files", "maxItems"), IMAGE_MAX_OWNED);
	assert_int_equal(number(schema, "admission", "allow", "maxItems"), IMAGE_MAX_ADMISSIONS);
	assert_int_equal(number(schema, "metadata", "version", "maximum"), POLICY_MAX_VERSION);
	assert_int_equal(number(schema, "executable", "size", "maximum"), IMAGE_MAX_FILE);
	assert_int_equal(
		json_integer_value(json_object_get(definition(schema, "path"), "maxLength")),
		IMAGE_PATH_LEN - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_schema_has_the_keys_that_the_parser_reads),
		cmocka_unit_test(the_schema_has_the_limits_that_the_parser_keeps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
