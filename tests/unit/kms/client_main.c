/* SPDX-License-Identifier: Apache-2.0 */
#include "client_tests.h"

int main(void) {
    return credentials_tests() + key_ring_tests() + key_supply_tests() + service_error_tests();
}
