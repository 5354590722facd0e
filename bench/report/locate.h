/* SPDX-License-Identifier: Apache-2.0
 * Where in a JSON text a value stands: jansson's tree does not tell. Pure, any thread. */
#ifndef GRILLE_BENCH_REPORT_LOCATE_H
#define GRILLE_BENCH_REPORT_LOCATE_H

#include <stddef.h>

/* The line, from 1, of the value at `path`, names and indices parted by slashes ("rows/3/figures/p50_us"); of the
 * deepest value on the way to it that is there. `text` must have been read as JSON (RFC 8259) already. */
size_t bench_json_line(const char *text, const char *path);

#endif
