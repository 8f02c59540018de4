// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Loads programs that carry a signature of the kernel's own form: what Debian's bpftool writes into
 * a light skeleton, taken apart by image.sh, and instructions alone. Speaks to bpf(2) by numbers of
 * its own: the build machine's headers are older than the signature. Prints the step that failed
 * and its errno; exits 0 if all was loaded, 1 if something was refused, 3 if that was not by EPERM.
 *
 * usage: signed-load [--key CERT.der]... [--keep PATH] KEYRING program FOLDER
 *        signed-load [--key CERT.der]... [--keep PATH] KEYRING skeleton|loader FOLDER
 *        signed-load [--key CERT.der]... KEYRING run PATH
 *
 * KEYRING: builtin, secondary, platform, session, user, none (no signature), or a serial number
 * FOLDER:  files insns, sig and, of a skeleton, data and hash
 * --key    adds the certificate to a session keyring of its own
 * --keep   pins the program
 * loader:  as 6.18's light skeletons do it, whose signature is of the instructions alone
 */

#include <errno.h>
#include <fcntl.h>
#include <linux/keyctl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

enum {
	MAP_CREATE = 0,
	MAP_UPDATE_ELEM = 2,
	PROG_LOAD = 5,
	OBJ_PIN = 6,
	OBJ_GET = 7,
	PROG_RUN = 10,
	MAP_FREEZE = 22,
	SLEEPABLE = 1 << 4,
	TYPE_SYSCALL = 31,
	TYPE_SOCKET_FILTER = 1,
};

/* As 6.18 and later know it; up to 6.12 all that is beyond their own must be zero. */
struct load_attr {
	uint32_t prog_type, insn_cnt;
	uint64_t insns, license;
	uint32_t log_level, log_size;
	uint64_t log_buf;
	uint32_t kern_version, prog_flags;
	char prog_name[16];
	uint32_t prog_ifindex, expected_attach_type, prog_btf_fd, func_info_rec_size;
	uint64_t func_info;
	uint32_t func_info_cnt, line_info_rec_size;
	uint64_t line_info;
	uint32_t line_info_cnt, attach_btf_id, attach_prog_fd, core_relo_cnt;
	uint64_t fd_array, core_relos;
	uint32_t core_relo_rec_size, log_true_size;
	int32_t prog_token_fd;
	uint32_t fd_array_cnt;
	uint64_t signature;
	uint32_t signature_size;
	int32_t keyring_id;
};

struct create_attr {
	uint32_t map_type, key_size, value_size, max_entries, map_flags, inner_map_fd, numa_node;
	char map_name[16];
	uint32_t map_ifindex, btf_fd, btf_key_type_id, btf_value_type_id, btf_vmlinux_value_type_id;
	uint64_t map_extra;
	int32_t value_type_btf_obj_fd, map_token_fd;
	uint64_t excl_prog_hash;
	uint32_t excl_prog_hash_size, pad0;
};

struct element_attr {
	uint32_t map_fd, pad0;
	uint64_t key, value, flags;
};

struct pin_attr {
	uint64_t pathname;
	uint32_t bpf_fd, file_flags;
};

struct run_attr {
	uint32_t prog_fd, retval, data_size_in, data_size_out;
	uint64_t data_in, data_out;
	uint32_t repeat, duration, ctx_size_in, ctx_size_out;
	uint64_t ctx_in, ctx_out;
};

_Static_assert(sizeof(struct load_attr) == 168, "load_attr layout");
_Static_assert(sizeof(struct create_attr) == 96, "create_attr layout");

/* What a loader is given: struct bpf_loader_ctx, then what it has loaded. */
struct loader_context {
	uint32_t size, flags, log_level, log_size;
	uint64_t log_buf;
	int32_t prog_fd, attach_prog_fd;
};

struct blob {
	void *bytes;
	size_t size;
};

static long bpf(int command, void *attr, size_t size)
{
	return syscall(SYS_bpf, command, attr, size);
}

static int failed(const char *step)
{
	int error = errno;

	printf("%s: %s\n", step, strerror(error));
	return error == EPERM ? 1 : 3;
}

static struct blob file_read(const char *path)
{
	struct blob blob = {.bytes = malloc(1 << 20)};
	int fd;
	ssize_t n;

	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 || !blob.bytes ? -1 : read(fd, blob.bytes, 1 << 20);
	if (n < 0) {
		perror(path);
		exit(2);
	}
	close(fd);
	blob.size = (size_t)n;
	return blob;
}

static struct blob blob_read(const char *folder, const char *name)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	return file_read(path);
}

