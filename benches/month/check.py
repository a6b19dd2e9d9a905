#!/usr/bin/env python3
"""Holds what run.py wrote against what everycent published for the same book and month, row by row.

    check.py BOOK --period 2026-01 --out DIR

Every column of both tables; lists are compared without their zeros. Exit 1 where a row differs.
"""
import argparse
import json
import pathlib
import sys

import pyarrow.parquet as parquet


def rows_of(path):
    """Rows as comparable values: deductions and parts without zeros, by name."""
    rows = {}
    for row in parquet.read_table(path).to_pylist():
        if "parts" in row:
            parts = [p for p in row["parts"] if p["minor"] or p["payout_minor"]]
            row["parts"] = sorted(tuple(sorted(p.items())) for p in parts)
            row["deductions"] = sorted(tuple(sorted(d.items())) for d in row["deductions"] if d["minor"])
            names = ("creator_id", "program", "policy_version", "currency", "earning_period", "fx_date", "cause")
        else:
            names = ("party_id", "currency")
        key = tuple(str(row[name]) for name in names)
        if key in rows:
            raise SystemExit(f"{path}: two rows for {key}")
        rows[key] = row
    return rows


def differences(ours, theirs):
    for key in sorted(ours.keys() | theirs.keys()):
        a, b = ours.get(key), theirs.get(key)
        if a is None or b is None:
            yield f"{key}: only {'the peer' if a is None else 'everycent'} has it: {a or b}"
        elif a != b:
            columns = [c for c in sorted(a.keys() | b.keys()) if a.get(c) != b.get(c)]
            yield f"{key}: " + "; ".join(f"{c}: everycent {a.get(c)}, peer {b.get(c)}" for c in columns)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("book", type=pathlib.Path)
    parser.add_argument("--period", required=True)
    parser.add_argument("--out", type=pathlib.Path, required=True)
    args = parser.parse_args()
    draft = json.loads((args.book / "ledger" / "draft" / f"{args.period}.json").read_text())
    run = args.book / "ledger" / "runs" / draft["run_id"]
    failed = False
    for table in ("earnings", "statements"):
        ours, theirs = rows_of(run / f"{table}.parquet"), rows_of(args.out / f"{table}.parquet")
        found = list(differences(ours, theirs))
        print(f"{table}: {len(ours)} rows of everycent, {len(theirs)} of the peer, {len(found)} differ")
        for line in found[:20]:
            print("  " + line)
        failed |= bool(found)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
