// SPDX-License-Identifier: LGPL-2.1-or-later
/* See array.h. Pure: touches nothing but the array it is given. */

#include "base/array.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"

int array_grow(void *items, size_t n_items, size_t item_size)
{
	void **array = items;
	size_t bytes, used;
	void *grown;

	/* Full exactly when the count is zero or a power of two. */
	if (n_items & (n_items - 1))
		return 0;

	if (!size_mul(n_items ? n_items : 1, 2, &bytes) || !size_mul(bytes, item_size, &bytes))
		return -ENOMEM;

	grown = realloc(*array, bytes);
	if (!grown)
		return -ENOMEM;

	used = n_items * item_size;
	memset((char *)grown + used, 0, bytes - used);
	*array = grown;
	return 0;
}
