// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A writer that ends at any of its steps, by a kill or with the power: the next one goes on, has
 * all that was durable, and what it signs continues all that was signed.
 */

#include <errno.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "test.h"
#include "world.h"

/* A life with two tails, full and partial tiles, and entries that nothing was signed for. */
static uint64_t live(struct world *world)
{
	uint64_t durable = 0;
	int r;

	world->options.tail = 3000;
	r = world_open(world);
	for (unsigned i = 0; r == 0 && i < 5; i++) {
		struct writer_counts counts;

		world_append(world, 40);
		r = writer_commit(world->writer);
		if (r == 0 && i != 3) {
			world_append(world, 60);
			r = writer_checkpoint(world->writer);
		}
		writer_count(world->writer, &counts);
		durable = counts.durable;
	}
	world_close(world);
	return durable;
}

static void go_on(struct world *world, uint64_t durable)
{
	assert_int_equal(world_open(world), 0);
	if (world->found.size < durable)
		fail_msg("%llu entries of %llu that were durable",
			 (unsigned long long)world->found.size, (unsigned long long)durable);
	assert_false(world->found.unread);
	world_append(world, 30);
	assert_int_equal(writer_checkpoint(world->writer), 0);
	world_check(world, 0);
	world_append(world, 300);
	assert_int_equal(writer_checkpoint(world->writer), 0);
	world_check(world, 0);
}

/* Return: whether the life ended by itself. */
static bool end_at(unsigned at, bool power, uint64_t *seed)
{
	struct world *world = world_new();
	uint64_t durable;
	bool done;

	world->remember = power;
	world->shut_at = at;
	durable = live(world);
	done = world->ops < at;
	world->shut_at = 0;
	world->remember = false;
	if (power)
		world_power_loss(world, seed);
	go_on(world, durable);
	world_free(world);
	return done;
}

static void a_kill_at_any_step_loses_nothing_durable(void **state)
{
	unsigned at = 1;

	while (!end_at(at, false, NULL))
		at++;
	assert_true(at > 100);
}

static void nor_does_the_power_at_any_step(void **state)
{
	uint64_t seed = 1;

	for (unsigned round = 0; round < 4; round++) {
		unsigned at = 1;

		while (!end_at(at, true, &seed))
			at++;
		assert_true(at > 100);
	}
}

/* Crashes of the recovery itself, one after the other. */
static void a_log_survives_a_life_of_crashes(void **state)
{
	struct world *world = world_new();
	uint64_t seed = 7, durable = 0;

	world->options.tail = 2000;
	for (unsigned life = 0; life < 150; life++) {
		int r;

		world->remember = true;
		world->ops = 0;
		world->shut_at = 1 + (unsigned)world_random(&seed, 60);
		r = world_open(world);
		if (r == 0)
			assert_true(world->found.size >= durable);
		while (r == 0) {
			struct writer_counts counts;

			world_append(world, world_random(&seed, 40));
			r = world_random(&seed, 2) ? writer_commit(world->writer)
						   : writer_checkpoint(world->writer);
			writer_count(world->writer, &counts);
			durable = counts.durable;
		}
		world_close(world);
		world_power_loss(world, &seed);
	}
	world->shut_at = 0;
	world->remember = false;
	go_on(world, durable);
	world_free(world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_kill_at_any_step_loses_nothing_durable),
		cmocka_unit_test(nor_does_the_power_at_any_step),
		cmocka_unit_test(a_log_survives_a_life_of_crashes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
