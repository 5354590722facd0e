/* SPDX-License-Identifier: Apache-2.0
 * How calls and connections end, and go on: what the caller sees, and what the enclave says of it afterwards. */
#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "kinds.h"
#include "wire/limits.h"

typedef grille_interop_v1_interop_chat_stream chat;

static bool speak(chat *stream) {
    const kinds_blob message = kinds_blob_of("word", 4);
    const kinds_blob *answer = NULL;
    CHECK(grille_interop_v1_interop_chat_write(stream, &message) == GRILLE_OK);
    CHECK(grille_interop_v1_interop_chat_read(stream, &answer) == GRILLE_OK);
    CHECK(answer->data.len == 4 && memcmp(answer->data.data, "word", 4) == 0);
    return true;
}

static bool finish(chat *stream) {
    grille_interop_v1_interop_chat_reply reply;
    const grille_code code = grille_interop_v1_interop_chat_finish(stream, &reply);
    grille_interop_v1_interop_chat_reply_free(&reply);
    CHECK(code == GRILLE_OK);
    return true;
}

/* ---- Ends ---- */

bool kinds_cancelled(void) {
    static kinds_held held = KINDS_HELD_INIT;
    kinds_told before, after;
    CHECK(kinds_ask(&before));
    CHECK(kinds_hold(&held, KINDS_OPTIONS()));
    CHECK(kinds_wait_for(before.waiting + 1, before.cancelled));
    grille_call_cancel(held.call);
    CHECK(kinds_held_end(&held) == GRILLE_CANCELLED);
    CHECK(kinds_wait_for(before.waiting + 1, before.cancelled + 1));
    CHECK(kinds_ask(&after) && after.waiting == before.waiting + 1 && after.cancelled == before.cancelled + 1);
    return true;
}

/* As long as the call needs to reach its handler, whatever runs beside it. */
bool kinds_deadline(void) {
    kinds_told before, after;
    CHECK(kinds_ask(&before));
    after = before;
    for (uint32_t ms = 250; after.waiting == before.waiting && ms < KINDS_PATIENCE_MS; ms *= 2) {
        kinds_held held = KINDS_HELD_INIT;
        CHECK(kinds_hold(&held, &GRILLE_CALL_OPTIONS(.timeout_ms = ms)));
        CHECK(kinds_held_end(&held) == GRILLE_DEADLINE_EXCEEDED);
        CHECK(kinds_ask(&after));
    }
    CHECK(after.waiting > before.waiting);
    CHECK(kinds_wait_for(after.waiting, before.cancelled + after.waiting - before.waiting));
    return true;
}

/* ---- Epochs ---- */

/* Calls, until it has come. */
static bool call_until_epoch(chat *stream, uint32_t epoch) {
    do {
        CHECK(speak(stream));
        CHECK(kinds_echo("meanwhile", KINDS_OPTIONS()) == GRILLE_OK);
    } while (kinds_epoch() < epoch);
    return true;
}

bool kinds_reattested(void) {
    /* What an initiator begins at once: the third answers what the enclave asks for. */
    enum { OURS = GRILLE_EPOCH_OWN_BURST - 1 };
    const Grille__Vm__V1__Nothing nothing = GRILLE__VM__V1__NOTHING__INIT;
    grille_vm_v1_guest_reattest_reply reply;
    static kinds_held held = KINDS_HELD_INIT;
    kinds_told before, after;
    chat *stream = NULL;
    int64_t last_ms = kinds_document_time_ms();
    CHECK(kinds_epoch() == 0 && kinds_ask(&before) && before.epoch == 0);
    CHECK(kinds_hold(&held, KINDS_OPTIONS()));
    CHECK(grille_interop_v1_interop_chat_begin(kinds_channel, KINDS_OPTIONS(), &stream, &vm_error) == GRILLE_OK);
    for (uint32_t epoch = 1; epoch <= OURS; epoch++) {
        CHECK(grille_channel_reattest(kinds_channel, &vm_error) == GRILLE_OK);
        CHECK(call_until_epoch(stream, epoch));
        CHECK(kinds_document_time_ms() > last_ms);
        last_ms = kinds_document_time_ms();
    }
    CHECK(grille_vm_v1_guest_reattest(kinds_channel, &nothing, KINDS_OPTIONS(), &reply) == GRILLE_OK);
    grille_vm_v1_guest_reattest_reply_free(&reply);
    CHECK(call_until_epoch(stream, OURS + 1));
    CHECK(kinds_ask(&after));
    CHECK_EQUAL(after.epoch, OURS + 1);
    CHECK_EQUAL(after.documents, before.documents + OURS + 1);
    CHECK(after.cancelled == before.cancelled);
    grille_call_cancel(held.call);
    CHECK(kinds_held_end(&held) == GRILLE_CANCELLED);
    return finish(stream);
}

