/* SPDX-License-Identifier: Apache-2.0 */
#include "image_tests.h"

int main(void) {
    return tree_tests() + cpio_tests() + eif_tests() + eif_signature_tests();
}
