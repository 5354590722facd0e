/* SPDX-License-Identifier: Apache-2.0 */
#include "core_tests.h"

int main(void) {
    return actions_data_tests();
}
