/* SPDX-License-Identifier: Apache-2.0 */
#include "parent_tests.h"

int main(void) {
    return role_credentials_tests() + profile_tests() + imds_tests() + feed_tests() + pump_tests() + source_tests() +
           credentials_service_tests() + feeder_tests();
}
