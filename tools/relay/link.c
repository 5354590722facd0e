/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/link.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "grille/log.h"
#include "loop/socket.h"

enum { PEER, TARGET, SIDES };

typedef struct link_side {
    grille_transport transport;
    struct relay_link *link;
} link_side;

typedef struct relay_link {
    grille_link link; /* in relay_links.by_activity */
    relay_links *links;
    uint64_t id;
    grille_reach *reach;                     /* while the target is dialled */
    grille_conduit conduit;                  /* the peer's, until then */
    char address[GRILLE_ADDRESS_TEXT_BYTES]; /* that a name led to, or "" */
    link_side sides[SIDES];
    relay_flow flows[SIDES]; /* out of each side */
    unsigned open_sides;
    bool named;
    bool over;
    grille_time_us started_us;
    grille_time_us active_us;
} relay_link;

static const char *const side_names[SIDES] = {"peer", "target"};

grille_reason relay_links_init(relay_links *links, grille_loop *loop, const grille_allow *allow,
                               void (*ended)(void *user), void *user) {
    *links = (relay_links){.loop = loop, .allow = allow, .next_id = 1, .ended = ended, .user = user};
    grille_list_init(&links->by_activity);
    return grille_resolver_new(loop, NULL, NULL, &links->resolver);
}

