/* SPDX-License-Identifier: Apache-2.0 */
#include "protocol_page.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "cmocka_all.h"

enum { page_max = 131072, part_max = 32768, hex_max = 16384, blocks_max = 64 };

static char page[page_max];
static char part[part_max];
static void *blocks[blocks_max];
static size_t block_count;

const char *protocol_page(void) {
    FILE *file = NULL;
    size_t len = 0;
    if (page[0] != '\0') return page;
    file = fopen("docs/protocol.md", "rb");
    assert_non_null(file);
    len = fread(page, 1, sizeof page - 1, file);
    (void)fclose(file);
    assert_true(len > 0 && len < sizeof page - 1);
    return page;
}

/* The next heading of at most this level, or the end. */
static const char *end_of(const char *at, size_t level) {
    const char *next = at;
    while ((next = strstr(next, "\n#")) != NULL) {
        const size_t found = strspn(next + 1, "#");
        if (found <= level && next[1 + found] == ' ') return next + 1;
        next++;
    }
    return at + strlen(at);
}

const char *protocol_page_part(const char *heading) {
    char line[128];
    const char *at = NULL;
    size_t len = 0;
    (void)snprintf(line, sizeof line, "\n%s\n", heading);
    at = strstr(protocol_page(), line);
    if (at == NULL) fail_msg("the page has no heading `%s`", heading);
    at += strlen(line) - 1;
    len = (size_t)(end_of(at, strspn(heading, "#")) - at);
    assert_true(len < sizeof part);
    memcpy(part, at, len);
    part[len] = '\0';
    return part;
}

/* Appends the hex digits of one line. */
static size_t take_digits(char *hex, size_t len, const char *line) {
    for (const char *at = line; *at != '\n' && *at != '\0'; at++) {
        if (*at == ' ') continue;
        assert_true(len + 1 < hex_max);
        hex[len++] = *at;
    }
    return len;
}

grille_bytes protocol_page_hex(const char *heading, const char *name) {
    static char hex[hex_max];
    char start[64];
    const char *line = NULL;
    size_t len = 0, decoded = 0;
    uint8_t *bytes = NULL;
    (void)snprintf(start, sizeof start, "\n%s", name);
    line = protocol_page_part(heading);
    do {
        line = strstr(line, start);
        if (line == NULL) fail_msg("no bytes `%s` below `%s`", name, heading);
        line += strlen(start);
    } while (strncmp(line, "  ", 2) != 0 && strncmp(line, "\n    ", 5) != 0);
    len = take_digits(hex, 0, line);
    line += strcspn(line, "\n");
    while (strncmp(line, "\n    ", 5) == 0) {
        len = take_digits(hex, len, line + 1);
        line += 1 + strcspn(line + 1, "\n");
    }
    bytes = malloc(len / 2);
    assert_non_null(bytes);
    assert_true(block_count < blocks_max);
    blocks[block_count++] = bytes;
    if (!grille_hex_decode(hex, len, bytes, len / 2, &decoded)) fail_msg("`%s` is no hex", name);
    assert_true(decoded > 0);
    return grille_bytes_of(bytes, decoded);
}

int protocol_page_free(void **state) {
    (void)state;
    while (block_count > 0)
        free(blocks[--block_count]);
    return 0;
}