/* ---- Drain ---- */

/* Until no call can begin on the old connection any more. */
static bool wait_drained(void) {
    const struct timespec step = {.tv_nsec = 1000000};
    for (int ms = 0; grille_channel_get_state(kinds_channel) == GRILLE_CHANNEL_READY; ms++) {
        CHECK(ms < KINDS_PATIENCE_MS);
        (void)nanosleep(&step, NULL);
    }
    return true;
}

bool kinds_drained(void) {
    const Grille__Vm__V1__Nothing nothing = GRILLE__VM__V1__NOTHING__INIT;
    grille_vm_v1_guest_drain_reply reply;
    kinds_told before, after;
    chat *stream = NULL;
    CHECK(kinds_ask(&before));
    CHECK(grille_interop_v1_interop_chat_begin(kinds_channel, KINDS_OPTIONS(), &stream, &vm_error) == GRILLE_OK);
    CHECK(speak(stream));
    CHECK(grille_vm_v1_guest_drain(kinds_channel, &nothing, KINDS_OPTIONS(), &reply) == GRILLE_OK);
    grille_vm_v1_guest_drain_reply_free(&reply);
    CHECK(wait_drained());
    /* What ran goes on, and ends as it would have. */
    CHECK(speak(stream));
    CHECK(finish(stream));
    /* The channel finds the next server by itself. */
    CHECK(kinds_echo("again", KINDS_OPTIONS(.wait_for_ready = true)) == GRILLE_OK);
    CHECK(kinds_ask(&after) && after.lives == before.lives + 1 && after.epoch == 0 && kinds_epoch() == 0);
    CHECK(after.cancelled == before.cancelled && after.documents > before.documents);
    return true;
}

/* ---- Line by line ---- */

static const char *follow(const char *line, kinds_held *held) {
    static char answer[1024];
    if (strcmp(line, "call") == 0) {
        const grille_code code = kinds_echo("a call", KINDS_OPTIONS(.wait_for_ready = true));
        return code == GRILLE_OK ? "OK" : vm_error.text;
    }
    if (strcmp(line, "hold") == 0) {
        kinds_told before;
        *held = (kinds_held)KINDS_HELD_INIT;
        if (!kinds_ask(&before) || !kinds_hold(held, KINDS_OPTIONS(.no_retry = true))) return vm_error.text;
        return kinds_wait_for(before.waiting + 1, 0) ? "OK" : vm_error.text;
    }
    if (strcmp(line, "lost") == 0) return grille_code_name(kinds_held_end(held));
    if (strcmp(line, "peer") == 0) {
        (void)snprintf(answer, sizeof answer, "%" PRId64, kinds_document_time_ms());
        return answer;
    }
    return "what?";
}

int kinds_follow(void) {
    kinds_held held = KINDS_HELD_INIT;
    char line[64];
    while (fgets(line, sizeof line, stdin) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        (void)puts(follow(line, &held));
        (void)fflush(stdout);
    }
    return 0;
}
