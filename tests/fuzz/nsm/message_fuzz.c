/* SPDX-License-Identifier: Apache-2.0
 * NSM messages of any bytes, as request, as answer, and put to a simulated module; and any text as the settings of one.
 * What is read is written and read again with the same meaning. */
#include "nsm/message.h"

#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "nsm/simulated.h"
#include "nsm/simulated_settings.h"
#include "tests/fuzz/crypto/fuzz_check.h"

static void check_command(grille_bytes input) {
    static uint8_t out[GRILLE_NSM_RESPONSE_MAX], again[GRILLE_NSM_RESPONSE_MAX];
    grille_nsm_command command, copy;
    size_t len = 0, again_len = 0;
    if (grille_nsm_command_decode(input, &command) != GRILLE_REASON_OK) return;
    if (grille_nsm_command_encode(&command, out, sizeof out, &len) != GRILLE_REASON_OK) return;
    FUZZ_CHECK(grille_nsm_command_decode(grille_bytes_of(out, len), &copy) == GRILLE_REASON_OK);
    FUZZ_CHECK(copy.operation == command.operation && copy.index == command.index);
    FUZZ_CHECK(grille_nsm_command_encode(&copy, again, sizeof again, &again_len) == GRILLE_REASON_OK);
    FUZZ_CHECK(grille_bytes_equal(grille_bytes_of(out, len), grille_bytes_of(again, again_len)));
}

static void check_answer(grille_bytes input) {
    static uint8_t out[2 * GRILLE_NSM_RESPONSE_MAX];
    grille_nsm_answer answer, copy;
    size_t len = 0;
    if (grille_nsm_answer_decode(input, &answer) != GRILLE_REASON_OK) return;
    FUZZ_CHECK(strnlen(answer.description.module_id, GRILLE_NSM_MODULE_ID_MAX) < GRILLE_NSM_MODULE_ID_MAX);
    if (grille_nsm_answer_encode(&answer, out, sizeof out, &len) != GRILLE_REASON_OK) return;
    FUZZ_CHECK(grille_nsm_answer_decode(grille_bytes_of(out, len), &copy) == GRILLE_REASON_OK);
    FUZZ_CHECK(grille_bytes_equal(answer.data, copy.data) && grille_bytes_equal(answer.error_name, copy.error_name));
    FUZZ_CHECK(copy.locked == answer.locked && copy.description.locked_pcrs == answer.description.locked_pcrs);
}

static void check_module(grille_bytes input) {
    static grille_nsm_simulated_module *module;
    static uint8_t response[GRILLE_NSM_RESPONSE_MAX];
    grille_nsm_answer answer;
    size_t len;
    if (module == NULL) FUZZ_CHECK(grille_nsm_simulated_module_open_insecure(NULL, &module, NULL) == GRILLE_REASON_OK);
    len = grille_nsm_simulated_module_process(module, input, response);
    FUZZ_CHECK(len > 0 && len <= sizeof response);
    FUZZ_CHECK(grille_nsm_answer_decode(grille_bytes_of(response, len), &answer) == GRILLE_REASON_OK);
}

static void check_settings(grille_bytes input) {
    static grille_nsm_simulated_settings settings, copy;
    static char text[GRILLE_NSM_SIMULATED_SETTINGS_BYTES], again[GRILLE_NSM_SIMULATED_SETTINGS_BYTES];
    size_t len = 0, again_len = 0;
    if (grille_nsm_simulated_settings_read(input, "settings", &settings, NULL) != GRILLE_REASON_OK) return;
    FUZZ_CHECK(grille_nsm_simulated_settings_write(&settings, text, sizeof text, &len) == GRILLE_REASON_OK);
    FUZZ_CHECK(grille_nsm_simulated_settings_read(grille_bytes_of(text, len), "settings", &copy, NULL) ==
               GRILLE_REASON_OK);
    FUZZ_CHECK(grille_nsm_simulated_settings_write(&copy, again, sizeof again, &again_len) == GRILLE_REASON_OK);
    FUZZ_CHECK(grille_bytes_equal(grille_bytes_of(text, len), grille_bytes_of(again, again_len)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    grille_bytes input = grille_bytes_of(data, size);
    check_command(input);
    check_answer(input);
    check_module(input);
    check_settings(input);
    return 0;
}
