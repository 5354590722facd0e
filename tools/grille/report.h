/* SPDX-License-Identifier: Apache-2.0
 * What is printed of a document that was judged. */
#ifndef GRILLE_TOOLS_REPORT_H
#define GRILLE_TOOLS_REPORT_H

#include <stdbool.h>

#include "base/time.h"
#include "grille/identity.h"
#include "grille/status.h"

/* A verdict. Facts are the verifier's when it accepted, else what the document says of itself. */
typedef struct report {
    bool accepted;
    grille_error error; /* of a rejection */
    bool readable;      /* the rest holds */
    grille_bytes module_id;
    grille_wall_ms timestamp_ms;
    uint32_t pcr_mask;
    grille_bytes pcrs[GRILLE_PCR_COUNT];
    grille_bytes public_key, user_data, nonce;
    bool of_enclave; /* else of a NitroTPM, whose PCRs mean other things */
    bool debug;

    /* Accepted */
    grille_wall_ms expires_ms;
    const char *set;  /* NULL: without a policy */
    const char *root; /* for people */
    bool nonce_compared;
    bool insecure;
} report;

/* One line: {"verdict":…,"failed":[…],"module_id":…,"timestamp_ms":…,"pcrs":{…},"debug":…}. */
void report_json(const report *result);

/* For people, on standard output. */
void report_text(const report *result);

/* What a PCR of an enclave measures ("image"), or "" (AWS Nitro Enclaves User Guide, "Where to get an enclave's
 * measurements"). */
const char *report_pcr_meaning(unsigned index);

/* Rows "PCRn  hex  meaning"; runs of all-zero ones in one row. NitroTPM's have other meanings, which are left out. */
void report_pcrs(uint32_t mask, const grille_bytes pcrs[GRILLE_PCR_COUNT], bool of_enclave);

/* A field of bytes: "label  N bytes, hex", with its text when all of it is printable. */
void report_bytes(const char *label, grille_bytes bytes);

#endif
