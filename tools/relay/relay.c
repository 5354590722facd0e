/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/relay.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/error.h"
#include "grille/log.h"
#include "loop/dialer.h"
#include "loop/signals.h"
#include "loop/socket.h"
#include "relay/relay_state.h"

relay_options relay_options_default(void) {
    return (relay_options){
        .max_connections = RELAY_DEFAULT_CONNECTIONS,
        .rate = RELAY_DEFAULT_RATE,
        .connect_timeout_ms = RELAY_DEFAULT_CONNECT_TIMEOUT_MS,
        .idle_timeout_ms = RELAY_DEFAULT_IDLE_TIMEOUT_MS,
        .drain_timeout_ms = RELAY_DEFAULT_DRAIN_TIMEOUT_MS,
        .spin_us = GRILLE_DEFAULT_SPIN_US,
    };
}

/* ---- Making ---- */

static grille_reason check_number(const char *what, uint32_t value, uint32_t least, uint32_t most,
                                  grille_error *error) {
    if (least <= value && value <= most) return GRILLE_REASON_OK;
    return grille_error_set(error, GRILLE_REASON_BAD_ARGUMENT, "%s is %u, expected %u to %u", what, value, least, most);
}

static grille_reason check_options(const relay_options *options, grille_error *error) {
    const struct {
        const char *what;
        uint32_t value, least, most;
    } numbers[] = {
        {"the most connections", options->max_connections, 1, RELAY_LIMIT_CONNECTIONS},
        {"the rate of new connections", options->rate, 1, RELAY_LIMIT_RATE},
        {"the connect timeout in ms", options->connect_timeout_ms, 1, RELAY_LIMIT_TIMEOUT_MS},
        {"the idle timeout in ms", options->idle_timeout_ms, 1, RELAY_LIMIT_TIMEOUT_MS},
        {"the drain timeout in ms", options->drain_timeout_ms, 0, RELAY_LIMIT_TIMEOUT_MS},
        {"the polling before sleep in us", options->spin_us, 0, RELAY_LIMIT_SPIN_US},
    };
    grille_reason reason = GRILLE_REASON_OK;
    for (size_t i = 0; reason == GRILLE_REASON_OK && i < sizeof numbers / sizeof numbers[0]; i++) {
        reason = check_number(numbers[i].what, numbers[i].value, numbers[i].least, numbers[i].most, error);
    }
    return reason;
}

/* The loop and the descriptor that stops it. */
static grille_reason open_loop(relay *relay, grille_error *error) {
    relay->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (relay->stop_fd < 0) return grille_error_set(error, GRILLE_REASON_SYSTEM, "no eventfd: %s", strerror(errno));
    grille_reason reason = grille_signals_watch(relay->stop_fd, error);
    if (reason == GRILLE_REASON_OK) {
        reason = grille_loop_init(&relay->loop, relay->options.spin_us, error);
        if (reason != GRILLE_REASON_OK) grille_signals_unwatch(relay->stop_fd);
    }
    if (reason != GRILLE_REASON_OK) (void)close(relay->stop_fd);
    return reason;
}

grille_reason relay_new(const relay_options *options, relay **made, grille_error *error) {
    grille_reason reason = check_options(options, error);
    if (reason != GRILLE_REASON_OK) return reason;
    relay *new = calloc(1, sizeof *new);
    if (new == NULL) return grille_error_default(error, GRILLE_REASON_OUT_OF_MEMORY);
    new->options = *options;
    reason = open_loop(new, error);
    if (reason != GRILLE_REASON_OK) {
        free(new);
        return reason;
    }
    reason = relay_links_init(&new->links, &new->loop, options->allow, relay_on_ended, new);
    if (reason != GRILLE_REASON_OK) {
        relay_free(new);
        return grille_error_default(error, reason);
    }
    const grille_time_us now_us = grille_clock_us();
    grille_rate_limit_init(&new->new_connections, options->rate, options->rate, now_us);
    grille_log_limit_init(&new->refusals, RELAY_LIMIT_REFUSAL_LINES, RELAY_LIMIT_REFUSAL_LINES_PER_SECOND, now_us);
    *made = new;
    return GRILLE_REASON_OK;
}

