#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: LGPL-2.1-or-later
"""
The house rules that a text shows: one row of RULES each, with a sample that keeps the rule and one
that breaks it. A row's function gets a file's name and text and yields (line, what is wrong).
"""

import fnmatch
import re
import sys

from check import Tap, c_code, c_functions, c_line_comments, read, tree_files

SPDX = "SPDX-License-Identifier: LGPL-2.1-or-later"
C = ("*.c", "*.h")
BPF = ("src/bpf/*.c", "src/bpf/*.h")
SOURCE = C + ("*.S", "*.py", "*.sh", "*meson.build", "Makefile", "*meson_options.txt", ".ci/run",
              "tools/guest-shell")
COLUMNS, LINES, FUNCTION_LINES, PARAMETERS = 100, 800, 60, 5


def lines_with(pattern, text, what):
    for match in re.finditer(pattern, text, re.M):
        yield text.count("\n", 0, match.start()) + 1, what % match.group().strip() \
            if "%s" in what else what


def in_code(pattern, what):
    """A pattern that may not occur in the code of a C file, whatever its comments say."""
    return lambda name, text: lines_with(pattern, c_code(text), what)


def license_named(name, text):
    if SPDX not in "\n".join(text.split("\n")[:3]):
        yield 1, "no '%s' in the first three lines" % SPDX


def no_line_comments(name, text):
    for line in c_line_comments(text):
        if not (line == 1 and name.endswith(".c") and text.startswith("// " + SPDX + "\n")):
            yield line, "a comment that runs to the end of the line"


def file_short(name, text):
    n = text.count("\n")
    if n >= LINES:
        yield n, "%d lines, less than %d are allowed" % (n, LINES)


def columns_few(name, text):
    """What is logged is never split, so a line may be as long as the literals in it make it."""
    for number, line in enumerate(text.split("\n"), 1):
        if len(re.sub(r'"(?:\\.|[^"\\])*"', "", line.expandtabs(8))) > COLUMNS:
            yield number, "%d columns, %d are allowed" % (len(line.expandtabs(8)), COLUMNS)


def ends_clean(name, text):
    yield from lines_with(r"[ \t]+$", text, "blanks at the end of the line")
    if text and not text.endswith("\n"):
        yield text.count("\n") + 1, "no newline at the end of the file"
    if text.endswith("\n\n"):
        yield text.count("\n"), "an empty line at the end of the file"


def function_short(name, text):
    for line, function, _, n in c_functions(text):
        if n >= FUNCTION_LINES:
            yield line, "%s() has %d lines, less than %d are allowed" % (function, n,
                                                                       FUNCTION_LINES)


def parameters_few(name, text):
    for line, function, n, _ in c_functions(text):
        if n > PARAMETERS:
            yield line, "%s() has %d parameters, %d are allowed" % (function, n, PARAMETERS)


def included_once(name, text):
    if not re.search(r"^#pragma once$", text, re.M):
        yield 1, "no #pragma once"


def include_order(name, text):
    """Its own header first, in a paragraph of its own, then <theirs>, then "ours"."""
    found = [(text.count("\n", 0, m.start()) + 1, m.group(1))
             for m in re.finditer(r"^#include (\S+)", text, re.M)]
    if len(found) > 1 and found[0][1][0] == '"' and found[0][0] + 1 < found[1][0]:
        found = found[1:]
    ours = None
    for line, header in found:
        if header[0] == '"':
            ours = header
        elif ours:
            yield line, "%s after %s" % (header, ours)


def signatures_without_ret(name, text):
    """A hook's trailing result moved when the hook gained an argument: nobody names it."""
    pattern = r'SEC\("lsm[^"]*"\)\s*int BPF_PROG\([^)]*\bint ret\b'
    yield from lines_with(pattern, text, "an LSM program that names the result so far")


def refusals_told(name, text):
    """Each hook that refuses is in the table of the file's first comment."""
    table = re.search(r"/\*.*?\*/", text, re.DOTALL)
    for match in re.finditer(r'SEC\("(?:lsm(?:\.s)?|fmod_ret)/(\w+)"\)(.*?)^\}', text,
                             re.DOTALL | re.M):
        hook = match.group(1)
        tails = [hook[i:] for i in range(len(hook)) if hook[i] == "_"]
        names = [hook, hook.replace("bprm_", "")] + tails
        if "REFUSED(" in match.group(2) and not any(
                re.search(r"(?<!\w)%s\b" % n, table.group()) for n in names):
            yield (text.count("\n", 0, match.start()) + 1,
                   "%s refuses, and the table at the top does not say with what" % hook)


def layout_asserted(name, text):
    """Each struct that user space and the kernel share has its size written down."""
    for match in re.finditer(r"^struct (\w+) \{", text, re.M):
        if not re.search(r"_Static_assert\(sizeof\(struct %s\) ==" % match.group(1), text):
            yield (text.count("\n", 0, match.start()) + 1,
                   "no _Static_assert of the size of struct %s" % match.group(1))


