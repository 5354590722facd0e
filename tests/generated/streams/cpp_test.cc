// SPDX-License-Identifier: Apache-2.0
// A C++17 program that serves and calls every kind of method, in both forms; its callbacks are lambdas.
#include <condition_variable>
#include <cstdio>
#include <cstring>
#include <mutex>
#include <string>
#include <thread>

#ifdef NANO
#include "tests/generated/streams/streams.grille-nano.h"
using Item = test_streams_Item;
using Plan = test_streams_Plan;
using Sum = test_streams_Sum;
#define METHOD(name) nano_test_streams_streams_##name
static Item item(uint32_t number) {
    Item made = {};
    made.number = number;
    return made;
}
static Plan plan(uint32_t count) {
    Plan made = {};
    made.count = count;
    return made;
}
static Sum sum() {
    return {};
}
#else
#include "tests/generated/streams/streams.grille-pb.h"
using Item = Test__Streams__Item;
using Plan = Test__Streams__Plan;
using Sum = Test__Streams__Sum;
#define METHOD(name) test_streams_streams_##name
static Item item(uint32_t number) {
    Item made;
    test__streams__item__init(&made);
    made.number = number;
    return made;
}
static Plan plan(uint32_t count) {
    Plan made;
    test__streams__plan__init(&made);
    made.count = count;
    return made;
}
static Sum sum() {
    Sum made;
    test__streams__sum__init(&made);
    return made;
}
#endif
#include "party.h"

namespace {

int failures = 0;

void expect(bool condition, const char *what) {
    std::printf("[ RUN      ] %s\n%s %s\n", what, condition ? "[       OK ]" : "[  FAILED  ]", what);
    failures += !condition;
}

// What a handler on the loop keeps with its call.
struct Work {
    uint32_t received = 0;
};

Work *work_of(grille_call *call) {
    return static_cast<Work *>(grille_call_data(call));
}

METHOD(handlers) make_handlers() {
    METHOD(handlers) handlers = {};
    handlers.collect.open = [](auto *stream, void *) {
        grille_call_set_data(METHOD(collect_server_call)(stream), new Work);
        return GRILLE_OK;
    };
    handlers.collect.message = [](auto *stream, const Item *, void *) {
        work_of(METHOD(collect_server_call)(stream))->received++;
    };
    handlers.collect.half_close = [](auto *stream, void *) {
        Sum response = sum();
        response.count = work_of(METHOD(collect_server_call)(stream))->received;
        (void)METHOD(collect_server_finish)(stream, GRILLE_OK, &response);
    };
    handlers.collect.end = [](auto *stream, grille_call_end, void *user) {
        delete work_of(METHOD(collect_server_call)(stream));
        ++*static_cast<int *>(user);
    };
    handlers.spread.open = [](auto *stream, const Plan *request, void *) {
        for (uint32_t number = 0; number < request->count; number++) {
            const Item message = item(number);
            if (METHOD(spread_server_send)(stream, &message) != GRILLE_OK)
                return grille_fail(METHOD(spread_server_call)(stream), GRILLE_INTERNAL, "%s", "no room");
        }
        return METHOD(spread_server_finish)(stream, GRILLE_OK);
    };
    handlers.chat.message = [](auto *stream, const Item *message, void *) {
        if (METHOD(chat_server_send)(stream, message) != GRILLE_OK)
            (void)METHOD(chat_server_finish)(stream, GRILLE_ABORTED);
    };
    handlers.chat.half_close = [](auto *stream, void *) { (void)METHOD(chat_server_finish)(stream, GRILLE_OK); };
    handlers.collect_slowly = [](auto *stream, Sum *response, void *) {
        const Item *message = nullptr;
        while (METHOD(collect_slowly_server_read)(stream, &message) == GRILLE_OK)
            response->count++;
        return GRILLE_OK;
    };
    handlers.spread_slowly = [](auto *stream, const Plan *request, void *) {
        grille_code code = GRILLE_OK;
        for (uint32_t number = 0; code == GRILLE_OK && number < request->count; number++) {
            const Item message = item(number);
            code = METHOD(spread_slowly_server_write)(stream, &message);
        }
        return code;
    };
    handlers.chat_slowly = [](auto *stream, void *) {
        const Item *message = nullptr;
        grille_code code = GRILLE_OK;
        while (code == GRILLE_OK && METHOD(chat_slowly_server_read)(stream, &message) == GRILLE_OK)
            code = METHOD(chat_slowly_server_write)(stream, message);
        return code;
    };
    handlers.later = [](grille_call *call, const Plan *request, Sum *, void *) {
        grille_call_defer(call);
        std::thread([call, request] {
            Sum response = sum();
            response.count = request->count;
            (void)METHOD(later_answer)(call, GRILLE_OK, &response);
        }).detach();
        return GRILLE_INTERNAL;
    };
    return handlers;
}

// What the callbacks of one call tell the thread that waits for it.
struct Outcome {
    std::mutex lock;
    std::condition_variable changed;
    bool done = false;
    grille_code code = GRILLE_UNKNOWN;
    uint32_t received = 0, count = 0;

