/* SPDX-License-Identifier: Apache-2.0 */
#include "processing.h"

#include <string.h>

#include "laboratory.h"
#include "record.h"

enum { RECORDS_MOST = 1 << 24 };

typedef acme_records_v1_records_process_server_stream process_stream;

/* A data set while it is worked on. */
typedef struct work {
    grille_call *call;
    char dataset_text[RECORD_DATASET_MAX];
    record_place place; /* of the record that is held back */
    uint8_t data_key[GRILLE_DATA_KEY_BYTES];
    uint8_t held[RECORD_SEALED_MAX]; /* until it is known whether it is the last */
    size_t held_len;
    uint8_t plain[RECORD_MAX];
    laboratory lab;
} work;

/* The service decrypts for the pinned key and the pinned purpose only; the data set's name is what the caller says, and
 * has to be the one that the producer said. */
static grille_code get_data_key(work *w, grille_kms *kms, grille_bytes wrapped_key) {
    const grille_kms_pair context[] = {
        {{(const uint8_t *)RECORD_CONTEXT_DATASET_KEY, sizeof RECORD_CONTEXT_DATASET_KEY - 1}, w->place.dataset}};
    const uint64_t left_ms = grille_call_remaining_ms(w->call);
    grille_kms_reply reply;
    grille_code code = grille_kms_decrypt(
        kms, wrapped_key,
        &GRILLE_KMS_CALL_OPTIONS(.context = context, .context_count = 1,
                                 .timeout_ms = left_ms > 0 && left_ms < UINT32_MAX ? (uint32_t)left_ms : 0),
        &reply);
    if (code != GRILLE_OK && reply.error_type[0] != 0) {
        code = grille_fail(w->call, code, "no data key: %s: %s: %s", reply.error.name, reply.error_type,
                           reply.error_message);
    } else if (code != GRILLE_OK) {
        code = grille_fail(w->call, code, "no data key: %s: %s", reply.error.name, reply.error.text);
    } else if (reply.plaintext.len != sizeof w->data_key) {
        code = grille_fail(w->call, GRILLE_INVALID_ARGUMENT, "the data key has %zu bytes, expected %zu",
                           reply.plaintext.len, sizeof w->data_key);
    } else {
        memcpy(w->data_key, reply.plaintext.data, sizeof w->data_key);
    }
    grille_kms_reply_free(&reply);
    return code;
}

static grille_code begin(work *w, process_stream *stream, grille_kms *kms) {
    const acme_records_v1_ProcessRequest *first = NULL;
    const grille_code code = acme_records_v1_records_process_server_read(stream, &first);
    if (code != GRILLE_OK) return grille_fail(w->call, GRILLE_INVALID_ARGUMENT, "there is no first message");
    if (!record_dataset_valid(first->dataset) || first->wrapped_key.len == 0 ||
        first->wrapped_key.len > RECORD_WRAPPED_KEY_MAX || first->record.len != 0) {
        return grille_fail(w->call, GRILLE_INVALID_ARGUMENT,
                           "the first message names a data set and its wrapped key, and has no record");
    }
    memcpy(w->dataset_text, first->dataset.data, first->dataset.len);
    w->place.dataset = (grille_bytes){(const uint8_t *)w->dataset_text, first->dataset.len};
    return get_data_key(w, kms, first->wrapped_key);
}

static grille_code take_held(work *w, bool last) {
    size_t len = 0;
    grille_error error;
    w->place.last = last;
    if (record_open(w->data_key, &w->place, (grille_bytes){w->held, w->held_len}, w->plain, &len, &error) !=
        GRILLE_OK) {
        return grille_fail(w->call, GRILLE_INVALID_ARGUMENT,
                           "record %u of data set \"%.*s\" was not sealed with this data key %s",
                           (unsigned)w->place.number, (int)w->place.dataset.len, w->dataset_text,
                           last ? "as the last one" : "in this place");
    }
    laboratory_take(&w->lab, (grille_bytes){w->plain, len});
    return GRILLE_OK;
}

static grille_code take_records(work *w, process_stream *stream) {
    const acme_records_v1_ProcessRequest *message = NULL;
    grille_code code = GRILLE_OK;
    while ((code = acme_records_v1_records_process_server_read(stream, &message)) == GRILLE_OK) {
        if (message->record.len > sizeof w->held || message->dataset.len != 0 || message->wrapped_key.len != 0)
            return grille_fail(w->call, GRILLE_INVALID_ARGUMENT, "a message has no record, or something else");
        if (w->place.number == RECORDS_MOST)
            return grille_fail(w->call, GRILLE_RESOURCE_EXHAUSTED, "a data set has at most %d records", RECORDS_MOST);
        if (w->place.number > 0) code = take_held(w, false);
        if (code != GRILLE_OK) return code;
        w->place.number++;
        if (message->record.len > 0) memcpy(w->held, message->record.data, message->record.len);
        w->held_len = message->record.len;
    }
    if (code != GRILLE_END_OF_STREAM) return code;
    if (w->place.number == 0) return grille_fail(w->call, GRILLE_INVALID_ARGUMENT, "there are no records");
    return take_held(w, true);
}

static grille_code seal_report(work *w, acme_records_v1_ProcessResponse *response) {
    char *report = grille_call_alloc(w->call, LABORATORY_REPORT_MAX);
    uint8_t *sealed = grille_call_alloc(w->call, LABORATORY_REPORT_MAX + GRILLE_DATA_OVERHEAD_BYTES);
    grille_error error;
    if (report == NULL || sealed == NULL) return GRILLE_RESOURCE_EXHAUSTED;
    const grille_bytes text = {(const uint8_t *)report, laboratory_report(&w->lab, report)};
    response->report.data = sealed;
    return record_report_seal(w->data_key, w->place.dataset, text, sealed,
                              LABORATORY_REPORT_MAX + GRILLE_DATA_OVERHEAD_BYTES, &response->report.len, &error);
}

static grille_code process(process_stream *stream, acme_records_v1_ProcessResponse *response, void *user) {
    grille_call *call = acme_records_v1_records_process_server_call(stream);
    work *w = grille_call_alloc(call, sizeof *w); /* wiped with the call */
    if (w == NULL) return GRILLE_RESOURCE_EXHAUSTED;
    w->call = call;
    grille_code code = begin(w, stream, user);
    if (code == GRILLE_OK) code = take_records(w, stream);
    if (code == GRILLE_OK) code = seal_report(w, response);
    return code;
}

const acme_records_v1_records_handlers processing_handlers = {.process = process};
