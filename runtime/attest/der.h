/* SPDX-License-Identifier: Apache-2.0
 * What X.509 needs beyond the strict DER reader of crypto/der.h (X.690 clauses 8 to 11). All functions take the next
 * element; anything but the one valid encoding fails the reader with ATTEST_CERT_FORMAT. Views point into the reader's
 * bytes. */
#ifndef GRILLE_ATTEST_DER_H
#define GRILLE_ATTEST_DER_H

#include "crypto/der.h"

/* Content of an element with this tag. */
grille_bytes grille_der_take(grille_reader *reader, unsigned tag);
/* The same when it is next, else an empty view and nothing taken; *present says which. */
grille_bytes grille_der_take_optional(grille_reader *reader, unsigned tag, bool *present);
/* The whole element, header included. */
grille_bytes grille_der_take_whole(grille_reader *reader, unsigned tag);
/* An element of any one-byte tag: its tag, or 0 after an error. */
unsigned grille_der_take_any(grille_reader *reader, grille_bytes *content);

/* BOOLEAN DEFAULT FALSE: true only when TRUE is there; an encoded FALSE is refused (X.690 11.5). */
bool grille_der_take_default_false(grille_reader *reader);
/* INTEGER from 0 to 255. */
uint8_t grille_der_take_small(grille_reader *reader);
/* OBJECT IDENTIFIER's content, each arc minimal (X.690 8.19.2). */
grille_bytes grille_der_take_oid(grille_reader *reader);
/* The first eight bits of a named BIT STRING, bit 0 highest; no trailing zero bits (X.690 11.2.2), at most 16 bits. */
uint8_t grille_der_take_named_bits(grille_reader *reader);
/* Time as RFC 5280 4.1.2.5 wants it: UTCTime YYMMDDHHMMSSZ through 2049, GeneralizedTime YYYYMMDDHHMMSSZ from 2050. */
grille_wall_ms grille_der_take_time(grille_reader *reader);

/* Fails with ATTEST_CERT_FORMAT unless everything was read without an error; the whole of a constructed value. */
void grille_der_leave(const grille_reader *inner, grille_reader *outer);

#endif
