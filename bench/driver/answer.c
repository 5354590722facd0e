/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/driver/answer.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

static bool wrong(char why[256], const char *name, const char *what) {
    (void)snprintf(why, 256, "the agent's answer: \"%s\" %s", name, what);
    return false;
}

static bool read_count(const json_t *answer, const char *name, uint64_t *value, char why[256]) {
    const json_t *number = json_object_get(answer, name);
    if (!json_is_integer(number) || json_integer_value(number) < 0) return wrong(why, name, "is no count");
    *value = (uint64_t)json_integer_value(number);
    return true;
}

/* null, or nothing: not known. */
static bool read_known(const json_t *answer, const char *name, int64_t *value, char why[256]) {
    const json_t *number = json_object_get(answer, name);
    *value = -1;
    if (number == NULL || json_is_null(number)) return true;
    if (!json_is_integer(number) || json_integer_value(number) < 0) return wrong(why, name, "is no count and not null");
    *value = json_integer_value(number);
    return true;
}

static bool read_cipher(const json_t *answer, char cipher[48], char why[256]) {
    const json_t *text = json_object_get(answer, "cipher");
    if (text == NULL || json_is_null(text)) return true;
    if (!json_is_string(text) || json_string_length(text) >= 48) return wrong(why, "cipher", "is no short text");
    (void)snprintf(cipher, 48, "%s", json_string_value(text));
    return true;
}

/* Pairs of a value and how often it came. */
static bool read_latencies(const json_t *answer, bench_histogram *latency_ns, char why[256]) {
    const json_t *pairs = json_object_get(answer, "latency_ns");
    if (pairs == NULL || json_is_null(pairs)) return true;
    if (!json_is_array(pairs)) return wrong(why, "latency_ns", "is no array");
    for (size_t i = 0; i < json_array_size(pairs); i++) {
        const json_t *pair = json_array_get(pairs, i);
        const json_t *value = json_array_get(pair, 0), *count = json_array_get(pair, 1);
        if (json_array_size(pair) != 2 || !json_is_integer(value) || !json_is_integer(count) ||
            json_integer_value(value) < 0 || json_integer_value(count) < 1) {
            return wrong(why, "latency_ns", "has something else than [value, count]");
        }
        bench_histogram_add(latency_ns, (uint64_t)json_integer_value(value), (uint64_t)json_integer_value(count));
    }
    return true;
}

bool bench_answer_read(const char *text, bench_result *result, char why[256]) {
    json_error_t error;
    json_t *answer = json_loads(text, JSON_REJECT_DUPLICATES, &error);
    bool read;
    memset(result, 0, sizeof *result);
    if (answer == NULL) {
        (void)snprintf(why, 256, "the agent's answer is no JSON: %.160s", error.text);
        return false;
    }
    result->latency_ns = bench_histogram_new();
    if (result->latency_ns == NULL) {
        (void)snprintf(why, 256, "no memory");
        read = false;
    } else {
        read = read_count(answer, "calls", &result->calls, why) && read_count(answer, "errors", &result->errors, why) &&
               read_count(answer, "message_bytes", &result->message_bytes, why) &&
               read_count(answer, "wall_ns", &result->wall_ns, why) &&
               read_known(answer, "client_cpu_ns", &result->client_cpu_ns, why) &&
               read_known(answer, "server_cpu_ns", &result->server_cpu_ns, why) &&
               read_known(answer, "client_heap_calls", &result->client_heap_calls, why) &&
               read_known(answer, "server_heap_calls", &result->server_heap_calls, why) &&
               read_known(answer, "server_rss_kib", &result->server_rss_kib, why) &&
               read_known(answer, "server_first_rss_kib", &result->server_first_rss_kib, why) &&
               read_known(answer, "client_rss_kib", &result->client_rss_kib, why) &&
               read_cipher(answer, result->cipher, why) && read_latencies(answer, result->latency_ns, why);
    }
    json_decref(answer);
    if (read) return true;
    bench_histogram_free(result->latency_ns);
    result->latency_ns = NULL;
    return false;
}
