/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/bytes.h"
#include "base/error.h"
#include "secure/tls_private.h"

void grille_tls_io_begin(grille_tls *tls) {
    tls->cursor.finished = 0;
}

/* Unread bytes at the front, without a copy. */
static grille_bytes front(const grille_tls *tls) {
    const grille_bytes retained = grille_byte_queue_view(&tls->retained);
    return retained.len > 0 ? retained : tls->fed;
}

static void drop(grille_tls *tls, size_t len) {
    if (grille_byte_queue_len(&tls->retained) > 0) {
        grille_byte_queue_consume(&tls->retained, len);
        grille_byte_queue_trim(&tls->retained);
    } else {
        tls->fed = grille_bytes_of(tls->fed.data + len, tls->fed.len - len);
    }
    tls->taken_bytes += len;
}

/* Bytes that may go to wolfSSL before the next border: of the record's header, then of its body. */
static size_t up_to_border(const tls_record_cursor *cursor) {
    return cursor->header_len < tls_record_header_bytes ? tls_record_header_bytes - cursor->header_len
                                                        : cursor->body_left;
}

static void advance(tls_record_cursor *cursor, grille_bytes bytes) {
    if (cursor->header_len < tls_record_header_bytes) {
        memcpy(cursor->header + cursor->header_len, bytes.data, bytes.len);
        cursor->header_len += bytes.len;
        if (cursor->header_len < tls_record_header_bytes) return;
        cursor->body_left = (size_t)cursor->header[3] << 8 | cursor->header[4];
    } else {
        cursor->body_left -= bytes.len;
    }
    if (cursor->body_left > 0) return;
    cursor->header_len = 0;
    cursor->finished++;
}

int grille_tls_io_receive(WOLFSSL *ssl, char *buffer, int size, void *context) {
    grille_tls *tls = context;
    tls_record_cursor *cursor = &tls->cursor;
    size_t copied = 0;
    (void)ssl;
    if (size <= 0) return WOLFSSL_CBIO_ERR_GENERAL;
    while (copied < (size_t)size) {
        grille_bytes bytes = front(tls);
        size_t len = up_to_border(cursor);
        if (bytes.len == 0) break;
        if (cursor->header_len == 0 && cursor->finished > 0) break;
        if (len > bytes.len) len = bytes.len;
        if (len > (size_t)size - copied) len = (size_t)size - copied;
        memcpy(buffer + copied, bytes.data, len);
        advance(cursor, grille_bytes_of(bytes.data, len));
        drop(tls, len);
        copied += len;
    }
    return copied > 0 ? (int)copied : WOLFSSL_CBIO_ERR_WANT_READ;
}

int grille_tls_io_send(WOLFSSL *ssl, char *buffer, int size, void *context) {
    grille_tls *tls = context;
    (void)ssl;
    if (size <= 0) return WOLFSSL_CBIO_ERR_GENERAL;
    tls->io_reason = grille_byte_queue_append(&tls->outgoing, grille_bytes_of(buffer, (size_t)size));
    return tls->io_reason == GRILLE_REASON_OK ? size : WOLFSSL_CBIO_ERR_GENERAL;
}

grille_reason grille_tls_feed(grille_tls *tls, grille_bytes bytes) {
    if (tls->fed.len > 0) return GRILLE_REASON_BAD_ARGUMENT;
    tls->fed = bytes;
    return GRILLE_REASON_OK;
}

grille_reason grille_tls_retain(grille_tls *tls) {
    const grille_reason reason = grille_byte_queue_append(&tls->retained, tls->fed);
    if (reason == GRILLE_REASON_OK) tls->fed = (grille_bytes){NULL, 0};
    return reason;
}

size_t grille_tls_unread(const grille_tls *tls) {
    return grille_byte_queue_len(&tls->retained) + tls->fed.len;
}

uint64_t grille_tls_taken(const grille_tls *tls) {
    return tls->taken_bytes;
}

grille_bytes grille_tls_outgoing(const grille_tls *tls) {
    return grille_byte_queue_view(&tls->outgoing);
}

void grille_tls_sent(grille_tls *tls, size_t len) {
    grille_byte_queue_consume(&tls->outgoing, len);
}

void grille_tls_trim(grille_tls *tls) {
    grille_byte_queue_trim(&tls->outgoing);
    grille_byte_queue_trim(&tls->retained);
}

bool grille_tls_holds(const grille_tls *tls) {
    return grille_byte_queue_holds(&tls->outgoing) || grille_byte_queue_holds(&tls->retained);
}

void grille_tls_lend(grille_tls *tls, uint8_t *memory, size_t capacity) {
    grille_byte_queue_lend(&tls->outgoing, memory, capacity);
}

grille_reason grille_tls_reclaim(grille_tls *tls, grille_error *error) {
    const grille_reason reason = grille_byte_queue_reclaim(&tls->outgoing);
    if (reason == GRILLE_REASON_OK) return reason;
    tls->dead = true;
    return grille_error_set(error, reason, "no memory for what the peer does not take yet");
}
