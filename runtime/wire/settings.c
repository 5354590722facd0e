/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/settings.h"

#include "base/bytes.h"
#include "wire/limits.h"

enum {
    FIELD_MAX_STREAMS = 1,
    FIELD_MAX_HANDLERS = 2,
    FIELD_MAX_MESSAGE_BYTES = 3,
    FIELD_MAX_METADATA_BYTES = 4,
    FIELD_STREAM_WINDOW_BYTES = 5,
    FIELD_CONNECTION_WINDOW_BYTES = 6,
    FIELD_SERVICES = 7
};
enum { FIELD_SERVICE_ID = 1, FIELD_SERVICE_DIGEST = 2 };

grille_settings grille_settings_minimum(void) {
    return (grille_settings){.max_streams = GRILLE_MINIMUM_STREAMS,
                             .max_handlers = GRILLE_MINIMUM_HANDLERS,
                             .max_message_bytes = GRILLE_MINIMUM_MESSAGE_BYTES,
                             .max_metadata_bytes = GRILLE_MINIMUM_METADATA_BYTES,
                             .stream_window_bytes = GRILLE_MINIMUM_STREAM_WINDOW_BYTES,
                             .connection_window_bytes = GRILLE_MINIMUM_CONNECTION_WINDOW_BYTES};
}

grille_settings grille_settings_default(void) {
    return (grille_settings){.max_streams = GRILLE_DEFAULT_STREAMS,
                             .max_handlers = GRILLE_DEFAULT_HANDLERS,
                             .max_message_bytes = GRILLE_DEFAULT_MESSAGE_BYTES,
                             .max_metadata_bytes = GRILLE_DEFAULT_METADATA_BYTES,
                             .stream_window_bytes = GRILLE_DEFAULT_STREAM_WINDOW_BYTES,
                             .connection_window_bytes = GRILLE_DEFAULT_CONNECTION_WINDOW_BYTES};
}

static bool between(uint32_t value, uint32_t least, uint32_t most) {
    return value >= least && value <= most;
}

grille_reason grille_settings_check(const grille_settings *settings) {
    bool ok =
        between(settings->max_streams, GRILLE_MINIMUM_STREAMS, GRILLE_LIMIT_STREAMS) &&
        between(settings->max_handlers, GRILLE_MINIMUM_HANDLERS, GRILLE_LIMIT_HANDLERS) &&
        between(settings->max_message_bytes, GRILLE_MINIMUM_MESSAGE_BYTES, GRILLE_LIMIT_MESSAGE_BYTES) &&
        between(settings->max_metadata_bytes, GRILLE_MINIMUM_METADATA_BYTES, GRILLE_LIMIT_METADATA_BYTES) &&
        between(settings->stream_window_bytes, GRILLE_MINIMUM_STREAM_WINDOW_BYTES, GRILLE_LIMIT_STREAM_WINDOW_BYTES) &&
        between(settings->connection_window_bytes, GRILLE_MINIMUM_CONNECTION_WINDOW_BYTES,
                GRILLE_LIMIT_CONNECTION_WINDOW_BYTES) &&
        settings->stream_window_bytes <= settings->connection_window_bytes / GRILLE_STREAM_WINDOWS_PER_CONNECTION;
    return ok ? GRILLE_REASON_OK : GRILLE_REASON_WIRE_LIMIT;
}

static grille_reason decode_service(grille_bytes encoded, grille_service_digest *service) {
    grille_message_reader message = grille_message_reader_of(encoded);
    grille_message_field field;
    *service = (grille_service_digest){0};
    while (grille_message_next(&message, &field)) {
        if (field.number == FIELD_SERVICE_ID) service->id = grille_message_fixed32(&message, &field);
        if (field.number == FIELD_SERVICE_DIGEST) service->digest = grille_message_bytes(&message, &field);
    }
    return grille_message_end(&message);
}

/* Rising ids: no service comes twice, and no table is needed to know. */
static bool follows(uint32_t previous_id, const grille_service_digest *service) {
    return service->id > previous_id && service->digest.len == GRILLE_SCHEMA_DIGEST_BYTES;
}

static void take_service(grille_message_reader *message, const grille_message_field *field, uint32_t *previous_id,
                         grille_settings *settings) {
    grille_service_digest service;
    grille_reason reason = decode_service(grille_message_item(message, field), &service);
    if (reason == GRILLE_REASON_OK && !follows(*previous_id, &service)) reason = GRILLE_REASON_WIRE_BAD_MESSAGE;
    if (reason == GRILLE_REASON_OK && settings->service_count == GRILLE_LIMIT_SERVICES) {
        reason = GRILLE_REASON_WIRE_LIMIT;
    }
    if (reason != GRILLE_REASON_OK) {
        grille_message_fail(message, reason);
        return;
    }
    *previous_id = service.id;
    settings->service_count++;
}

