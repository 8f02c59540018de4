// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The files that a policy lists for its domains: configuration, units, folders of drop-ins. Each
 * gets its domain as its owner, with all that is in a folder, and each folder that leads there is
 * kept in its place. What is missing, or cannot have an owner, is told and not guarded.
 */

#include "guard/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "guard/mark.h"
#include "policy/image-check.h"

/* Marks that one policy may need, of the LABELS_MAX_FILES that the guard has room for. */
#define OWNED_MAX 4096

_Static_assert(IMAGE_PATH_LEN == GUARD_OWNED_PATH_LEN, "a path of the image fits");
_Static_assert(OWNED_MAX <= LABELS_MAX_FILES / 4, "room for files that were replaced");

/* @path is cut down in place. The last folder first; the root has no name to lose. */
static int ways_mark(struct mark_tree *tree, char *path)
{
	int r = 0;

	for (char *slash = strrchr(path, '/'); !r && slash != path; slash = strrchr(path, '/')) {
		*slash = '\0';
		if (!tree->left)
			return -E2BIG;
		tree->left--;
		r = mark_path(tree->control, path, tree->kind, tree->domain);
	}
	return r;
}

/* A link on the way could lead elsewhere tomorrow. */
static int own(int control, const char *path, uint32_t domain, uint32_t *left)
{
	struct mark_tree tree = {.control = control, .kind = CONTROL_MARK_LISTED, .domain = domain};
	_cleanup_free_ char *real = realpath(path, NULL);
	int r;

	if (!real)
		return -errno;
	if (strcmp(real, path) != 0)
		return -ELOOP;
	tree.left = *left;
	r = mark_tree(&tree, AT_FDCWD, path, 0);
	tree.kind = CONTROL_MARK_WAY;
	/* several domains' files may lie behind it: the strictest mode is that of the guard */
	tree.domain = domain ? DOMAIN_SELF : DOMAIN_NONE;
	r = r ?: ways_mark(&tree, real);
	*left = tree.left;
	return r;
}

/* What is listed no more is anybody's again; it may be gone. */
static void disown(int control, const void *old, const void *image)
{
	const struct image_pin *pins = image_pins(old);

	for (uint32_t i = 0; i < image_header(old)->n_pins; i++) {
		const struct image_pin *now = image_pin_find(image, pins[i].path);
		uint32_t left = OWNED_MAX;

		if (pins[i].kind == IMAGE_PIN_FILE && (!now || now->kind != IMAGE_PIN_FILE))
			(void)own(control, pins[i].path, DOMAIN_NONE, &left);
	}
}

void files_own(int control, const void *image, const void *old, struct guard_owned *ret_owned)
{
	const struct image_pin *pins = image_pins(image);
	struct guard_owned owned = {};
	uint32_t left = OWNED_MAX;

	if (old)
		disown(control, old, image);
	for (uint32_t i = 0; i < image_header(image)->n_pins; i++) {
		int r;

		if (pins[i].kind != IMAGE_PIN_FILE)
			continue;
		r = own(control, pins[i].path, pins[i].domain, &left);
		if (r < 0 && owned.n_failed++ == 0) {
			owned.error = -r;
			(void)strcpy(owned.path, pins[i].path);
		}
	}
	*ret_owned = owned;
}