/* ---- Pairs ---- */

static grille_reason read_target(const relay *relay, const char *to, grille_egress_target *target,
                                 grille_error *error) {
    grille_reason reason = grille_egress_target_parse(to, target, error);
    if (reason != GRILLE_REASON_OK) return reason;
    if (!grille_egress_target_is_name(target) &&
        (target->address.kind == GRILLE_ADDRESS_INPROC || !grille_dialer_takes(&target->address))) {
        return grille_error_set(error, GRILLE_REASON_LOOP_ADDRESS_UNSUPPORTED,
                                "--to %s is no address that another process can be reached at", to);
    }
    if (relay->options.allow == NULL || grille_allow_has_target(relay->options.allow, target)) return GRILLE_REASON_OK;
    return grille_error_set(error, GRILLE_REASON_POLICY_FORBIDS,
                            "--to %s is in no set of targets of the allow-list: add it there, or forward elsewhere",
                            to);
}

static grille_reason read_listen(const char *listen, grille_address *address, grille_error *error) {
    grille_reason reason = grille_address_parse(listen, address, error);
    if (reason != GRILLE_REASON_OK || address->kind != GRILLE_ADDRESS_INPROC) return reason;
    return grille_error_set(error, GRILLE_REASON_LOOP_ADDRESS_UNSUPPORTED,
                            "--listen %s can be reached inside this process only", listen);
}

/* A descriptor belongs to one connection. */
static bool descriptor_is_new(const relay *relay, int fd) {
    char text[GRILLE_ADDRESS_TEXT_BYTES];
    grille_address_format(&(grille_address){.kind = GRILLE_ADDRESS_FD, .fd = fd}, text);
    for (size_t i = 0; i < relay->pair_count; i++) {
        if (strcmp(relay->pairs[i].listen_address, text) == 0 || strcmp(relay->pairs[i].target_address, text) == 0) {
            return false;
        }
    }
    return true;
}

static grille_reason check_descriptor(const relay *relay, const grille_address *address, grille_error *error) {
    int listens = 0;
    socklen_t len = sizeof listens;
    if (address->kind != GRILLE_ADDRESS_FD) return GRILLE_REASON_OK;
    if (!descriptor_is_new(relay, address->fd)) {
        return grille_error_set(error, GRILLE_REASON_BAD_ARGUMENT, "fd:%d is given twice: it is one connection",
                                address->fd);
    }
    if (getsockopt(address->fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &len) != 0) {
        return grille_error_set(error, GRILLE_REASON_LOOP_SOCKET, "fd:%d is not a usable stream socket: %s",
                                address->fd, strerror(errno));
    }
    if (listens == 0) return GRILLE_REASON_OK;
    return grille_error_set(error, GRILLE_REASON_LOOP_SOCKET,
                            "fd:%d is a listening socket, expected a connected one: give its address instead",
                            address->fd);
}

/* What is forwarded must not come back. */
static grille_reason check_circle(const relay *relay, grille_error *error) {
    for (size_t i = 0; i < relay->pair_count; i++) {
        for (size_t k = 0; k < relay->pair_count; k++) {
            if (strcmp(relay->pairs[i].listen_address, relay->pairs[k].target_address) != 0) continue;
            return grille_error_set(error, GRILLE_REASON_BAD_ARGUMENT,
                                    "%s is listened on and forwarded to: the relay would feed itself",
                                    relay->pairs[i].listen_address);
        }
    }
    return GRILLE_REASON_OK;
}

