/* SPDX-License-Identifier: Apache-2.0
 * Dialling an enclave by its name: where it is is asked each time, since an enclave that was started again is somewhere
 * else. Enclaves started by grille enclave run are known by their folder, others by nitro-cli. */
#include <stdio.h>

#include "base/error.h"
#include "loop/dialer_private.h"
#include "loop/run_folder.h"

static void found(grille_dialer *dialer, const grille_address *address) {
    const grille_time_us now_us = grille_clock_us();
    char place[GRILLE_ADDRESS_TEXT_BYTES];
    const size_t len = strlen(dialer->name);
    grille_address_format(address, place);
    (void)snprintf(dialer->name + len, sizeof dialer->name - len, " (%s)", place);
    dialer->address = *address;
    /* Asking and connecting share one time. */
    dialer->share_us = dialer->attempt_ends_us > now_us ? dialer->attempt_ends_us - now_us : 1;
    grille_dialer_try_next(dialer);
}

static void on_answer(void *user, uint32_t cid, const grille_error *error) {
    grille_dialer *dialer = user;
    dialer->question = NULL;
    if (error->code == GRILLE_OK) {
        const grille_address address = {
            .kind = GRILLE_ADDRESS_VSOCK, .cid = cid, .port = dialer->address.port, .fd = -1};
        found(dialer, &address);
        return;
    }
    dialer->error = *error;
    grille_dialer_over(dialer);
}

static void ask_nitro_cli(grille_dialer *dialer, grille_bytes name) {
    grille_error error = {.code = GRILLE_OK};
    const grille_reason reason =
        grille_nitro_cli_start(dialer->loop, name, on_answer, dialer, &dialer->question, &error);
    if (reason == GRILLE_REASON_OK) {
        dialer->stage = DIALER_ASKING;
        grille_dialer_arm(dialer);
        return;
    }
    if (reason == GRILLE_REASON_LOOP_ENCLAVE_UNKNOWN) {
        const grille_error looked = dialer->error;
        (void)grille_error_set(&dialer->error, reason, "%s: %s, and %s. Next: grille enclave list", dialer->name,
                               looked.text, error.text);
    } else {
        dialer->error = error;
    }
    grille_dialer_over(dialer);
}

void grille_dialer_ask(grille_dialer *dialer) {
    const grille_bytes name = grille_bytes_of(dialer->address.path, dialer->address.path_len);
    grille_address address;
    dialer->attempt_ends_us = grille_time_after(grille_clock_us(), dialer->share_us);
    switch (grille_run_address(name, dialer->address.port, &address, &dialer->error)) {
    case GRILLE_REASON_OK:
        found(dialer, &address);
        break;
    case GRILLE_REASON_LOOP_ENCLAVE_UNKNOWN:
        ask_nitro_cli(dialer, name);
        break;
    default:
        grille_dialer_over(dialer);
        break;
    }
}

void grille_dialer_stop_asking(grille_dialer *dialer) {
    if (dialer->question != NULL) grille_nitro_cli_cancel(dialer->question);
    dialer->question = NULL;
}