/* proto3 does not tell an absent number from 0: both leave the minimum. */
static void take_number(grille_message_reader *message, const grille_message_field *field, uint32_t *number) {
    uint32_t value = grille_message_u32(message, field);
    if (value != 0) *number = value;
}

static void take_field(grille_message_reader *message, const grille_message_field *field, uint32_t *previous_id,
                       grille_settings *settings) {
    switch (field->number) {
    case FIELD_MAX_STREAMS:
        take_number(message, field, &settings->max_streams);
        break;
    case FIELD_MAX_HANDLERS:
        take_number(message, field, &settings->max_handlers);
        break;
    case FIELD_MAX_MESSAGE_BYTES:
        take_number(message, field, &settings->max_message_bytes);
        break;
    case FIELD_MAX_METADATA_BYTES:
        take_number(message, field, &settings->max_metadata_bytes);
        break;
    case FIELD_STREAM_WINDOW_BYTES:
        take_number(message, field, &settings->stream_window_bytes);
        break;
    case FIELD_CONNECTION_WINDOW_BYTES:
        take_number(message, field, &settings->connection_window_bytes);
        break;
    case FIELD_SERVICES:
        take_service(message, field, previous_id, settings);
        break;
    default:
        break;
    }
}

grille_reason grille_settings_decode(grille_bytes encoded, grille_settings *settings) {
    grille_message_reader message = grille_message_reader_of(encoded);
    grille_message_field field;
    grille_settings read = grille_settings_minimum();
    uint32_t previous_id = 0;
    grille_reason reason = GRILLE_REASON_OK;
    while (grille_message_next(&message, &field))
        take_field(&message, &field, &previous_id, &read);
    reason = grille_message_end(&message);
    if (reason == GRILLE_REASON_OK) reason = grille_settings_check(&read);
    if (reason != GRILLE_REASON_OK) return reason;
    if (read.service_count > 0) read.services_encoded = encoded;
    *settings = read;
    return GRILLE_REASON_OK;
}

static void write_number(grille_writer *writer, uint32_t number, uint32_t value, uint32_t minimum) {
    if (value != minimum) grille_message_varint_write(writer, number, value);
}

static void write_service(grille_writer *writer, const grille_service_digest *service) {
    size_t len = grille_message_fixed32_size(FIELD_SERVICE_ID) +
                 grille_message_bytes_size(FIELD_SERVICE_DIGEST, service->digest.len);
    grille_message_nested_write(writer, FIELD_SERVICES, len);
    grille_message_fixed32_write(writer, FIELD_SERVICE_ID, service->id);
    grille_message_bytes_write(writer, FIELD_SERVICE_DIGEST, service->digest);
}

void grille_settings_write(grille_writer *writer, const grille_settings *settings,
                           const grille_service_digest *services, size_t service_count) {
    uint32_t previous_id = 0;
    if (service_count > GRILLE_LIMIT_SERVICES) grille_writer_fail(writer, GRILLE_REASON_WIRE_LIMIT);
    write_number(writer, FIELD_MAX_STREAMS, settings->max_streams, GRILLE_MINIMUM_STREAMS);
    write_number(writer, FIELD_MAX_HANDLERS, settings->max_handlers, GRILLE_MINIMUM_HANDLERS);
    write_number(writer, FIELD_MAX_MESSAGE_BYTES, settings->max_message_bytes, GRILLE_MINIMUM_MESSAGE_BYTES);
    write_number(writer, FIELD_MAX_METADATA_BYTES, settings->max_metadata_bytes, GRILLE_MINIMUM_METADATA_BYTES);
    write_number(writer, FIELD_STREAM_WINDOW_BYTES, settings->stream_window_bytes, GRILLE_MINIMUM_STREAM_WINDOW_BYTES);
    write_number(writer, FIELD_CONNECTION_WINDOW_BYTES, settings->connection_window_bytes,
                 GRILLE_MINIMUM_CONNECTION_WINDOW_BYTES);
    for (size_t i = 0; i < service_count; i++) {
        if (!follows(previous_id, &services[i])) grille_writer_fail(writer, GRILLE_REASON_WIRE_BAD_MESSAGE);
        write_service(writer, &services[i]);
        previous_id = services[i].id;
    }
}

grille_service_iterator grille_settings_services(const grille_settings *settings) {
    return (grille_service_iterator){.message = grille_message_reader_of(settings->services_encoded)};
}

bool grille_service_next(grille_service_iterator *iterator, grille_service_digest *service) {
    grille_message_field field;
    while (grille_message_next(&iterator->message, &field)) {
        if (field.number == FIELD_SERVICES) return decode_service(field.bytes, service) == GRILLE_REASON_OK;
    }
    return false;
}
