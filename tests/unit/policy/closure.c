// SPDX-License-Identifier: LGPL-2.1-or-later
#include "policy/closure.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "alloc.h"
#include "base/cleanup.h"
#include "base/diag.h"
#include "elf-fixture.h"
#include "policy/root.h"
#include "policy/search.h"
#include "test.h"

#define LD "/lib64/ld-linux-x86-64.so.2"

/* The working folder as a root, with what every test needs. */
struct host {
	struct root *root;
	struct search *search;
	struct closure *closure;
};

static void host_done(struct host *host)
{
	host->closure = closure_free(host->closure);
	host->search = search_free(host->search);
	host->root = root_close(host->root);
}

static void host_init(struct host *host)
{
	elf_fixture_write("lib64/ld-linux-x86-64.so.2",
			  &(struct elf_spec){.soname = "ld-linux-x86-64.so.2"});
	assert_int_equal(root_open(".", &host->root, NULL), 0);
	assert_int_equal(search_new(host->root, &host->search, NULL), 0);
	assert_int_equal(closure_new(host->root, host->search, &host->closure), 0);
}

/* The paths of the closure, sorted as they were found, in one string. */
static void assert_files(struct host *host, const char *path, enum closure_role role,
			 const char *expected)
{
	_cleanup_free_ char *text = NULL;
	struct diag diag = {0};
	size_t size, first;
	FILE *f;

	if (closure_add(host->closure, path, role, &first, &diag))
		fail_msg("%s", diag.text);
	f = open_memstream(&text, &size);
	for (size_t i = first; i < closure_count(host->closure); i++)
		fprintf(f, "%s%s", i > first ? " " : "", closure_get(host->closure, i)->path);
	fclose(f);
	assert_string_equal(text, expected);
}

static void assert_refused(struct host *host, const char *path, enum closure_role role,
			   const char *part)
{
	struct diag diag = {0};
	size_t first;

	assert_int_equal(closure_add(host->closure, path, role, &first, &diag), CLOSURE_E_REFUSED);
	if (!strstr(diag.text, part))
		fail_msg("%s", diag.text);
}

static void libraries_are_found_one_through_the_other(void **state)
{
	_cleanup_(host_done) struct host host = {0};

	elf_fixture_write("bin/x",
			  &(struct elf_spec){.interpreter = LD, .needed = {"liba.so", "libc.so"}});
	elf_fixture_write("usr/lib/liba.so", &(struct elf_spec){.needed = {"libb.so", "libc.so"}});
	elf_fixture_write("lib/libb.so", &(struct elf_spec){.needed = {"liba.so"}});
	elf_fixture_write("lib/x86_64-linux-gnu/libc.so",
			  &(struct elf_spec){.needed = {"ld-linux-x86-64.so.2"}});
	host_init(&host);
	assert_files(
		&host, "/bin/x", CLOSURE_EXECUTABLE,
		"/bin/x /lib64/ld-linux-x86-64.so.2 /usr/lib/liba.so /lib/x86_64-linux-gnu/libc.so"
		" /lib/libb.so");
}

static void a_library_goes_by_its_real_path_and_its_soname(void **state)
{
	_cleanup_(host_done) struct host host = {0};

	elf_fixture_write("bin/x",
			  &(struct elf_spec){.needed = {"liba.so.1", "liba.so", "libb.so"}});
	elf_fixture_write("usr/lib/liba.so.1.2.3", &(struct elf_spec){.soname = "liba.so.1"});
	assert_int_equal(symlink("liba.so.1.2.3", "usr/lib/liba.so.1"), 0);
	assert_int_equal(symlink("/usr/lib/liba.so.1.2.3", "usr/lib/liba.so"), 0);
	elf_fixture_write("usr/lib/libb.so", &(struct elf_spec){.needed = {"liba.so.1"}});
	host_init(&host);
	assert_files(&host, "/bin/x", CLOSURE_EXECUTABLE,
		     "/bin/x /usr/lib/liba.so.1.2.3 /usr/lib/libb.so");
}

