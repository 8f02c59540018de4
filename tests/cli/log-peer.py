#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: LGPL-2.1-or-later
"""
Writes logs, and verifies what `holdfast log prove` prints, from the text of the formats alone: with
hashlib, and openssl(1) for Ed25519. It shares no line with what it is held against.

usage: log-peer.py key NAME TYPE KEY.pem             makes a secret key, prints its public one
       log-peer.py write DIR N KEY.pem NAME          a log of N entries
       log-peer.py cosign PROOF KEY.pem NAME TIME    adds a witness's line to a proof
       log-peer.py entry INDEX                       an entry's bytes
       log-peer.py included PROOF VKEY ENTRY         exit status 0 if the proof shows it
       log-peer.py continues PROOF VKEY EARLIER-DIR  the same of a log that has grown
"""

import base64
import hashlib
import os
import struct
import subprocess
import sys
import tempfile


def sha(data):
    return hashlib.sha256(data).digest()


def node(left, right):
    return sha(b"\x01" + left + right)


def fold(row):
    """The root of a perfect tree, of its lowest row."""
    while len(row) > 1:
        row = [node(row[i], row[i + 1]) for i in range(0, len(row), 2)]
    return row[0]


def root_of(leaves):
    """From the perfect trees of the size's bits, the smallest last."""
    trees, first = [], 0
    for bit in reversed(range(64)):
        if len(leaves) >> bit & 1:
            trees.append(fold(leaves[first:first + (1 << bit)]))
            first += 1 << bit
    if not trees:
        return sha(b"")
    root = trees.pop()
    while trees:
        root = node(trees.pop(), root)
    return root


def openssl(*words, data=b""):
    with tempfile.NamedTemporaryFile() as file:
        file.write(data)
        file.flush()
        words = [file.name if word == "DATA" else word for word in words]
        return subprocess.run(["openssl"] + words, capture_output=True, check=True).stdout


def public(key):
    return openssl("pkey", "-in", key, "-pubout", "-outform", "DER")[-32:]


def sign(key, data):
    return openssl("pkeyutl", "-sign", "-rawin", "-inkey", key, "-in", "DATA", data=data)


def verified(raw, signature, data):
    """The key comes as 32 bytes: in front of them is what makes them a SubjectPublicKeyInfo."""
    der = bytes.fromhex("302a300506032b6570032100") + raw
    with tempfile.NamedTemporaryFile() as key, tempfile.NamedTemporaryFile() as sig:
        key.write(der)
        key.flush()
        sig.write(signature)
        sig.flush()
        openssl("pkeyutl", "-verify", "-rawin", "-pubin", "-keyform", "DER", "-inkey", key.name,
                "-sigfile", sig.name, "-in", "DATA", data=data)


def key_id(name, kind, raw):
    return sha(name.encode() + b"\n" + bytes([kind]) + raw)[:4]


def b64(data):
    return base64.b64encode(data).decode()


def vkey(name, kind, raw):
    return "%s+%s+%s" % (name, key_id(name, kind, raw).hex(), b64(bytes([kind]) + raw))


def entry(index):
    return b'{"n":%d,"text":"%s"}' % (index, b"x" * (index * 7 % 130)) if index % 50 else b""