grille_reason relay_add(relay *relay, const char *listen, const char *to, grille_error *error) {
    grille_address address;
    relay_pair *pair = &relay->pairs[relay->pair_count];
    if (relay->pair_count == RELAY_LIMIT_PAIRS) {
        return grille_error_set(error, GRILLE_REASON_BAD_ARGUMENT, "more than %d pairs of --listen and --to",
                                RELAY_LIMIT_PAIRS);
    }
    *pair = (relay_pair){.relay = relay};
    grille_reason reason = read_listen(listen, &address, error);
    if (reason == GRILLE_REASON_OK) reason = read_target(relay, to, &pair->target, error);
    if (reason == GRILLE_REASON_OK) reason = check_descriptor(relay, &address, error);
    if (reason == GRILLE_REASON_OK) reason = check_descriptor(relay, &pair->target.address, error);
    if (reason == GRILLE_REASON_OK) reason = grille_listener_bind(&address, &pair->listener, error);
    if (reason != GRILLE_REASON_OK) return reason;
    (void)strcpy(pair->listen_address, grille_listener_address(pair->listener));
    grille_egress_target_format(&pair->target, pair->target_address);
    pair->listens_once = address.kind == GRILLE_ADDRESS_FD;
    relay->pair_count++;
    return check_circle(relay, error);
}

const char *relay_listen_address(const relay *relay, size_t index) {
    return index < relay->pair_count ? relay->pairs[index].listen_address : NULL;
}

const char *relay_target_address(const relay *relay, size_t index) {
    return index < relay->pair_count ? relay->pairs[index].target_address : NULL;
}

/* ---- Accepting ---- */

static void refuse(relay *relay, grille_conduit conduit, const grille_allow_peer *peer, const char *why) {
    char text[RELAY_PEER_TEXT_BYTES];
    uint64_t left_out = 0;
    const bool logged = grille_log_limit_take(&relay->refusals, grille_clock_us(), &left_out);
    relay_reset_on_close(conduit.fd);
    grille_conduit_close(conduit);
    if (!logged) return;
    grille_log_left_out(GRILLE_LOG_APPLICATION, "refused connections", left_out);
    relay_peer_format(peer, text);
    grille_log(GRILLE_LOG_WARNING, GRILLE_LOG_APPLICATION, "refused peer=%s reason=\"%s\"", text, why);
}

void relay_on_accepted(void *user, grille_conduit conduit) {
    relay_pair *pair = user;
    relay *relay = pair->relay;
    grille_allow_peer peer;
    const char *set = NULL;
    const grille_allow *allow = relay->options.allow;
    if (!relay_peer_of_socket(conduit.fd, &peer)) {
        /* Gone before it was looked at: nobody is left to refuse. */
        grille_conduit_close(conduit);
        return;
    }
    if (allow != NULL && !grille_allow_passes(allow, &peer, &pair->target, &set)) {
        relay->counters.refused_peers++;
        refuse(relay, conduit, &peer, "the allow-list does not let this peer reach this target");
    } else if (!grille_rate_limit_take(&relay->new_connections, 1, grille_clock_us())) {
        relay->counters.refused_rate++;
        refuse(relay, conduit, &peer, "too many new connections in one second (--rate)");
    } else if (relay->links.count >= relay->options.max_connections) {
        relay->counters.refused_full++;
        refuse(relay, conduit, &peer, "too many connections at once (--max-connections)");
    } else if (pair->target_spent) {
        relay->counters.refused_full++;
        refuse(relay, conduit, &peer, "the target is a descriptor, which is one connection, and it has had its one");
    } else {
        pair->target_spent = pair->target.address.kind == GRILLE_ADDRESS_FD;
        relay->counters.accepted++;
        if (relay_links_add(&relay->links, &(relay_link_start){conduit, &peer, set, &pair->target,
                                                               relay->options.connect_timeout_ms}) ==
            GRILLE_REASON_OK) {
            relay_on_begun(relay);
        }
    }
}

/* ---- The rest ---- */

void relay_get_counters(const relay *relay, relay_counters *counters) {
    *counters = relay->counters;
    counters->target_failures = relay->links.target_failures;
    counters->bytes_to_targets = relay->links.bytes_to_targets;
    counters->bytes_to_peers = relay->links.bytes_to_peers;
    counters->highest_connections = relay->links.highest_count;
}
