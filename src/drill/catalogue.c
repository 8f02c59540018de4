// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Every known way to neutralise security logic in BPF, one row each. An id is for good: events,
 * tests and reports go by it.
 */
#include "catalogue.h"

#include <string.h>

static const struct catalogue_row rows[] = {
	{"M01", "S", "write a value into somebody's map, reached by its id"},
	{"M02", "S", "delete or pop entries of somebody's map"},
	{"M03", "S", "write or delete many entries with one command"},
	{"M04", "S", "open a map from its pin"},
	{"M05", "S", "empty a slot of a program array"},
	{"M06", "S", "put a program of one's own into a program array"},
	{"M07", "S", "exchange the inner map of a map of maps"},
	{"M08", "S", "map a map's memory writable"},
	{"M09", "D", "keep a writable fd or mapping from before the guard"},
	{"M10", "S", "move the consumer's position of a ring buffer"},
	{"M11", "S", "empty or redirect a perf event array"},
	{"M12", "S", "write a map from a program that was loaded with it"},
	{"M13", "S", "write a map through an iterator over its elements"},
	{"M14", "S", "call bpf(2) from inside a BPF program"},
	{"M15", "S", "freeze somebody's map for good"},
	{"M16", "S*", "let the last user reference of a map go"},
	{"M17", "D", "fill a map until entries are lost"},
	{"M18", "S*", "take the memory for BPF from the agent's cgroup"},
	{"M19", "S*", "have labels forgotten with the inodes that hold them"},
	{"M20", "S", "get around a map's binding to one program"},
	{"M21", "S", "make a pin or map where the agent will look for its own"},
	{"M22", "S", "rewrite a map that redirects packets or sockets"},
	{"M23", "S", "turn a tool off by the switch in its own map"},
	{"P01", "S", "replace a function of a loaded program (EXT)"},
	{"P02", "S", "choose another target for a replacement when it is linked"},
	{"P03", "S", "trace the entry or exit of another BPF program"},
	{"P04", "S", "modify the result of a security hook of bpf(2) to a positive number"},
	{"P05", "S", "add an LSM program that answers with a positive number"},
	{"P06", "S", "add an LSM program that refuses the agent everything"},
	{"P07", "S", "rewrite instructions while they are being loaded"},
	{"P08", "S", "override what the agent's system calls return"},
	{"P09", "S", "rewrite what the agent reads, in its own memory"},
	{"P10", "S", "rewrite a path before the security hook sees it"},
	{"P11", "S", "send signals from a BPF program"},
	{"P12", "S", "run the agent's program with a forged input"},
	{"P13", "S", "attach the agent's program somewhere else"},
	{"P14", "S", "change registers of the agent from a uprobe"},
	{"P15", "S*", "put uprobes on the agent's code"},
	{"P16", "S*", "hide BPF objects from those who list them"},
	{"P17", "D", "have a program skipped because it is running already"},
	{"P18", "D", "use up the instances of a return probe"},
	{"P19", "S", "use up the places where programs attach"},
	{"P20", "S*", "exploit the verifier or the JIT"},
	{"P21", "S", "use a destructive helper or kfunc against the agent"},
	{"P22", "S", "starve the agent by a scheduler in BPF"},
	{"P23", "S*", "filter the agent's reports on the network"},
	{"P24", "S", "misuse a keyring of signed programs"},
	{"L01", "S", "exchange the program of a link"},
	{"L02", "S", "detach a link"},
	{"L03", "S", "get a link's fd from its pin"},
	{"L04", "S", "detach a program by its type"},
	{"L05", "S", "override or replace a program at a cgroup"},
	{"L06", "S*", "move a task out of the cgroup that is watched"},
	{"L07", "D", "remove the cgroup that programs are attached to"},
	{"L08", "S", "take XDP off an interface or exchange it by netlink"},
	{"L09", "S*", "remove the interface or the network namespace"},
	{"L10", "S", "delete a tc filter or qdisc"},
	{"L11", "S", "come before the agent's program at tc"},
	{"L12", "S", "disable or rebind a perf event"},
	{"L13", "S", "remove a probe event by tracefs"},
	{"L14", "S", "disarm all kprobes at once"},
	{"L15", "S", "switch off ftrace, and with it every LSM program"},
	{"L16", "-", "switch off tracing in tracefs (does not stop BPF)"},
	{"L17", "-", "switch off the optimization of kprobes (does not stop BPF)"},
	{"L18", "S*", "unload the module that is traced"},
	{"L19", "S", "take a processor offline"},
	{"L20", "D", "lose links with their network namespace"},
	{"L21", "S", "disable or replace a live patch"},
	{"F01", "S", "unlink pins"},
	{"F02", "S", "rename, exchange, link over pins"},
	{"F03", "S", "unmount the bpffs"},
	{"F04", "S*", "end the mount namespace that holds the bpffs"},
	{"F05", "S", "remove a mount's folder from another mount namespace"},
	{"F06", "S", "mount over the pins, or another bpffs in their place"},
	{"F07", "S", "change mode, owner or attributes of a pin or file"},
	{"F08", "D", "remount what the agent needs read-only"},
	{"F09", "S*", "put the agent into another root"},
	{"F10", "S", "bind a forged file over what the kernel tells of itself"},
	{"F11", "S", "bind another file over the agent's executable or policy"},
	{"F12", "S*", "change the agent's files on the disk"},
	{"F13", "S*", "write to the block device below a filesystem"},
	{"F14", "S", "delegate BPF by a token"},
	{"I01", "S", "copy an fd out of the agent"},
	{"I02", "S", "trace the agent, or read and write its memory"},
	{"I03", "S", "have an fd handed over"},
	{"I04", "S", "inherit fds or the label"},
	{"I05", "-", "open an fd again through /proc (the kernel refuses it)"},
	{"I06", "S", "exchange an fd between check and use"},
	{"I07", "S", "change arguments between check and use"},
	{"I08", "S", "take over a process id that was trusted"},
	{"I09", "S", "have the name or the path of the agent"},
	{"I10", "S", "pretend another executable"},
	{"I11", "S", "put a library into the agent"},
	{"I12", "S*", "have a trusted tool do it"},
	{"I13", "S", "join the agent's cgroup or namespaces"},
	{"I14", "S*", "have a kernel thread do it"},
	{"I15", "S", "have a worker of io_uring do it"},
	{"I16", "S", "have binfmt_misc or a script line run something else"},
	{"I17", "S", "trace the agent from its birth"},
	{"I18", "S", "have a name that a list of objects goes by"},
	{"I19", "S", "ask the agent to stop at its own socket"},
	{"I20", "S", "call bpf(2) the 32-bit way"},
	{"I21", "S", "set a flag within the command of bpf(2)"},
	{"A01", "S", "send a signal to the agent"},
	{"A02", "T", "kill a whole cgroup"},
	{"A03", "T", "freeze a cgroup"},
	{"A04", "T", "kill by sysrq"},
	{"A05", "T", "point the OOM killer at the agent"},
	{"A06", "S", "lower the agent's resource limits"},
	{"A07", "S*", "take processor time from the agent"},
	{"A08", "S*", "have the service manager stop it"},
	{"A09", "X", "use the authority of whoever runs the host"},
	{"A10", "D", "have the agent wait for a file of one's own"},
	{"A11", "S", "hold the agent at a file it opens"},
	{"A12", "T", "turn another security module against the agent"},
	{"A13", "T", "tighten the kernel so that the agent cannot start again"},
	{"A14", "T", "inject faults"},
	{"A15", "T", "take the agent's memory offline"},
	{"A16", "T", "suspend the system"},
	{"A17", "S*", "send signals by terminal, owner or parent"},
	{"A18", "S", "close the agent's sockets"},
	{"A19", "S*", "cut the agent's network"},
	{"A20", "D", "fill the disk"},
	{"A21", "S", "drop the last reference that holds the guard"},
	{"T01", "D", "flood the ring"},
	{"T02", "S*", "edit or delete the log"},
	{"T03", "S", "switch audit off"},
	{"T04", "S*", "clear or flood the kernel's log"},
	{"T05", "T", "set the clock"},
	{"T06", "-", "read away the trace pipe"},
	{"T07", "S", "show a tool other arguments than the kernel's"},
	{"T08", "S", "act by io_uring, where tools look at system calls"},
	{"T09", "S*", "forge what events are enriched with"},
	{"T10", "D", "flood the guard's own events"},
	{"K01", "S", "load a module"},
	{"K02", "S*", "load a module that is signed and vulnerable"},
	{"K03", "S", "have the kernel start a helper of one's own"},
	{"K04", "S", "boot another kernel by kexec"},
	{"K05", "S", "write physical memory or ports"},
	{"K06", "S", "write model-specific registers"},
	{"K07", "S", "read kernel memory"},
	{"K08", "S", "come back from a forged hibernation image"},
	{"K09", "S*", "let a device write memory"},
	{"K10", "S", "enter by firmware tables or the kernel's debugger"},
	{"K11", "X", "corrupt kernel memory"},
	{"K12", "X", "have a kernel that lies"},
	{"K13", "T", "change what boots"},
	{"K14", "S*", "boot so that BPF programs of the LSM do nothing"},
	{"K15", "D", "act before the guard is up"},
	{"K16", "T", "reboot for a moment without a guard"},
	{"K17", "S", "weaken the kernel by sysctl"},
	{"K18", "S", "measure what cannot be read"},
};

const struct catalogue_row *catalogue_each(size_t i)
{
	return i < sizeof(rows) / sizeof(rows[0]) ? &rows[i] : NULL;
}

const struct catalogue_row *catalogue_find(const char *id)
{
	const struct catalogue_row *row;

	for (size_t i = 0; (row = catalogue_each(i)); i++)
		if (strcmp(row->id, id) == 0)
			return row;
	return NULL;
}

const char *catalogue_family(const struct catalogue_row *row)
{
	static const struct {
		char letter;
		const char *name;
	} families[] = {
		{'M', "maps"},	   {'P', "programs"}, {'L', "links"},	  {'F', "files"},
		{'I', "identity"}, {'A', "agent"},    {'T', "telemetry"}, {'K', "kernel"},
	};

	for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++)
		if (families[i].letter == row->id[0])
			return families[i].name;
	return "";
}
