/* SPDX-License-Identifier: Apache-2.0
 * A strict reader of BER (X.690 8.1), as far as CMS needs it: one-byte tags, definite lengths in their shortest form,
 * indefinite lengths of constructed elements with their end marker. Views only, no heap. Pure; any thread. */
#ifndef GRILLE_KMS_BER_H
#define GRILLE_KMS_BER_H

#include <stdbool.h>

#include "base/reader.h"
#include "wire/limits.h"

#define GRILLE_BER_INTEGER      0x02u
#define GRILLE_BER_OCTET_STRING 0x04u
#define GRILLE_BER_NULL         0x05u
#define GRILLE_BER_OID          0x06u
#define GRILLE_BER_SEQUENCE     0x30u
#define GRILLE_BER_SET          0x31u
#define GRILLE_BER_CONTEXT(n)   (0x80u | (n))
/* Added to a tag: elements are inside, not bytes. */
#define GRILLE_BER_CONSTRUCTED 0x20u

/* Takes the next element, which must have exactly this tag, GRILLE_BER_CONSTRUCTED included; its content is a view,
 * without the end marker of an indefinite length. Otherwise the reader fails with `reason`, and the view is empty: an
 * element that is cut short, a length that a shorter form could say or of more than 4 bytes, an indefinite one of a
 * primitive element, and more than GRILLE_LIMIT_BER_DEPTH indefinite ones inside each other. What is inside a
 * definite length is judged by whoever reads it. */
grille_bytes grille_ber_read(grille_reader *reader, unsigned tag, grille_reason reason);

/* The tag of the next element without taking it; 0 at the end and after a failure. */
unsigned grille_ber_peek(const grille_reader *reader);

/* The segments of an octet string in their order (X.690 8.7): a primitive one is its only segment, a constructed one
 * consists of octet strings of either kind. Caller's storage; borrows the bytes; a copy goes on from where it is. */
typedef struct grille_ber_octets {
    grille_reader levels[GRILLE_LIMIT_BER_DEPTH]; /* constructed ones that are open, from the outside in */
    unsigned depth;
    grille_bytes primitive;
    bool is_primitive;
    bool bad;
} grille_ber_octets;

/* Takes an octet string of this tag (GRILLE_BER_OCTET_STRING, or what an IMPLICIT tag has put in its place), primitive
 * or constructed. Anything else: the reader fails with `reason`, and there are no segments. */
grille_ber_octets grille_ber_read_octets(grille_reader *reader, unsigned tag, grille_reason reason);

/* The next segment, which may be empty. False after the last one, and when what is inside is no octet string or is
 * nested over GRILLE_LIMIT_BER_DEPTH: then octets->bad is set, and stays so. */
GRILLE_MUST_USE bool grille_ber_octets_next(grille_ber_octets *octets, grille_bytes *segment);

#endif
