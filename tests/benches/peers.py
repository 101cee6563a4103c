#!/usr/bin/env python3
"""Collections beside one Redis and three etcd members: a markdown table of medians of rounds that take turns.

    tests/benches/peers.py [PEERS] [--rounds 3] [--seconds 2] [--clients 1,64,256] [--only map.put,...]

PEERS is a directory with `etcd.sh`, as for `compare.py`; without it etcd is left out. Redis is `redis-server` with
`appendfsync always`, asked by `redis-benchmark` without pipelines; where they are not installed, it is left out.
Whatever is started is stopped by whoever started it.
"""

import argparse
import csv
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from compare import build, etcd, rows

KEYS = "10000"
VALUE = "256"
# Each call: what `redis-benchmark` names it, and what `etcd` of `compare.py` does.
CALLS = {
    "map.put": (["set", "-r", KEYS], "write"),
    "map.get": (["get", "-r", KEYS], "strict"),
    "long.increment_and_get": (["incr"], None),
    "list.push": (["rpush"], None),
}
COLUMNS = ["Copycat, 1 partition", "Copycat, 4 partitions", "Redis", "etcd"]


class Redis:
    """One server in a directory of its own, which ends with the `with` that began it."""

    def __enter__(self):
        self.home = tempfile.TemporaryDirectory()
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = str(free.getsockname()[1])
        # Never rewritten meanwhile: Copycat's log is not either.
        settings = ["--appendonly", "yes", "--appendfsync", "always", "--auto-aof-rewrite-percentage", "0"]
        where = ["--bind", "127.0.0.1", "--port", self.port, "--dir", self.home.name, "--save", ""]
        self.server = subprocess.Popen(["redis-server", *where, *settings], stdout=subprocess.DEVNULL)
        while self.cli("ping") != "PONG":
            if self.server.poll() is not None:
                sys.exit("redis-server ended by itself")
            time.sleep(0.05)
        return self

    def __exit__(self, *_):
        self.server.kill()
        self.server.wait()
        self.home.cleanup()

    def cli(self, *command):
        asked = ["redis-cli", "-p", self.port, *command]
        return subprocess.run(asked, capture_output=True, text=True).stdout.strip()

    def ask(self, test, clients, requests):
        """(operations per second, median in ms) of so many requests."""
        asked = ["redis-benchmark", "-p", self.port, "-c", str(clients), "-n", str(requests), "-d", VALUE, "--csv"]
        ended = subprocess.run([*asked, "-t", *test], capture_output=True, text=True, check=True)
        row = list(csv.DictReader(ended.stdout.splitlines()))[-1]
        return float(row["rps"]), float(row["p50_latency_ms"])

    def measure(self, test, clients, seconds):
        """The same for about so many seconds, after as many requests as say how many those are."""
        self.cli("flushall")
        if test[0] in ("set", "get"):
            self.ask(["set", "-r", KEYS], 64, 100_000)
        per_second, _ = self.ask(test, clients, 5_000 + 100 * clients)
        return self.ask(test, clients, int(per_second * seconds))


def ours(call, clients, seconds):
    """{(column, clients): (operations per second, median in ms)}"""
    arguments = ["--call", call, "--clients", ",".join(map(str, clients)), "--seconds", str(seconds)]
    partitions = "1,4" if call.startswith("map.") else "1"
    found = {}
    for row in rows("collections", *arguments, "--partitions", partitions):
        column = COLUMNS[0] if row["partitions"] == 1 else COLUMNS[1]
        found[column, row["clients"]] = (row["ops_per_s"], row["p50_us"] / 1_000)
    return found


def measure(call, options):
    """One turn of each."""
    test, op = CALLS[call]
    found = ours(call, options.clients, options.seconds)
    if shutil.which("redis-server") and shutil.which("redis-benchmark"):
        with Redis() as redis:
            for clients in options.clients:
                found["Redis", clients] = redis.measure(test, clients, options.seconds)
    if op and options.peers:
        for clients, figures in etcd(options.peers, op, options.seconds, options.clients).items():
            found["etcd", clients] = figures
    return found


def cell(figures):
    """Medians of operations per second and, in brackets, of the median in microseconds."""
    if not figures:
        return "–"
    per_second, middle = (statistics.median(each) for each in zip(*figures))
    return f"{per_second:,.0f} ({middle * 1_000:,.0f})"


def ratio(left, right):
    """The ratio of the medians, and that of each round."""
    if not left or not right:
        return "–"
    left, right = ([figures[0] for figures in column] for column in (left, right))
    each = " ".join(f"{a / b:.2f}" for a, b in zip(left, right))
    return f"{statistics.median(left) / statistics.median(right):.2f} [{each}]"


def show(found, options):
    """The table; `found` has a list of figures, one a round, for each (call, column, clients)."""
    print("| call | clients |", " | ".join(COLUMNS), "| Copycat / Redis | Copycat / etcd |")
    print("|---" * (len(COLUMNS) + 4) + "|")
    for call in options.only:
        for clients in options.clients:
            columns = [found.get((call, column, clients), []) for column in COLUMNS]
            ratios = [ratio(columns[0], columns[at]) for at in (2, 3)]
            print("|", " | ".join([f"`{call}`", str(clients), *map(cell, columns), *ratios]), "|")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("peers", nargs="?", type=Path)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=2)
    parser.add_argument("--clients", type=lambda text: [int(part) for part in text.split(",")], default=[1, 64, 256])
    parser.add_argument("--only", type=lambda text: text.split(","), default=list(CALLS))
    options = parser.parse_args()
    build()
    found = {}
    for at in range(options.rounds):
        for call in options.only:
            print(f"round {at + 1} of {options.rounds}: {call}", file=sys.stderr)
            for (column, clients), figures in measure(call, options).items():
                found.setdefault((call, column, clients), []).append(figures)
    show(found, options)


if __name__ == "__main__":
    main()
