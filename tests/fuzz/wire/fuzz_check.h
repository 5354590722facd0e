/* SPDX-License-Identifier: Apache-2.0
 * What every fuzz target of this folder needs. */
#ifndef GRILLE_TESTS_FUZZ_CHECK_H
#define GRILLE_TESTS_FUZZ_CHECK_H

#include <stdlib.h>

#include "base/bytes.h"
#include "base/writer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A property that does not hold is a crash. */
#define FUZZ_CHECK(condition)                                                                                          \
    do {                                                                                                               \
        if (!(condition)) abort();                                                                                     \
    } while (0)

/* Room for a whole frame and more. */
#define FUZZ_ROOM_BYTES 65536

#endif
