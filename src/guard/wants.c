// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Programs that only some policies need: on hooks that all the system passes, for what most
 * policies leave open. They are loaded with the others, so that the verifier has seen them, and
 * attached when a policy comes that needs one; until then their pins keep them.
 */

#include "guard/internal.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "base/cleanup.h"
#include "base/diag.h"
#include "base/size.h"
#include "policy/image-check.h"

#define WANT_SOCKETS 1u /* beside IMAGE_CLOSED_*: a domain that closes its sockets */

static const struct {
	const char *program;
	uint32_t want;
} table[] = {
	{"closed_clock", IMAGE_CLOSED_CLOCK},	   {"closed_ioctl", IMAGE_CLOSED_NETWORK},
	{"closed_ioctl_32", IMAGE_CLOSED_NETWORK}, {"closed_log", IMAGE_CLOSED_LOG},
	{"closed_mark", IMAGE_CLOSED_MARKS},	   {"closed_module", IMAGE_CLOSED_UNLOAD},
	{"closed_tables", IMAGE_CLOSED_NETWORK},   {"closed_uprobe", IMAGE_CLOSED_UPROBES},
	{"sockets_connect", WANT_SOCKETS},	   {"sockets_send", WANT_SOCKETS},
};

uint32_t wants_of(const void *image)
{
	const struct image_header *header = image_header(image);
	const struct image_domain *domains = image_domains(image);
	uint32_t wants = header->switches & IMAGE_CLOSED_ALL;

	for (uint32_t i = 0; i < header->n_domains; i++) {
		if (domains[i].hold & IMAGE_CLOSES_SOCKETS)
			wants |= WANT_SOCKETS;
	}
	return wants;
}

bool wants_program(uint32_t wants, const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		if (!strcmp(table[i].program, name))
			return wants & table[i].want;
	}
	return true;
}

/* Return: 0, also if it is attached already or there is none on this kernel; negative errno. */
static int attach(const char *name)
{
	_cleanup_close_ int program = -EBADF, link = -EBADF;
	char spare[128], path[128];

	(void)snprintf(spare, sizeof(spare), GUARD_PIN_PROGS "/%s", name);
	(void)snprintf(path, sizeof(path), GUARD_PIN_LINKS "/%s", name);
	if (!access(path, F_OK))
		return 0;
	program = bpf_obj_get(spare);
	if (program < 0)
		return errno == ENOENT ? 0 : -errno;
	link = bpf_raw_tracepoint_open(NULL, program);
	if (link < 0 || bpf_obj_pin(link, path))
		return -errno;
	return unlink(spare) ? -errno : 0;
}

int wants_attach(uint32_t wants, struct diag *reterr_diag)
{
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		int r = table[i].want & wants ? attach(table[i].program) : 0;

		if (r < 0) {
			diag_set(
				reterr_diag, NULL, 0, 0,
				"the policy needs the guard's program %s, which cannot be attached "
				"(%s): take the guard down, and up with this policy",
				table[i].program, strerror(-r));
			return r;
		}
	}
	return 0;
}