def save(folder, name, data):
    path = os.path.join(folder, name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as file:
        file.write(data)


def save_rows(folder, level, rows, pack):
    for n in range(0, len(rows), 256):
        row = rows[n:n + 256]
        digits = "%03d" % (n // 256 % 1000)
        if n // 256 >= 1000:
            digits = "x%03d/%s" % (n // 256000, digits)
        part = ".p/%d" % len(row) if len(row) < 256 else ""
        save(folder, "tile/%s/%s%s" % (level, digits, part), b"".join(map(pack, row)))


def write(folder, n, key, name):
    entries = [entry(i) for i in range(n)]
    leaves = [sha(b"\x00" + e) for e in entries]
    save_rows(folder, "entries", entries, lambda e: struct.pack(">H", len(e)) + e)
    row, level = leaves, 0
    while row:
        save_rows(folder, level, row, bytes)
        row = [fold(row[i:i + 256]) for i in range(0, len(row) // 256 * 256, 256)]
        level += 1
    text = "%s\n%d\n%s\n" % (name, n, b64(root_of(leaves)))
    line = "\u2014 %s %s\n" % (name, b64(key_id(name, 1, public(key)) + sign(key, text.encode())))
    save(folder, "checkpoint", (text + "\n" + line).encode())


def cosignature(body, key, name, time):
    data = b"cosignature/v1\ntime %d\n" % time + body.encode()
    blob = key_id(name, 4, public(key)) + struct.pack(">Q", time) + sign(key, data)
    return "\u2014 %s %s\n" % (name, b64(blob))


def cosign(proof, key, name, time):
    with open(proof, encoding="utf-8") as file:
        text = file.read()
    with open(proof, "a", encoding="utf-8") as file:
        file.write(cosignature(text.split("\n\n")[1] + "\n", key, name, time))


def opened(path, key):
    """The lines before a proof's checkpoint, and what that says once its signature is verified."""
    with open(path, encoding="utf-8") as file:
        return read_proof(file.read(), key)


def read_proof(text, key):
    head, body, lines = text.split("\n\n")
    name, digits, raw = key.split("+", 2)
    for line in lines.splitlines():
        dash, who, blob = line.split(" ")
        blob = base64.b64decode(blob)
        if dash == "\u2014" and who == name and blob[:4].hex() == digits:
            verified(base64.b64decode(raw)[1:], blob[4:], body.encode() + b"\n")
            break
    else:
        sys.exit("not signed by the key")
    origin, size, root = body.splitlines()[:3]
    if origin != name:
        sys.exit("another log")
    return head.splitlines(), int(size), base64.b64decode(root)


def included(path, key, file):
    head, size, root = opened(path, key)
    with open(file, "rb") as stream:
        value = sha(b"\x00" + stream.read())
    if head[0] != "c2sp.org/tlog-proof@v1" or not head[1].startswith("index "):
        sys.exit("no tlog-proof")
    at, last = int(head[1][6:]), size - 1
    if at > last:
        sys.exit("no such entry")
    for line in head[2:]:
        other = base64.b64decode(line)
        if last == 0:
            sys.exit("too many hashes")
        if at & 1 or at == last:
            value = node(other, value)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            value = node(value, other)
        at, last = at >> 1, last >> 1
    if last or value != root:
        sys.exit("another root")


def split(n):
    return 1 << ((n - 1).bit_length() - 1)


def rebuild(hashes, m, n, old, whole):
    """RFC 6962's PROOF read backwards: the roots of the first m and of all n leaves."""
    if m == n:
        value = old if whole else hashes.pop(0)
        return value, value
    k = split(n)
    if m <= k:
        first, second = rebuild(hashes, m, k, old, whole)
        return first, node(second, hashes.pop(0))
    first, second = rebuild(hashes, m - k, n - k, old, False)
    left = hashes.pop(0)
    return node(left, first), node(left, second)


def continues(path, key, folder):
    head, size, root = opened(path, key)
    with open(os.path.join(folder, "checkpoint"), encoding="utf-8") as file:
        _, old_size, old = file.read().splitlines()[:3]
    if head[0] != "old " + old_size:
        sys.exit("another size")
    old, old_size = base64.b64decode(old), int(old_size)
    hashes = [base64.b64decode(line) for line in head[1:]]
    if old_size and rebuild(hashes, old_size, size, old, True) != (old, root) or hashes:
        sys.exit("no continuation")


def main():
    what, args = sys.argv[1], sys.argv[2:]
    if what == "key":
        openssl("genpkey", "-algorithm", "ed25519", "-out", args[2])
        print(vkey(args[0], int(args[1]), public(args[2])))
    elif what == "write":
        write(args[0], int(args[1]), args[2], args[3])
    elif what == "cosign":
        cosign(args[0], args[1], args[2], int(args[3]))
    elif what == "entry":
        sys.stdout.buffer.write(entry(int(args[0])))
    elif what == "included":
        included(*args)
    elif what == "continues":
        continues(*args)
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main()
