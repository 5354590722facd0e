/* SPDX-License-Identifier: Apache-2.0 */
#include <pb_common.h>
#include <pb_decode.h>
#include <pb_encode.h>
#include <string.h>

#include "base/error.h"
#include "codec/codec.h"
#include "codec/nanopb_check.h"
#include "codec/nanopb_flat.h"
#include "codec/nanopb_view.h"
#include "codec/prescan.h"

static bool find_field(const void *descriptor, uint32_t number, grille_field_shape *shape) {
    static const grille_wire_type numbers[] = {
        [PB_LTYPE_BOOL] = GRILLE_WIRE_VARINT,     [PB_LTYPE_VARINT] = GRILLE_WIRE_VARINT,
        [PB_LTYPE_UVARINT] = GRILLE_WIRE_VARINT,  [PB_LTYPE_SVARINT] = GRILLE_WIRE_VARINT,
        [PB_LTYPE_FIXED32] = GRILLE_WIRE_FIXED32, [PB_LTYPE_FIXED64] = GRILLE_WIRE_FIXED64,
    };
    pb_field_iter_t field;
    if (!pb_field_iter_begin(&field, descriptor, NULL) || !pb_field_iter_find(&field, number)) return false;
    bool is_number = PB_LTYPE(field.type) <= PB_LTYPE_LAST_PACKABLE;
    shape->wire_type = is_number ? numbers[PB_LTYPE(field.type)] : GRILLE_WIRE_BYTES;
    shape->packable = is_number && PB_HTYPE(field.type) == PB_HTYPE_REPEATED;
    shape->message = field.submsg_desc;
    return true;
}

static grille_reason measure(const grille_message_type *type, const void *message, size_t *len, grille_error *error) {
    if (!message) return grille_error_set(error, GRILLE_REASON_BAD_ARGUMENT, "the %s is NULL", type->name);
    grille_reason reason = grille_nanopb_check(type, message, error);
    if (reason != GRILLE_REASON_OK) return reason;
    pb_ostream_t stream = PB_OSTREAM_SIZING;
    if (!pb_encode(&stream, type->descriptor, message))
        return grille_error_set(error, GRILLE_REASON_BAD_ARGUMENT, "%s: %s", type->name, PB_GET_ERROR(&stream));
    *len = stream.bytes_written;
    return GRILLE_REASON_OK;
}

static grille_reason encode(const grille_message_type *type, const void *message, uint8_t *out, size_t len,
                            grille_error *error) {
    pb_ostream_t stream = pb_ostream_from_buffer(out, len);
    if (!pb_encode(&stream, type->descriptor, message))
        return grille_error_set(error, GRILLE_REASON_BAD_ARGUMENT, "%s: %s", type->name, PB_GET_ERROR(&stream));
    if (stream.bytes_written != len)
        return grille_error_set(error, GRILLE_REASON_BAD_ARGUMENT,
                                "the %s changed while it was encoded; does another thread write to it?", type->name);
    return GRILLE_REASON_OK;
}

static grille_reason encode_short(const grille_message_type *type, const void *message, uint8_t *out, size_t capacity,
                                  size_t *len, grille_error *error) {
    if (!message) return grille_error_set(error, GRILLE_REASON_BAD_ARGUMENT, "the %s is NULL", type->name);
    grille_writer writer = grille_writer_into(out, capacity);
    bool flat = grille_nanopb_flat_encode(type->descriptor, message, &writer);
    *len = flat ? grille_written(&writer).len : 0;
    if (flat) return GRILLE_REASON_OK;
    grille_reason reason = grille_nanopb_check(type, message, error);
    if (reason != GRILLE_REASON_OK) return reason;
    pb_ostream_t stream = pb_ostream_from_buffer(out, capacity);
    if (!pb_encode(&stream, type->descriptor, message)) return GRILLE_REASON_NO_SPACE;
    *len = stream.bytes_written;
    return GRILLE_REASON_OK;
}

