// SPDX-License-Identifier: LGPL-2.1-or-later
/* See effects.h. What is missing here counts as writing all that it is given. */

#include "object/effects.h"

#include <linux/bpf.h>

#include "base/size.h"
#include "object/object.h"

#define ARGUMENT(n) (1u << (n))
/* Registers that are no arguments: what they still hold goes nowhere. */
#define AFTER(n) (0x3eu & ~((2u << (n)) - 1))

/* clang-format off */
static const struct effect effects[] = {
	[BPF_FUNC_map_lookup_elem] = {1, USE_READ, true, false, ARGUMENT(2) | AFTER(2)},
	[BPF_FUNC_map_lookup_percpu_elem] = {1, USE_READ, true, false, ARGUMENT(2) | AFTER(3)},
	[BPF_FUNC_map_update_elem] =
		{1, USE_INSERT, false, false, ARGUMENT(2) | ARGUMENT(3) | AFTER(4)},
	[BPF_FUNC_map_delete_elem] = {1, USE_DELETE, false, false, ARGUMENT(2) | AFTER(2)},
	[BPF_FUNC_map_push_elem] = {1, USE_INSERT, false, false, ARGUMENT(2) | AFTER(3)},
	[BPF_FUNC_map_pop_elem] = {1, USE_DELETE, false, false, AFTER(2)},
	[BPF_FUNC_map_peek_elem] = {1, USE_READ, false, false, AFTER(2)},
	[BPF_FUNC_tail_call] = {2, USE_READ, false, false, ARGUMENT(1) | AFTER(3)},
	[BPF_FUNC_perf_event_read] = {1, USE_READ, false, false, AFTER(2)},
	[BPF_FUNC_perf_event_read_value] = {1, USE_READ, false, false, AFTER(4)},
	[BPF_FUNC_perf_event_output] = {2, USE_OUTPUT, false, false, ARGUMENT(1) | ARGUMENT(4)},
	[BPF_FUNC_skb_output] = {2, USE_OUTPUT, false, false, ARGUMENT(1) | ARGUMENT(4)},
	[BPF_FUNC_xdp_output] = {2, USE_OUTPUT, false, false, ARGUMENT(1) | ARGUMENT(4)},
	[BPF_FUNC_get_stackid] = {2, USE_INSERT, false, false, ARGUMENT(1) | AFTER(3)},
	[BPF_FUNC_redirect_map] = {1, USE_READ, false, false, AFTER(3)},
	[BPF_FUNC_sk_redirect_map] = {2, USE_READ, false, false, AFTER(4)},
	[BPF_FUNC_msg_redirect_map] = {2, USE_READ, false, false, AFTER(4)},
	[BPF_FUNC_msg_redirect_hash] = {2, USE_READ, false, false, ARGUMENT(3) | AFTER(4)},
	[BPF_FUNC_sk_redirect_hash] = {2, USE_READ, false, false, ARGUMENT(3) | AFTER(4)},
	[BPF_FUNC_sock_map_update] = {2, USE_INSERT, false, false, ARGUMENT(3) | AFTER(4)},
	[BPF_FUNC_sock_hash_update] = {2, USE_INSERT, false, false, ARGUMENT(3) | AFTER(4)},
	[BPF_FUNC_get_local_storage] = {1, USE_READ, true, false, AFTER(2)},
	[BPF_FUNC_sk_select_reuseport] = {2, USE_READ, false, false, ARGUMENT(3) | AFTER(4)},
	[BPF_FUNC_skb_under_cgroup] = {2, USE_READ, false, false, AFTER(3)},
	[BPF_FUNC_current_task_under_cgroup] = {1, USE_READ, false, false, AFTER(2)},
	[BPF_FUNC_sk_storage_get] = {1, USE_INSERT, true, false, ARGUMENT(3) | AFTER(4)},
	[BPF_FUNC_sk_storage_delete] = {1, USE_DELETE, false, false, AFTER(2)},
	[BPF_FUNC_inode_storage_get] = {1, USE_INSERT, true, false, ARGUMENT(3) | AFTER(4)},
	[BPF_FUNC_inode_storage_delete] = {1, USE_DELETE, false, false, AFTER(2)},
	[BPF_FUNC_task_storage_get] = {1, USE_INSERT, true, false, ARGUMENT(3) | AFTER(4)},
	[BPF_FUNC_task_storage_delete] = {1, USE_DELETE, false, false, AFTER(2)},
	[BPF_FUNC_ringbuf_output] = {1, USE_OUTPUT, false, false, ARGUMENT(2) | AFTER(4)},
	[BPF_FUNC_ringbuf_reserve] = {1, USE_OUTPUT, false, false, AFTER(3)},
	[BPF_FUNC_ringbuf_query] = {1, USE_READ, false, false, AFTER(2)},
	[BPF_FUNC_probe_read] = {0, 0, false, false, ARGUMENT(3) | AFTER(3)},
	[BPF_FUNC_probe_read_user] = {0, 0, false, false, ARGUMENT(3) | AFTER(3)},
	[BPF_FUNC_probe_read_kernel] = {0, 0, false, false, ARGUMENT(3) | AFTER(3)},
	[BPF_FUNC_probe_read_str] = {0, 0, false, false, ARGUMENT(3) | AFTER(3)},
	[BPF_FUNC_probe_read_user_str] = {0, 0, false, false, ARGUMENT(3) | AFTER(3)},
	[BPF_FUNC_probe_read_kernel_str] = {0, 0, false, false, ARGUMENT(3) | AFTER(3)},
	[BPF_FUNC_trace_printk] = {0, 0, false, false, 0x3e},
	[BPF_FUNC_strncmp] = {0, 0, false, false, ARGUMENT(1) | ARGUMENT(3) | AFTER(3)},
	[BPF_FUNC_csum_diff] = {0, 0, false, false, ARGUMENT(1) | ARGUMENT(3)},
	[BPF_FUNC_skb_store_bytes] = {0, 0, false, false, ARGUMENT(3)},
	[BPF_FUNC_ktime_get_ns] = {0, 0, false, false, AFTER(0)},
	[BPF_FUNC_ktime_get_boot_ns] = {0, 0, false, false, AFTER(0)},
	[BPF_FUNC_ktime_get_coarse_ns] = {0, 0, false, false, AFTER(0)},
	[BPF_FUNC_jiffies64] = {0, 0, false, false, AFTER(0)},
	[BPF_FUNC_get_prandom_u32] = {0, 0, false, false, AFTER(0)},
	[BPF_FUNC_get_smp_processor_id] = {0, 0, false, false, AFTER(0)},
	[BPF_FUNC_get_numa_node_id] = {0, 0, false, false, AFTER(0)},
	[BPF_FUNC_get_current_pid_tgid] = {0, 0, false, false, AFTER(0)},
	[BPF_FUNC_get_current_uid_gid] = {0, 0, false, false, AFTER(0)},
	[BPF_FUNC_get_current_cgroup_id] = {0, 0, false, false, AFTER(0)},
	[BPF_FUNC_get_current_task] = {0, 0, false, false, AFTER(0)},
	[BPF_FUNC_get_current_task_btf] = {0, 0, false, false, AFTER(0)},
	[BPF_FUNC_get_current_comm] = {0, 0, false, false, AFTER(2)},
	[BPF_FUNC_get_stack] = {0, 0, false, false, AFTER(4)},
	[BPF_FUNC_xdp_adjust_head] = {0, 0, false, false, AFTER(2)},
	[BPF_FUNC_xdp_adjust_tail] = {0, 0, false, false, AFTER(2)},
	[BPF_FUNC_redirect] = {0, 0, false, false, AFTER(2)},
	[BPF_FUNC_fib_lookup] = {0, 0, false, false, AFTER(4)},
	[BPF_FUNC_loop] = {0, 0, false, true, AFTER(4)},
	[BPF_FUNC_for_each_map_elem] = {0, 0, false, true, AFTER(4)},
	[BPF_FUNC_timer_set_callback] = {0, 0, false, true, AFTER(2)},
	[BPF_FUNC_find_vma] = {0, 0, false, true, 0},
	[BPF_FUNC_user_ringbuf_drain] = {1, USE_READ, false, true, AFTER(4)},
};
/* clang-format on */

struct effect effect_of(uint32_t helper)
{
	return helper < ARRAY_SIZE(effects) ? effects[helper] : (struct effect){0};
}
