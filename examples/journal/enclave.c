/* SPDX-License-Identifier: Apache-2.0
 * The enclave: journal_enclave ADDRESS POLICY [NSM]
 * Handlers of all three streaming kinds, in callback form: nothing blocks, one thread runs them all. */
#include <stdio.h>
#include <string.h>

#include "examples/journal/journal.grille-nano.h"
#include "grille/grille.h"

enum { MOST_ENTRIES = 10000, MOST_TEXT_BYTES = 200 };

/* One loop runs all handlers: no lock. */
typedef struct journal {
    uint32_t count;
    struct {
        char text[MOST_TEXT_BYTES];
        size_t len;
    } entries[MOST_ENTRIES];
} journal;

/* ---- Append: the caller streams ---- */

static grille_code append_open(acme_journal_v1_journal_append_server_stream *stream, void *user) {
    const journal *own = user;
    grille_call_set_data(acme_journal_v1_journal_append_server_call(stream), (void *)(uintptr_t)own->count);
    return GRILLE_OK;
}

static void append_message(acme_journal_v1_journal_append_server_stream *stream, const acme_journal_v1_Entry *entry,
                           void *user) {
    grille_call *call = acme_journal_v1_journal_append_server_call(stream);
    journal *own = user;
    grille_code code = GRILLE_OK;
    if (own->count == MOST_ENTRIES) {
        code = grille_fail(call, GRILLE_RESOURCE_EXHAUSTED, "the journal is full: %d entries", MOST_ENTRIES);
    } else if (entry->text.len > MOST_TEXT_BYTES) {
        code = grille_fail(call, GRILLE_INVALID_ARGUMENT, "an entry of %zu bytes is longer than %d", entry->text.len,
                           MOST_TEXT_BYTES);
    }
    if (code != GRILLE_OK) {
        (void)acme_journal_v1_journal_append_server_finish(stream, code, NULL);
        return;
    }
    /* A message lives until the function returns. */
    memcpy(own->entries[own->count].text, entry->text.data, entry->text.len);
    own->entries[own->count++].len = entry->text.len;
}

static void append_half_close(acme_journal_v1_journal_append_server_stream *stream, void *user) {
    const journal *own = user;
    const void *first = grille_call_data(acme_journal_v1_journal_append_server_call(stream));
    const uint32_t before = (uint32_t)(uintptr_t)first;
    const acme_journal_v1_AppendResponse response = {.first_number = before + 1, .count = own->count - before};
    (void)acme_journal_v1_journal_append_server_finish(stream, GRILLE_OK, &response);
}

static void append_end(acme_journal_v1_journal_append_server_stream *stream, grille_call_end why, void *user) {
    (void)stream;
    (void)user;
    if (why != GRILLE_CALL_END_ANSWERED) (void)fputs("journal_enclave: an append broke off\n", stderr);
}

/* ---- Read: the journal streams ---- */

/* As many entries as the window takes; the number of the next one is the call's data. */
static void send_entries(acme_journal_v1_journal_read_server_stream *stream, journal *own) {
    grille_call *call = acme_journal_v1_journal_read_server_call(stream);
    uint32_t number = (uint32_t)(uintptr_t)grille_call_data(call);
    for (; number <= own->count; number++) {
        const acme_journal_v1_Entry entry = {
            .number = number, .text = {(const uint8_t *)own->entries[number - 1].text, own->entries[number - 1].len}};
        const grille_code code = acme_journal_v1_journal_read_server_send(stream, &entry);
        grille_call_set_data(call, (void *)(uintptr_t)number);
        if (code == GRILLE_AGAIN) return; /* read_writable goes on from here */
        if (code != GRILLE_OK) {
            (void)acme_journal_v1_journal_read_server_finish(stream, code);
            return;
        }
    }
    (void)acme_journal_v1_journal_read_server_finish(stream, GRILLE_OK);
}

static grille_code read_open(acme_journal_v1_journal_read_server_stream *stream,
                             const acme_journal_v1_ReadRequest *request, void *user) {
    grille_call *call = acme_journal_v1_journal_read_server_call(stream);
    journal *own = user;
    if (request->from_number == 0 || request->from_number > own->count) {
        return grille_fail(call, GRILLE_OUT_OF_RANGE, "there is no entry %u; the last one is %u", request->from_number,
                           own->count);
    }
    grille_call_set_data(call, (void *)(uintptr_t)request->from_number);
    send_entries(stream, own);
    return GRILLE_OK;
}

