#!/usr/bin/env python3
"""The peer: one month of a synth book by DuckDB, from its logs to `earnings` and `statements`.

    run.py BOOK --period 2026-01 --out DIR [--threads N] [--memory 4GB]
"""
import argparse
import calendar
import datetime
import pathlib
import time
import tomllib
from decimal import Decimal

import duckdb

HERE = pathlib.Path(__file__).resolve().parent
CURRENCIES = HERE.parent.parent / "data" / "currencies.csv"


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("book", type=pathlib.Path)
    parser.add_argument("--period", required=True)
    parser.add_argument("--out", type=pathlib.Path, required=True)
    parser.add_argument("--threads", type=int)
    parser.add_argument("--memory", help="what DuckDB may use, such as 4GB; it spills to OUT beyond that")
    return parser.parse_args()


def minimums(book, digits):
    """Smallest payout of each currency in minor units, from the book's terms."""
    terms = tomllib.loads((book / "policies" / "terms.toml").read_text())["terms"][0]
    return [(code, int(Decimal(text).scaleb(digits[code]))) for code, text in terms["minimum_payout"].items()]


def connect(args):
    con = duckdb.connect(config={"threads": args.threads} if args.threads else {})
    if args.memory:
        con.execute(f"set memory_limit = '{args.memory}'")
    con.execute(f"set temp_directory = '{args.out / 'spill'}'")
    con.execute("set preserve_insertion_order = false")
    return con


def set_variables(con, args):
    year, month = map(int, args.period.split("-"))
    last = calendar.monthrange(year, month)[1]
    values = {
        "book": str(args.book),
        "currencies": str(CURRENCIES),
        "zone": tomllib.loads((args.book / "everycent.toml").read_text())["book"]["zone"],
        "measured": (args.book / "logs" / "engagement").is_dir(),
        "first_day": datetime.date(year, month, 1),
        "last_day": datetime.date(year, month, last),
    }
    for name, value in values.items():
        con.execute(f"set variable {name} = $1", [value])
    return values


def main():
    args = arguments()
    args.out.mkdir(parents=True, exist_ok=True)
    started = time.monotonic()
    con = connect(args)
    values = set_variables(con, args)
    digits = dict(con.execute("select code, digits from read_csv($1, header = true)", [str(CURRENCIES)]).fetchall())
    con.execute("create table minimum (currency varchar, minor bigint)")
    con.executemany("insert into minimum values ($1, $2)", minimums(args.book, digits))
    if values["measured"]:
        con.execute((HERE / "views.sql").read_text())
    else:
        con.execute("create table views_30d (creator_id varchar, day date, views bigint)")
    con.execute((HERE / "month.sql").read_text())
    for table in ("earnings", "statements"):
        con.execute(f"copy {table} to '{args.out / (table + '.parquet')}' (format parquet, compression zstd)")
        rows = con.execute(f"select count(*) from {table}").fetchone()[0]
        print(f"{table}: {rows} rows")
    print(f"{time.monotonic() - started:.1f} s")


if __name__ == "__main__":
    main()
