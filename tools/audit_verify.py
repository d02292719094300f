#!/usr/bin/env python3
"""Checks an audit trail that `colonnade audit export` wrote; see docs/howto/audit.md.

Usage: audit_verify.py FILE [--expect-last HASH] [--expect-count N]     (FILE - is standard input)
Exit codes: 0 whole, 1 not, 2 it could not be read.
"""
import argparse
import hashlib
import json
import sys


class Fault(Exception):
    pass


def encode(values):
    return json.dumps(values, ensure_ascii=False, separators=(",", ":")).encode("utf-8")


def check_record(line, count, last):
    """The hash of the record, which is number count + 1 and follows the hash `last`."""
    try:
        values = json.loads(line.decode("utf-8"))
        seq, text, previous, own = (values[n] for n in ("seq", "text", "previous_hash", "hash"))
        fits = type(seq) is int and all(type(t) is str for t in (text, previous, own))
        fits = fits and line == encode(dict(seq=seq, text=text, previous_hash=previous, hash=own))
    except (ValueError, KeyError, TypeError, RecursionError):
        fits = False
    if not fits:  # also when a member stands twice: readers differ on which one counts
        raise Fault("the line is not as `audit export` writes it")
    if seq != count + 1:
        raise Fault(f"record {seq} stands where {count + 1} belongs")
    if own != hashlib.sha256(f"{previous}\n{text}".encode("utf-8")).hexdigest():
        raise Fault("its hash is not that of its text and previous_hash")
    if previous != last:
        raise Fault("it does not go on from the record before")
    try:
        record = json.loads(text)
        fits = type(record["seq"]) is int and record["seq"] == seq
        fits = fits and all(type(record[n]) is str
                            for n in ("at", "scope", "kind", "actor", "subject"))
    except (ValueError, KeyError, TypeError, RecursionError):
        fits = False
    if not fits:
        raise Fault("its text is not that of a record with this number")
    return own


def verify(lines):
    """(count, last hash); raises Fault."""
    count, last, number, ended = 0, "", 0, False
    try:
        for number, line in enumerate((line.removesuffix(b"\n") for line in lines), 1):
            if ended:
                raise Fault("there is more behind the line that ends the trail")
            if line.startswith(b'{"end"'):
                if line != encode({"end": True, "count": count, "last_hash": last}):
                    raise Fault(f"the trail ends otherwise: {count} records, last hash {last}")
                ended = True
            else:
                last, count = check_record(line, count, last), count + 1
    except Fault as fault:
        raise Fault(f"line {number}: record {count + 1}: {fault}") from None
    if not ended:
        raise Fault(f"line {number + 1}: the line that ends the trail is missing")
    return count, last


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("file")
    parser.add_argument("--expect-last")
    parser.add_argument("--expect-count", type=int)
    wanted = parser.parse_args()
    try:
        with open(0 if wanted.file == "-" else wanted.file, "rb") as lines:
            count, last = verify(lines)
        if wanted.expect_count not in (None, count) or wanted.expect_last not in (None, last):
            raise Fault(f"whole, but not as expected: {count} records, last hash {last}")
    except OSError as error:
        sys.exit(print(error, file=sys.stderr) or 2)
    except Fault as fault:
        sys.exit(f"{wanted.file}: {fault}")
    print(f"whole: {count} records, last hash {last or 'none'}")


if __name__ == "__main__":
    main()
