/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/driver/plan_axes.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

enum {
    MOST_BYTES = 64 << 20,
    MOST_AT_ONCE = 65536,
    MOST_IDLE_STREAMS = 1000000,
    MOST_LOOPS = 64,
    MOST_SPIN_US = 10000
};

#define MOST_VSOCK   UINT64_C(0xfffffffe) /* VMADDR_CID_ANY is no one's */
#define MOST_RATE    1e7
#define MOST_SECONDS 3600.0
#define MOST_WARM_UP 600.0

const char *const bench_transport_words[] = {"unix", "unix-abstract", "tcp", "vsock", "hybrid", "inproc"};
const char *const bench_placement_words[] = {"same", "split", "free"};
const char *const bench_kind_words[] = {"x509", "nitro", "psk"};

static const bench_mode own_modes[] = {
    {.name = "raw"},
    {.name = "tls"},
    {.name = "rpc-insecure", .is_rpc = true},
    {.name = "rpc-attested", .is_rpc = true, .is_attested = true},
};
enum { INSECURE = 2, ATTESTED = 3 };

bool bench_pattern_is_stream(bench_pattern pattern) {
    return pattern == BENCH_STREAM_UP || pattern == BENCH_STREAM_DOWN || pattern == BENCH_STREAM_BOTH;
}

static void list_set(bench_list *list, size_t count, const uint64_t *values) {
    memcpy(list->at, values, count * sizeof *values);
    list->count = count;
}

static bool has(const bench_list *list, uint64_t value) {
    for (size_t i = 0; i < list->count; i++) {
        if (list->at[i] == value) return true;
    }
    return false;
}

/* ---- Modes ---- */

static bool add_peers(const bench_wishes *wishes, bench_plan *plan, bench_wrong *wrong) {
    for (size_t i = 0; i < wishes->peer_count; i++) {
        const char *text = wishes->peers[i], *equals = strchr(text, '=');
        bench_program *program = &plan->programs[plan->program_count];
        const size_t len = equals == NULL ? 0 : (size_t)(equals - text);
        if (len == 0 || len >= sizeof program->name || equals[1] == '\0') {
            return bench_wrong_say(wrong, "--peer is NAME=PATH, with a NAME of 1 to %zu letters, not \"%.120s\"",
                                   sizeof program->name - 1, text);
        }
        (void)snprintf(program->name, sizeof program->name, "%.*s", (int)len, text);
        for (const char *at = program->name; *at != '\0'; at++) {
            if (isalnum((unsigned char)*at) || strchr("-+._", *at) != NULL) continue;
            return bench_wrong_say(wrong, "--peer: a NAME has letters, digits and -+._ only, not \"%s\"",
                                   program->name);
        }
        program->path = equals + 1;
        for (size_t j = 0; j < plan->program_count + COUNT(own_modes); j++) {
            const char *other = j < COUNT(own_modes) ? own_modes[j].name : plan->programs[j - COUNT(own_modes)].name;
            if (strcmp(other, program->name) == 0)
                return bench_wrong_say(wrong, "--peer: there is a %s already", other);
        }
        plan->program_count++;
    }
    return true;
}

static bool read_modes(const bench_wishes *wishes, bench_plan *plan, bench_axes *axes, bench_wrong *wrong) {
    static const char *names[COUNT(own_modes)]; /* *wrong may keep it */
    bench_list rows = {.count = 0};
    for (size_t i = 0; i < COUNT(own_modes); i++)
        names[i] = own_modes[i].name;
    if (wishes->target != NULL) {
        list_set(&rows, 1, (const uint64_t[]){ATTESTED});
    } else if (wishes->insecure_agent != NULL && !wishes->ours_only) {
        list_set(&rows, 4, (const uint64_t[]){0, 1, INSECURE, ATTESTED});
    } else {
        list_set(&rows, 3, (const uint64_t[]){0, 1, ATTESTED});
    }
    if (!bench_list_words("--rows", wishes->rows, names, COUNT(names), &rows, wrong)) return false;
    for (size_t i = 0; i < rows.count; i++) {
        bench_mode *mode = &axes->modes[axes->mode_count++];
        *mode = own_modes[rows.at[i]];
        if (wishes->target != NULL && rows.at[i] != ATTESTED) {
            return bench_wrong_say(wrong, "--target speaks attested calls only: --rows %s can't go there", mode->name);
        }
        if (rows.at[i] != INSECURE) continue;
        mode->program = wishes->insecure_agent;
        if (mode->program == NULL) {
            return bench_wrong_say(wrong, "--rows rpc-insecure is another program: name it with --insecure-agent PATH");
        }
    }
    if (plan->program_count == 0 && !add_peers(wishes, plan, wrong)) return false;
    if (wishes->target != NULL && plan->program_count > 0)
        return bench_wrong_say(wrong, "--peer does not go with --target");
    for (size_t i = 0; i < plan->program_count && !wishes->ours_only; i++) {
        axes->modes[axes->mode_count++] =
            (bench_mode){.name = plan->programs[i].name, .program = plan->programs[i].path, .is_peer = true};
    }
    return true;
}

/* ---- Patterns ---- */

