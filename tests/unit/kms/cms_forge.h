/* SPDX-License-Identifier: Apache-2.0
 * Messages for a recipient made to order for tests, right and wrong ones. Everything asserts. */
#ifndef GRILLE_TESTS_CMS_FORGE_H
#define GRILLE_TESTS_CMS_FORGE_H

#include "kms/cms.h"

#define CMS_FORGE_MOST 8192

/* How the content stands in the message. */
typedef enum cms_forge_content {
    CMS_FORGE_PRIMITIVE, /* [0] with the bytes */
    CMS_FORGE_SEGMENTS,  /* [0] of octet strings */
    CMS_FORGE_NESTED     /* [0] of an octet string of octet strings of octet strings … */
} cms_forge_content;

/* What is wrong. */
typedef enum cms_forge_defect {
    CMS_FORGE_RIGHT,
    CMS_FORGE_OTHER_CONTENT_TYPE,     /* signedData */
    CMS_FORGE_OTHER_VERSION,          /* of EnvelopedData: 0 */
    CMS_FORGE_LONG_VERSION,           /* 00 02 */
    CMS_FORGE_ORIGINATOR,             /* originatorInfo before the recipients */
    CMS_FORGE_NO_RECIPIENT,           /* an empty set */
    CMS_FORGE_TWO_RECIPIENTS,         /* the same twice */
    CMS_FORGE_RECIPIENT_VERSION,      /* 0, of issuerAndSerialNumber */
    CMS_FORGE_ISSUER_AND_SERIAL,      /* a sequence in place of the key identifier */
    CMS_FORGE_SHORT_IDENTIFIER,       /* 20 bytes, of SHA-1 */
    CMS_FORGE_CONSTRUCTED_IDENTIFIER, /* an octet string inside */
    CMS_FORGE_PKCS1_PADDING,          /* rsaEncryption */
    CMS_FORGE_NO_OAEP_PARAMETERS,     /* absent: SHA-1 */
    CMS_FORGE_EMPTY_OAEP_PARAMETERS,  /* an empty sequence: SHA-1 */
    CMS_FORGE_OTHER_HASH,             /* SHA-384 */
    CMS_FORGE_HASH_PARAMETERS,        /* an integer in place of NULL */
    CMS_FORGE_NO_MASK,                /* MGF1 of SHA-1 */
    CMS_FORGE_OTHER_MASK,             /* SHA-256 where MGF1 is */
    CMS_FORGE_OTHER_MASK_HASH,        /* MGF1 of SHA-384 */
    CMS_FORGE_LABEL,                  /* pSourceAlgorithm */
    CMS_FORGE_RSA_1024,               /* an encrypted key of 128 bytes */
    CMS_FORGE_RSA_3072,
    CMS_FORGE_RECIPIENT_TAIL,     /* an element after the encrypted key */
    CMS_FORGE_INNER_CONTENT_TYPE, /* signedData inside */
    CMS_FORGE_AES_128,
    CMS_FORGE_AES_GCM,
    CMS_FORGE_SHORT_IV, /* 15 bytes */
    CMS_FORGE_LONG_IV,
    CMS_FORGE_NO_CONTENT, /* absent, as for detached ones */
    CMS_FORGE_EMPTY_CONTENT,
    CMS_FORGE_HALF_BLOCK,      /* 8 bytes too many */
    CMS_FORGE_CONTENT_IS_TEXT, /* UTF8String among the segments */
    CMS_FORGE_CONTENT_TAIL,    /* an element after the content */
    CMS_FORGE_ATTRIBUTES,      /* unprotectedAttrs */
    CMS_FORGE_DEFECTS
} cms_forge_defect;

typedef struct cms_forge {
    cms_forge_defect defect;
    bool indefinite;     /* where AWS KMS has it: whatever is not inside of the recipients */
    bool all_indefinite; /* everywhere */
    bool no_null;        /* SHA-256 without parameters */
    cms_forge_content form;
    unsigned depth;     /* of CMS_FORGE_NESTED */
    size_t segment_len; /* of each segment but the last; 0: one segment */
    grille_bytes recipient;
    grille_bytes encrypted_key;
    grille_bytes iv;
    grille_bytes content;
} cms_forge;

/* The length of the message. */
size_t cms_forge_write(const cms_forge *forge, uint8_t out[CMS_FORGE_MOST]);

#endif
