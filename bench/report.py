"""Medians of the rounds of pingpong, as a table. usage: report.py ROWS.json"""

import collections
import json
import statistics
import sys


def main():
    rows = collections.defaultdict(list)
    with open(sys.argv[1], encoding="utf-8") as file:
        for line in file:
            row = json.loads(line)
            rows[row["placement"], row["mode"]].append(row)

    def cell(group, key, scale):
        values = [row[key] / scale for row in group]
        return f"{statistics.median(values):8.2f} [{min(values):.2f}-{max(values):.2f}]"

    print("unary ping-pong, 64 B, 1 in flight, two processes, Unix socket; median [min-max] of the rounds")
    print(f"{'placement':10}{'mode':8}{'p50 us':>22}{'p99 us':>22}{'CPU us/call':>22}{'calls/s':>10}{'x tls':>7}{'n':>4}")
    for placement in ("same", "split", "free"):
        tls = rows.get((placement, "tls"))
        for mode in ("raw", "tls", "grille"):
            group = rows.get((placement, mode))
            if not group:
                continue
            p50 = statistics.median(row["p50_ns"] for row in group)
            ratio = p50 / statistics.median(row["p50_ns"] for row in tls) if tls else 0
            rate = statistics.median(row["calls_per_s"] for row in group)
            print(
                f"{placement:10}{mode:8}{cell(group, 'p50_ns', 1e3):>22}{cell(group, 'p99_ns', 1e3):>22}"
                f"{cell(group, 'cpu_ns_per_call', 1e3):>22}{rate:10.0f}{ratio:7.2f}{len(group):4}"
            )
    print("same: both processes on one CPU, the cost of the software; free: what the scheduler makes of it.")


if __name__ == "__main__":
    main()
