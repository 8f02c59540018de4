// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * An agent as an author would write it, hardened by libholdfast: tasks of this host connect to the
 * IPv4 networks of a list, and to no others, and nobody changes the list once it is in force.
 *
 *	allow-list [--observe] [--pin FOLDER] ADDRESS/LENGTH...
 *
 * With --pin it stays in force when this process ends; FOLDER is in a bpffs and there already.
 */
#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <getopt.h>
#include <holdfast/object.h>
#include <linux/types.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "allow-list.skel.h"

struct prefix {
	__u32 length;
	__u32 address; /* network byte order */
};

static int complain(const char *what, const char *why)
{
	fprintf(stderr, "allow-list: %s: %s\n", what, why);
	return 1;
}

static int prefix_parse(const char *text, struct prefix *ret_prefix)
{
	char address[INET_ADDRSTRLEN + 1], rest;

	if (sscanf(text, "%16[0-9.]/%u%c", address, &ret_prefix->length, &rest) != 2 ||
	    ret_prefix->length > 32 || inet_pton(AF_INET, address, &ret_prefix->address) != 1)
		return -EINVAL;
	return 0;
}

static int fill(int map, char **networks)
{
	const __u8 value = 1;

	for (; *networks; networks++) {
		struct prefix prefix;

		if (prefix_parse(*networks, &prefix))
			return complain(*networks, "no network: write it as 192.0.2.0/24");
		if (bpf_map_update_elem(map, &prefix, &value, BPF_NOEXIST))
			return complain(*networks, strerror(errno));
	}
	return 0;
}

/* From the open object to one that nobody changes. */
static int harden(struct allow_list_bpf *skel, char **networks, const char *folder)
{
	static const struct holdfast_map maps[] = {
		{"allowed", HOLDFAST_MAP_RDONLY_PROG | HOLDFAST_MAP_FREEZE},
		{".data", HOLDFAST_MAP_RDONLY_PROG | HOLDFAST_MAP_FREEZE},
	};
	char why[HOLDFAST_ERROR_LEN] = "";
	struct holdfast_object_opts opts = {
		.size = sizeof(opts),
		.maps = maps,
		.n_maps = sizeof(maps) / sizeof(maps[0]),
		.pin_folder = folder,
		.error = why,
	};
	struct holdfast_link link = {.name = "allow_connect"};

	if (holdfast_object_prepare(skel->obj, &opts))
		return complain("prepare", why);
	if (allow_list_bpf__load(skel))
		return complain("load", strerror(errno));
	if (fill(bpf_map__fd(skel->maps.allowed), networks))
		return 1;
	if (holdfast_object_seal(skel->obj, &opts))
		return complain("seal", why);
	if (allow_list_bpf__attach(skel))
		return complain("attach", strerror(errno));
	link.link = skel->links.allow_connect;
	opts.links = &link;
	opts.n_links = 1;
	if (folder && holdfast_object_pin(skel->obj, &opts))
		return complain("pin", why);
	return 0;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{"observe", no_argument, NULL, 'o'}, {"pin", required_argument, NULL, 'p'}, {}};
	struct allow_list_bpf *skel = allow_list_bpf__open();
	const char *folder = NULL;
	int option, r;

	if (!skel)
		return complain("open", strerror(errno));
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == '?')
			return 2;
		if (option == 'p')
			folder = optarg;
		else
			skel->data->enforce = 0;
	}
	r = harden(skel, argv + optind, folder);
	if (!r) {
		printf("%s %d networks, and nobody changes them\n",
		       skel->data->enforce ? "enforces" : "observes", argc - optind);
		fflush(stdout);
		while (!folder)
			pause();
	}
	allow_list_bpf__destroy(skel);
	return r;
}
