// SPDX-License-Identifier: LGPL-2.1-or-later
#include "learn/proc-text.h"

#include <linux/cn_proc.h>
#include <linux/connector.h>
#include <linux/netlink.h>
#include <string.h>

#include "test.h"

#define STAT_TAIL " 1 1 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 4242 100\n"

static void a_name_with_parentheses_does_not_move_the_parent(void **state)
{
	struct proc_stat stat;

	assert_int_equal(proc_read_stat("9 (a) S 1 (b) S 77" STAT_TAIL, &stat), 0);
	assert_int_equal(stat.parent, 77);
	assert_int_equal(stat.start, 4242);
	assert_true(proc_read_stat("9 (a) S x" STAT_TAIL, &stat) < 0);
	assert_true(proc_read_stat("9 (a) S 77 1 1", &stat) < 0);
	assert_true(proc_read_stat("", &stat) < 0);
}

static void the_group_is_that_of_the_unified_hierarchy(void **state)
{
	char both[] = "3:cpu:/other\n0::/system.slice/x.service\n", old[] = "3:cpu:/other\n";

	assert_string_equal(proc_read_cgroup(both), "/system.slice/x.service");
	assert_null(proc_read_cgroup(old));
}

static void mappings_are_read_line_by_line(void **state)
{
	char text[] = "1000-2000 r-xp 00000000 fe:01 77        /usr/bin/a b\n"
		      "no such line\n"
		      "2000-3000 rwxp 00000000 00:00 0 \n"
		      "3000-4000 r-xp 00000000 fe:01 78   /usr/lib/x.so (deleted)";
	struct proc_mapping m;
	char *rest = text;

	assert_true(proc_next_mapping(&rest, &m));
	assert_int_equal(m.start, 0x1000);
	assert_int_equal(m.end, 0x2000);
	assert_true(m.executable && !m.writable && !m.deleted);
	assert_string_equal(m.path, "/usr/bin/a b");
	assert_true(proc_next_mapping(&rest, &m));
	assert_true(m.executable && m.writable);
	assert_string_equal(m.path, "");
	assert_true(proc_next_mapping(&rest, &m));
	assert_true(m.deleted);
	assert_string_equal(m.path, "/usr/lib/x.so");
	assert_false(proc_next_mapping(&rest, &m));
}

static void mounts_of_a_type_are_found_and_unescaped(void **state)
{
	char text[] = "29 22 0:26 / /sys rw shared:7 - sysfs sysfs rw\n"
		      "30 22 0:27 / /sys/fs/bpf rw - bpf bpf rw\n"
		      "31 22 0:28 / /mnt/a\\040b rw shared:1 master:2 - bpf bpf rw\n"
		      "32 22 0:29 / /mnt/c rw - bpffs bpf rw\n";
	char *rest = text;

	assert_string_equal(proc_next_mount(&rest, "bpf"), "/sys/fs/bpf");
	assert_string_equal(proc_next_mount(&rest, "bpf"), "/mnt/a b");
	assert_null(proc_next_mount(&rest, "bpf"));
}

static void fdinfo_tells_object_and_place(void **state)
{
	struct proc_object o;

	proc_read_fdinfo("pos:\t0\nmap_type:\t27\nmap_id:\t7\n", &o);
	assert_int_equal(o.kind, PROC_MAP);
	assert_int_equal(o.id, 7);
	assert_int_equal(o.type, 27);
	proc_read_fdinfo("pos:\t0\nprog_type:\t6\nprog_id:\t9\n", &o);
	assert_int_equal(o.kind, PROC_PROG);
	assert_int_equal(o.id, 9);
	proc_read_fdinfo("pos:\t0\nlink_type:\txdp\nlink_id:\t3\nprog_tag:\t00\nprog_id:\t9\n"
			 "ifindex:\t2\n",
			 &o);
	assert_int_equal(o.kind, PROC_LINK);
	assert_int_equal(o.id, 3);
	assert_int_equal(o.prog_id, 9);
	assert_string_equal(o.details, "link_type xdp, ifindex 2");
	proc_read_fdinfo("pos:\t0\nnot_map_id:\t3\nmap_id:\t4x\n", &o);
	assert_int_equal(o.kind, PROC_NONE);
}

static bool event(uint32_t what, const uint32_t pids[4], struct proc_message *ret)
{
	char data[NLMSG_HDRLEN + sizeof(struct cn_msg) + 32] = {0};
	memcpy(data + NLMSG_HDRLEN + sizeof(struct cn_msg), &what, sizeof(what));
	memcpy(data + sizeof(data) - 16, pids, 16);
	assert_false(proc_read_event(data, sizeof(data) - 1, ret));
	return proc_read_event(data, sizeof(data), ret);
}

static void the_connector_tells_of_processes_not_of_threads(void **state)
{
	struct proc_message m;

	assert_true(event(PROC_EVENT_FORK, (uint32_t[]){10, 11, 12, 12}, &m));
	assert_int_equal(m.what, PROC_FORK);
	assert_int_equal(m.parent, 11);
	assert_int_equal(m.pid, 12);
	assert_false(event(PROC_EVENT_FORK, (uint32_t[]){10, 11, 13, 12}, &m));
	assert_true(event(PROC_EVENT_EXEC, (uint32_t[]){20, 21, 0, 0}, &m));
	assert_int_equal(m.what, PROC_EXEC);
	assert_int_equal(m.pid, 21);
	assert_true(event(PROC_EVENT_EXIT, (uint32_t[]){21, 21, 0, 0}, &m));
	assert_false(event(PROC_EVENT_EXIT, (uint32_t[]){22, 21, 0, 0}, &m));
	assert_false(event(PROC_EVENT_COMM, (uint32_t[]){21, 21, 0, 0}, &m));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_name_with_parentheses_does_not_move_the_parent),
		cmocka_unit_test(the_group_is_that_of_the_unified_hierarchy),
		cmocka_unit_test(mappings_are_read_line_by_line),
		cmocka_unit_test(mounts_of_a_type_are_found_and_unescaped),
		cmocka_unit_test(fdinfo_tells_object_and_place),
		cmocka_unit_test(the_connector_tells_of_processes_not_of_threads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
