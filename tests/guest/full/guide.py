#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""docs/protect-my-agent.md, typed line by line on a Debian with systemd: each command ends well
unless it is to be refused, and says what the page says that it says."""
import os
import re
import shlex
import subprocess

from guest import TOP
from suite import run_suite

PAGE = os.path.join(TOP, "docs/protect-my-agent.md")
PROMPT = "Operator's secret:"
REFUSED = ("Operation not permitted", "Access denied")
# their exit code is an answer
ANSWERS = ("holdfast guard status", "holdfast policy diff ")
UNIT = """[Service]
Type=exec
ExecStart=/usr/sbin/execsnoop
StandardOutput=null
[Install]
WantedBy=multi-user.target
"""
# the agent's next version, and an hour's work of xz left out
REPACK = ("cd /root && dpkg-deb -R /srv/debs/libbpf-tools_*.deb new && "
          "sed -i 's/^Version: .*/&+new/' new/DEBIAN/control && echo >>new/usr/sbin/execsnoop && "
          "dpkg-deb -Znone -b new libbpf-tools_new.deb && rm -r new")
# what is typed before the question does not count
ASKED = ("rm -f asked; (until grep -q secret: asked; do sleep 0.2; done; echo %(secret)s) 2>/dev/null | "
         "script -qefc %(command)s asked | tr -d '\\r'; exit $(sed -n "
         "'s/.*COMMAND_EXIT_CODE=.\\([0-9]*\\).*/\\1/p' asked)")


def steps(path):
    """The page's commands: (line, command, [the lines that it prints])."""
    found = []
    for number, line in enumerate(open(path), 1):
        if not line.startswith("    "):
            continue
        text = line[4:].rstrip("\n")
        if text.startswith("# "):
            found.append((number, text[2:], []))
        else:
            found[-1][2].append(text)
    return found


def says(wanted, out):
    """Are the lines there, in that order? `...` is anything; as a line, any lines."""
    pattern = r"\A"
    for line in wanted:
        if line == "...":
            pattern += r"(?:.*\n)*?"
        else:
            pattern += re.escape(line).replace(r"\.\.\.", ".*").rstrip() + r" *\n"
    return re.match(pattern, out) is not None


def typed(suite, command, wanted, secret):
    """Runs it; at a terminal if it asks for the secret."""
    if command == "reboot":
        suite.guest.reboot(120)
        return 0, ""
    if PROMPT not in wanted:
        return suite.guest.run(command, 180)
    return suite.guest.run(ASKED % {"secret": secret, "command": shlex.quote(command)}, 60)


def main(suite):
    package = subprocess.run([os.path.join(TOP, "dist/deb.sh")], check=True, text=True,
                             stdout=subprocess.PIPE).stdout.strip()
    suite.put({"/root/" + os.path.basename(package): open(os.path.join(TOP, package), "rb"),
               "/etc/systemd/system/execsnoop.service": UNIT})
    suite.need("the agent runs", "systemctl daemon-reload && systemctl enable --now execsnoop")
    suite.need("its next version is at hand", REPACK, deadline=180)
    secret, page = "", steps(PAGE)
    for number, command, wanted in page:
        code, out = typed(suite, command, wanted, secret)
        found = re.search(r"^secret: (\S+)$", out, re.M)
        secret = found.group(1) if found else secret
        refused = any(word in line for line in wanted for word in REFUSED)
        suite.check("line %d: %s" % (number, command),
                    (code != 0) in (refused, command.startswith(ANSWERS)) and
                    says(wanted, out + "\n" * (not out.endswith("\n"))),
                    "exit code %d, said:\n%s\nwanted:\n%s" % (code, out, "\n".join(wanted)))
    suite.check("the page has commands, refusals and prompts",
                len(page) > 20 and any(PROMPT in wanted for _, _, wanted in page))


if __name__ == "__main__":
    run_suite(main)
