#!/usr/bin/env python3
"""Copycat beside others on this machine: medians of rounds that take turns, and what they come to.

    tests/benches/compare.py [PEERS] [--rounds 3] [--seconds 3] [--only write,strict,...]

PEERS is a directory with `etcd.sh`, a script that measures three etcd members on loopback and prints rows of a
markdown table (system | op | tasks | ... | ops/s | ... | p50 ms | p99 ms | ...). Without it only Copycat is
measured, against what the machine itself can do. Whatever is started is stopped by whoever started it.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TARGET = ROOT / "target"
BENCH = TARGET / "release" / "bench"
CLIENTS = 256


def rows(*arguments):
    """What the bench program prints."""
    ended = subprocess.run([str(BENCH), *arguments], capture_output=True, text=True)
    if ended.returncode != 0:
        sys.exit(f"bench {' '.join(arguments)}: {ended.stderr.strip()}")
    return [json.loads(line) for line in ended.stdout.splitlines()]


def build():
    """Builds what the bench program is run from."""
    command = ["cargo", "build", "--release", "--locked", "-p", "copycat-examples", "--features", "testing"]
    subprocess.run([*command, "--target-dir", str(TARGET)], cwd=ROOT, check=True)


def number(text):
    """A figure as the peers' tables write it: 412, 22.3k, 1.36M."""
    scale = {"k": 1e3, "M": 1e6, "G": 1e9}.get(text[-1], 1)
    return float(text[:-1] if scale > 1 else text) * scale


def etcd(peers, op, seconds, clients=(CLIENTS,)):
    """What etcd does with so many clients each, through its leader: (operations per second, median in ms)."""
    name = {"write": "put", "strict": "get"}[op]
    row = {"write": "put", "strict": "get linearizable"}[op]
    tasks = ",".join(str(count) for count in clients)
    environment = dict(os.environ, OPS=name, TASKS=tasks, REPS="1", SECS=str(seconds), RESULTS="/dev/null")
    # The script looks for its programs where it is.
    environment.pop("CARGO_TARGET_DIR", None)
    ended = subprocess.run(["./etcd.sh", "bench"], cwd=peers, env=environment, capture_output=True, text=True)
    found = {}
    for line in ended.stdout.splitlines():
        cells = [cell.strip() for cell in line.split("|")]
        if len(cells) > 7 and cells[1].endswith("via leader") and cells[2] == row:
            found[int(cells[3])] = (number(cells[5]), number(cells[7]))
    if set(found) != set(clients):
        sys.exit(f"etcd.sh did not print all rows for {row}:\n{ended.stdout}\n{ended.stderr}")
    return found


class Comparison:
    """Pairs of figures, one pair a round."""

    def __init__(self, name, least, unit="x"):
        self.name, self.least, self.unit = name, least, unit
        self.ours, self.theirs = [], []

    def add(self, ours, theirs):
        self.ours.append(ours)
        self.theirs.append(theirs)

    def show(self):
        ours, theirs = statistics.median(self.ours), statistics.median(self.theirs)
        ratio = ours / theirs
        verdict = "" if self.least is None else ("  ok" if ratio >= self.least else "  BELOW")
        goal = "" if self.least is None else f" (at least {self.least:g})"
        spread = "/".join(f"{a / b:.2f}" for a, b in zip(self.ours, self.theirs))
        print(f"{self.name:42} {ours:12,.0f} {theirs:12,.0f}   {ratio:6.2f} {self.unit}{goal}  [{spread}]{verdict}")


def measure(options):
    seconds = str(options.seconds)
    tables = {
        "write": Comparison(f"writes, {CLIENTS} clients / etcd", 6),
        "strict": Comparison(f"strict reads, {CLIENTS} clients / etcd", 6),
        "one": Comparison("writes, one client / bare road", 0.7),
        "log64": Comparison("log, batches of 64 / plain file", 0.8),
        "log1024": Comparison("log, batches of 1,024 / plain file", 0.8),
        "core": Comparison("core, batches of 64 / 10 M entries/s", 1),
        "memory": Comparison(f"in process, {CLIENTS} clients / 500,000", 1),
        "slow": Comparison(f"flush of 2 ms, {CLIENTS} clients / two flushes", 1),
        "failover": Comparison("600 ms / median failover", 1),
    }
    wanted = options.only.split(",") if options.only else tables
    for at in range(options.rounds):
        print(f"round {at + 1} of {options.rounds}", file=sys.stderr)
        for name in wanted:
            measure_one(name, tables, seconds, options.peers)
    print(f"{'':42} {'ours':>12} {'theirs':>12}   ratio of medians        [each round]")
    for table in tables.values():
        if table.ours:
            table.show()


def measure_one(name, tables, seconds, peers):
    if name in ("write", "strict") and peers:
        ours = rows("--clients", str(CLIENTS), "--op", name, "--seconds", seconds)[0]["ops_per_s"]
        tables[name].add(ours, etcd(peers, name, seconds)[CLIENTS][0])
    elif name == "one":
        ours = rows("--clients", "1", "--op", "write", "--seconds", seconds)[0]["ops_per_s"]
        bare = rows("bare", "--seconds", seconds)[0]["ops_per_s"]
        tables[name].add(ours, bare)
    elif name in ("log64", "log1024"):
        batch = int(name[3:])
        found = next(row for row in rows("log", "--batch", str(batch), "--seconds", seconds) if row["op"] == "log")
        tables[name].add(found["log_per_s"], found["raw_per_s"])
    elif name == "core":
        found = next(row for row in rows("core", "--seconds", "1") if row["batch"] == 64)
        tables[name].add(found["entries_per_s"], 10e6)
    elif name == "memory":
        found = rows("--in-process", "--clients", str(CLIENTS), "--op", "write", "--seconds", seconds)[0]
        tables[name].add(found["ops_per_s"], 500_000)
    elif name == "slow":
        slow = ["--slow-flush-us", "2000"]
        found = rows("--clients", str(CLIENTS), "--op", "write", "--seconds", seconds, *slow)[0]
        # Each client waits for two flushes, one behind the other, at the rate at which a member flushed.
        tables[name].add(found["ops_per_s"], CLIENTS * found["flushes"] / 3 / float(seconds) / 2)
    elif name == "failover":
        tables[name].add(600, rows("failover")[0]["median_ms"])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("peers", nargs="?", type=Path)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--only", default="")
    options = parser.parse_args()
    build()
    measure(options)


if __name__ == "__main__":
    main()
