#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: LGPL-2.1-or-later
"""
A witness of C2SP tlog-witness for one log, on loopback, from the text of the protocol alone, and
under other paths some that misbehave. It remembers what it has seen until it is ended.

usage: witness-peer.py PORT-FIFO LOG-VKEY KEY.pem NAME

/ok         as it should be
/behind     says another size each time
/elsewhere  redirects to /ok
/forged     cosigns another text
/stranger   cosigns as somebody else
/long       answers with more than a witness has to say
/mute       200, and nothing
/deaf       400
"""

import base64
import http.server
import importlib.machinery
import importlib.util
import os
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))


def load(name):
    loader = importlib.machinery.SourceFileLoader(name, os.path.join(HERE, name + ".py"))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(name, loader))
    loader.exec_module(module)
    return module


peer = load("log-peer")


class Witness:
    def __init__(self, vkey, key, name):
        self.vkey, self.key, self.name = vkey, key, name
        self.seen = (0, None)
        self.turns = 0

    def add(self, text):
        origin = text.split("\n\n")[1].split("\n")[0]
        if origin != self.vkey.split("+")[0]:
            return 404, "no such log\n"
        try:
            head, size, root = peer.read_proof(text, self.vkey)
        except (SystemExit, peer.subprocess.CalledProcessError):
            return 403, "not signed by its key\n"
        old, hashes = int(head[0].split("old ")[1]), [base64.b64decode(h) for h in head[1:]]
        if old > size:
            return 400, "it has become shorter\n"
        if old != self.seen[0]:
            return 409, "%d\n" % self.seen[0]
        if old == size and old and (hashes or root != self.seen[1]):
            return 422, "another root\n"
        if old not in (0, size):
            try:
                shown = peer.rebuild(hashes, old, size, self.seen[1], True)
            except IndexError:
                shown = None
            if shown != (self.seen[1], root) or hashes:
                return 422, "no such proof\n"
        self.seen = (size, root)
        return 200, peer.cosignature(text.split("\n\n")[1] + "\n", self.key, self.name,
                                     int(time.time()))

    def answer(self, path, text):
        body = text.split("\n\n")[1] + "\n"
        if path == "/ok/add-checkpoint":
            return self.add(text)
        if path == "/behind/add-checkpoint":
            self.turns += 1
            return 409, "%d\n" % (1 + self.turns % 2)
        if path == "/elsewhere/add-checkpoint":
            return 307, "/ok/add-checkpoint"
        if path == "/forged/add-checkpoint":
            return 200, peer.cosignature(body + "x\n", self.key, self.name, 1700000000)
        if path == "/stranger/add-checkpoint":
            return 200, peer.cosignature(body, self.key, "stranger", 1700000000)
        if path == "/long/add-checkpoint":
            return 200, "x" * 70000
        return {"/mute/add-checkpoint": (200, ""), "/deaf/add-checkpoint": (400, "")}.get(
            path, (500, "no such path\n"))


class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        text = self.rfile.read(int(self.headers["Content-Length"])).decode()
        status, body = self.server.witness.answer(self.path, text)
        data = body.encode()
        self.send_response(status)
        if status == 307:
            self.send_header("Location", body)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *args):
        pass


def main():
    port_file, vkey, key, name = sys.argv[1:]
    server = http.server.HTTPServer(("localhost", 0), Handler)
    server.witness = Witness(vkey, key, name)
    with open(port_file, "w", encoding="ascii") as file:
        file.write("%d\n" % server.server_port)
    server.serve_forever()


if len(sys.argv) != 5:
    sys.exit(__doc__)
main()
