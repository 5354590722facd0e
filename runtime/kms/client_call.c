/* SPDX-License-Identifier: Apache-2.0
 * Calls from other threads: checked against what the enclave's configuration pins, copied, handed to the thread. */
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/error.h"
#include "kms/client_private.h"

enum { us_per_ms = 1000, growth_permille = 1600 };

/* What a caller asks for. */
typedef struct kms_wish {
    grille_kms_action action;
    grille_bytes ciphertext;
    size_t wanted_bytes;
    const grille_kms_call_options *options; /* never NULL */
} kms_wish;

static const grille_kms_call_options no_options = {.size = sizeof no_options};

static grille_reason check_sizes(const kms_wish *wish, grille_error *error) {
    const grille_kms_call_options *options = wish->options;
    if (options->size != sizeof *options) {
        return grille_error_set(error, GRILLE_REASON_BAD_ARGUMENT,
                                "the size of the call's options is wrong: make them with "
                                "grille_kms_call_options_default()");
    }
    if (wish->action == GRILLE_KMS_DECRYPT &&
        (wish->ciphertext.len == 0 || wish->ciphertext.len > GRILLE_LIMIT_KMS_CIPHERTEXT_BYTES)) {
        return grille_error_set(error, GRILLE_REASON_BAD_ARGUMENT,
                                "observed a ciphertext of %zu bytes, expected 1 to %d: what Encrypt or a data key's "
                                "making gave",
                                wish->ciphertext.len, GRILLE_LIMIT_KMS_CIPHERTEXT_BYTES);
    }
    if (wish->action != GRILLE_KMS_DECRYPT &&
        (wish->wanted_bytes == 0 || wish->wanted_bytes > GRILLE_LIMIT_KMS_RANDOM_BYTES)) {
        return grille_error_set(error, GRILLE_REASON_BAD_ARGUMENT, "observed a length of %zu bytes, expected 1 to %d",
                                wish->wanted_bytes, GRILLE_LIMIT_KMS_RANDOM_BYTES);
    }
    if (wish->action == GRILLE_KMS_GENERATE_RANDOM && (options->key_arn != NULL || options->context_count > 0)) {
        return grille_error_set(error, GRILLE_REASON_BAD_ARGUMENT,
                                "observed a key or a context, expected none: random bytes are nobody's");
    }
    return grille_kms_check_context(options->context, options->context_count, error);
}

/* One of ours, or NULL. */
static const char *find_key(const grille_kms *kms, const char *arn) {
    for (size_t i = 0; arn != NULL && i < kms->config.options.key_arn_count; i++)
        if (strcmp(arn, kms->config.key_arns[i]) == 0) return kms->config.key_arns[i];
    return arn == NULL ? kms->config.key_arns[0] : NULL;
}

static const grille_kms_pair *find_pair(const kms_config *config, grille_bytes key) {
    for (size_t i = 0; i < config->context_count; i++)
        if (grille_bytes_equal(config->context[i].key, key)) return &config->context[i];
    return NULL;
}

/* What the configuration does not allow must not even be asked of the service. */
static grille_reason check_pins(const grille_kms *kms, const kms_wish *wish, grille_error *error) {
    const grille_kms_call_options *options = wish->options;
    if (find_key(kms, options->key_arn) == NULL) {
        return grille_error_set(
            error, GRILLE_REASON_KMS_PINNED,
            "observed the key %.200s, expected one of the %zu of this enclave's configuration. Likely "
            "somebody outside of it chose the key",
            options->key_arn, kms->config.options.key_arn_count);
    }
    for (size_t i = 0; i < options->context_count; i++) {
        const grille_kms_pair *pinned = find_pair(&kms->config, options->context[i].key);
        if (pinned == NULL || grille_bytes_equal(pinned->value, options->context[i].value)) continue;
        return grille_error_set(error, GRILLE_REASON_KMS_PINNED,
                                "the encryption context's %.*s: observed another value than the one of this enclave's "
                                "configuration, expected that one. Likely somebody outside of it chose the context",
                                (int)(pinned->key.len < 100 ? pinned->key.len : 100), (const char *)pinned->key.data);
    }
    return GRILLE_REASON_OK;
}

static grille_bytes keep(grille_writer *writer, grille_bytes bytes) {
    const size_t before = writer->len;
    grille_write_bytes(writer, bytes);
    return grille_bytes_of(writer->start + before, writer->len - before);
}

