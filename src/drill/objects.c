// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What larger agents are made of beside plain maps: chains of tail calls, maps of maps,
 * redirection, switches, maps that are bound to a program. And what ends with the last that holds
 * it.
 */
#include "probe.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <net/if.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "canary-more.h"
#include "insn.h"

#define FORGED 7

static int map_by_id(const struct target *target, const char *key)
{
	return bpf_map_get_fd_by_id((uint32_t)target_get(target, key));
}

static int set_first(const struct target *target, const char *key, uint32_t value)
{
	uint32_t zero = 0;
	int map = map_by_id(target, key);

	return map < 0 ? -errno : result(bpf_map_update_elem(map, &zero, &value, BPF_ANY));
}

/* ---- the chain */

static int slot_empty(const struct target *target)
{
	uint32_t zero = 0;
	int map = map_by_id(target, "slots");

	return map < 0 ? -errno : result(bpf_map_delete_elem(map, &zero));
}

static int slot_empty_pin(const struct target *target)
{
	uint32_t zero = 0;
	int map = bpf_obj_get(target_pin(target, "slots"));

	return map < 0 ? -errno : result(bpf_map_delete_elem(map, &zero));
}

/* A program of the same kind, which lets through what the canary's would have counted. */
static int slot_replace(const struct target *target)
{
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .expected_attach_type = BPF_CGROUP_INET_EGRESS);
	const struct bpf_insn insns[] = {MOV_IMM(BPF_REG_0, 0), EXIT()};
	int ours = bpf_prog_load(BPF_PROG_TYPE_CGROUP_SKB, "ours", "GPL", insns, 2, &opts);

	return ours < 0 ? setup_failed("our program") : set_first(target, "slots", (uint32_t)ours);
}

/* The pin is the last user's reference: without it the kernel empties the array. */
static int last_user(const struct target *target)
{
	return result(unlink(target_pin(target, "slots")));
}

/* Its fds go with it, and what they alone have held. */
static int last_holder(const struct target *target)
{
	if (unlink(target_pin(target, "link")) < 0)
		return -errno;
	return result(kill((pid_t)target_get(target, "pid"), SIGKILL));
}

/* ---- maps in maps, redirection, switches */

static int nested_replace(const struct target *target)
{
	int ours = bpf_map_create(BPF_MAP_TYPE_ARRAY, "ours", 4, 4, 1, NULL);

	return ours < 0 ? setup_failed("our map") : set_first(target, "outer", (uint32_t)ours);
}

static int nested_write(const struct target *target)
{
	return set_first(target, "inner", FORGED);
}

static int redirect_change(const struct target *target)
{
	unsigned int ours = if_nametoindex("own");

	return ours ? set_first(target, "devices", ours) : setup_failed("interface own");
}

static int redirect_clear(const struct target *target)
{
	uint32_t zero = 0;
	int map = map_by_id(target, "devices");

	return map < 0 ? -errno : result(bpf_map_delete_elem(map, &zero));
}

static int switch_off(const struct target *target)
{
	return set_first(target, "toggle", 0);
}

/* ---- what is bound to one program: by the system call nobody is kept from it */

static int bound_write(const struct target *target)
{
	uint64_t value = FORGED;
	uint32_t zero = 0;
	int map = map_by_id(target, "bound");

	return map < 0 ? -errno : result(bpf_map_update_elem(map, &zero, &value, BPF_ANY));
}

static int no_bound_maps(void)
{
	int map = canary_bound_map();
	int r = map < 0 && (errno == E2BIG || errno == EINVAL) ? ENOENT : 0;

	if (map >= 0)
		close(map);
	return r;
}

/* ---- names */

/* Whoever goes by names takes ours for the canary's, or the canary's for ours. */
static int named_alike(void)
{
	return bpf_map_create(BPF_MAP_TYPE_HASH, "canary_hash", 4, 8, 16, NULL);
}

static int write_alike(int map)
{
	uint64_t value = FORGED;
	uint32_t key = 1;

	return map < 0 ? -errno : result(bpf_map_update_elem(map, &key, &value, BPF_ANY));
}

static int same_name(const struct target *target)
{
	if (named_alike() < 0)
		return setup_failed("our map");
	return write_alike(map_by_id(target, "map"));
}

static int own_of_that_name(const struct target *target)
{
	struct bpf_map_info info = {};
	uint32_t size = sizeof(info);
	int map = named_alike();

	if (map < 0 || bpf_obj_get_info_by_fd(map, &info, &size) < 0)
		return setup_failed("our map");
	return write_alike(bpf_map_get_fd_by_id(info.id));
}

const struct technique objects_techniques[] = {
	{"M05", "slot-empty", "a slot of a program array emptied by id", ENOENT, "M01", NULL, 0,
	 slot_empty},
	{"M05", "slot-pin-empty", "a slot emptied by the array's pin", EPERM, "M01", NULL, 0,
	 slot_empty_pin},
	{"M06", "slot-replace", "another program in the slot", ENOENT, "M01", NULL, 0,
	 slot_replace},
	{"M07", "nested-replace", "another map in a map of maps", ENOENT, "M01", NULL, 0,
	 nested_replace},
	{"M07", "nested-write", "the inner map written by its own id", ENOENT, "M01", NULL, 0,
	 nested_write},
	{"M16", "last-user", "a program array's last user, its pin, unlinked", EPERM, "F01", NULL,
	 0, last_user},
	{"M20", "bound-write", "a map bound to one program, written by id", ENOENT, "M01", NULL, 0,
	 bound_write, own_of_that_name, "its own map by id", no_bound_maps,
	 "bpf(2) makes no map that is bound"},
	{"M22", "redirect-change", "another interface in a devmap", ENOENT, "M01", NULL, 0,
	 redirect_change},
	{"M22", "redirect-clear", "the interface taken from a devmap", ENOENT, "M01", NULL, 0,
	 redirect_clear},
	{"M23", "switch-off", "the switch in its map put to 0", ENOENT, "M01", NULL, 0, switch_off},
	{"A21", "last-holder", "a link's pin unlinked, its holder killed", EPERM, "F01", "F01 A01",
	 0, last_holder},
	{"I18", "same-name", "the canary's map, beside one of its name", ENOENT, "M01", NULL, 0,
	 same_name, own_of_that_name, "its own map of that name by id"},
	{},
};
