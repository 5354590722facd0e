/* SPDX-License-Identifier: Apache-2.0
 * Goal: each public header compiles alone, twice, as C11 and as C++17 without a warning (that this program links shows
 * it), and none is left out of that list. */
#include <string.h>

#include "cmocka_all.h"

static const char *const compiled[] = {"attest",     "boot",     "bytes",    "call",        "channel",    "egress",
                                       "grille",     "health",   "identity", "interceptor", "kms",        "kms_parent",
                                       "log",        "metadata", "method",   "policy",      "reason_map", "reasons",
                                       "reflection", "seal",     "server",   "services",    "stats",      "status"};

static int header_count;
static char **headers;

static void every_header_is_compiled_alone(void **state) {
    (void)state;
    assert_int_equal(header_count, sizeof compiled / sizeof *compiled);
    for (int i = 0; i < header_count; i++) {
        const char *name = strrchr(headers[i], '/') + 1;
        size_t found = 0;
        for (size_t j = 0; j < sizeof compiled / sizeof *compiled; j++)
            found +=
                strncmp(name, compiled[j], strlen(compiled[j])) == 0 && strcmp(name + strlen(compiled[j]), ".h") == 0;
        if (found != 1) fail_msg("%s is not in the list of tests/unit/include", headers[i]);
    }
}

int main(int count, char **arguments) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_header_is_compiled_alone)};
    header_count = count - 1;
    headers = arguments + 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
