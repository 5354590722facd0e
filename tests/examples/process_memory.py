# SPDX-License-Identifier: Apache-2.0
"""What a process has in memory, for tests that search it."""

import array
import os

# Mappings above this size are address space that a sanitizer reserves for its shadow: no memory of the program.
MAPPING_MAX = 1 << 30
CHUNK = 1 << 24
# Nothing that is looked for is longer.
OVERLAP = 64
PAGE = os.sysconf("SC_PAGE_SIZE")
PRESENT_OR_SWAPPED = 3 << 62


def spans_in_memory(pagemap, start, end):
    """Yields the parts of a mapping that have pages (Linux Documentation/admin-guide/mm/pagemap.rst): others hold nothing
    of the process's own."""
    pagemap.seek(start // PAGE * 8)
    entries = array.array("Q", pagemap.read((end - start) // PAGE * 8))
    first = None
    for index, entry in enumerate(entries):
        if entry & PRESENT_OR_SWAPPED:
            first = index if first is None else first
        elif first is not None:
            yield start + first * PAGE, start + index * PAGE
            first = None
    if first is not None:
        yield start + first * PAGE, start + len(entries) * PAGE


def memory_of(pid):
    """Yields every byte that a process has in memory, in pieces that overlap."""
    with open("/proc/%d/maps" % pid) as maps, open("/proc/%d/mem" % pid, "rb", buffering=0) as memory, \
            open("/proc/%d/pagemap" % pid, "rb", buffering=0) as pagemap:
        for line in maps:
            span, rights, rest = line.split(None, 2)
            start, end = (int(part, 16) for part in span.split("-"))
            if "r" not in rights or end - start > MAPPING_MAX or "[vvar" in rest or "[vsyscall]" in rest:
                continue
            for at, until in spans_in_memory(pagemap, start, end):
                while at < until:
                    memory.seek(at)
                    data = memory.read(min(CHUNK, until - at))
                    if not data:
                        raise OSError("nothing to read at %x: %s" % (at, line))
                    yield data
                    at += len(data) if at + len(data) >= until else max(len(data) - OVERLAP, 1)
