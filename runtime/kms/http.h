/* SPDX-License-Identifier: Apache-2.0
 * The least of HTTP/1.1 (RFC 9112) that a key service and an instance's metadata service need: one request, and its
 * answer read as it comes. Sans-IO, no heap; one answer one thread at a time. */
#ifndef GRILLE_KMS_HTTP_H
#define GRILLE_KMS_HTTP_H

#include "base/writer.h"
#include "kms/header.h"
#include "wire/limits.h"

/* Writes a whole request to "/": the headers as they stand, `content-length`, the body. BAD_ARGUMENT: a header that is
 * not valid (header.h), no `host`, more than GRILLE_LIMIT_KMS_HEADERS, or one of those that say where a message ends;
 * NO_SPACE. Writes nothing on failure. */
GRILLE_MUST_USE grille_reason grille_http_write_post(const grille_kms_header *headers, size_t header_count,
                                                     grille_bytes body, grille_writer *request);

typedef enum grille_http_method { GRILLE_HTTP_GET, GRILLE_HTTP_PUT } grille_http_method;

/* Writes a whole request without a body to `path`: the headers as they stand, and of PUT a `content-length` of 0.
 * BAD_ARGUMENT: as above, or a path that does not begin with "/" or has anything but letters, digits and
 * "/-._~+=,@"; NO_SPACE. Writes nothing on failure. */
GRILLE_MUST_USE grille_reason grille_http_write_bare(grille_http_method method, grille_bytes path,
                                                     const grille_kms_header *headers, size_t header_count,
                                                     grille_writer *request);

/* What comes next of an answer. */
typedef enum grille_http_part {
    GRILLE_HTTP_STATUS_LINE,
    GRILLE_HTTP_HEADER,
    GRILLE_HTTP_BODY,
    GRILLE_HTTP_CHUNK_SIZE,
    GRILLE_HTTP_CHUNK,
    GRILLE_HTTP_CHUNK_END,
    GRILLE_HTTP_LAST_LINE,
    GRILLE_HTTP_WHOLE
} grille_http_part;

/* Caller's storage; borrows the buffer. `status` and `body` count once the answer is whole. */
typedef struct grille_http_answer {
    unsigned status;
    grille_writer body;
    grille_http_part part;
    grille_reason failed;
    size_t taken_bytes;
    size_t left_bytes; /* of the body, or of this chunk */
    bool has_length, is_chunked;
    size_t line_bytes;
    uint8_t line[GRILLE_LIMIT_KMS_ANSWER_LINE_BYTES + 1]; /* its CR is the last */
} grille_http_answer;

/* Before the first byte of an answer. The body goes to `buffer`, which must outlive the answer. */
void grille_http_answer_begin(grille_http_answer *answer, uint8_t *buffer, size_t capacity);

/* Takes what came of the answer, in pieces of any size. MORE: it is not whole yet (a connection that ends now cut it
 * short); OK: it is. For good: KMS_HTTP, anything but HTTP/1.1, a status of 200 to 599 that has a body, and a body with
 * exactly one Content-Length or as chunks without extensions and trailers, not encoded otherwise; KMS_ANSWER_LIMIT:
 * over GRILLE_LIMIT_KMS_ANSWER_BYTES in all, a line over its limit, or a body over the buffer; TRAILING: bytes after
 * it. */
GRILLE_MUST_USE grille_reason grille_http_answer_take(grille_http_answer *answer, grille_bytes bytes);

#endif
