/* SPDX-License-Identifier: Apache-2.0
 * What the fuzz targets of crypto/ and nsm/ share. */
#ifndef GRILLE_TESTS_FUZZ_CRYPTO_CHECK_H
#define GRILLE_TESTS_FUZZ_CRYPTO_CHECK_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A property that does not hold is a crash. */
#define FUZZ_CHECK(condition)                                                                                          \
    do {                                                                                                               \
        if (!(condition)) abort();                                                                                     \
    } while (0)

#endif
