/* SPDX-License-Identifier: Apache-2.0 */
#include "table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmocka_all.h"

enum { ROWS_MAX = 256, ROW_BYTES = 1024 };

typedef struct table {
    char rows[ROWS_MAX][ROW_BYTES];
    size_t count;
} table;

static void add(table *t, const char *row, size_t len) {
    assert_true(t->count < ROWS_MAX && len < ROW_BYTES);
    memcpy(t->rows[t->count], row, len);
    t->rows[t->count++][len] = '\0';
}

static bool has(const table *t, const char *row) {
    for (size_t i = 0; i < t->count; i++)
        if (strcmp(t->rows[i], row) == 0) return true;
    return false;
}

/* The lines of the first table behind this heading, without the two lines of its head. */
static void read_page(const char *page, const char *heading, table *t) {
    char line[4096];
    FILE *file = fopen(page, "r");
    bool inside = false;
    size_t rows = 0;
    assert_non_null(file);
    while (fgets(line, sizeof line, file) != NULL) {
        if (strncmp(line, heading, strlen(heading)) == 0) inside = true;
        if (!inside || (line[0] != '|' && rows == 0)) continue;
        if (line[0] != '|') break;
        if (++rows > 2) add(t, line, strcspn(line, "\n"));
    }
    (void)fclose(file);
}

/* "| attack | `one`, `other` | REASON |" */
static void write_attacks(table *t) {
    for (size_t i = 0; attack_at(i) != NULL; i++) {
        const attack *a = attack_at(i);
        const char *between = "";
        char row[ROW_BYTES];
        int len = snprintf(row, sizeof row, "| %s | ", a->name);
        for (size_t bit = 0; bit < defence_count; bit++) {
            if ((a->stopped_by & UINT64_C(1) << bit) == 0) continue;
            len += snprintf(row + len, sizeof row - (size_t)len, "%s`%s`", between, defence_names[bit]);
            between = ", ";
        }
        len += snprintf(row + len, sizeof row - (size_t)len, "%s | %s |", a->stopped_by == 0 ? "nothing" : "",
                        a->reason[0] != '\0' ? a->reason : "succeeds");
        add(t, row, (size_t)len);
    }
}

static unsigned compare(const char *page, const table *of_page, const table *of_test) {
    unsigned differences = 0;
    for (size_t i = 0; i < of_page->count; i++) {
        if (has(of_test, of_page->rows[i])) continue;
        print_message("%s has, and the test has not: %s\n", page, of_page->rows[i]);
        differences++;
    }
    for (size_t i = 0; i < of_test->count; i++) {
        if (has(of_page, of_test->rows[i])) continue;
        print_message("the test has, and %s has not: %s\n", page, of_test->rows[i]);
        differences++;
    }
    return differences;
}

/* Each row of the page begins with "| `defence` |". */
static unsigned compare_defences(const char *page) {
    static table of_page, of_test;
    of_page.count = of_test.count = 0;
    read_page(page, "### Defences", &of_page);
    for (size_t i = 0; i < of_page.count; i++) {
        char *end = strstr(of_page.rows[i] + 1, "|");
        assert_non_null(end);
        end[1] = '\0';
    }
    for (size_t bit = 0; bit < defence_count; bit++) {
        char row[ROW_BYTES];
        add(&of_test, row, (size_t)snprintf(row, sizeof row, "| `%s` |", defence_names[bit]));
    }
    return compare(page, &of_page, &of_test);
}

unsigned table_differences(const char *page) {
    static table of_page, of_test;
    of_page.count = of_test.count = 0;
    read_page(page, "### Played", &of_page);
    write_attacks(&of_test);
    return compare(page, &of_page, &of_test) + compare_defences(page);
}
