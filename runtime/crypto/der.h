/* SPDX-License-Identifier: Apache-2.0
 * DER (X.690): a writer and a strict reader of tag-length-value, over the cursors of base/. Only what X.509, keys and
 * signatures need: one-byte tags, definite lengths. */
#ifndef GRILLE_CRYPTO_DER_H
#define GRILLE_CRYPTO_DER_H

#include <stdbool.h>

#include "base/reader.h"
#include "base/time.h"
#include "base/writer.h"

#define GRILLE_DER_BOOLEAN          0x01u
#define GRILLE_DER_INTEGER          0x02u
#define GRILLE_DER_BIT_STRING       0x03u
#define GRILLE_DER_OCTET_STRING     0x04u
#define GRILLE_DER_NULL             0x05u
#define GRILLE_DER_OID              0x06u
#define GRILLE_DER_UTF8_STRING      0x0cu
#define GRILLE_DER_UTC_TIME         0x17u
#define GRILLE_DER_GENERALIZED_TIME 0x18u
#define GRILLE_DER_SEQUENCE         0x30u
#define GRILLE_DER_SET              0x31u
/* [n] IMPLICIT of a primitive type, [n] EXPLICIT or IMPLICIT of a constructed one. */
#define GRILLE_DER_CONTEXT(n)             (0x80u | (n))
#define GRILLE_DER_CONTEXT_CONSTRUCTED(n) (0xa0u | (n))

/* Opens an element whose length is not yet known; `grille_der_end` with the returned mark closes it. Elements nest.
 * Errors stick to the writer. */
size_t grille_der_begin(grille_writer *writer, unsigned tag);
void grille_der_end(grille_writer *writer, size_t mark);

/* A whole element with `content` as it is. */
void grille_der_write(grille_writer *writer, unsigned tag, grille_bytes content);
/* INTEGER from big-endian unsigned bytes of any width: leading zeros are dropped, a sign byte is added. */
void grille_der_write_unsigned(grille_writer *writer, grille_bytes big_endian);
void grille_der_write_small(grille_writer *writer, uint8_t value);
void grille_der_write_true(grille_writer *writer);
/* UTCTime until 2049, then GeneralizedTime (RFC 5280 4.1.2.5); milliseconds are cut. BAD_ARGUMENT before 1970 and after
 * 9999. */
void grille_der_write_time(grille_writer *writer, grille_wall_ms time_ms);

/* Ends a document: *len is set on OK only. */
GRILLE_MUST_USE grille_reason grille_der_finish(const grille_writer *writer, size_t *len);

/* The tag of the next element without taking it; 0 at the end or after an error. */
unsigned grille_der_peek(const grille_reader *reader);
/* Takes the next element, which must have this tag and a minimal definite length; its content is a view. Otherwise the
 * reader fails with `reason` and the view is empty. */
grille_bytes grille_der_read(grille_reader *reader, unsigned tag, grille_reason reason);
/* Takes an INTEGER that is not negative, minimally encoded; the view is without sign byte (one zero byte for 0). */
grille_bytes grille_der_read_unsigned(grille_reader *reader, grille_reason reason);
/* Takes a BIT STRING without unused bits. */
grille_bytes grille_der_read_bit_string(grille_reader *reader, grille_reason reason);

#endif
