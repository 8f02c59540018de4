// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Links, and what is attached at cgroups without one.
 */
#include "probe.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "insn.h"

/* A program of ours for the canary's place. */
static int our_program(enum bpf_attach_type type)
{
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .expected_attach_type = type);
	const struct bpf_insn insns[] = {MOV_IMM(BPF_REG_0, 1), EXIT()};

	return bpf_prog_load(type == BPF_CGROUP_INET_SOCK_CREATE ? BPF_PROG_TYPE_CGROUP_SOCK
								 : BPF_PROG_TYPE_CGROUP_SKB,
			     "ours", "GPL", insns, 2, &opts);
}

static int link_by_id(const struct target *target)
{
	return bpf_link_get_fd_by_id((uint32_t)target_get(target, "link"));
}

static int update(const struct target *target)
{
	int ours = our_program(BPF_CGROUP_INET_EGRESS), link;

	if (ours < 0)
		return setup_failed("our program");
	link = link_by_id(target);
	return link < 0 ? -errno : result(bpf_link_update(link, ours, NULL));
}

static int update_from_pin(const struct target *target)
{
	int ours = our_program(BPF_CGROUP_INET_EGRESS), link;

	if (ours < 0)
		return setup_failed("our program");
	link = bpf_obj_get(target_pin(target, "link"));
	return link < 0 ? -errno : result(bpf_link_update(link, ours, NULL));
}

static int detach(const struct target *target)
{
	int link = link_by_id(target);

	return link < 0 ? -errno : result(bpf_link_detach(link));
}

static int detach_from_pin(const struct target *target)
{
	int link = bpf_obj_get(target_pin(target, "link"));

	return link < 0 ? -errno : result(bpf_link_detach(link));
}

static int detach_program(const struct target *target)
{
	int cgroup = target_cgroup(target, "");

	if (cgroup < 0)
		return setup_failed("cgroup");
	return result(bpf_prog_detach(cgroup, (enum bpf_attach_type)target_get(target, "type")));
}

static int attach_over(const struct target *target, const char *sub, uint32_t flags)
{
	enum bpf_attach_type type = (enum bpf_attach_type)target_get(target, "type");
	int cgroup = target_cgroup(target, sub), ours = our_program(type);

	if (cgroup < 0 || ours < 0)
		return setup_failed("cgroup or program");
	return result(bpf_prog_attach(ours, cgroup, type, flags));
}

static int replace(const struct target *target)
{
	return attach_over(target, "", BPF_F_ALLOW_OVERRIDE);
}

static int override(const struct target *target)
{
	return attach_over(target, "/child", BPF_F_ALLOW_OVERRIDE);
}

/* Beside the others, at a cgroup of ours, of the very type that the canary uses. */
static int attach_beside(const struct target *target)
{
	static const char path[] = "/sys/fs/cgroup/beside.objects";
	int ours = our_program(BPF_CGROUP_INET_INGRESS), cgroup, r;

	if (mkdir(path, 0755) < 0 && errno != EEXIST)
		return setup_failed(path);
	cgroup = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (cgroup < 0 || ours < 0)
		return setup_failed("cgroup or program");
	r = result(bpf_prog_attach(ours, cgroup, BPF_CGROUP_INET_INGRESS, BPF_F_ALLOW_MULTI));
	close(cgroup);
	(void)rmdir(path);
	return r;
}

/* Ours by id and by pin: taking a link that is nobody's must not have become harder. */
static int own_link(const struct target *target)
{
	static const char path[] = "/sys/fs/cgroup/own.objects";
	int ours = our_program(BPF_CGROUP_INET_EGRESS), cgroup, link;

	if (mkdir(path, 0755) < 0 && errno != EEXIST)
		return setup_failed(path);
	cgroup = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (cgroup < 0 || ours < 0)
		return setup_failed("cgroup or program");
	link = bpf_link_create(ours, cgroup, BPF_CGROUP_INET_EGRESS, NULL);
	if (link < 0)
		return -errno;
	(void)unlink("/sys/fs/bpf/own-link");
	if (bpf_obj_pin(link, "/sys/fs/bpf/own-link") < 0)
		return -errno;
	close(link);
	link = bpf_obj_get("/sys/fs/bpf/own-link");
	if (link < 0)
		return -errno;
	if (unlink("/sys/fs/bpf/own-link") < 0)
		return -errno;
	return result(bpf_link_detach(link));
}

const struct technique links_techniques[] = {
	{"L01", "link-update", "BPF_LINK_UPDATE by id", ENOENT, "L02", NULL, 0, update},
	{"L01", "link-pin-update", "BPF_LINK_UPDATE from the pin", EPERM, "L03", NULL, 0,
	 update_from_pin},
	{"L02", "link-detach", "BPF_LINK_DETACH by id", ENOENT, "L02", NULL, 0, detach},
	{"L03", "link-pin-detach", "link fd from its pin, detached", EPERM, "L03", NULL, 0,
	 detach_from_pin, own_link, "its own link made, pinned, opened, detached"},
	{"L04", "prog-detach", "BPF_PROG_DETACH at the cgroup", EPERM, "L04", NULL, 0,
	 detach_program},
	{"L05", "prog-replace", "BPF_PROG_ATTACH over the cgroup's", EPERM, "L05", NULL, 0,
	 replace},
	{"L05", "prog-override", "BPF_PROG_ATTACH in the child cgroup", EPERM, "L05", NULL, 0,
	 override, attach_beside, "ALLOW_MULTI at its own cgroup, the type a domain's"},
	{},
};
