/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/nanopb_view.h"

#include <pb_encode.h>

/* With PB_BUFFER_ONLY nanopb has no use for the callback of an input stream, copies it into substreams, and leaves it
 * NULL in streams that it makes itself: it marks ours. */
static int ours;

/* `GRILLE_VIEWS(n)` for any n. */
typedef GRILLE_VIEWS(1) view_list;

pb_istream_t grille_view_stream(grille_bytes encoded) {
    pb_istream_t stream = pb_istream_from_buffer(encoded.data, encoded.len);
    stream.callback = &ours;
    return stream;
}

bool grille_is_view(const pb_field_t *field) {
    return PB_ATYPE(field->type) == PB_ATYPE_CALLBACK && field->descriptor->field_callback == grille_view_field;
}

static bool is_repeated(const pb_field_t *field) {
    return PB_HTYPE(field->type) == PB_HTYPE_REPEATED;
}

/* HTYPE_OPTIONAL is also that of fields without presence: only the size of the member tells. */
static bool is_optional(const pb_field_t *field) {
    return PB_HTYPE(field->type) == PB_HTYPE_OPTIONAL && field->data_size == sizeof(grille_bytes_optional);
}

static grille_bytes *items_of(const pb_field_t *field) {
    return ((view_list *)field->pData)->items;
}

static size_t capacity_of(const pb_field_t *field) {
    return (field->data_size - offsetof(view_list, items)) / sizeof(grille_bytes);
}

static bool decode_view(pb_istream_t *input, const pb_field_t *field) {
    grille_bytes view = {.data = input->state, .len = input->bytes_left};
    if (input->callback != &ours) PB_RETURN_ERROR(input, "view outside the message");
    if (is_repeated(field)) {
        view_list *list = field->pData;
        if (list->count >= capacity_of(field)) PB_RETURN_ERROR(input, "array overflow");
        items_of(field)[list->count++] = view;
    } else if (is_optional(field)) {
        *(grille_bytes_optional *)field->pData = (grille_bytes_optional){view, 1};
    } else {
        if (PB_HTYPE(field->type) == PB_HTYPE_ONEOF) *(pb_size_t *)field->pSize = field->tag;
        *(grille_bytes *)field->pData = view;
    }
    return pb_read(input, NULL, input->bytes_left);
}

static bool encode_one(pb_ostream_t *output, const pb_field_t *field, const grille_bytes *view) {
    if (!pb_encode_tag(output, PB_WT_STRING, field->tag)) return false;
    return pb_encode_string(output, view->data, view->len);
}

static bool encode_view(pb_ostream_t *output, const pb_field_t *field) {
    if (is_repeated(field)) {
        size_t count = ((const view_list *)field->pData)->count;
        if (count > capacity_of(field)) PB_RETURN_ERROR(output, "array max size exceeded");
        for (size_t i = 0; i < count; i++)
            if (!encode_one(output, field, &items_of(field)[i])) return false;
        return true;
    }
    if (is_optional(field)) {
        const grille_bytes_optional *optional = field->pData;
        return !optional->has || encode_one(output, field, &optional->bytes);
    }
    /* Without presence an empty value is not sent; a required one and a member of a oneof are. */
    const grille_bytes *view = field->pData;
    return (PB_HTYPE(field->type) == PB_HTYPE_OPTIONAL && view->len == 0) || encode_one(output, field, view);
}

bool grille_view_field(pb_istream_t *input, pb_ostream_t *output, const pb_field_t *field) {
    if (input) return decode_view(input, field);
    return !output || encode_view(output, field);
}
