/* SPDX-License-Identifier: Apache-2.0 */
#include "front_tests.h"

int main(void) {
    return authorization_tests() + certificates_tests() + credentials_tests() + front_tests() + principal_tests() +
           settings_tests() + sigv4_check_tests();
}
