/* SPDX-License-Identifier: Apache-2.0 */
#include "session_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    session_fuzz(false, data, size);
    return 0;
}
