/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/report/labels.h"

#include <string.h>

#define PLACE(field)                                                                                                   \
    { #field, offsetof(bench_labels, field), sizeof(((bench_labels *)NULL)->field) }

const bench_label_place bench_label_texts[BENCH_LABEL_TEXTS] = {
    PLACE(machine), PLACE(system), PLACE(kernel),   PLACE(compiler), PLACE(flags),
    PLACE(commit),  PLACE(cipher), PLACE(date_utc), PLACE(command),  PLACE(note),
};

const char *bench_label_text(const bench_labels *labels, size_t which) {
    return (const char *)labels + bench_label_texts[which].offset;
}

bool bench_label_set(bench_labels *labels, size_t which, const char *text) {
    size_t length = strlen(text);
    if (length >= bench_label_texts[which].size) return false;
    memcpy((char *)labels + bench_label_texts[which].offset, text, length + 1);
    return true;
}
