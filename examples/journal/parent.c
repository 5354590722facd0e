/* SPDX-License-Identifier: Apache-2.0
 * The parent: journal_parent ADDRESS POLICY IDENTITY.pem IDENTITY.key append < LINES
 *             journal_parent ADDRESS POLICY IDENTITY.pem IDENTITY.key read NUMBER
 *             journal_parent ADDRESS POLICY IDENTITY.pem IDENTITY.key search WORD... */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "examples/journal/journal.grille-pb.h"
#include "grille/grille.h"

/* The program's status; why a call failed goes to standard error. */
static int status_of(grille_code code, const char *message) {
    if (code != GRILLE_OK) (void)fprintf(stderr, "journal_parent: %s: %s\n", grille_code_name(code), message);
    return code != GRILLE_OK;
}

/* ---- Blocking form: write and read wait ---- */

static int append(grille_channel *channel) {
    acme_journal_v1_journal_append_stream *stream = NULL;
    acme_journal_v1_journal_append_reply reply;
    Acme__Journal__V1__Entry entry = ACME__JOURNAL__V1__ENTRY__INIT;
    char line[4096];
    grille_error error;
    grille_check(
        acme_journal_v1_journal_append_begin(channel, &GRILLE_CALL_OPTIONS(.timeout_ms = 60000), &stream, &error),
        &error);
    while (fgets(line, sizeof line, stdin) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        entry.text = line;
        /* When the call has ended meanwhile, finish says why. */
        if (acme_journal_v1_journal_append_write(stream, &entry) != GRILLE_OK) break;
    }
    if (acme_journal_v1_journal_append_finish(stream, &reply) == GRILLE_OK)
        (void)printf("%u entries from %u on\n", reply.response->count, reply.response->first_number);
    const int status = status_of(reply.code, reply.message);
    acme_journal_v1_journal_append_reply_free(&reply);
    return status;
}

static int read_from(grille_channel *channel, const char *number) {
    acme_journal_v1_journal_read_stream *stream = NULL;
    acme_journal_v1_journal_read_reply reply;
    Acme__Journal__V1__ReadRequest request = ACME__JOURNAL__V1__READ_REQUEST__INIT;
    const Acme__Journal__V1__Entry *entry = NULL;
    grille_error error;
    request.from_number = (uint32_t)strtoul(number, NULL, 10);
    grille_check(acme_journal_v1_journal_read_begin(channel, &request, &GRILLE_CALL_OPTIONS(.timeout_ms = 5000),
                                                    &stream, &error),
                 &error);
    while (acme_journal_v1_journal_read_read(stream, &entry) == GRILLE_OK)
        (void)printf("%u %s\n", entry->number, entry->text);
    (void)acme_journal_v1_journal_read_finish(stream, &reply);
    const int status = status_of(reply.code, reply.message);
    acme_journal_v1_journal_read_reply_free(&reply);
    return status;
}

/* ---- Callback form: events come on the loop's thread ---- */

typedef struct search {
    char **words;
    int count, sent, answered;
    int status;
    bool done;
    pthread_mutex_t lock;
    pthread_cond_t changed;
} search;

static void send_words(acme_journal_v1_journal_search_stream *stream, search *own) {
    Acme__Journal__V1__SearchRequest request = ACME__JOURNAL__V1__SEARCH_REQUEST__INIT;
    for (; own->sent < own->count; own->sent++) {
        request.word = own->words[own->sent];
        const grille_code code = acme_journal_v1_journal_search_send(stream, &request);
        if (code == GRILLE_AGAIN) return; /* on_writable goes on from here */
        if (code != GRILLE_OK) {
            acme_journal_v1_journal_search_cancel(stream);
            return;
        }
    }
    if (acme_journal_v1_journal_search_half_close(stream) != GRILLE_OK) acme_journal_v1_journal_search_cancel(stream);
}

static void on_writable(acme_journal_v1_journal_search_stream *stream, void *user) {
    send_words(stream, user);
}

static void on_message(acme_journal_v1_journal_search_stream *stream, const Acme__Journal__V1__SearchResponse *message,
                       void *user) {
    search *own = user;
    (void)stream;
    (void)printf("%s: %u, first %u\n", own->words[own->answered++], message->count, message->number);
}

static void on_done(acme_journal_v1_journal_search_stream *stream, const acme_journal_v1_journal_search_reply *reply,
                    void *user) {
    search *own = user;
    (void)stream;
    pthread_mutex_lock(&own->lock);
    own->status = status_of(reply->code, reply->message);
    own->done = true;
    pthread_cond_signal(&own->changed);
    pthread_mutex_unlock(&own->lock);
}

static int search_for(grille_channel *channel, char **words, int count) {
    static const acme_journal_v1_journal_search_events events = {
        .on_message = on_message, .on_writable = on_writable, .on_done = on_done};
    search own = {words, count, .lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};
    acme_journal_v1_journal_search_stream *stream = NULL;
    const grille_code code =
        acme_journal_v1_journal_search_open(channel, &GRILLE_CALL_OPTIONS(.timeout_ms = 5000), &events, &own, &stream);
    if (code != GRILLE_OK) {
        pthread_mutex_unlock(&own.lock);
        return status_of(code, grille_code_text(code));
    }
    send_words(stream, &own);
    pthread_mutex_lock(&own.lock);
    while (!own.done)
        pthread_cond_wait(&own.changed, &own.lock);
    pthread_mutex_unlock(&own.lock);
    return own.status;
}

/* ---- The program ---- */

static int usage(void) {
    (void)fputs(
        "usage: journal_parent ADDRESS POLICY IDENTITY.pem IDENTITY.key append | read NUMBER | search WORD...\n",
        stderr);
    return 2;
}

static int work(grille_channel *channel, int argc, char **argv) {
    if (argc == 1 && strcmp(argv[0], "append") == 0) return append(channel);
    if (argc == 2 && strcmp(argv[0], "read") == 0) return read_from(channel, argv[1]);
    if (argc >= 2 && strcmp(argv[0], "search") == 0) return search_for(channel, argv + 1, argc - 1);
    return usage();
}

int main(int argc, char **argv) {
    grille_channel_options options = grille_channel_options_default();
    grille_identity *identity = NULL;
    grille_channel *channel = NULL;
    grille_error error;
    if (argc < 6) return usage();
    grille_check(grille_policy_load(argv[2], &options.policy, &error), &error);
    grille_check(grille_identity_load_x509(argv[3], argv[4], &identity, &error), &error);
    options.identity = identity;
    grille_check(grille_channel_open(argv[1], &options, &channel, &error), &error);
    const int status = work(channel, argc - 5, argv + 5);
    grille_channel_close(channel);
    grille_identity_free(identity);
    grille_policy_free(options.policy);
    return status;
}
