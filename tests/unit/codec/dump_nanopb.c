/* SPDX-License-Identifier: Apache-2.0 */
#include <pb_common.h>
#include <string.h>

#include "codec/nanopb_view.h"
#include "dump.h"

static void dump_descriptor(dump_text *dump, const pb_msgdesc_t *descriptor, const void *message);

static void dump_number(dump_text *dump, const pb_field_t *field, const void *item) {
    uint64_t wide;
    uint32_t narrow;
    if (PB_LTYPE(field->type) == PB_LTYPE_BOOL) {
        dump_add(dump, "%d", *(const bool *)item);
    } else if (field->data_size == 8) {
        memcpy(&wide, item, sizeof(wide));
        dump_add(dump, "%llu", (unsigned long long)wide);
    } else {
        memcpy(&narrow, item, sizeof(narrow));
        dump_add(dump, "%lu", (unsigned long)narrow);
    }
}

static void dump_item(dump_text *dump, const pb_field_t *field, const void *item) {
    const pb_bytes_array_t *bytes = item;
    if (PB_LTYPE_IS_SUBMSG(field->type))
        dump_descriptor(dump, field->submsg_desc, item);
    else if (PB_LTYPE(field->type) == PB_LTYPE_STRING)
        dump_bytes(dump, item, strlen(item));
    else if (PB_LTYPE(field->type) == PB_LTYPE_BYTES)
        dump_bytes(dump, bytes->bytes, bytes->size);
    else
        dump_number(dump, field, item);
}

static bool is_zero(const pb_field_t *field) {
    static const char zero[8];
    if (PB_LTYPE(field->type) == PB_LTYPE_STRING) return !*(const char *)field->pData;
    if (PB_LTYPE(field->type) == PB_LTYPE_BYTES) return ((const pb_bytes_array_t *)field->pData)->size == 0;
    return !memcmp(field->pData, zero, field->data_size);
}

static bool is_there(const pb_field_t *field) {
    switch (PB_HTYPE(field->type)) {
    case PB_HTYPE_ONEOF:
        return *(const pb_size_t *)field->pSize == field->tag;
    case PB_HTYPE_OPTIONAL:
        return field->pSize ? *(const bool *)field->pSize : !is_zero(field);
    default:
        return true;
    }
}

/* `count` items of a list, or one item. */
static void dump_items(dump_text *dump, const pb_field_t *field, size_t count, bool list) {
    dump_add(dump, "%s", list ? "[" : "");
    for (size_t i = 0; i < count; i++) {
        dump_add(dump, "%s", i ? "," : "");
        dump_item(dump, field, (const char *)field->pData + i * field->data_size);
    }
    dump_add(dump, "%s", list ? "]" : "");
}

static void dump_views(dump_text *dump, const pb_field_t *field, size_t *written) {
    typedef GRILLE_VIEWS(64) view_list;
    const view_list *list = field->pData;
    const grille_bytes_optional *optional = field->pData;
    bool has_flag = PB_HTYPE(field->type) == PB_HTYPE_OPTIONAL && field->data_size == sizeof(*optional);
    if (PB_HTYPE(field->type) != PB_HTYPE_REPEATED) {
        bool there = has_flag
                         ? optional->has
                         : (PB_HTYPE(field->type) == PB_HTYPE_OPTIONAL ? optional->bytes.len > 0 : is_there(field));
        if (!there) return;
        dump_field(dump, written, field->tag);
        dump_bytes(dump, optional->bytes.data, optional->bytes.len);
    } else if (list->count) {
        dump_field(dump, written, field->tag);
        dump_add(dump, "[");
        for (size_t i = 0; i < list->count; i++) {
            dump_add(dump, "%s", i ? "," : "");
            dump_bytes(dump, list->items[i].data, list->items[i].len);
        }
        dump_add(dump, "]");
    }
}

static void dump_descriptor(dump_text *dump, const pb_msgdesc_t *descriptor, const void *message) {
    pb_field_iter_t field;
    size_t written = 0;
    dump_add(dump, "{");
    bool more = pb_field_iter_begin_const(&field, descriptor, message);
    while (more) {
        bool repeated = PB_HTYPE(field.type) == PB_HTYPE_REPEATED;
        if (grille_is_view(&field)) {
            dump_views(dump, &field, &written);
        } else if (repeated ? *(const pb_size_t *)field.pSize > 0 : is_there(&field)) {
            dump_field(dump, &written, field.tag);
            dump_items(dump, &field, repeated ? *(const pb_size_t *)field.pSize : 1, repeated);
        }
        more = pb_field_iter_next(&field);
    }
    dump_add(dump, "}");
}

void dump_nanopb(dump_text *dump, const grille_message_type *type, const void *message) {
    dump_descriptor(dump, type->descriptor, message);
}