/* Those of the configuration, and those of the call that it does not have. */
static size_t merge(const grille_kms *kms, const kms_wish *wish, grille_kms_pair *pairs) {
    const bool has_context = wish->action != GRILLE_KMS_GENERATE_RANDOM;
    size_t count = 0;
    for (size_t i = 0; has_context && i < kms->config.context_count; i++)
        pairs[count++] = kms->config.context[i];
    for (size_t i = 0; i < wish->options->context_count; i++)
        if (find_pair(&kms->config, wish->options->context[i].key) == NULL) pairs[count++] = wish->options->context[i];
    return count;
}

static kms_call *copy(grille_kms *kms, const kms_wish *wish, const grille_kms_pair *pairs, size_t count) {
    size_t len = wish->ciphertext.len, bytes = 0;
    kms_call *call = NULL;
    for (size_t i = 0; i < count; i++)
        len += pairs[i].key.len + pairs[i].value.len;
    bytes = sizeof *call + count * sizeof *pairs + len;
    call = calloc(1, bytes);
    if (call == NULL) return NULL;
    grille_kms_pair *own = (grille_kms_pair *)(void *)(call + 1);
    grille_writer writer = grille_writer_into((uint8_t *)(void *)(own + count), len);
    for (size_t i = 0; i < count; i++) {
        own[i].key = keep(&writer, pairs[i].key);
        own[i].value = keep(&writer, pairs[i].value);
    }
    grille_list_init(&call->link);
    call->kms = kms;
    call->bytes = bytes;
    call->request = (grille_kms_request){.action = wish->action,
                                         .ciphertext = keep(&writer, wish->ciphertext),
                                         .wanted_bytes = wish->wanted_bytes,
                                         .context = own,
                                         .context_count = count};
    return call;
}

static void set_times(kms_call *call, const kms_wish *wish) {
    const grille_kms_options *options = &call->kms->config.options;
    const uint32_t asked_ms = wish->options->timeout_ms;
    call->timeout_ms = asked_ms != 0 ? asked_ms : options->timeout_ms;
    call->deadline_us = grille_time_after(call->kms->seams.now_us(), (uint64_t)call->timeout_ms * us_per_ms);
    grille_backoff_init(&call->backoff, (uint64_t)options->first_backoff_ms * us_per_ms,
                        (uint64_t)options->longest_backoff_ms * us_per_ms, growth_permille);
}

static grille_reason make(grille_kms *kms, const kms_wish *wish, kms_call **made, grille_error *error) {
    grille_kms_pair pairs[2 * GRILLE_LIMIT_KMS_CONTEXT_PAIRS];
    grille_reason reason = check_sizes(wish, error);
    size_t count = 0;
    if (reason == GRILLE_REASON_OK) reason = check_pins(kms, wish, error);
    if (reason != GRILLE_REASON_OK) return reason;
    count = merge(kms, wish, pairs);
    reason = grille_kms_check_context(pairs, count, error);
    if (reason != GRILLE_REASON_OK) return reason;
    *made = copy(kms, wish, pairs, count);
    if (*made == NULL) return grille_error_default(error, GRILLE_REASON_OUT_OF_MEMORY);
    if (wish->action != GRILLE_KMS_GENERATE_RANDOM)
        (*made)->request.key_arn = grille_bytes_of_text(find_key(kms, wish->options->key_arn));
    set_times(*made, wish);
    return GRILLE_REASON_OK;
}

/* Hands it over, or frees it. */
static grille_reason submit(grille_kms *kms, kms_call *call, grille_error *error) {
    const uint32_t most = kms->config.options.max_in_flight + kms->config.options.max_queued;
    grille_reason reason = GRILLE_REASON_OK;
    (void)pthread_mutex_lock(&kms->lock);
    if (kms->closing) {
        reason = GRILLE_REASON_KMS_CLOSED;
    } else if (kms->calls >= most) {
        reason = GRILLE_REASON_KMS_QUEUE;
    } else {
        kms->calls++;
        kms->counts.calls++;
        grille_list_append(&kms->inbox, &call->link);
        grille_loop_post(&kms->loop, &kms->poke);
    }
    (void)pthread_mutex_unlock(&kms->lock);
    if (reason == GRILLE_REASON_OK) return reason;
    grille_wipe(call, call->bytes);
    free(call);
    if (reason == GRILLE_REASON_KMS_CLOSED) return grille_error_default(error, reason);
    return grille_error_set(error, reason,
                            "observed %u calls that have not ended, expected at most %u. Likely the key service or the "
                            "way to it is slow; raise max_in_flight or max_queued, or keep data keys for longer",
                            most, most);
}