static void the_search_goes_in_the_order_of_the_linker(void **state)
{
	static const struct elf_spec plain = {0};
	_cleanup_(host_done) struct host host = {0};

	elf_fixture_write("bin/rpath", &(struct elf_spec){.rpath = "/r", .needed = {"liba.so"}});
	elf_fixture_write("bin/runpath",
			  &(struct elf_spec){.runpath = "/u", .needed = {"liba.so"}});
	elf_fixture_write("bin/conf", &(struct elf_spec){.needed = {"liba.so"}});
	elf_fixture_write("bin/default", &(struct elf_spec){.needed = {"libd.so"}});
	elf_fixture_write("bin/none",
			  &(struct elf_spec){.needed = {"libd.so"}, .flags_1 = DF_1_NODEFLIB});
	elf_fixture_write("bin/noneconf",
			  &(struct elf_spec){.needed = {"liba.so"}, .flags_1 = DF_1_NODEFLIB});
	elf_fixture_write("r/liba.so", &plain);
	elf_fixture_write("u/liba.so", &plain);
	elf_fixture_write("conf/liba.so", &plain);
	elf_fixture_write("usr/lib/liba.so", &plain);
	elf_fixture_write("usr/lib/libd.so", &plain);
	write_file("etc/ld.so.conf", "/conf\n", 6);
	host_init(&host);
	assert_files(&host, "/bin/rpath", CLOSURE_EXECUTABLE, "/bin/rpath /r/liba.so");
	assert_files(&host, "/bin/runpath", CLOSURE_EXECUTABLE, "/bin/runpath /u/liba.so");
	assert_files(&host, "/bin/conf", CLOSURE_EXECUTABLE, "/bin/conf /conf/liba.so");
	assert_files(&host, "/bin/default", CLOSURE_EXECUTABLE, "/bin/default /usr/lib/libd.so");
	assert_refused(&host, "/bin/none", CLOSURE_EXECUTABLE,
		       "/bin/none needs the library \"libd.so\"");
	assert_files(&host, "/bin/noneconf", CLOSURE_EXECUTABLE, "/bin/noneconf /conf/liba.so");
}

static void an_rpath_is_inherited_and_a_runpath_is_not(void **state)
{
	_cleanup_(host_done) struct host host = {0};

	elf_fixture_write("bin/rpath", &(struct elf_spec){.rpath = "/r", .needed = {"liba.so"}});
	elf_fixture_write("bin/runpath",
			  &(struct elf_spec){.runpath = "/r", .needed = {"liba.so"}});
	elf_fixture_write("bin/cut", &(struct elf_spec){.rpath = "/r", .needed = {"libc.so"}});
	elf_fixture_write("r/liba.so", &(struct elf_spec){.needed = {"libb.so"}});
	elf_fixture_write("r/libb.so", &(struct elf_spec){0});
	/* A RUNPATH of its own cuts a library off from the RPATH of what loaded it. */
	elf_fixture_write("r/libc.so",
			  &(struct elf_spec){.runpath = "/none", .needed = {"libb.so"}});
	host_init(&host);
	assert_files(&host, "/bin/rpath", CLOSURE_EXECUTABLE, "/bin/rpath /r/liba.so /r/libb.so");
	assert_refused(&host, "/bin/runpath", CLOSURE_EXECUTABLE,
		       "/r/liba.so needs the library \"libb.so\"");
	assert_refused(&host, "/bin/cut", CLOSURE_EXECUTABLE,
		       "/r/libc.so needs the library \"libb.so\"");
}

static void origin_is_the_folder_of_the_file(void **state)
{
	_cleanup_(host_done) struct host host = {0};

	elf_fixture_write("opt/x/bin/x",
			  &(struct elf_spec){.runpath = "/none:${ORIGIN}/../lib:$LIB/no",
					     .needed = {"liba.so"}});
	elf_fixture_write("opt/x/lib/liba.so",
			  &(struct elf_spec){.rpath = "$ORIGIN/deep", .needed = {"libb.so"}});
	elf_fixture_write("opt/x/lib/deep/libb.so", &(struct elf_spec){0});
	elf_fixture_write("opt/y", &(struct elf_spec){.runpath = "relative::$ORIGINAL",
						      .needed = {"liba.so"}});
	host_init(&host);
	assert_files(&host, "/opt/x/bin/x", CLOSURE_EXECUTABLE,
		     "/opt/x/bin/x /opt/x/lib/liba.so /opt/x/lib/deep/libb.so");
	assert_refused(&host, "/opt/y", CLOSURE_EXECUTABLE, "not found");
}

