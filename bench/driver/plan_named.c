/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/driver/plan_named.h"

#include "bench/driver/plan_lists.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

/* Parts of a plan; what the command line says stands above each. */
static const bench_wishes short_plan[] = {{.patterns = "ping-pong,in-flight,bulk"}};
static const bench_wishes standard_plan[] = {
    {.patterns = "ping-pong,in-flight,bulk"},
    {.patterns = "connect",
     .rows = "rpc-attested",
     .server_kinds = "x509,nitro",
     .client_kinds = "x509,nitro",
     .placements = "free"},
    {.patterns = "connect", .rows = "tls", .placements = "free", .ours_only = true},
    {.patterns = "idle", .rows = "tls,rpc-attested", .placements = "free"},
    {.patterns = "ping-pong,in-flight",
     .rows = "tls,rpc-attested",
     .connections = "1000",
     .placements = "same",
     .ours_only = true},
    {.patterns = "ping-pong,in-flight",
     .rows = "tls,rpc-attested",
     .idle_connections = "1000",
     .placements = "same",
     .ours_only = true},
    {.patterns = "ping-pong,in-flight",
     .rows = "rpc-attested",
     .idle_streams = "10000",
     .placements = "same",
     .ours_only = true},
};
static const bench_wishes full_plan[] = {
    {.patterns = "ping-pong,in-flight,bulk", .placements = "same,split,free"},
    {.patterns = "connect",
     .rows = "rpc-attested",
     .server_kinds = "x509,nitro,psk",
     .client_kinds = "x509,nitro,psk",
     .placements = "free"},
    {.patterns = "connect", .rows = "tls", .placements = "free", .ours_only = true},
    {.patterns = "idle", .rows = "tls,rpc-attested", .connections = "100,1000", .placements = "free"},
    {.patterns = "ping-pong,in-flight",
     .rows = "tls,rpc-attested",
     .connections = "10,1000",
     .placements = "same",
     .ours_only = true},
    {.patterns = "ping-pong,in-flight",
     .rows = "tls,rpc-attested",
     .idle_connections = "100,1000",
     .placements = "same",
     .ours_only = true},
    {.patterns = "ping-pong,in-flight",
     .rows = "rpc-attested",
     .idle_streams = "1000,10000",
     .placements = "same",
     .ours_only = true},
    {.patterns = "stream", .directions = "up,down,both", .bytes = "64,1Ki,16Ki,64Ki,256Ki,1Mi", .placements = "same"},
    {.patterns = "stream", .directions = "up,down,both", .bytes = "64Ki", .streams = "4,8", .placements = "same"},
    {.patterns = "bulk", .bytes = "64,1Ki,16Ki,64Ki,256Ki", .placements = "same"},
    {.patterns = "ping-pong,in-flight", .transports = "tcp", .placements = "same,free"},
    {.patterns = "open-loop", .rate = "20000", .placements = "free"},
    {.patterns = "in-flight", .rows = "rpc-attested", .connections = "8", .placements = "free", .ours_only = true},
    {.patterns = "in-flight",
     .rows = "rpc-attested",
     .connections = "8",
     .loops = "2",
     .placements = "free",
     .ours_only = true},
};

static const char *const plan_words[] = {"short", "standard", "full"};

bool bench_plan_has_a_shape(const bench_wishes *wishes) {
    const char *const shapes[] = {wishes->patterns, wishes->directions,  wishes->bytes,        wishes->in_flight,
                                  wishes->streams,  wishes->connections, wishes->idle_streams, wishes->idle_connections,
                                  wishes->rate,     wishes->target};
    for (size_t i = 0; i < COUNT(shapes); i++) {
        if (shapes[i] != NULL) return true;
    }
    return false;
}

static const char *either(const char *above, const char *below) {
    return above != NULL ? above : below;
}

static bench_wishes merge(const bench_wishes *typed, const bench_wishes *part) {
    bench_wishes both = *typed;
    both.rows = either(typed->rows, part->rows);
    both.placements = either(typed->placements, part->placements);
    both.transports = either(typed->transports, part->transports);
    both.server_kinds = either(typed->server_kinds, part->server_kinds);
    both.client_kinds = either(typed->client_kinds, part->client_kinds);
    both.loops = either(typed->loops, part->loops);
    both.patterns = part->patterns;
    both.directions = part->directions;
    both.bytes = part->bytes;
    both.streams = part->streams;
    both.connections = part->connections;
    both.idle_streams = part->idle_streams;
    both.idle_connections = part->idle_connections;
    both.rate = part->rate;
    both.ours_only = part->ours_only;
    return both;
}

bool bench_plan_named(const bench_wishes *wishes, bench_named_plan *named, bench_wrong *wrong) {
    static const bench_named_plan plans[] = {{short_plan, COUNT(short_plan), NULL, NULL},
                                             {standard_plan, COUNT(standard_plan), NULL, NULL},
                                             {full_plan, COUNT(full_plan), "1", "5"}};
    bench_list which = {.at = {0}, .count = 1};
    if (!bench_list_words("--plan", wishes->plan, plan_words, COUNT(plan_words), &which, wrong)) return false;
    if (which.count != 1) return bench_wrong_say(wrong, "--plan is one of short, standard and full");
    *named = plans[which.at[0]];
    return true;
}

bench_wishes bench_plan_part(const bench_wishes *typed, const bench_named_plan *named, size_t which) {
    bench_wishes part = merge(typed, &named->parts[which]);
    part.seconds = either(part.seconds, named->seconds);
    part.rounds = either(part.rounds, named->rounds);
    return part;
}
