/* SPDX-License-Identifier: Apache-2.0
 * For unit tests of callers and handlers: a channel straight into services of the same process, and services that
 * answer as they are told. No connection, no TLS, no gate, no policy; a program for anything but tests must not link
 * it (Bazel: testonly). */
#ifndef GRILLE_TESTING_H
#define GRILLE_TESTING_H

#include "grille/channel.h"
#include "grille/services.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A channel whose calls run in `services`, which must outlive it. Handlers see `caller` as their peer, callers see
 * `callee` (grille_channel_get_peer); both are copied, NULL is an x509 peer with the name "spiffe://test/caller" or
 * "spiffe://test/callee". READY at once. Messages are encoded and decoded, metadata, deadlines, cancellation, windows,
 * offloading and every thread rule are those of a channel with a connection. The caller's; grille_channel_close, which
 * also waits for handlers on workers. INVALID_ARGUMENT, RESOURCE_EXHAUSTED (no memory); *channel is then NULL. */
GRILLE_MUST_USE grille_code grille_insecure_fake_channel_open(grille_services *services,
                                                              const grille_peer_identity *caller,
                                                              const grille_peer_identity *callee,
                                                              grille_channel **channel, grille_error *error);

/* ---- used by generated code (protoc-gen-grille, side=fake), which gives it types ----
 * A fake is one service behind such a channel. Each of its methods counts its calls, keeps its last request, and
 * answers what it was told to, or does what a handler says. Any thread, but for _free. */
typedef struct grille_fake grille_fake;

/* `methods` is the generated table of trampolines, one per method, and lives as long as the fake. With `handlers` NULL
 * every method answers UNIMPLEMENTED until it is told something, else all calls go to the handlers. `caller` as above.
 * NULL with *error when it fails. */
grille_fake *grille_fake_new(const grille_service *service, const grille_method_handler *methods, const void *handlers,
                             void *user, const grille_peer_identity *caller, grille_error *error);

/* Closes the channel. NULL is ignored. */
void grille_fake_free(grille_fake *fake);

/* Borrowed; lives as long as the fake. */
grille_channel *grille_fake_channel(const grille_fake *fake);

/* From now on calls of the `index`-th method are answered with this code and message (NULL: none) and, where they have
 * a place and with OK, copies of these responses: the first one where one is due (none: a default one). A method whose
 * caller streams is answered when the caller has half-closed; one that streams both ways sends its responses at once,
 * and then at once any answer but OK. A response that can't be encoded, or no memory for it: INTERNAL, and why. */
void grille_fake_answer(grille_fake *fake, size_t index, grille_code code, const char *message,
                        const void *const *responses, size_t response_count);

/* From now on its calls go to its member of `handlers`, which lives as long as the fake. */
void grille_fake_handle(grille_fake *fake, size_t index, const void *handlers, void *user);

/* Calls that reached the method. */
size_t grille_fake_calls(grille_fake *fake, size_t index);

/* The last request, or the last message of a stream, that reached the method (not the messages that a handler on a
 * worker reads itself): a copy that lives until the next call of this function for the same method. NULL when none
 * came, or without memory. */
const void *grille_fake_request(grille_fake *fake, size_t index);

#ifdef __cplusplus
}
#endif
#endif
