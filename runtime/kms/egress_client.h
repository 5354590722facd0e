/* SPDX-License-Identifier: Apache-2.0
 * A way out of an enclave without a relay: a reverse call to the parent's egress service (proto/grille/v1/egress.proto,
 * grille/egress.h), which looks like a connection that was dialled. The parent sees the bytes: what goes through it
 * needs TLS of its own. */
#ifndef GRILLE_KMS_EGRESS_CLIENT_H
#define GRILLE_KMS_EGRESS_CLIENT_H

#include "grille/channel.h"
#include "loop/dialer.h"

/* One way out. The leader's of its loop. */
typedef struct grille_egress grille_egress;

/* Asks the peer of `channel` for a connection to host:port and tells `done` once, in a later turn of `loop`:
 *   - a conduit (a pipe inside the process; the receiver's, who opens a grille_transport on it and closes it): from
 * then on what is written to it goes to the target and the reverse, half-closes too, each side slowed down by the
 * other. When the stream breaks the conduit reads an end and answers writes with EPIPE; grille_egress_error tells why.
 *     *egress stays valid until grille_egress_close;
 *   - or no conduit and why: EGRESS_REFUSED (not in the peer's allow-list, or the policy forbids the call; its
 *     text says which), EGRESS_FULL, EGRESS_UNREACHABLE (nobody answers there; the channel has no connection or lost
 *     it; a peer without the service), LOOP_DIAL_TIMEOUT (timeout_ms passed). The handle is gone then.
 * `host` (a name or a numeric address, at most 253 bytes) is copied; `channel` must outlive the handle. What the answer
 * says is the parent's word. Returns BAD_ARGUMENT (host or port can't be) or OUT_OF_MEMORY: done does not come then.
 * Leader. */
GRILLE_MUST_USE grille_reason grille_egress_open(grille_loop *loop, grille_channel *channel, const char *host,
                                                 uint32_t port, uint32_t timeout_ms, grille_dialed_fn *done, void *user,
                                                 grille_egress **egress);

/* Why the stream of a conduit has ended early: code OK while it goes on, or when it ended well. Leader; lives as long
 * as the handle. */
const grille_error *grille_egress_error(const grille_egress *egress);

/* Before `done`: gives up, done does not come. After a conduit: ends the stream at once, whatever is under way; call it
 * when the conduit has been closed, or is about to be (it reads an end then). Nothing of it touches the loop after it
 * returns. NULL is ignored. Leader. */
void grille_egress_close(grille_egress *egress);

#endif
