/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Objects as no compiler makes them, of those that one has made. */

#include <stdint.h>

struct fixture;

/* bend_many() - opened, with so many maps */
void bend_many(struct fixture *fixture, uint32_t n);

/* of "sealed": struct rule in itself; __u32 of itself; the array in rule of itself */
void bend_struct(struct fixture *fixture);
void bend_typedef(struct fixture *fixture);
void bend_array(struct fixture *fixture);

/* bend_far() - the array in rule is one of rules */
void bend_far(struct fixture *fixture);