/* "stream" stands for the directions. */
static bool read_patterns(const bench_wishes *wishes, bench_axes *axes, bench_wrong *wrong) {
    static const char *const directions[] = {"up", "down", "both"};
    static const char *words[BENCH_PATTERN_COUNT + 1]; /* *wrong may keep it */
    bench_list given = {.count = 0}, ways = {.at = {0, 1}, .count = 2};
    for (size_t i = 0; i < BENCH_PATTERN_COUNT; i++)
        words[i] = bench_pattern_word((bench_pattern)i);
    words[BENCH_PATTERN_COUNT] = "stream";
    if (wishes->rate != NULL) {
        list_set(&given, 1, (const uint64_t[]){BENCH_OPEN_LOOP});
    } else if (wishes->directions != NULL || wishes->streams != NULL) {
        list_set(&given, 1, (const uint64_t[]){BENCH_PATTERN_COUNT});
    } else {
        list_set(&given, 3, (const uint64_t[]){BENCH_PING_PONG, BENCH_IN_FLIGHT, BENCH_BULK});
    }
    if (!bench_list_words("--patterns", wishes->patterns, words, COUNT(words), &given, wrong) ||
        !bench_list_words("--direction", wishes->directions, directions, COUNT(directions), &ways, wrong)) {
        return false;
    }
    for (size_t i = 0; i < given.count; i++) {
        const bool directed = given.at[i] == BENCH_PATTERN_COUNT;
        for (size_t j = 0; j < (directed ? ways.count : 1); j++) {
            const uint64_t pattern = directed ? BENCH_STREAM_UP + ways.at[j] : given.at[i];
            if (!has(&axes->patterns, pattern)) axes->patterns.at[axes->patterns.count++] = pattern;
        }
    }
    if (wishes->directions != NULL && !has(&given, BENCH_PATTERN_COUNT)) {
        return bench_wrong_say(wrong, "--direction goes with --patterns stream");
    }
    return true;
}

static bool any_pattern(const bench_axes *axes, bool (*fits)(bench_pattern)) {
    for (size_t i = 0; i < axes->patterns.count; i++) {
        if (fits((bench_pattern)axes->patterns.at[i])) return true;
    }
    return false;
}

static bool takes_in_flight(bench_pattern pattern) {
    return pattern == BENCH_IN_FLIGHT || pattern == BENCH_BULK || pattern == BENCH_CONNECT;
}

static bool takes_bytes(bench_pattern pattern) {
    return pattern != BENCH_CONNECT && pattern != BENCH_IDLE;
}

static bool takes_connections(bench_pattern pattern) {
    return pattern != BENCH_CONNECT;
}

static bool takes_rate(bench_pattern pattern) {
    return pattern == BENCH_OPEN_LOOP;
}

static bool stands_beside_calls(bench_pattern pattern) {
    return pattern != BENCH_CONNECT && pattern != BENCH_IDLE;
}

/* An option that no pattern of the run looks at is a mistake. */
static bool check_use(const bench_wishes *wishes, const bench_axes *axes, bench_wrong *wrong) {
    const struct {
        const char *option, *value;
        bool (*fits)(bench_pattern);
    } uses[] = {{"--bytes", wishes->bytes, takes_bytes},
                {"--in-flight", wishes->in_flight, takes_in_flight},
                {"--streams", wishes->streams, bench_pattern_is_stream},
                {"--connections", wishes->connections, takes_connections},
                {"--idle-streams", wishes->idle_streams, stands_beside_calls},
                {"--idle-connections", wishes->idle_connections, stands_beside_calls},
                {"--rate", wishes->rate, takes_rate}};
    for (size_t i = 0; i < COUNT(uses); i++) {
        if (uses[i].value == NULL || any_pattern(axes, uses[i].fits)) continue;
        return bench_wrong_say(wrong, "%s: none of the patterns looks at it", uses[i].option);
    }
    if (any_pattern(axes, takes_rate) && wishes->rate == NULL) {
        return bench_wrong_say(wrong, "open-loop needs --rate, in calls per second");
    }
    if (wishes->target != NULL && has(&axes->patterns, BENCH_IDLE)) {
        return bench_wrong_say(wrong, "idle is about the server's memory, which can't be seen at a --target");
    }
    return true;
}

/* ---- The rest ---- */

static bool read_numbers(const bench_wishes *wishes, bench_axes *axes, bench_wrong *wrong) {
    return bench_list_numbers("--bytes", wishes->bytes, 1, MOST_BYTES, &axes->bytes, wrong) &&
           bench_list_numbers("--in-flight", wishes->in_flight, 1, MOST_AT_ONCE, &axes->in_flight, wrong) &&
           bench_list_numbers("--streams", wishes->streams, 1, MOST_AT_ONCE, &axes->streams, wrong) &&
           bench_list_numbers("--connections", wishes->connections, 1, MOST_AT_ONCE, &axes->connections, wrong) &&
           bench_list_numbers("--idle-streams", wishes->idle_streams, 0, MOST_IDLE_STREAMS, &axes->idle_streams,
                              wrong) &&
           bench_list_numbers("--idle-connections", wishes->idle_connections, 0, MOST_AT_ONCE, &axes->idle_connections,
                              wrong) &&
           bench_list_real("--rate", wishes->rate, 0.1, MOST_RATE, &axes->spec.rate, wrong);
}