def shared_plain(name, text):
    code = c_code(text)
    yield from lines_with(r"^\s*enum\b|^\t[^#\n(]*\*\s*\w+;|__packed|packed\)", code, "%s")
    yield from lines_with(r"^\t(?:struct \w+ )?(?:unsigned |signed )?(?:int|long|short|bool|size_t)"
                          r" \w+", code, "a type without a fixed width: %s")


def prototypes_told(name, text):
    """A comment before each prototype of a header, or before the group that it stands in."""
    code = c_code(text)
    for match in re.finditer(r"^(?!static|extern|typedef|#|struct \w+ \{|return)[a-z][\w \*]*?"
                             r"\b(\w+)\(", code, re.M):
        group = text[:match.start()].split("\n\n")[-1]
        if "*/" not in group:
            yield text.count("\n", 0, match.start()) + 1, "nothing explains %s()" % match.group(1)


def fds_closed_on_exec(name, text):
    """Calls that make an fd say what exec does with it; those that cannot are not used."""
    code = c_code(text)
    calls = r"(?<![\w.>])(open|openat|openat2|socket|socketpair|accept4|pipe2|epoll_create1|" \
            r"eventfd|memfd_create|signalfd|timerfd_create|inotify_init1|dup3)\("
    for match in re.finditer(calls, code):
        depth, at = 1, match.end()
        while depth and at < len(code):
            depth += (code[at] == "(") - (code[at] == ")")
            at += 1
        # what becomes standard input and output is meant to stay
        if "CLOEXEC" not in code[match.end():at] and '"/dev/null"' not in text[match.end():at]:
            yield text.count("\n", 0, match.start()) + 1, "%s() without CLOEXEC" % match.group(1)
    yield from lines_with(r"(?<![\w.>])(?:accept|pipe|dup|epoll_create|creat|inotify_init)\(", code,
                          "%s) cannot say CLOEXEC")
    for match in re.finditer(r"(?<!\w)f(?:d|re)?open\([^;]*?, \"([^\"]*)\"\)", text):
        if "fdopen" not in match.group() and "e" not in match.group(1):
            yield text.count("\n", 0, match.start()) + 1, "fopen() without \"e\""


def no_shell_sleep(name, text):
    """Waiting is for an event. A sleep that runs aside is a victim, and may be."""
    text = re.sub(r"^\s*#.*$", "", text, flags=re.M)
    pattern = r"(?:^|[;|(){]|&&|\bdo\b|\bthen\b|\belse\b|!)[ \t]*(?:/bin/|busybox )?sleep [^;|&\n)']*(?=$|;|\||&&|\))"
    yield from lines_with(pattern, text, "'%s' waits for time to pass")


MARKS = "|".join(("TO" + "DO", "FIX" + "ME", "XX" + "X"))