static void read_writable(acme_journal_v1_journal_read_server_stream *stream, void *user) {
    send_entries(stream, user);
}

/* ---- Search: both stream ---- */

static acme_journal_v1_SearchResponse find(const journal *own, grille_bytes word) {
    acme_journal_v1_SearchResponse found = {0};
    for (uint32_t at = 0; at < own->count; at++) {
        if (memmem(own->entries[at].text, own->entries[at].len, word.data, word.len) == NULL) continue;
        if (found.count++ == 0) found.number = at + 1;
    }
    return found;
}

/* An answer that the window does not take waits in the call's memory, and no question comes meanwhile. */
static void answer(acme_journal_v1_journal_search_server_stream *stream, acme_journal_v1_SearchResponse *response) {
    grille_call *call = acme_journal_v1_journal_search_server_call(stream);
    const grille_code code = acme_journal_v1_journal_search_server_send(stream, response);
    if (code == GRILLE_OK) return;
    acme_journal_v1_SearchResponse *kept = grille_call_data(call);
    if (code != GRILLE_AGAIN || kept == NULL) {
        (void)acme_journal_v1_journal_search_server_finish(stream, code);
        return;
    }
    *kept = *response;
    acme_journal_v1_journal_search_server_pause(stream);
}

static grille_code search_open(acme_journal_v1_journal_search_server_stream *stream, void *user) {
    grille_call *call = acme_journal_v1_journal_search_server_call(stream);
    (void)user;
    grille_call_set_data(call, grille_call_alloc(call, sizeof(acme_journal_v1_SearchResponse)));
    return grille_call_data(call) != NULL ? GRILLE_OK : GRILLE_RESOURCE_EXHAUSTED;
}

static void search_message(acme_journal_v1_journal_search_server_stream *stream,
                           const acme_journal_v1_SearchRequest *request, void *user) {
    acme_journal_v1_SearchResponse response = find(user, request->word);
    answer(stream, &response);
}

static void search_writable(acme_journal_v1_journal_search_server_stream *stream, void *user) {
    acme_journal_v1_SearchResponse kept =
        *(acme_journal_v1_SearchResponse *)grille_call_data(acme_journal_v1_journal_search_server_call(stream));
    (void)user;
    acme_journal_v1_journal_search_server_resume(stream);
    answer(stream, &kept);
}

static void search_half_close(acme_journal_v1_journal_search_server_stream *stream, void *user) {
    (void)user;
    (void)acme_journal_v1_journal_search_server_finish(stream, GRILLE_OK);
}

/* ---- The program ---- */

int main(int argc, char **argv) {
    static const acme_journal_v1_journal_handlers handlers = {
        .append = {.open = append_open, .message = append_message, .half_close = append_half_close, .end = append_end},
        .read = {.open = read_open, .writable = read_writable},
        .search = {.open = search_open,
                   .message = search_message,
                   .half_close = search_half_close,
                   .writable = search_writable},
    };
    static journal own;
    grille_server_options options = grille_server_options_default();
    grille_identity *identity = NULL;
    grille_server *server = NULL;
    grille_error error;
    grille_boot_main(&argc, argv);
    if (argc != 3 && argc != 4) return fputs("usage: journal_enclave ADDRESS POLICY [NSM]\n", stderr), 2;
    grille_check(grille_policy_load(argv[2], &options.policy, &error), &error);
    grille_check(grille_identity_open_nsm(argv[3], &identity, &error), &error);
    options.identity = identity;
    grille_check(grille_server_new(&options, &server, &error), &error);
    grille_check(acme_journal_v1_journal_register_with_error(server, &handlers, &own, &error), &error);
    grille_check(grille_server_listen(server, argv[1], &error), &error);
    grille_check(grille_server_run(server, &error), &error);
    grille_server_free(server);
    grille_identity_free(identity);
    grille_policy_free(options.policy);
    return 0;
}
