/* SPDX-License-Identifier: Apache-2.0 */
#include "attest/policy_yaml.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/error.h"

static grille_reason fail_at(const grille_yaml *yaml, yaml_mark_t mark, grille_reason reason, const char *text) {
    return grille_error_set(yaml->error, reason, "%s:%zu:%zu: %s", yaml->name, mark.line + 1, mark.column + 1, text);
}

grille_reason grille_yaml_fail(const grille_yaml *yaml, const yaml_node_t *node, grille_reason reason,
                               const char *format, ...) {
    char text[GRILLE_ERROR_TEXT_BYTES];
    va_list arguments;
    va_start(arguments, format);
    if (vsnprintf(text, sizeof text, format, arguments) < 0) text[0] = '\0';
    va_end(arguments);
    return fail_at(yaml, node->start_mark, reason, text);
}

/* What libyaml could not read. */
static grille_reason fail_syntax(const grille_yaml *yaml, const yaml_parser_t *parser) {
    yaml_mark_t mark = parser->problem_mark;
    char text[256];
    if (parser->error == YAML_MEMORY_ERROR) return grille_error_default(yaml->error, GRILLE_REASON_OUT_OF_MEMORY);
    if (parser->error == YAML_READER_ERROR) mark = parser->mark; /* a bad byte has an offset only */
    (void)snprintf(text, sizeof text, "this is not YAML: %s%s%s. Indent with spaces and quote text that has ':' or '#'",
                   parser->problem != NULL ? parser->problem : "no reason known", parser->context != NULL ? ", " : "",
                   parser->context != NULL ? parser->context : "");
    return fail_at(yaml, mark, GRILLE_REASON_POLICY_SYNTAX, text);
}

typedef struct scan {
    const grille_yaml *yaml;
    size_t depth;
    size_t documents;
} scan;

static grille_reason check_node(const scan *s, const yaml_event_t *event, const yaml_char_t *anchor,
                                const yaml_char_t *tag) {
    if (anchor != NULL) {
        return fail_at(s->yaml, event->start_mark, GRILLE_REASON_POLICY_STRUCTURE,
                       "anchors (&) are not allowed: write the value out where it is used");
    }
    if (tag != NULL) {
        return fail_at(s->yaml, event->start_mark, GRILLE_REASON_POLICY_STRUCTURE,
                       "tags (!) are not allowed: write the plain value");
    }
    return GRILLE_REASON_OK;
}

static grille_reason check_depth(scan *s, const yaml_event_t *event) {
    if (++s->depth <= GRILLE_POLICY_YAML_DEPTH) return GRILLE_REASON_OK;
    return fail_at(s->yaml, event->start_mark, GRILLE_REASON_POLICY_STRUCTURE, "nested too deeply for a policy");
}

static grille_reason check_event(scan *s, const yaml_event_t *event) {
    grille_reason reason = GRILLE_REASON_OK;
    switch (event->type) {
    case YAML_ALIAS_EVENT:
        return fail_at(s->yaml, event->start_mark, GRILLE_REASON_POLICY_STRUCTURE,
                       "aliases (*) are not allowed: write the value out; quote text that begins with '*'");
    case YAML_SCALAR_EVENT:
        return check_node(s, event, event->data.scalar.anchor, event->data.scalar.tag);
    case YAML_SEQUENCE_START_EVENT:
        reason = check_node(s, event, event->data.sequence_start.anchor, event->data.sequence_start.tag);
        return reason != GRILLE_REASON_OK ? reason : check_depth(s, event);
    case YAML_MAPPING_START_EVENT:
        reason = check_node(s, event, event->data.mapping_start.anchor, event->data.mapping_start.tag);
        return reason != GRILLE_REASON_OK ? reason : check_depth(s, event);
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT:
        s->depth--;
        return GRILLE_REASON_OK;
    case YAML_DOCUMENT_START_EVENT:
        if (++s->documents == 1) return GRILLE_REASON_OK;
        return fail_at(s->yaml, event->start_mark, GRILLE_REASON_POLICY_STRUCTURE,
                       "a second document (---) begins here: a policy is one document");
    default:
        return GRILLE_REASON_OK;
    }
}

/* A policy may hold keys: libyaml's buffers of the text. */
static void delete_parser(yaml_parser_t *parser) {
    grille_wipe(parser->raw_buffer.start, (size_t)(parser->raw_buffer.end - parser->raw_buffer.start));
    grille_wipe(parser->buffer.start, (size_t)(parser->buffer.end - parser->buffer.start));
    yaml_parser_delete(parser);
}