static void load_attr_fill(struct load_attr *attr, const char *folder, const char *keyring)
{
	static const struct {
		const char *name;
		int id;
	} keyrings[] = {
		{"builtin", 0},
		{"secondary", 1},
		{"platform", 2},
		{"session", KEY_SPEC_SESSION_KEYRING},
		{"user", KEY_SPEC_USER_KEYRING},
	};
	struct blob insns = blob_read(folder, "insns"), signature;

	attr->insns = (uintptr_t)insns.bytes;
	attr->insn_cnt = (uint32_t)insns.size / 8;
	attr->license = (uintptr_t) "GPL";
	if (strcmp(keyring, "none") == 0)
		return;
	signature = blob_read(folder, "sig");
	attr->signature = (uintptr_t)signature.bytes;
	attr->signature_size = (uint32_t)signature.size;
	attr->keyring_id = atoi(keyring);
	for (size_t i = 0; i < sizeof(keyrings) / sizeof(*keyrings); i++) {
		if (strcmp(keyring, keyrings[i].name) == 0)
			attr->keyring_id = keyrings[i].id;
	}
}

static long load(struct load_attr *attr)
{
	/* kernels without it take the shorter form only as long as the rest is zero */
	return bpf(PROG_LOAD, attr, sizeof(*attr));
}

static int keep(long fd, const char *path)
{
	struct pin_attr attr = {.pathname = (uintptr_t)path, .bpf_fd = (uint32_t)fd};

	return path && bpf(OBJ_PIN, &attr, sizeof(attr)) < 0 ? failed("pin") : 0;
}

static int program(const char *folder, const char *keyring, const char *kept)
{
	struct load_attr attr = {.prog_type = TYPE_SOCKET_FILTER};
	long fd;

	load_attr_fill(&attr, folder, keyring);
	fd = load(&attr);
	return fd < 0 ? failed("load") : keep(fd, kept);
}

static int run(long fd)
{
	struct loader_context context = {.size = sizeof(context)};
	struct run_attr attr = {
		.prog_fd = (uint32_t)fd,
		.ctx_in = (uintptr_t)&context,
		.ctx_size_in = sizeof(context),
	};

	if (bpf(PROG_RUN, &attr, sizeof(attr)) < 0)
		return failed("run");
	errno = -(int)attr.retval;
	return (int)attr.retval < 0 ? failed("inner") : 0;
}

static int run_pinned(const char *path)
{
	struct pin_attr attr = {.pathname = (uintptr_t)path};
	long fd = bpf(OBJ_GET, &attr, sizeof(attr));

	return fd < 0 ? failed("get") : run(fd);
}

static long metadata(const char *folder, bool exclusive)
{
	struct blob data = blob_read(folder, "data"), hash = blob_read(folder, "hash");
	struct create_attr attr = {
		.map_type = 2,
		.key_size = 4,
		.value_size = (uint32_t)data.size,
		.max_entries = 1,
		.map_name = "__loader.map",
	};
	uint32_t key = 0;
	struct element_attr element = {.key = (uintptr_t)&key, .value = (uintptr_t)data.bytes};
	long fd;

	if (exclusive) {
		attr.excl_prog_hash = (uintptr_t)hash.bytes;
		attr.excl_prog_hash_size = (uint32_t)hash.size;
	}
	fd = bpf(MAP_CREATE, &attr, sizeof(attr));
	if (fd < 0)
		return fd;
	element.map_fd = (uint32_t)fd;
	if (bpf(MAP_UPDATE_ELEM, &element, sizeof(element)) < 0 || bpf(MAP_FREEZE, &element, 4) < 0)
		return -1;
	return fd;
}

static int skeleton(const char *folder, const char *keyring, const char *kept, bool covers_data)
{
	bool sign = strcmp(keyring, "none") != 0;
	struct load_attr attr = {
		.prog_type = TYPE_SYSCALL,
		.prog_flags = SLEEPABLE,
		.prog_name = "__loader.prog",
		.fd_array_cnt = sign && covers_data,
	};
	long map = metadata(folder, sign), fd;
	int32_t maps = (int32_t)map;

	if (map < 0)
		return failed("metadata");
	load_attr_fill(&attr, folder, keyring);
	attr.fd_array = (uintptr_t)&maps;
	fd = load(&attr);
	if (fd < 0)
		return failed("loader");
	return keep(fd, kept) || run(fd);
}

static int key_add(const char *path)
{
	struct blob key = file_read(path);

	if (syscall(SYS_add_key, "asymmetric", path, key.bytes, key.size,
		    KEY_SPEC_SESSION_KEYRING) < 0)
		return failed("key");
	return 0;
}

int main(int argc, char **argv)
{
	const char *kept = NULL;
	int i = 1;

	if (syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL) < 0)
		return failed("keyring");
	for (; i + 1 < argc && strncmp(argv[i], "--", 2) == 0; i += 2) {
		if (strcmp(argv[i], "--keep") == 0)
			kept = argv[i + 1];
		else if (key_add(argv[i + 1]))
			return 2;
	}
	if (argc - i != 3)
		return 2;
	if (strcmp(argv[i + 1], "program") == 0)
		return program(argv[i + 2], argv[i], kept);
	if (strcmp(argv[i + 1], "skeleton") == 0)
		return skeleton(argv[i + 2], argv[i], kept, true);
	if (strcmp(argv[i + 1], "loader") == 0)
		return skeleton(argv[i + 2], argv[i], kept, false);
	return strcmp(argv[i + 1], "run") == 0 ? run_pinned(argv[i + 2]) : 2;
}
