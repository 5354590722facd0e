/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/nanopb_check.h"

#include <pb_common.h>
#include <string.h>

#include "base/error.h"
#include "codec/nanopb_view.h"

typedef GRILLE_VIEWS(1) view_list;

static bool is_dangling(const grille_bytes *view) {
    return view->len > 0 && !view->data;
}

static const char *view_problem(const pb_field_t *field) {
    if (PB_HTYPE(field->type) != PB_HTYPE_REPEATED) /* grille_bytes_optional starts with its view */
        return is_dangling(field->pData) ? "has a length and no data" : NULL;
    const view_list *list = field->pData;
    size_t capacity = (field->data_size - offsetof(view_list, items)) / sizeof(grille_bytes);
    if (list->count > capacity) return "has more items than its max_count";
    const grille_bytes *items = list->items;
    for (size_t i = 0; i < list->count; i++)
        if (is_dangling(&items[i])) return "has an item with a length and no data";
    return NULL;
}

static const char *item_problem(const pb_field_t *field, const void *item) {
    size_t size = field->data_size;
    if (PB_LTYPE(field->type) == PB_LTYPE_STRING && !memchr(item, 0, size)) return "is text without an end";
    if (PB_LTYPE(field->type) == PB_LTYPE_BYTES &&
        PB_BYTES_ARRAY_T_ALLOCSIZE(((const pb_bytes_array_t *)item)->size) > size)
        return "is longer than its max_size";
    return NULL;
}

/* Items of a field in use: 0 for one that is not there. Repeated views count in their own struct. */
static size_t count_of(const pb_field_t *field) {
    switch (PB_HTYPE(field->type)) {
    case PB_HTYPE_REPEATED:
        return field->pSize ? *(const pb_size_t *)field->pSize : 1;
    case PB_HTYPE_ONEOF:
        return *(const pb_size_t *)field->pSize == field->tag;
    case PB_HTYPE_OPTIONAL:
        return !field->pSize || *(const char *)field->pSize != 0;
    default:
        return 1;
    }
}

static const char *find_problem(const pb_msgdesc_t *descriptor, const void *message, uint32_t *number);

/* Recursion is bounded by the schema: a structure of fixed size can't contain itself. */
static const char *field_problem(const pb_field_t *field, uint32_t *number) {
    size_t count = count_of(field);
    *number = field->tag;
    if (PB_ATYPE(field->type) == PB_ATYPE_CALLBACK)
        return count > 0 && grille_is_view(field) ? view_problem(field) : NULL;
    if (count > field->array_size) return "has more items than its max_count";
    for (size_t i = 0; i < count; i++) {
        const void *item = (const char *)field->pData + i * field->data_size;
        const char *problem = PB_LTYPE_IS_SUBMSG(field->type) ? find_problem(field->submsg_desc, item, number)
                                                              : item_problem(field, item);
        if (problem) return problem;
    }
    return NULL;
}

static const char *find_problem(const pb_msgdesc_t *descriptor, const void *message, uint32_t *number) {
    pb_field_iter_t field;
    const char *problem = NULL;
    pb_size_t left = descriptor->field_count;
    if (!pb_field_iter_begin_const(&field, descriptor, message)) return NULL;
    do
        problem = field_problem(&field, number);
    /* Counted, since the step from the last field reads the first one anew. */
    while (!problem && --left > 0 && pb_field_iter_next(&field));
    return problem;
}

grille_reason grille_nanopb_check(const grille_message_type *type, const void *message, grille_error *error) {
    uint32_t number = 0;
    const char *problem = find_problem(type->descriptor, message, &number);
    if (!problem) return GRILLE_REASON_OK;
    return grille_error_set(error, GRILLE_REASON_BAD_ARGUMENT, "%s: field %u, or one below it, %s", type->name,
                            (unsigned)number, problem);
}