static void delete_event(yaml_event_t *event) {
    if (event->type == YAML_SCALAR_EVENT) grille_wipe(event->data.scalar.value, event->data.scalar.length);
    yaml_event_delete(event);
}

static void delete_document(yaml_document_t *document) {
    for (yaml_node_t *node = document->nodes.start; node < document->nodes.top; node++) {
        if (node->type == YAML_SCALAR_NODE) grille_wipe(node->data.scalar.value, node->data.scalar.length);
    }
    yaml_document_delete(document);
}

/* One pass over the events, before a tree is built that aliases could share and nesting deepen. */
static grille_reason scan_events(const grille_yaml *yaml, grille_bytes text) {
    scan s = {.yaml = yaml};
    yaml_parser_t parser;
    grille_reason reason = GRILLE_REASON_OK;
    bool ended = false;
    if (!yaml_parser_initialize(&parser)) return grille_error_default(yaml->error, GRILLE_REASON_OUT_OF_MEMORY);
    yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&parser, text.data, text.len);
    while (reason == GRILLE_REASON_OK && !ended) {
        yaml_event_t event;
        if (!yaml_parser_parse(&parser, &event)) {
            reason = fail_syntax(yaml, &parser);
            break;
        }
        ended = event.type == YAML_STREAM_END_EVENT;
        reason = check_event(&s, &event);
        delete_event(&event);
    }
    delete_parser(&parser);
    return reason;
}

static grille_reason load(grille_yaml *yaml, grille_bytes text, yaml_node_t **root) {
    yaml_parser_t parser;
    grille_reason reason = GRILLE_REASON_OK;
    if (!yaml_parser_initialize(&parser)) return grille_error_default(yaml->error, GRILLE_REASON_OUT_OF_MEMORY);
    yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&parser, text.data, text.len);
    if (!yaml_parser_load(&parser, &yaml->document)) {
        reason = fail_syntax(yaml, &parser);
    } else {
        *root = yaml_document_get_root_node(&yaml->document);
        if (*root == NULL) {
            yaml_document_delete(&yaml->document);
            reason = fail_at(yaml, (yaml_mark_t){0}, GRILLE_REASON_POLICY_EMPTY,
                             "the file is empty: it accepts nobody. Write peers: with at least one set");
        }
    }
    delete_parser(&parser);
    return reason;
}

grille_reason grille_yaml_open(grille_yaml *yaml, grille_bytes text, const char *name, yaml_node_t **root,
                               grille_error *error) {
    grille_reason reason;
    *yaml = (grille_yaml){.name = name, .error = error};
    *root = NULL;
    reason = scan_events(yaml, text);
    return reason != GRILLE_REASON_OK ? reason : load(yaml, text, root);
}

void grille_yaml_close(grille_yaml *yaml) {
    delete_document(&yaml->document);
}

grille_reason grille_yaml_text(const grille_yaml *yaml, const yaml_node_t *node, const char *what, grille_bytes *text) {
    if (node->type != YAML_SCALAR_NODE) {
        return grille_yaml_fail(yaml, node, GRILLE_REASON_POLICY_TYPE, "%s is a list or a map, expected one value",
                                what);
    }
    *text = grille_bytes_of(node->data.scalar.value, node->data.scalar.length);
    return GRILLE_REASON_OK;
}

grille_reason grille_yaml_list(const grille_yaml *yaml, const yaml_node_t *node, const char *what, size_t *count) {
    if (node->type != YAML_SEQUENCE_NODE) {
        return grille_yaml_fail(yaml, node, GRILLE_REASON_POLICY_TYPE,
                                "%s is not a list: write [a, b] or lines that "
                                "begin with '- '",
                                what);
    }
    *count = (size_t)(node->data.sequence.items.top - node->data.sequence.items.start);
    if (*count > 0) return GRILLE_REASON_OK;
    return grille_yaml_fail(yaml, node, GRILLE_REASON_POLICY_EMPTY, "%s is an empty list: leave it out or fill it",
                            what);
}

yaml_node_t *grille_yaml_item(grille_yaml *yaml, const yaml_node_t *list, size_t index) {
    return yaml_document_get_node(&yaml->document, list->data.sequence.items.start[index]);
}
