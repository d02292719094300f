#!/usr/bin/env python3
"""Checks that one record is in a signed audit trail; see docs/howto/audit.md.

Usage: audit_proof.py PROOF --public-key FILE     (PROOF is what `colonnade audit prove` printed; - is
standard input). Needs the openssl command. Shares no code with the server.
Exit codes: 0 proven, 1 not, 2 something could not be read.
"""
import argparse
import hashlib
import json
import os
import subprocess
import sys
import tempfile


class Fault(Exception):
    pass


def sha256(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def root_of(leaf, place, size, path):
    """RFC 9162, 2.1.3.2: the root that the siblings lead to from leaf number `place` of `size`."""
    node, at, last = leaf, place, size - 1
    for sibling in path:
        if last == 0:
            raise Fault("the path is too long")
        if at & 1 or at == last:
            node = sha256(b"\x01", sibling, node)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            node = sha256(b"\x01", node, sibling)
        at, last = at >> 1, last >> 1
    if last:
        raise Fault("the path is too short")
    return node


def is_signed(message, signature, key_file):
    with tempfile.TemporaryDirectory() as folder:
        for name, content in (("message", message), ("signature", signature)):
            with open(os.path.join(folder, name), "wb") as file:
                file.write(content)
        done = subprocess.run(
            ["openssl", "pkeyutl", "-verify", "-pubin", "-inkey", key_file, "-rawin",
             "-in", os.path.join(folder, "message"), "-sigfile", os.path.join(folder, "signature")],
            capture_output=True)
    return done.returncode == 0


def check(proof, key_file):
    """(record, head); raises Fault."""
    try:
        record, head = proof["record"], proof["head"]
        seq, text, previous, own = (record[n] for n in ("seq", "text", "previous_hash", "hash"))
        path = [bytes.fromhex(one) for one in proof["path"]]
        size, signature = head["seq"], bytes.fromhex(proof["signature"])
        own_bytes, root = bytes.fromhex(own), bytes.fromhex(head["root"])
        message = f"colonnade audit head v1\n{size}\n{head['hash']}\n{head['root']}\n".encode()
        fits = type(seq) is int and type(size) is int and 1 <= seq <= size
        fits = fits and len(own_bytes) == 32 and all(len(one) == 32 for one in path)
        fits = fits and json.loads(text)["seq"] == seq
    except (ValueError, KeyError, TypeError, RecursionError):
        fits = False
    if not fits:
        raise Fault("this is not what `audit prove` prints")
    if sha256(f"{previous}\n{text}".encode("utf-8")) != own_bytes:
        raise Fault("the record's hash is not that of its text")
    if root_of(sha256(b"\x00", own_bytes), seq - 1, size, path) != root:
        raise Fault("the record is not in the tree that was signed")
    if not is_signed(message, signature, key_file):
        raise Fault("the signature is not that of this key")
    return record, head


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("proof")
    parser.add_argument("--public-key", required=True)
    wanted = parser.parse_args()
    try:
        with open(0 if wanted.proof == "-" else wanted.proof, "rb") as file:
            content = file.read()
        with open(wanted.public_key, "rb"):
            pass
        record, head = check(json.loads(content.decode("utf-8")), wanted.public_key)
    except OSError as error:
        sys.exit(print(error, file=sys.stderr) or 2)
    except ValueError:
        sys.exit(f"{wanted.proof}: this is not JSON")
    except Fault as fault:
        sys.exit(f"{wanted.proof}: {fault}")
    print(f"proven: record {record['seq']} is in the trail signed up to record {head['seq']}")
    print(record["text"])


if __name__ == "__main__":
    main()