# what, where, where not, how, a sample that keeps it, a sample that breaks it
RULES = (
    ("every source file names its license", SOURCE, (), license_named,
     "// %s\nint a;\n" % SPDX, "int a;\n"),
    ("comments are /* */ but for the SPDX line of a .c file", C, (), no_line_comments,
     "// %s\n/* a // b */\nchar *a = \"//\";\n" % SPDX, "// %s\nint a; // b\n" % SPDX),
    ("a file has less than %d lines" % LINES, SOURCE, (), file_short,
     "a\n" * (LINES - 1), "a\n" * LINES),
    ("a line has at most %d columns" % COLUMNS, SOURCE, (),
     columns_few, "\t" * 12 + "abcd\nlog(\"%s\");\n" % ("a" * 99), "\t" * 12 + "abcde\n"),
    ("lines and files end clean", SOURCE + ("*.list", "*.md", "*.yaml", "*.json"), (), ends_clean,
     "a\n", "a \n"),
    ("a function has less than %d lines" % FUNCTION_LINES, C, (), function_short,
     "int a(void)\n{\n" + "\tb();\n" * 56 + "}\n", "int a(void)\n{\n" + "\tb();\n" * 57 + "}\n"),
    # libmicrohttpd calls back with eight
    ("a function has at most %d parameters" % PARAMETERS, C, ("src/export/serve.c",), parameters_few,
     "int f(int a, int (*b)(int, int), int c,\n      int d, int e)\n{\n\treturn 0;\n}\n",
     "int f(int a, int b, int c,\n      int d, int e, int g)\n{\n\treturn 0;\n}\n"),
    ("a header is included once", ("*.h",), (), included_once, "#pragma once\n", "#ifndef A_H\n"),
    ("\"our\" headers come after <theirs>", ("src/*.c", "tests/*.c"), ("src/bpf/*",), include_order,
     "#include \"sample.h\"\n\n#include <a.h>\n\n#include \"base/b.h\"\n",
     "#include \"base/b.h\"\n#include <a.h>\n"),
    ("each prototype of a header is explained", ("src/*.h",), ("src/bpf/*",), prototypes_told,
     "/**\n * f() - do\n */\nint f(void);\n\nstatic inline int g(void)\n{\n\treturn f();\n}\n",
     "/* do */\n\nint f(void);\n"),
    ("user space has no goto", C, (), in_code(r"\bgoto \w+", "%s"),
     "/* goto a */ return 0;\n", "\tgoto out;\n"),
    ("structs have no typedef", C, ("src/bpf/ktypes.h",), in_code(r"\btypedef\s+(?:struct|union|enum)\b", "%s"),
     "struct a {\n};\n", "typedef struct a {\n} a_t;\n"),
    ("allocations that end the program are not used", C, (),
     in_code(r"\bx(?:malloc|calloc|strdup|realloc)\b|\bOOM\(", "%s"), "malloc(1);\n", "xmalloc(1);\n"),
    ("every fd is closed on exec", ("src/*.c",), ("src/bpf/*",), fds_closed_on_exec,
     "openat(fd, \"a\", O_RDONLY |\n\tO_CLOEXEC);\nfopen(\"a\", \"re\");\nx->open(a);\n",
     "open(\"a\", O_RDONLY);\n"),
    ("no kernel version is compared", ("src/*.c", "src/*.h"), (),
     in_code(r"\bLINUX_VERSION_CODE\b|\bKERNEL_VERSION\b|\bLINUX_KERNEL_VERSION\b|"
             r"linux/version\.h|\buname\(", "%s"), "/* KERNEL_VERSION */\n", "uname(&u);\n"),
    ("kernel memory is read by BTF, never probed", BPF, (),
     in_code(r"\bbpf_probe_read\w*|\bBPF_CORE_READ\w*|\bBPF_PROBE_READ\w*", "%s"),
     "/* no BPF_CORE_READ */ a->b;\n", "BPF_CORE_READ(a, b);\n"),
    ("no program prints to the trace pipe", BPF, (), in_code(r"\bbpf_(?:trace_v?)?printk\b", "%s"),
     "a = \"bpf_printk\";\n", "\tbpf_printk(\"a\");\n"),
    ("no hook names the result so far", ("src/bpf/*.c",), (), signatures_without_ret,
     "SEC(\"fexit/a\")\nint BPF_PROG(a, int ret)\n", "SEC(\"lsm/a\")\nint BPF_PROG(a, int b,\n int ret)\n"),
    ("a hook returns named errnos", ("src/bpf/*.c",), (),
     in_code(r"\breturn -\d+\b|\bREFUSED\((?:-|\d)", "%s"), "return REFUSED(EPERM);\n", "return -1;\n"),
    ("each hook that refuses is in its file's table", ("src/bpf/*.c",), (), refusals_told,
     "/* a_b, _c EPERM */\nSEC(\"lsm/a_c\")\nint BPF_PROG(x)\n{\n\treturn REFUSED(EPERM);\n}\n",
     "/* a_b, _d EPERM */\nSEC(\"lsm/a_c\")\nint BPF_PROG(x)\n{\n\treturn REFUSED(EPERM);\n}\n"),
    ("shared structs have their size written down", ("src/bpf/*-api.h", "src/policy/image.h"), (),
     layout_asserted, "struct a {\n};\n_Static_assert(sizeof(struct a) == 8, \"a\");\n",
     "struct a {\n};\n"),
    ("shared structs hold fixed widths, no pointer, no enum",
     ("src/bpf/*-api.h", "src/policy/image.h"), (), shared_plain,
     "struct a {\n\t__u32 b; /* char *c; */\n};\n", "struct a {\n\tchar *b;\n};\n"),
    ("nothing is left to be done (%s)" % MARKS, ("*",), (),
     lambda name, text: lines_with(r"\b(?:%s)\b" % MARKS, text, "%s"), "mktemp a.XXXXXX\n",
     "/* %s */\n" % MARKS[:4]),
    ("no test in C sleeps", ("tests/*.c", "tests/*.h"), (), in_code(r"(?<!\w)u?sleep\(", "%s"),
     "char *a[] = {\"sleep(1)\"};\n", "\tusleep(1);\n"),
    ("no script waits for time to pass", ("*.sh",), (), no_shell_sleep,
     "sleep 9 &\nrun x -- sleep 9\n# sleep 1\nsleep 60 </dev/null & a=$!\n",
     "while ! a; do sleep 1; done\n"),
)


def matches(name, patterns):
    return any(fnmatch.fnmatchcase(name, p) for p in patterns)


def main():
    tap = Tap()
    files = [f for f in tree_files() if not f.endswith(".patch")]
    for what, where, never, function, good, bad in RULES:
        sample = {"*.h": "src/sample.h", "*.sh": "sample.sh"}.get(where[0], "src/sample.c")
        seen = list(function(sample, bad)) and not list(function(sample, good))
        chosen = [f for f in files if matches(f, where) and not matches(f, never)]
        findings = [] if seen else ["its own samples are not told apart: %r" % (
            list(function(sample, good)) or "the bad one passes")]
        if not chosen:
            findings.append("it applies to no file of the tree")
        for name in chosen:
            findings += ["%s:%d: %s" % (name, line, wrong)
                         for line, wrong in function(name, read(name))]
        tap.clean(what, findings)
    return tap.done()


sys.exit(main())
