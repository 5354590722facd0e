#!/usr/bin/python3
"""Writes the seeds of codec_fuzz and prescan_fuzz from the vectors of tests/unit/codec (vectors.txt).

usage: make_corpus.py VECTORS FOLDER
"""
import os
import sys

TYPES = ["Empty", "Sub", "Scalars", "Optionals", "Repeats", "Oneofs", "Holder", "Maps", "Everything", "Wide", "Legacy",
         "Flat"]

vectors, folder = sys.argv[1:]
chosen = {}
with open(vectors) as lines:
    for line in lines:
        kind, name, digits = line.split()[:3]
        if digits == "-" or not 8 <= len(digits) <= 400:
            continue
        chosen.setdefault((kind, name), []).append(digits)
for (kind, name), all_digits in chosen.items():
    for number, digits in enumerate(sorted(all_digits, key=len)[-2:]):
        with open(os.path.join(folder, "%s_%s_%d" % (kind, name, number)), "wb") as out:
            out.write(bytes([TYPES.index(name)]) + bytes.fromhex(digits))
