# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the suites of the full guest share: one disk and one guest each, and TAP.

A suite is a script NAME.py whose main(suite) is given to run_suite(); tests/run.sh starts it as
NAME.py --kernel K --profile P --log FILE.
"""
import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import traceback

from guest import BUILD, TOP, Guest, GuestError, Splat

DEADLINE = 180 # seconds of a command: update-grub took more than 60 where others had the machine


class Suite:
    def __init__(self, args, folder):
        self.folder, self.failed = folder, False
        self.profile = args.profile
        self.guest = Guest(args.kernel, os.path.join(folder, "disk.qcow2"), args.profile,
                           fresh=True, log=args.log)

    def check(self, name, passed, said=""):
        print("%s - %s" % ("ok" if passed else "not ok", name), flush=True)
        if not passed:
            self.failed = True
            for line in str(said).splitlines()[-40:]:
                print("# " + line, flush=True)
        return passed

    def command(self, name, command, says="", code=0, deadline=DEADLINE):
        """One result: the command exits with `code`, and what it says holds `says`."""
        got, out = self.guest.run(command, deadline)
        passed = got == code and says in out
        return self.check(name, passed, "exit code %d, wanted %d and %r: %s\n%s"
                          % (got, code, says, command, out))

    def need(self, *args, **kwargs):
        """The same, and without it nothing after it makes sense."""
        if not self.command(*args, **kwargs):
            raise GuestError(args[0])

    def refused(self, name, command, says="", deadline=DEADLINE):
        """One result: the command fails, of itself and not by the deadline, and says so."""
        got, out = self.guest.run(command, deadline)
        return self.check(name, got not in (0, 124, 126, 127) and says in out,
                          "exit code %d, wanted a refusal with %r: %s\n%s"
                          % (got, says, command, out))

    def put(self, files):
        """Puts files into the guest: {path there: text, or bytes of a file here as open()ed}."""
        stage = tempfile.mkdtemp(dir=self.folder)
        for path, content in files.items():
            target = stage + path
            os.makedirs(os.path.dirname(target), exist_ok=True)
            with open(target, "wb") as file:
                file.write(content.encode() if isinstance(content, str) else content.read())
        self.guest.put(stage)
        shutil.rmtree(stage)

    def put_build(self):
        """Installs the build in the guest, as `make install` does."""
        stage = os.path.join(self.folder, "stage")
        subprocess.run(["meson", "install", "-C", BUILD, "--no-rebuild", "--quiet"], check=True,
                       env=dict(os.environ, DESTDIR=stage), stdout=subprocess.DEVNULL)
        self.guest.put(stage)

    def end(self):
        try:
            self.guest.close()
            self.check("the kernel log has no report", True)
        except Splat as splat:
            self.check("the kernel log has no report", False, splat)


def run_suite(main):
    parser = argparse.ArgumentParser()
    parser.add_argument("--kernel", required=True)
    parser.add_argument("--profile", default="default")
    parser.add_argument("--log", required=True)
    os.makedirs(BUILD, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=BUILD, prefix="full-") as folder:
        suite = Suite(parser.parse_args(), folder)
        try:
            suite.guest.boot()
            main(suite)
        except GuestError as error:
            suite.check("the suite runs to its end", False, error)
        except Exception:  # whatever it is, it has to be told among the results
            suite.check("the suite runs to its end", False, traceback.format_exc())
        finally:
            suite.end()
    sys.exit(suite.failed)