/* No field has a proto2 default; messages below messages are not looked into. */
static bool defaults_to_zero(const pb_msgdesc_t *descriptor) {
    const pb_msgdesc_t *const *below = descriptor->submsg_info;
    if (descriptor->default_value) return false;
    for (; *below; below++)
        if ((*below)->default_value || (*below)->submsg_info[0]) return false;
    return true;
}

/* pb_decode leaves views as they are, so all of the struct is zeroed; decoding nothing then sets proto2 defaults, and
 * fails only where a field is required, which a fresh message does not have yet. */
static void fill(const grille_message_type *type, void *memory) {
    memset(memory, 0, type->struct_bytes);
    if (!defaults_to_zero(type->descriptor)) {
        pb_istream_t nothing = pb_istream_from_buffer(NULL, 0);
        bool complete = pb_decode(&nothing, type->descriptor, memory);
        (void)complete;
    }
}

static grille_reason prepare(const grille_message_type *type, grille_arena *arena, void **message) {
    void *memory = grille_arena_alloc(arena, type->struct_bytes);
    if (!memory) return GRILLE_REASON_BUDGET;
    fill(type, memory);
    *message = memory;
    return GRILLE_REASON_OK;
}

/* Texts of pb_decode.c for values that are well-formed and do not fit our struct. */
static bool is_bound(const char *problem) {
    static const char *const bounds[] = {"array overflow",
                                         "bytes overflow",
                                         "string overflow",
                                         "integer too large",
                                         "varint overflow",
                                         "incorrect fixed length bytes size",
                                         "wrong size for fixed count field"};
    for (size_t i = 0; i < sizeof(bounds) / sizeof(*bounds); i++)
        if (!strcmp(problem, bounds[i])) return true;
    return false;
}

static grille_reason decode(const grille_message_type *type, grille_bytes encoded, grille_arena *arena, void **message,
                            grille_error *error) {
    grille_flat_scan flat;
    grille_scan_end end;
    void *memory = NULL;
    if (grille_nanopb_flat_scan(type->descriptor, encoded, &flat) &&
        prepare(type, arena, &memory) == GRILLE_REASON_OK) {
        *message = memory;
        if (grille_nanopb_flat_store(type->descriptor, &flat, memory)) return GRILLE_REASON_OK;
    }
    grille_reason reason = grille_prescan(encoded, type->descriptor, find_field, &end);
    if (reason != GRILLE_REASON_OK)
        return grille_error_set(error, reason, "%s: %s (field %u at byte %zu)", type->name, grille_reason_text(reason),
                                (unsigned)end.field, end.offset);
    if (!memory) memory = grille_arena_alloc(arena, type->struct_bytes);
    if (!memory)
        return grille_error_set(error, GRILLE_REASON_BUDGET, "%s: no memory for %zu bytes within the budget",
                                type->name, type->struct_bytes);
    fill(type, memory);
    pb_istream_t stream = grille_view_stream(encoded);
    if (!pb_decode_ex(&stream, type->descriptor, memory, PB_DECODE_NOINIT)) {
        const char *problem = PB_GET_ERROR(&stream);
        size_t offset = (size_t)((const uint8_t *)stream.state - encoded.data);
        end = grille_locate(encoded, offset);
        return grille_error_set(error, is_bound(problem) ? GRILLE_REASON_CODEC_BOUND : GRILLE_REASON_CODEC_MALFORMED,
                                "%s: %s (field %u at byte %zu)", type->name, problem, (unsigned)end.field, end.offset);
    }
    *message = memory;
    return GRILLE_REASON_OK;
}

const grille_codec grille_codec_nanopb = {
    .name = "nanopb",
    .borrows_encoded = true,
    .measure = measure,
    .encode = encode,
    .encode_short = encode_short,
    .prepare = prepare,
    .decode = decode,
};
