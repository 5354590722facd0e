// SPDX-License-Identifier: Apache-2.0
// Goal: a C++17 program serves and calls through generated code, blocking and not, over the real runtime.
#include <condition_variable>
#include <cstdio>
#include <cstring>
#include <mutex>
#include <string>
#include <vector>

#include "grille/grille.h"
#include "party.h"
#include "tests/generated/matrix.grille-nano.h"
#include "tests/generated/matrix.grille-pb.h"

namespace {

int failures = 0;

void expect(bool condition, const char *what) {
    std::printf("[ RUN      ] %s\n%s %s\n", what, condition ? "[       OK ]" : "[  FAILED  ]", what);
    failures += !condition;
}

grille_code turn(grille_call *call, const Test__Matrix__Blob *request, Test__Matrix__Blob *response, void *) {
    auto *out = static_cast<uint8_t *>(grille_call_alloc(call, request->data.len + 1));
    if (out == nullptr) return GRILLE_RESOURCE_EXHAUSTED;
    for (size_t at = 0; at < request->data.len; at++)
        out[at] = request->data.data[request->data.len - 1 - at];
    response->data.data = out;
    response->data.len = request->data.len;
    return GRILLE_OK;
}

grille_code fail(grille_call *call, const Test__Matrix__Failure *request, Google__Protobuf__Empty *, void *) {
    return grille_fail(call, static_cast<grille_code>(request->code), "%s", request->message);
}

// What an asynchronous call left.
struct Waiter {
    std::mutex mutex;
    std::condition_variable ended;
    int delivered = 0;
    grille_code code = GRILLE_UNKNOWN;
    std::string data;
    std::string message;

    template <class Reply> void take(const Reply *reply) {
        std::lock_guard<std::mutex> lock(mutex);
        delivered++;
        code = reply->code;
        message = reply->message;
        ended.notify_one();
    }

    void wait() {
        std::unique_lock<std::mutex> lock(mutex);
        ended.wait(lock, [this] { return delivered > 0; });
    }
};

void turned(const test_matrix_matrix_turn_reply *reply, void *user) {
    auto *waiter = static_cast<Waiter *>(user);
    if (reply->response != nullptr)
        waiter->data.assign(reinterpret_cast<const char *>(reply->response->data.data), reply->response->data.len);
    waiter->take(reply);
}

void failed(const nano_test_matrix_matrix_fail_reply *reply, void *user) {
    static_cast<Waiter *>(user)->take(reply);
}

void call_blocking(grille_channel *channel) {
    Test__Matrix__Blob request;
    test__matrix__blob__init(&request);
    std::vector<uint8_t> data(100000);
    for (size_t at = 0; at < data.size(); at++)
        data[at] = static_cast<uint8_t>(at * 7);
    request.data.data = data.data();
    request.data.len = data.size();
    grille_call_options options = grille_call_options_default();
    options.timeout_ms = 20000;
    test_matrix_matrix_turn_reply reply;
    grille_code code = test_matrix_matrix_turn(channel, &request, &options, &reply);
    bool same = code == GRILLE_OK && reply.response->data.len == data.size();
    for (size_t at = 0; same && at < data.size(); at++)
        same = reply.response->data.data[at] == data[data.size() - 1 - at];
    expect(same, "a blocking call with protobuf-c");
    test_matrix_matrix_turn_reply_free(&reply);

    test_matrix_Blob small{};
    small.data.data = reinterpret_cast<const uint8_t *>("abc");
    small.data.len = 3;
    nano_test_matrix_matrix_turn_reply nano_reply;
    code = nano_test_matrix_matrix_turn(channel, &small, &options, &nano_reply);
    expect(code == GRILLE_OK && nano_reply.response->data.len == 3 &&
               std::memcmp(nano_reply.response->data.data, "cba", 3) == 0,
           "a blocking call with nanopb");
    nano_test_matrix_matrix_turn_reply_free(&nano_reply);
}

void call_async(grille_channel *channel) {
    Test__Matrix__Blob request;
    test__matrix__blob__init(&request);
    uint8_t data[] = {'x', 'y', 'z'};
    request.data.data = data;
    request.data.len = sizeof data;
    grille_call_options options = grille_call_options_default();
    options.timeout_ms = 20000;
    Waiter waiter;
    grille_code code = test_matrix_matrix_turn_async(channel, &request, &options, turned, &waiter, nullptr);
    if (code == GRILLE_OK) waiter.wait();
    expect(code == GRILLE_OK && waiter.code == GRILLE_OK && waiter.data == "zyx" && waiter.delivered == 1,
           "an asynchronous call with protobuf-c");

    test_matrix_Failure failure{};
    failure.code = GRILLE_NOT_FOUND;
    failure.message.data = reinterpret_cast<const uint8_t *>("not here");
    failure.message.len = 8;
    Waiter refused;
    code = nano_test_matrix_matrix_fail_async(channel, &failure, &options, failed, &refused, nullptr);
    if (code == GRILLE_OK) refused.wait();
    expect(code == GRILLE_OK && refused.code == GRILLE_NOT_FOUND && refused.message == "not here",
           "an asynchronous call with nanopb that fails");
}

void call_with_wrong_options(grille_channel *channel) {
    Test__Matrix__Blob request;
    test__matrix__blob__init(&request);
    grille_call_options none{};
    test_matrix_matrix_turn_reply reply;
    expect(test_matrix_matrix_turn(channel, &request, &none, &reply) == GRILLE_INVALID_ARGUMENT,
           "options that nobody made are refused");
    test_matrix_matrix_turn_reply_free(&reply);
}

} // namespace

int main(int argc, char **argv) {
    if (argc != 2) return 2;
    party parties{};
    party_init(&parties, argv[1], "/test.matrix.Matrix/*");
    grille_server *server = party_server(&parties);
    test_matrix_matrix_handlers handlers{};
    handlers.turn = turn;
    handlers.fail = fail;
    grille_error error;
    party_check(test_matrix_matrix_register_with_error(server, &handlers, nullptr, &error), &error);
    party_serve(&parties, server, "s");
    grille_channel *channel = party_channel(&parties, grille_server_address(server, 0));
    call_blocking(channel);
    call_async(channel);
    call_with_wrong_options(channel);
    grille_peer_identity peer;
    expect(grille_channel_get_peer(channel, &peer) == GRILLE_OK && std::string(peer.name) == PARTY_SERVER,
           "the peer is known");
    grille_channel_close(channel);
    grille_server_free(server);
    party_deinit(&parties);
    return failures != 0;
}