static void variants_for_better_processors_are_all_taken(void **state)
{
	_cleanup_(host_done) struct host host = {0};

	elf_fixture_write("bin/x", &(struct elf_spec){.needed = {"liba.so"}});
	elf_fixture_write("usr/lib/liba.so", &(struct elf_spec){.salt = "1"});
	elf_fixture_write("usr/lib/glibc-hwcaps/x86-64-v3/liba.so",
			  &(struct elf_spec){.salt = "3"});
	elf_fixture_write("usr/lib/glibc-hwcaps/x86-64-v2/liba.so",
			  &(struct elf_spec){.salt = "2"});
	host_init(&host);
	assert_files(&host, "/bin/x", CLOSURE_EXECUTABLE,
		     "/bin/x /usr/lib/glibc-hwcaps/x86-64-v3/liba.so"
		     " /usr/lib/glibc-hwcaps/x86-64-v2/liba.so /usr/lib/liba.so");
}

static void files_of_another_machine_or_no_elf_are_passed_over(void **state)
{
	_cleanup_(host_done) struct host host = {0};

	elf_fixture_write("bin/x", &(struct elf_spec){.needed = {"liba.so"}});
	write_file("lib64/liba.so", "GROUP ( liba.so.1 )\n", 20);
	elf_fixture_write("usr/lib64/liba.so", &(struct elf_spec){.machine = EM_AARCH64});
	elf_fixture_write("usr/lib/liba.so", &(struct elf_spec){0});
	host_init(&host);
	assert_files(&host, "/bin/x", CLOSURE_EXECUTABLE, "/bin/x /usr/lib/liba.so");
}

static void a_name_with_a_slash_is_a_path(void **state)
{
	_cleanup_(host_done) struct host host = {0};

	elf_fixture_write("bin/x", &(struct elf_spec){.needed = {"/opt/liba.so"}});
	elf_fixture_write("bin/y", &(struct elf_spec){.needed = {"./liba.so"}});
	elf_fixture_write("bin/z", &(struct elf_spec){.needed = {"$ORIGIN/../opt/liba.so"}});
	elf_fixture_write("opt/liba.so", &(struct elf_spec){0});
	host_init(&host);
	assert_files(&host, "/bin/x", CLOSURE_EXECUTABLE, "/bin/x /opt/liba.so");
	assert_files(&host, "/bin/z", CLOSURE_EXECUTABLE, "/bin/z /opt/liba.so");
	assert_refused(&host, "/bin/y", CLOSURE_EXECUTABLE,
		       "/bin/y needs \"./liba.so\", which is relative");
}

static void a_plugin_may_count_on_its_program_but_not_the_other_way(void **state)
{
	_cleanup_(host_done) struct host host = {0};

	elf_fixture_write("bin/x", &(struct elf_spec){.rpath = "/r", .needed = {"liba.so"}});
	elf_fixture_write("bin/y", &(struct elf_spec){.needed = {"liba.so"}});
	elf_fixture_write("plugin.so", &(struct elf_spec){.needed = {"liba.so", "libb.so"}});
	elf_fixture_write("r/liba.so", &(struct elf_spec){.soname = "liba.so"});
	elf_fixture_write("lib/libb.so", &(struct elf_spec){0});
	assert_int_equal(symlink("plugin.so", "plugin"), 0);
	host_init(&host);
	assert_refused(&host, "/plugin.so", CLOSURE_LIBRARY,
		       "/plugin.so needs the library \"liba.so\"");
	assert_files(&host, "/bin/x", CLOSURE_EXECUTABLE, "/bin/x /r/liba.so");
	assert_files(&host, "/plugin", CLOSURE_LIBRARY, "/plugin.so /lib/libb.so");
	assert_refused(&host, "/bin/y", CLOSURE_EXECUTABLE, "/bin/y needs the library \"liba.so\"");
}

static void what_cannot_be_an_executable_gives_one_clear_error(void **state)
{
	_cleanup_(host_done) struct host host = {0};
	_Alignas(8) char data[ELF_FIXTURE_SIZE];

	write_file("script", "#!/bin/sh\n", 10);
	write_file("text", "hello\n", 6);
	elf_fixture(&(struct elf_spec){0}, data);
	data[EI_CLASS] = ELFCLASS32;
	write_file("class", data, sizeof(data));
	elf_fixture_write("object", &(struct elf_spec){.type = ET_REL});
	elf_fixture_write("x", &(struct elf_spec){.interpreter = "/lib/none"});
	elf_fixture_write("y", &(struct elf_spec){.interpreter = "ld.so"});
	assert_int_equal(symlink("x", "link"), 0);
	host_init(&host);
	assert_refused(&host, "/script", CLOSURE_EXECUTABLE,
		       "/script is a script: a label goes by the ELF");
	assert_refused(&host, "/text", CLOSURE_EXECUTABLE, "/text is not an ELF file");
	assert_refused(&host, "/class", CLOSURE_EXECUTABLE,
		       "/class is not a 64-bit little-endian ELF");
	assert_refused(&host, "/object", CLOSURE_EXECUTABLE,
		       "neither an executable nor a shared library");
	assert_refused(&host, "/x", CLOSURE_EXECUTABLE, "/x needs the interpreter /lib/none");
	assert_refused(&host, "/y", CLOSURE_EXECUTABLE, "/y has a relative interpreter");
	assert_refused(&host, "/link", CLOSURE_EXECUTABLE, "/link is a symlink to \"x\"");
	assert_refused(&host, "/none", CLOSURE_EXECUTABLE, "/none does not exist");
	assert_refused(&host, "/lib64", CLOSURE_EXECUTABLE, "/lib64 is a directory");
}

