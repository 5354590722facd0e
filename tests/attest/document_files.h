/* SPDX-License-Identifier: Apache-2.0
 * The documents in synthetic/, read into memory. */
#ifndef GRILLE_TESTS_ATTEST_DOCUMENT_FILES_H
#define GRILLE_TESTS_ATTEST_DOCUMENT_FILES_H

#include "grille/bytes.h"

/* When all of them were valid, but for those whose row says otherwise: 2026-01-01T12:00:00Z. */
#define SYNTHETIC_AT_MS INT64_C(1767268800000)

/* A file of synthetic/, or of an absolute path; asserts that it is there. The bytes are good until the next but three
 * calls. */
grille_bytes document_file(const char *name);

#endif
