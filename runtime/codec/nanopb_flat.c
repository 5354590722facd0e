/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/nanopb_flat.h"

#include <pb_common.h>
#include <string.h>

#include "codec/nanopb_view.h"

/* Whether the field has presence of its own: only the size of the member tells (nanopb_view.c). */
static bool is_optional_view(const pb_field_t *field) {
    return field->data_size == sizeof(grille_bytes_optional);
}

static bool is_single_view(const pb_field_t *field) {
    return PB_HTYPE(field->type) == PB_HTYPE_OPTIONAL && grille_is_view(field);
}

static bool is_single_number(const pb_field_t *field) {
    return PB_ATYPE(field->type) == PB_ATYPE_STATIC && PB_HTYPE(field->type) == PB_HTYPE_OPTIONAL &&
           field->pSize == NULL;
}

static bool fits_flat(const pb_msgdesc_t *descriptor) {
    return descriptor->field_count <= GRILLE_FLAT_FIELDS && descriptor->largest_tag <= GRILLE_FLAT_NUMBER &&
           descriptor->required_field_count == 0 && descriptor->default_value == NULL;
}

static bool set_view(const pb_field_t *field, const grille_flat_field *value) {
    if (!value->is_bytes) return false;
    if (is_optional_view(field)) {
        *(grille_bytes_optional *)field->pData = (grille_bytes_optional){value->bytes, 1};
    } else {
        *(grille_bytes *)field->pData = value->bytes;
    }
    return true;
}

/* Values that the library would cut or refuse are the library's. */
static bool set_number(const pb_field_t *field, const grille_flat_field *value) {
    if (value->is_bytes) return false;
    switch (PB_LTYPE(field->type)) {
    case PB_LTYPE_BOOL:
        if (value->varint > 1) return false;
        *(bool *)field->pData = value->varint != 0;
        return true;
    case PB_LTYPE_UVARINT:
    case PB_LTYPE_VARINT:
        if (field->data_size == sizeof(uint64_t)) {
            memcpy(field->pData, &value->varint, sizeof(uint64_t));
            return true;
        }
        if (field->data_size != sizeof(uint32_t) || value->varint > INT32_MAX) return false;
        *(uint32_t *)field->pData = (uint32_t)value->varint;
        return true;
    default:
        return false;
    }
}

bool grille_nanopb_flat_scan(const pb_msgdesc_t *descriptor, grille_bytes encoded, grille_flat_scan *scan) {
    return fits_flat(descriptor) && grille_flat_read_all(encoded, scan);
}

static bool set_field(const pb_field_t *field, const grille_flat_field *value) {
    if (is_single_view(field)) return set_view(field, value);
    return is_single_number(field) && set_number(field, value);
}

bool grille_nanopb_flat_store(const pb_msgdesc_t *descriptor, const grille_flat_scan *scan, void *message) {
    pb_field_iter_t field;
    if (!pb_field_iter_begin(&field, descriptor, message)) return scan->count == 0;
    for (unsigned i = 0; i < scan->count; i++) {
        const grille_flat_field *value = &scan->fields[i];
        if (!pb_field_iter_find(&field, value->number) || !set_field(&field, value)) return false;
    }
    return true;
}

static bool put_view(grille_writer *out, const pb_field_t *field) {
    const grille_bytes *view = field->pData; /* grille_bytes_optional starts with its view */
    const bool sends = is_optional_view(field) ? ((const grille_bytes_optional *)field->pData)->has : view->len > 0;
    if (view->len > 0 && view->data == NULL) return false;
    if (sends) grille_flat_put_bytes(out, field->tag, *view);
    return true;
}

static bool put_number(grille_writer *out, const pb_field_t *field) {
    uint64_t wide = 0;
    switch (PB_LTYPE(field->type)) {
    case PB_LTYPE_BOOL: {
        uint8_t byte = 0; /* a bool that is neither is no undefined behaviour */
        memcpy(&byte, field->pData, sizeof byte);
        grille_flat_put_varint(out, field->tag, byte != 0);
        return field->data_size == sizeof byte;
    }
    case PB_LTYPE_UVARINT:
    case PB_LTYPE_VARINT:
        if (field->data_size == sizeof(uint64_t)) {
            memcpy(&wide, field->pData, sizeof wide);
        } else if (field->data_size != sizeof(uint32_t)) {
            return false;
        } else if (PB_LTYPE(field->type) == PB_LTYPE_UVARINT) {
            wide = *(const uint32_t *)field->pData;
        } else {
            wide = (uint64_t)(int64_t) * (const int32_t *)field->pData;
        }
        grille_flat_put_varint(out, field->tag, wide);
        return true;
    default:
        return false;
    }
}

static bool put_field(grille_writer *out, const pb_field_t *field) {
    if (is_single_view(field)) return put_view(out, field);
    return is_single_number(field) && put_number(out, field);
}

bool grille_nanopb_flat_encode(const pb_msgdesc_t *descriptor, const void *message, grille_writer *out) {
    pb_field_iter_t field;
    unsigned left = descriptor->field_count;
    if (!fits_flat(descriptor) || !pb_field_iter_begin_const(&field, descriptor, message)) return false;
    do {
        if (!put_field(out, &field)) return false;
        /* Counted, since the step from the last field reads the first one anew. */
    } while (--left > 0 && pb_field_iter_next(&field));
    return grille_writer_end(out) == GRILLE_REASON_OK;
}