static void a_malformed_library_is_an_error_and_not_a_miss(void **state)
{
	_cleanup_(host_done) struct host host = {0};
	_Alignas(8) char data[ELF_FIXTURE_SIZE];

	elf_fixture_write("bin/x", &(struct elf_spec){.needed = {"liba.so"}});
	elf_fixture(&(struct elf_spec){0}, data);
	((Elf64_Ehdr *)data)->e_phoff = 1 << 20;
	write_file("lib/liba.so", data, sizeof(data));
	host_init(&host);
	assert_refused(&host, "/bin/x", CLOSURE_EXECUTABLE, "/lib/liba.so is a malformed ELF file");
}

/* A chain of n libraries, each needing the next. */
static void write_chain(size_t n)
{
	elf_fixture_write("bin/x", &(struct elf_spec){.needed = {"lib0.so"}});
	for (size_t i = 0; i < n; i++) {
		char path[64], next[64];

		(void)snprintf(path, sizeof(path), "lib/lib%zu.so", i);
		(void)snprintf(next, sizeof(next), "lib%zu.so", i + 1);
		elf_fixture_write(path, &(struct elf_spec){.needed = {i + 1 < n ? next : NULL}});
	}
}

static void a_closure_has_a_limit(void **state)
{
	_cleanup_(host_done) struct host host = {0};
	size_t first;

	write_chain(CLOSURE_MAX_FILES - 1);
	host_init(&host);
	assert_int_equal(closure_add(host.closure, "/bin/x", CLOSURE_EXECUTABLE, &first, NULL), 0);
	assert_int_equal(closure_count(host.closure), CLOSURE_MAX_FILES);
	host_done(&host);

	write_chain(CLOSURE_MAX_FILES);
	host_init(&host);
	assert_refused(&host, "/bin/x", CLOSURE_EXECUTABLE,
		       "/bin/x needs more than 1024 libraries");
}

static int add_and_free(void *host)
{
	_cleanup_(closure_freep) struct closure *closure = NULL;
	struct host *h = host;
	size_t first;
	int r;

	r = closure_new(h->root, h->search, &closure);
	return r ? r : closure_add(closure, "/bin/x", CLOSURE_EXECUTABLE, &first, NULL);
}

static void running_out_of_memory_leaves_nothing_behind(void **state)
{
	_cleanup_(host_done) struct host host = {0};

	elf_fixture_write("bin/x", &(struct elf_spec){.interpreter = LD,
						      .runpath = "$ORIGIN/../r",
						      .needed = {"liba.so", "libb.so"}});
	elf_fixture_write("r/liba.so", &(struct elf_spec){.rpath = "/q", .needed = {"libc.so"}});
	elf_fixture_write("lib/libb.so", &(struct elf_spec){.soname = "libb.so"});
	elf_fixture_write("q/libc.so", &(struct elf_spec){0});
	host_init(&host);
	alloc_check(add_and_free, &host);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		in_folder(libraries_are_found_one_through_the_other),
		in_folder(a_library_goes_by_its_real_path_and_its_soname),
		in_folder(the_search_goes_in_the_order_of_the_linker),
		in_folder(an_rpath_is_inherited_and_a_runpath_is_not),
		in_folder(origin_is_the_folder_of_the_file),
		in_folder(variants_for_better_processors_are_all_taken),
		in_folder(files_of_another_machine_or_no_elf_are_passed_over),
		in_folder(a_name_with_a_slash_is_a_path),
		in_folder(a_plugin_may_count_on_its_program_but_not_the_other_way),
		in_folder(what_cannot_be_an_executable_gives_one_clear_error),
		in_folder(a_malformed_library_is_an_error_and_not_a_miss),
		in_folder(a_closure_has_a_limit),
		in_folder(running_out_of_memory_leaves_nothing_behind),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