static bool read_one(const char *option, const char *text, uint64_t least, uint64_t most, uint32_t *value,
                     bench_wrong *wrong) {
    bench_list list = {.count = 0};
    if (text == NULL) return true;
    if (!bench_list_numbers(option, text, least, most, &list, wrong)) return false;
    if (list.count != 1) return bench_wrong_say(wrong, "%s is one number, not \"%.60s\"", option, text);
    *value = (uint32_t)list.at[0];
    return true;
}

static bool read_times(const bench_wishes *wishes, bench_plan *plan, bench_axes *axes, bench_wrong *wrong) {
    double warm_up = 0.1;
    axes->spec.seconds = 0.5;
    plan->rounds = 3;
    plan->vsock_cid = 1; /* loopback */
    plan->port = 5000;
    if (!bench_list_real("--seconds", wishes->seconds, 0.01, MOST_SECONDS, &axes->spec.seconds, wrong) ||
        !bench_list_real("--warmup", wishes->warm_up, 0, MOST_WARM_UP, &warm_up, wrong) ||
        !read_one("--rounds", wishes->rounds, 1, BENCH_ROUNDS_MAX, &plan->rounds, wrong) ||
        !read_one("--loops", wishes->loops, 1, MOST_LOOPS, &axes->spec.loops, wrong) ||
        !read_one("--spin-us", wishes->spin_us, 0, MOST_SPIN_US, &axes->spec.spin_us, wrong) ||
        !read_one("--cid", wishes->cid, 1, MOST_VSOCK, &plan->vsock_cid, wrong) ||
        !read_one("--port", wishes->port, 1, MOST_VSOCK, &plan->port, wrong)) {
        return false;
    }
    axes->spec.warm_up_ms = (uint32_t)(warm_up * 1000);
    axes->warm_up_given = wishes->warm_up != NULL;
    return true;
}

static bool read_places(const bench_wishes *wishes, unsigned cpus, bench_axes *axes, bench_wrong *wrong) {
    size_t kept = 0;
    list_set(&axes->transports, 1, (const uint64_t[]){BENCH_UNIX});
    list_set(&axes->placements, 2, (const uint64_t[]){BENCH_SAME, BENCH_FREE});
    list_set(&axes->server_kinds, 1, (const uint64_t[]){BENCH_X509});
    list_set(&axes->client_kinds, 1, (const uint64_t[]){BENCH_X509});
    if (wishes->target != NULL) list_set(&axes->placements, 1, (const uint64_t[]){BENCH_FREE});
    if (!bench_list_words("--transport", wishes->transports, bench_transport_words, COUNT(bench_transport_words),
                          &axes->transports, wrong) ||
        !bench_list_words("--placement", wishes->placements, bench_placement_words, COUNT(bench_placement_words),
                          &axes->placements, wrong) ||
        !bench_list_words("--server-kind", wishes->server_kinds, bench_kind_words, COUNT(bench_kind_words),
                          &axes->server_kinds, wrong) ||
        !bench_list_words("--client-kind", wishes->client_kinds, bench_kind_words, COUNT(bench_kind_words),
                          &axes->client_kinds, wrong)) {
        return false;
    }
    if (wishes->target != NULL &&
        (wishes->transports != NULL || wishes->server_kinds != NULL || wishes->client_kinds != NULL)) {
        return bench_wrong_say(wrong,
                               "--target says where the server is and --identity who we are: without --transport, "
                               "--server-kind and --client-kind");
    }
    if ((wishes->cid != NULL || wishes->port != NULL) && !has(&axes->transports, BENCH_VSOCK) &&
        (wishes->cid != NULL || !has(&axes->transports, BENCH_HYBRID))) {
        return bench_wrong_say(wrong, "--cid and --port go with --transport vsock (--port with hybrid, too)");
    }
    for (size_t i = 0; i < axes->placements.count; i++) {
        if (axes->placements.at[i] == BENCH_SPLIT && (cpus < 2 || wishes->target != NULL)) {
            axes->left_out_split = true;
        } else {
            axes->placements.at[kept++] = axes->placements.at[i];
        }
    }
    axes->placements.count = kept;
    return true;
}

bool bench_axes_read(const bench_wishes *wishes, unsigned cpus, bench_plan *plan, bench_axes *axes,
                     bench_wrong *wrong) {
    memset(axes, 0, sizeof *axes);
    axes->spec = bench_spec_default();
    axes->target = wishes->target;
    if (wishes->target != NULL && strlen(wishes->target) >= sizeof axes->spec.address) {
        return bench_wrong_say(wrong, "--target is too long for an address");
    }
    return read_modes(wishes, plan, axes, wrong) && read_patterns(wishes, axes, wrong) &&
           check_use(wishes, axes, wrong) && read_numbers(wishes, axes, wrong) &&
           read_times(wishes, plan, axes, wrong) && read_places(wishes, cpus, axes, wrong);
}
