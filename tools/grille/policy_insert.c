/* SPDX-License-Identifier: Apache-2.0 */
#include "policy_insert.h"

#include <string.h>

#include "attest/policy_yaml.h"
#include "base/bytes.h"
#include "base/error.h"

/* The first line (from 0) that no value of this node reaches into. Scalars and brackets end where they end; a block
 * scalar ends at the beginning of a line; blocks of keys or items end with their last value. */
static size_t line_after(grille_yaml *yaml, const yaml_node_t *node) {
    bool is_list = node->type == YAML_SEQUENCE_NODE, is_map = node->type == YAML_MAPPING_NODE;
    size_t last = node->end_mark.line + (node->end_mark.column > 0);
    if (is_list && node->data.sequence.style != YAML_FLOW_SEQUENCE_STYLE) {
        last = 0;
        for (yaml_node_item_t *item = node->data.sequence.items.start; item < node->data.sequence.items.top; item++) {
            size_t line = line_after(yaml, yaml_document_get_node(&yaml->document, *item));
            if (line > last) last = line;
        }
    } else if (is_map && node->data.mapping.style != YAML_FLOW_MAPPING_STYLE) {
        last = 0;
        for (yaml_node_pair_t *pair = node->data.mapping.pairs.start; pair < node->data.mapping.pairs.top; pair++) {
            size_t line = line_after(yaml, yaml_document_get_node(&yaml->document, pair->value));
            if (line > last) last = line;
        }
    }
    return last;
}

/* One line without its end, from `offset` on; *next is where the following one begins. */
static grille_bytes line_at(grille_bytes text, size_t offset, size_t *next) {
    const uint8_t *start = text.data + offset;
    const uint8_t *end = memchr(start, '\n', text.len - offset);
    size_t len = end == NULL ? text.len - offset : (size_t)(end - start);
    *next = offset + len + (end != NULL);
    return grille_bytes_of(start, len);
}

static size_t offset_of_line(grille_bytes text, size_t line) {
    size_t offset = 0;
    for (; line > 0 && offset < text.len; line--)
        (void)line_at(text, offset, &offset);
    return offset;
}

/* A comment that stands further right than the dash belongs to the set above it. */
static size_t after_comments(grille_bytes text, size_t offset, size_t indent) {
    while (offset < text.len) {
        size_t next = offset, blanks = 0;
        grille_bytes line = line_at(text, offset, &next);
        while (blanks < line.len && line.data[blanks] == ' ')
            blanks++;
        if (blanks == line.len || blanks <= indent || line.data[blanks] != '#') break;
        offset = next;
    }
    return offset;
}

bool policy_place_find(grille_bytes text, const char *name, policy_place *place, grille_error *error) {
    grille_yaml yaml;
    yaml_node_t *root = NULL;
    const yaml_node_t *peers;
    bool found;
    if (grille_yaml_open(&yaml, text, name, &root, error) != GRILLE_REASON_OK) return false;
    peers = grille_yaml_find(&yaml, root, "peers");
    found = peers != NULL && peers->type == YAML_SEQUENCE_NODE &&
            peers->data.sequence.style != YAML_FLOW_SEQUENCE_STYLE &&
            root->data.mapping.style != YAML_FLOW_MAPPING_STYLE;
    if (found) {
        place->indent = peers->start_mark.column;
        place->offset = after_comments(text, offset_of_line(text, line_after(&yaml, peers)), place->indent);
        place->needs_newline = place->offset > 0 && text.data[place->offset - 1] != '\n';
    } else {
        (void)grille_error_set(error, GRILLE_REASON_POLICY_STRUCTURE,
                               "%s: sets can be added below lines that begin with \"- \" only: write the list peers "
                               "that way, without brackets",
                               name);
    }
    grille_yaml_close(&yaml);
    return found;
}
