"""Medians of the rounds of connections, as a table. usage: connections.py ROWS.json"""

import collections
import json
import statistics
import sys

NAMES = {
    ("x509", "x509"): "x509 calls x509",
    ("nitro", "x509"): "parent (x509) calls enclave (nitro)",
    ("x509", "nitro"): "enclave (nitro) calls parent (x509)",
    ("nitro", "nitro"): "enclave calls enclave (mutual nitro)",
}


def main():
    rows = collections.defaultdict(list)
    with open(sys.argv[1], encoding="utf-8") as file:
        for line in file:
            row = json.loads(line)
            rows[row["server"], row["client"]].append(row)

    def cell(group, key):
        values = [row[key] for row in group]
        return f"{statistics.median(values):8.0f} [{min(values):.0f}-{max(values):.0f}]"

    print("attested connections, two processes, Unix socket, simulated NSM, intermediates cached; median [min-max]")
    print(f"{'':38}{'per second':>22}{'CPU us, both ends':>24}{'failed':>8}{'n':>4}")
    for key, name in NAMES.items():
        if key in rows:
            group = rows[key]
            failed = sum(row["failed"] for row in group)
            print(f"{name:38}{cell(group, 'per_s'):>22}{cell(group, 'cpu_us'):>24}{failed:8}{len(group):4}")
    print("NOT A NITRO NUMBER: the simulated NSM signs in this process; a real one has its own pace.")


if __name__ == "__main__":
    main()