static grille_code start(grille_kms *kms, const kms_wish *wish, grille_kms_done_fn *done, void *user,
                         kms_waiter *waiter, grille_error *error) {
    kms_call *call = NULL;
    grille_error ignored;
    grille_error *told = error != NULL ? error : &ignored;
    grille_reason reason;
    grille_error_clear(told);
    reason = make(kms, wish, &call, told);
    if (reason == GRILLE_REASON_OK) {
        call->done = done;
        call->user = user;
        call->waiter = waiter;
        reason = submit(kms, call, told);
    }
    return reason == GRILLE_REASON_OK ? GRILLE_OK : told->code;
}

static void wait_for(kms_waiter *waiter) {
    (void)pthread_mutex_lock(&waiter->lock);
    while (!waiter->done)
        (void)pthread_cond_wait(&waiter->ended, &waiter->lock);
    (void)pthread_mutex_unlock(&waiter->lock);
}

static grille_code block(grille_kms *kms, const kms_wish *wish, grille_kms_reply *reply) {
    kms_waiter waiter = {.reply = reply};
    *reply = (grille_kms_reply){.code = GRILLE_OK};
    if (grille_loop_in_turn() != NULL) {
        (void)grille_error_default(&reply->error, GRILLE_REASON_LOOP_WOULD_DEADLOCK);
        reply->code = reply->error.code;
        return reply->code;
    }
    (void)pthread_mutex_init(&waiter.lock, NULL);
    (void)pthread_cond_init(&waiter.ended, NULL);
    reply->code = start(kms, wish, NULL, NULL, &waiter, &reply->error);
    if (reply->code == GRILLE_OK) wait_for(&waiter);
    (void)pthread_cond_destroy(&waiter.ended);
    (void)pthread_mutex_destroy(&waiter.lock);
    return reply->code;
}

static kms_wish wish_of(grille_kms_action action, grille_bytes ciphertext, size_t len,
                        const grille_kms_call_options *options) {
    return (kms_wish){action, ciphertext, len, options != NULL ? options : &no_options};
}

grille_code grille_kms_decrypt(grille_kms *kms, grille_bytes ciphertext, const grille_kms_call_options *options,
                               grille_kms_reply *reply) {
    const kms_wish wish = wish_of(GRILLE_KMS_DECRYPT, ciphertext, 0, options);
    return block(kms, &wish, reply);
}

grille_code grille_kms_generate_data_key(grille_kms *kms, size_t len, const grille_kms_call_options *options,
                                         grille_kms_reply *reply) {
    const kms_wish wish = wish_of(GRILLE_KMS_GENERATE_DATA_KEY, grille_bytes_of(NULL, 0), len, options);
    return block(kms, &wish, reply);
}

grille_code grille_kms_generate_random(grille_kms *kms, size_t len, const grille_kms_call_options *options,
                                       grille_kms_reply *reply) {
    const kms_wish wish = wish_of(GRILLE_KMS_GENERATE_RANDOM, grille_bytes_of(NULL, 0), len, options);
    return block(kms, &wish, reply);
}

grille_code grille_kms_decrypt_async(grille_kms *kms, grille_bytes ciphertext, const grille_kms_call_options *options,
                                     grille_kms_done_fn *done, void *user, grille_error *error) {
    const kms_wish wish = wish_of(GRILLE_KMS_DECRYPT, ciphertext, 0, options);
    return start(kms, &wish, done, user, NULL, error);
}

grille_code grille_kms_generate_data_key_async(grille_kms *kms, size_t len, const grille_kms_call_options *options,
                                               grille_kms_done_fn *done, void *user, grille_error *error) {
    const kms_wish wish = wish_of(GRILLE_KMS_GENERATE_DATA_KEY, grille_bytes_of(NULL, 0), len, options);
    return start(kms, &wish, done, user, NULL, error);
}

grille_code grille_kms_generate_random_async(grille_kms *kms, size_t len, const grille_kms_call_options *options,
                                             grille_kms_done_fn *done, void *user, grille_error *error) {
    const kms_wish wish = wish_of(GRILLE_KMS_GENERATE_RANDOM, grille_bytes_of(NULL, 0), len, options);
    return start(kms, &wish, done, user, NULL, error);
}