void relay_reset_on_close(int fd) {
    /* socket(7): with a time of 0, TCP sends a reset and drops what is unsent. */
    const struct linger now = {.l_onoff = 1, .l_linger = 0};
    if (fd >= 0) (void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
}

/* ---- End ---- */

static void on_closed(grille_transport *transport) {
    relay_link *link = grille_container(transport, link_side, transport)->link;
    if (--link->open_sides == 0) free(link);
}

static void close_sides(relay_link *link, bool reset) {
    grille_conduit_close(link->conduit);
    for (size_t side = 0; side < SIDES; side++) {
        relay_flow_drop(&link->flows[side], &link->links->blocks);
        if (reset) relay_reset_on_close(link->sides[side].transport.fd);
    }
    if (link->open_sides == 0) {
        free(link);
        return;
    }
    /* The first one's `closed` may come at once; the last one frees. */
    const unsigned open = link->open_sides;
    for (unsigned side = 0; side < open; side++)
        grille_transport_close(&link->sides[side].transport);
}

static void end(relay_link *link, bool reset, const char *why) {
    relay_links *links = link->links;
    const uint64_t to_target = link->flows[PEER].forwarded, to_peer = link->flows[TARGET].forwarded;
    grille_log(GRILLE_LOG_INFO, GRILLE_LOG_APPLICATION,
               "connection %" PRIu64 ": end%s%s to_target_bytes=%" PRIu64 " to_peer_bytes=%" PRIu64
               " duration_ms=%" PRIu64 " reason=\"%s\"",
               link->id, link->address[0] != '\0' ? " address=" : "", link->address, to_target, to_peer,
               (grille_loop_refresh(links->loop) - link->started_us) / 1000, why);
    links->bytes_to_targets += to_target;
    links->bytes_to_peers += to_peer;
    link->over = true;
    if (link->reach != NULL) grille_reach_cancel(link->reach);
    link->reach = NULL;
    if (reset) relay_reset_on_close(link->conduit.fd);
    grille_list_remove(&link->link);
    links->count--;
    close_sides(link, reset);
    links->ended(links->user);
}

/* What a side that failed is said to have done. */
static void end_broken(relay_link *link, size_t side, int status) {
    char why[96];
    switch (-status) {
    case ECONNRESET:
    case EPIPE:
        (void)snprintf(why, sizeof why, "reset by the %s", side_names[side]);
        break;
    case ENOMEM:
        (void)snprintf(why, sizeof why, "out of memory");
        break;
    default:
        (void)snprintf(why, sizeof why, "the %s failed: %s", side_names[side], strerror(-status));
        break;
    }
    end(link, true, why);
}

/* ---- Forwarding ---- */

static int watch(relay_link *link, size_t side) {
    const relay_flow *out = &link->flows[side], *in = &link->flows[SIDES - 1 - side];
    const int events = (relay_flow_wants_read(out) ? UV_READABLE : 0) | (relay_flow_wants_write(in) ? UV_WRITABLE : 0);
    return grille_transport_watch(&link->sides[side].transport, events);
}

/* Nothing would wake a connection of which one side is not watched. */
static void watch_both(relay_link *link) {
    for (size_t side = 0; side < SIDES; side++) {
        const int status = watch(link, side);
        if (status == 0) continue;
        end_broken(link, side, status);
        return;
    }
}

static void settle(relay_link *link) {
    for (size_t side = 0; side < SIDES; side++) {
        if (link->flows[side].state != RELAY_FLOW_BROKEN) continue;
        end_broken(link, side, link->flows[side].status);
        return;
    }
    if (link->flows[PEER].state == RELAY_FLOW_OPEN || link->flows[TARGET].state == RELAY_FLOW_OPEN) {
        watch_both(link);
    } else if (link->flows[PEER].state == RELAY_FLOW_CLOSED) {
        end(link, false, "closed by the target, which had not read everything");
    } else if (link->flows[TARGET].state == RELAY_FLOW_CLOSED) {
        end(link, false, "closed by the peer, which had not read everything");
    } else {
        end(link, false, "done");
    }
}

static void on_ready(grille_transport *transport, int status, int events) {
    link_side *side = grille_container(transport, link_side, transport);
    relay_link *link = side->link;
    relay_links *links = link->links;
    if (link->over) return;
    grille_loop_active(links->loop);
    const size_t index = side == &link->sides[PEER] ? PEER : TARGET;
    const relay_flow *out = &link->flows[index], *in = &link->flows[SIDES - 1 - index];
    const relay_flow_state before[] = {out->state, in->state};
    bool moved = false;
    if (status != 0 || (events & UV_WRITABLE) != 0) {
        moved |= relay_flow_pump(&link->flows[SIDES - 1 - index], links->loop->receive, &links->blocks);
    }
    if (status != 0 || (events & UV_READABLE) != 0) {
        moved |= relay_flow_pump(&link->flows[index], links->loop->receive, &links->blocks);
    }
    if (moved) {
        link->active_us = grille_loop_refresh(links->loop);
        grille_list_remove(&link->link);
        grille_list_append(&links->by_activity, &link->link);
    }
    /* An error that neither reading nor writing names. */
    if (status != 0 && !moved && before[0] == out->state && before[1] == in->state) {
        const int pending = grille_socket_pending_error(transport->fd);
        end_broken(link, index, pending != 0 ? pending : -EIO);
        return;
    }
    settle(link);
}

/* ---- Start ---- */

static grille_reason open_side(relay_link *link, size_t side, grille_conduit conduit, grille_error *error) {
    link->sides[side].link = link;
    const grille_reason reason =
        grille_transport_open(&link->sides[side].transport, link->links->loop, conduit, on_ready, on_closed, error);
    if (reason == GRILLE_REASON_OK) {
        link->open_sides++;
    } else {
        link->sides[side].transport.fd = -1;
    }
    return reason;
}

static void begin(relay_link *link, grille_conduit target) {
    grille_error error;
    const grille_conduit peer = link->conduit;
    link->conduit = GRILLE_NO_CONDUIT;
    if (open_side(link, PEER, peer, &error) != GRILLE_REASON_OK) {
        grille_conduit_close(target);
        end(link, true, error.text);
        return;
    }
    if (open_side(link, TARGET, target, &error) != GRILLE_REASON_OK) {
        end(link, true, error.text);
        return;
    }
    for (size_t side = 0; side < SIDES; side++) {
        link->flows[side].from = &link->sides[side].transport;
        link->flows[side].to = &link->sides[SIDES - 1 - side].transport;
    }
    watch_both(link);
}

static void on_reached(void *user, grille_conduit conduit, const grille_address *address, const grille_error *error) {
    relay_link *link = user;
    link->reach = NULL;
    if (grille_conduit_is_open(conduit)) {
        if (link->named) grille_address_format(address, link->address);
        link->active_us = grille_loop_refresh(link->links->loop);
        begin(link, conduit);
        return;
    }
    link->links->target_failures++;
    end(link, true, error->text);
}

grille_reason relay_links_add(relay_links *links, const relay_link_start *start) {
    char peer[RELAY_PEER_TEXT_BYTES], target[GRILLE_EGRESS_TARGET_TEXT_BYTES];
    relay_link *link = calloc(1, sizeof *link);
    if (link == NULL) {
        grille_conduit_close(start->conduit);
        return GRILLE_REASON_OUT_OF_MEMORY;
    }
    link->links = links;
    link->id = links->next_id++;
    link->conduit = start->conduit;
    link->started_us = link->active_us = grille_loop_refresh(links->loop);
    link->sides[PEER].transport.fd = link->sides[TARGET].transport.fd = -1;
    link->named = grille_egress_target_is_name(start->target);
    grille_egress_target_format(start->target, target);
    relay_peer_format(start->peer, peer);
    grille_log(GRILLE_LOG_INFO, GRILLE_LOG_APPLICATION, "connection %" PRIu64 ": start peer=%s%s%s target=%s", link->id,
               peer, start->peer_set != NULL ? " set=" : "", start->peer_set != NULL ? start->peer_set : "", target);
    grille_list_append(&links->by_activity, &link->link);
    if (++links->count > links->highest_count) links->highest_count = links->count;
    const grille_reach_start reach = {
        links->loop, links->resolver, links->allow, start->target, start->connect_timeout_ms, on_reached, link};
    if (grille_reach_begin(&reach, &link->reach) != GRILLE_REASON_OK) {
        end(link, true, "out of memory");
    }
    return GRILLE_REASON_OK;
}

/* ---- All of them ---- */

static relay_link *oldest(relay_links *links) {
    if (grille_list_empty(&links->by_activity)) return NULL;
    return grille_container(links->by_activity.next, relay_link, link);
}

grille_time_us relay_links_end_idle(relay_links *links, uint32_t idle_timeout_ms) {
    const uint64_t idle_us = (uint64_t)idle_timeout_ms * 1000;
    const grille_time_us now_us = grille_loop_refresh(links->loop);
    relay_link *link;
    while ((link = oldest(links)) != NULL && link->active_us + idle_us <= now_us) {
        if (link->reach == NULL) {
            end(link, true, "idle timeout");
            continue;
        }
        /* Dialling has a timeout of its own. */
        link->active_us = now_us;
        grille_list_remove(&link->link);
        grille_list_append(&links->by_activity, &link->link);
    }
    return link == NULL ? GRILLE_TIME_NEVER : link->active_us + idle_us;
}

void relay_links_cut(relay_links *links) {
    relay_link *link;
    while ((link = oldest(links)) != NULL)
        end(link, true, "cut at the relay's end");
}
