/* SPDX-License-Identifier: Apache-2.0 */
#include "rpc/retry.h"

/* A token in the throttle's unit. */
#define TOKEN 1000

/* More attempts than this only add load (gRFC A6). */
#define MOST_ATTEMPTS 5

const char *grille_retry_options_fault(const grille_retry_options *options) {
    if (options->max_attempts == 0 || options->max_attempts > MOST_ATTEMPTS) {
        return "retry.max_attempts must be between 1 and 5";
    }
    if (options->first_backoff_ms == 0) return "retry.first_backoff_ms must not be 0";
    if (options->longest_backoff_ms < options->first_backoff_ms) {
        return "retry.longest_backoff_ms must not be below retry.first_backoff_ms";
    }
    if ((options->codes & 1u << GRILLE_OK) != 0) return "retry.codes must not hold OK";
    if (options->codes >> (GRILLE_UNAUTHENTICATED + 1) != 0) return "retry.codes holds a bit that is no status code";
    return NULL;
}

void grille_retry_throttle_init(grille_retry_throttle *throttle, const grille_retry_options *options) {
    throttle->most = (uint64_t)options->throttle_tokens * TOKEN;
    throttle->tokens = throttle->most;
    throttle->gain = options->throttle_ratio_permille;
}

static void give_back(grille_retry_throttle *throttle) {
    const uint64_t room = throttle->most - throttle->tokens;
    throttle->tokens += throttle->gain < room ? throttle->gain : room;
}

static void take_token(grille_retry_throttle *throttle) {
    throttle->tokens -= throttle->tokens < TOKEN ? throttle->tokens : TOKEN;
}

static bool has_enough(const grille_retry_throttle *throttle) {
    return throttle->most == 0 || throttle->tokens > throttle->most / 2;
}

void grille_retry_init(grille_retry *retry) {
    *retry = (grille_retry){.attempts = 1};
}

/* Decimal, no sign, no leading zero, below 2^31 (gRFC A6: a 32-bit signed integer). */
static bool read_pushback(grille_bytes value, uint64_t *pause_us) {
    uint64_t ms = 0;
    if (value.len == 0 || value.len > 10 || (value.len > 1 && value.data[0] == '0')) return false;
    for (size_t at = 0; at < value.len; at++) {
        if (value.data[at] < '0' || value.data[at] > '9') return false;
        ms = ms * 10 + (uint64_t)(value.data[at] - '0');
    }
    *pause_us = ms * 1000;
    return ms <= INT32_MAX;
}

static uint64_t own_pause_us(grille_retry *retry, const grille_retry_options *options, uint32_t random) {
    if (!retry->pauses) {
        grille_backoff_init(&retry->backoff, (uint64_t)options->first_backoff_ms * 1000,
                            (uint64_t)options->longest_backoff_ms * 1000, 2000);
        retry->pauses = true;
    }
    return grille_backoff_next_us(&retry->backoff, random);
}

/* The peer's wish, or a pause of our own. */
static uint64_t find_pause_us(grille_retry *retry, const grille_retry_options *options, const grille_retry_facts *end,
                              uint32_t random) {
    uint64_t pause_us = 0;
    if (!end->has_pushback) return own_pause_us(retry, options, random);
    retry->pauses = false;
    (void)read_pushback(end->pushback, &pause_us);
    return pause_us;
}

static bool is_forbidden(const grille_retry_facts *end) {
    uint64_t pause_us = 0;
    return end->has_pushback && !read_pushback(end->pushback, &pause_us);
}

static bool is_retryable(const grille_retry_options *options, grille_code code) {
    return code > GRILLE_OK && code <= GRILLE_UNAUTHENTICATED && (options->codes & 1u << code) != 0;
}

grille_retry_verdict grille_retry_judge(grille_retry *retry, grille_retry_throttle *throttle,
                                        const grille_retry_options *options, const grille_retry_facts *end,
                                        grille_time_us now_us, grille_time_us deadline_us, uint32_t random,
                                        grille_time_us *at_us) {
    if (end->code == GRILLE_OK) {
        give_back(throttle);
        return GRILLE_RETRY_OVER;
    }
    if (now_us >= deadline_us) return GRILLE_RETRY_OVER;
    if (end->no_retry || end->answered) return GRILLE_RETRY_OVER;
    if (end->never_sent) return GRILLE_RETRY_AT_ONCE;
    if (end->never_processed && !retry->was_repeated) {
        retry->was_repeated = true;
        return GRILLE_RETRY_AT_ONCE;
    }
    const bool retryable = is_retryable(options, end->code), forbidden = is_forbidden(end);
    if (retryable || forbidden) take_token(throttle);
    if (!retryable || forbidden || !has_enough(throttle)) return GRILLE_RETRY_OVER;
    if (retry->attempts >= options->max_attempts) return GRILLE_RETRY_OVER;
    if (!end->idempotent && !end->never_processed) return GRILLE_RETRY_OVER;
    *at_us = grille_time_after(now_us, find_pause_us(retry, options, end, random));
    if (*at_us >= deadline_us) return GRILLE_RETRY_OVER;
    retry->attempts++;
    return GRILLE_RETRY_LATER;
}

uint32_t grille_retry_previous_attempts(const grille_retry *retry) {
    return retry->attempts - 1;
}