    void end(grille_code with) {
        const std::lock_guard<std::mutex> held(lock);
        code = with;
        done = true;
        changed.notify_one();
    }
    void wait() {
        std::unique_lock<std::mutex> held(lock);
        changed.wait(held, [this] { return done; });
    }
};

Outcome *outcome_of(void *user) {
    return static_cast<Outcome *>(user);
}

constexpr uint32_t messages = 5;

#define COLLECT(name, channel, options)                                                                                \
    do {                                                                                                               \
        METHOD(name##_stream) *stream = nullptr;                                                                       \
        METHOD(name##_reply) reply;                                                                                    \
        grille_error error;                                                                                            \
        bool sent = METHOD(name##_begin)(channel, options, &stream, &error) == GRILLE_OK;                              \
        for (uint32_t number = 0; sent && number < messages; number++) {                                               \
            const Item message = item(number);                                                                         \
            sent = METHOD(name##_write)(stream, &message) == GRILLE_OK;                                                \
        }                                                                                                              \
        (void)METHOD(name##_finish)(stream, &reply);                                                                   \
        expect(sent &&reply.code == GRILLE_OK && reply.response->count == messages, #name ", blocking");               \
        METHOD(name##_reply_free)(&reply);                                                                             \
    } while (0)

#define SPREAD(name, channel, options)                                                                                 \
    do {                                                                                                               \
        METHOD(name##_stream) *stream = nullptr;                                                                       \
        METHOD(name##_reply) reply;                                                                                    \
        grille_error error;                                                                                            \
        const Plan request = plan(messages);                                                                           \
        const Item *message = nullptr;                                                                                 \
        uint32_t received = 0;                                                                                         \
        bool begun = METHOD(name##_begin)(channel, &request, options, &stream, &error) == GRILLE_OK;                   \
        while (begun && METHOD(name##_read)(stream, &message) == GRILLE_OK && message->number == received)             \
            received++;                                                                                                \
        (void)METHOD(name##_finish)(stream, &reply);                                                                   \
        expect(received == messages && reply.code == GRILLE_OK, #name ", blocking");                                   \
        METHOD(name##_reply_free)(&reply);                                                                             \
    } while (0)

#define CHAT(name, channel, options)                                                                                   \
    do {                                                                                                               \
        METHOD(name##_stream) *stream = nullptr;                                                                       \
        METHOD(name##_reply) reply;                                                                                    \
        grille_error error;                                                                                            \
        const Item *answer = nullptr;                                                                                  \
        bool ok = METHOD(name##_begin)(channel, options, &stream, &error) == GRILLE_OK;                                \
        for (uint32_t number = 0; ok && number < messages; number++) {                                                 \
            const Item message = item(number);                                                                         \
            ok = METHOD(name##_write)(stream, &message) == GRILLE_OK &&                                                \
                 METHOD(name##_read)(stream, &answer) == GRILLE_OK && answer->number == number;                        \
        }                                                                                                              \
        ok = ok && METHOD(name##_half_close)(stream) == GRILLE_OK &&                                                   \
             METHOD(name##_read)(stream, &answer) == GRILLE_END_OF_STREAM;                                             \
        expect(METHOD(name##_finish)(stream, &reply) == GRILLE_OK && ok, #name ", blocking");                          \
        METHOD(name##_reply_free)(&reply);                                                                             \
    } while (0)

// In callback form each next message is sent on the loop: by the headers, or by the answer before it.
void call_back(grille_channel *channel, const grille_call_options *options) {
    {
        Outcome outcome;
        METHOD(collect_stream) *stream = nullptr;
        METHOD(collect_events) events = {};
        events.on_done = [](auto *, const auto *reply, void *user) {
            outcome_of(user)->count = reply->response ? reply->response->count : 0;
            outcome_of(user)->end(reply->code);
        };
        bool sent = METHOD(collect_open)(channel, options, &events, &outcome, &stream) == GRILLE_OK;
        const Item message = item(0);
        sent = sent && METHOD(collect_send)(stream, &message) == GRILLE_OK &&
               METHOD(collect_half_close)(stream) == GRILLE_OK;
        outcome.wait();
        expect(sent && outcome.code == GRILLE_OK && outcome.count == 1, "collect, callbacks");
    }
    {
        Outcome outcome;
        const Plan request = plan(messages);
        METHOD(spread_events) events = {};
        events.on_message = [](auto *, const Item *message, void *user) {
            outcome_of(user)->received += message->number == outcome_of(user)->received;
        };
        events.on_done = [](auto *, const auto *reply, void *user) { outcome_of(user)->end(reply->code); };
        METHOD(spread_stream) *stream = nullptr;
        if (METHOD(spread_open)(channel, &request, options, &events, &outcome, &stream) == GRILLE_OK) outcome.wait();
        expect(outcome.code == GRILLE_OK && outcome.received == messages, "spread, callbacks");
    }
    {
        Outcome outcome;
        METHOD(chat_events) events = {};
        events.on_message = [](auto *stream, const Item *message, void *user) {
            const Item next = item(message->number + 1);
            outcome_of(user)->received++;
            if (next.number == messages ? METHOD(chat_half_close)(stream) : METHOD(chat_send)(stream, &next))
                METHOD(chat_cancel)(stream);
        };
        events.on_done = [](auto *, const auto *reply, void *user) { outcome_of(user)->end(reply->code); };
        METHOD(chat_stream) *stream = nullptr;
        const Item first = item(0);
        if (METHOD(chat_open)(channel, options, &events, &outcome, &stream) == GRILLE_OK &&
            METHOD(chat_send)(stream, &first) == GRILLE_OK)
            outcome.wait();
        expect(outcome.code == GRILLE_OK && outcome.received == messages, "chat, callbacks");
    }
}

void call_unary(grille_channel *channel, const grille_call_options *options) {
    const Plan request = plan(7);
    METHOD(later_reply) reply;
    const grille_code code = METHOD(later)(channel, &request, options, &reply);
    expect(code == GRILLE_OK && reply.response->count == 7, "unary, blocking, answered later");
    METHOD(later_reply_free)(&reply);
    Outcome outcome;
    const auto note = [](const METHOD(later_reply) * answer, void *user) {
        outcome_of(user)->count = answer->response ? answer->response->count : 0;
        outcome_of(user)->end(answer->code);
    };
    if (METHOD(later_async)(channel, &request, options, note, &outcome, nullptr) == GRILLE_OK) outcome.wait();
    expect(outcome.code == GRILLE_OK && outcome.count == 7, "unary, callback, answered later");
}

} // namespace

int main(int argc, char **argv) {
    if (argc != 2) return 2;
    party parties;
    party_init(&parties, argv[1], "/test.streams.Streams/*");
    int ends = 0;
    grille_error error;
    const METHOD(handlers) handlers = make_handlers();
    grille_server *server = party_server(&parties);
    party_check(METHOD(serve)(grille_server_services(server), &handlers, &ends, &error), &error);
    party_serve(&parties, server, "cpp");
    grille_channel *channel = party_channel(&parties, grille_server_address(server, 0));
    grille_call_options options = grille_call_options_default();
    options.timeout_ms = 20000;
    COLLECT(collect, channel, &options);
    COLLECT(collect_slowly, channel, &options);
    SPREAD(spread, channel, &options);
    SPREAD(spread_slowly, channel, &options);
    CHAT(chat, channel, &options);
    CHAT(chat_slowly, channel, &options);
    call_back(channel, &options);
    call_unary(channel, &options);
    grille_channel_close(channel);
    grille_server_free(server);
    expect(ends == 2, "each stream that was opened has ended");
    party_deinit(&parties);
    return failures != 0;
}
