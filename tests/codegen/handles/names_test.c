/* Calls through generated code whose names are hard: the function that is called is the method that is served. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fake_runtime.h"

#ifdef CODEC_NANO
#include "keywords.grille-nano.h"
#include "no_package.grille-nano.h"
#include "services.grille-nano.h"
typedef namespace_operator_class word;
typedef handles_Request request_message;
typedef google_protobuf_Empty empty_message;
#define WORD_INIT                                                                                                      \
    { 0 }
#define REQUEST_INIT                                                                                                   \
    { .has_fields = false }
#else
#include "keywords.grille-pb.h"
#include "no_package.grille-pb.h"
#include "services.grille-pb.h"
typedef Namespace__Operator__Class word;
typedef Handles__Request request_message;
typedef Google__Protobuf__Empty empty_message;
#pragma GCC diagnostic ignored "-Wmissing-braces"
#define WORD_INIT    NAMESPACE__OPERATOR__CLASS__INIT
#define REQUEST_INIT HANDLES__REQUEST__INIT
#endif

/* Each handler adds its own digit. */
static int served;

#define WORD_HANDLER(name, digit)                                                                                      \
    static grille_code name(grille_call *call, const word *request, word *response, void *user) {                      \
        (void)call, (void)user;                                                                                        \
        served = served * 10 + (digit);                                                                                \
        response->int_ = request->int_ + 1;                                                                            \
        return GRILLE_OK;                                                                                              \
    }

WORD_HANDLER(serve_int, 1)
WORD_HANDLER(serve_register, 2)
WORD_HANDLER(serve_handlers, 3)
WORD_HANDLER(serve_service, 4)
WORD_HANDLER(serve_delete, 5)
WORD_HANDLER(serve_methods, 6)
WORD_HANDLER(serve_types, 7)
WORD_HANDLER(serve_invoke, 8)

static const namespace_operator_try_handlers word_handlers = {
    .int_ = serve_int,
    .register_ = serve_register,
    .handlers = serve_handlers,
    .service = serve_service,
    .delete_ = serve_delete,
    .methods = serve_methods,
    .types = serve_types,
    .invoke = serve_invoke,
};

#define CALL_WORD(function, digit)                                                                                     \
    do {                                                                                                               \
        word request = WORD_INIT;                                                                                      \
        function##_reply reply;                                                                                        \
        request.int_ = 41;                                                                                             \
        served = 0;                                                                                                    \
        assert_int_equal(function(fake_channel(), &request, NULL, &reply), GRILLE_OK);                                 \
        assert_int_equal(served, digit);                                                                               \
        assert_int_equal(reply.response->int_, 42);                                                                    \
        function##_reply_free(&reply);                                                                                 \
    } while (0)

static void test_words_of_c(void **state) {
    (void)state;
    fake_reset();
    assert_int_equal(namespace_operator_try_register(fake_server(), &word_handlers, NULL), GRILLE_OK);
    CALL_WORD(namespace_operator_try_int, 1);
    CALL_WORD(namespace_operator_try_register_, 2);
    CALL_WORD(namespace_operator_try_handlers_, 3);
    CALL_WORD(namespace_operator_try_service_, 4);
    CALL_WORD(namespace_operator_try_delete, 5);
    CALL_WORD(namespace_operator_try_methods_, 6);
    CALL_WORD(namespace_operator_try_types_, 7);
    CALL_WORD(namespace_operator_try_invoke_, 8);
    fake_reset();
}

#define EMPTY_HANDLER(name, digit)                                                                                     \
    static grille_code name(grille_call *call, const request_message *request, empty_message *response, void *user) {  \
        (void)call, (void)request, (void)response, (void)user;                                                         \
        served = digit;                                                                                                \
        return GRILLE_OK;                                                                                              \
    }

EMPTY_HANDLER(serve_first, 1)
EMPTY_HANDLER(serve_second, 2)
EMPTY_HANDLER(serve_third, 3)

/* GetURL, GetUrl and getURL: the first has the name, the others have their ids behind it. */
static const handles_first_handlers case_handlers = {
    .get_url = serve_first, .get_url_b9f34ef3 = serve_second, .get_url_f2794909 = serve_third};

#define CALL_CASE(function, digit)                                                                                     \
    do {                                                                                                               \
        request_message request = REQUEST_INIT;                                                                        \
        function##_reply reply;                                                                                        \
        served = 0;                                                                                                    \
        assert_int_equal(function(fake_channel(), &request, NULL, &reply), GRILLE_OK);                                 \
        assert_int_equal(served, digit);                                                                               \
        function##_reply_free(&reply);                                                                                 \
    } while (0)

static void test_names_that_differ_by_case(void **state) {
    (void)state;
    fake_reset();
    assert_int_equal(handles_first_register(fake_server(), &case_handlers, NULL), GRILLE_OK);
    CALL_CASE(handles_first_get_url, 1);
    assert_string_equal(fake_last_method()->path, "/handles.First/GetURL");
    CALL_CASE(handles_first_get_url_b9f34ef3, 2);
    assert_string_equal(fake_last_method()->path, "/handles.First/GetUrl");
    CALL_CASE(handles_first_get_url_f2794909, 3);
    assert_string_equal(fake_last_method()->path, "/handles.First/getURL");
    fake_reset();
}

#define REQUEST_HANDLER(name, digit)                                                                                   \
    static grille_code name(grille_call *call, const request_message *request, request_message *response,              \
                            void *user) {                                                                              \
        (void)call, (void)request, (void)response, (void)user;                                                         \
        served = digit;                                                                                                \
        return GRILLE_OK;                                                                                              \
    }

REQUEST_HANDLER(serve_watch_open, 11)
REQUEST_HANDLER(serve_watch_server_send, 12)
REQUEST_HANDLER(serve_watch_fake_calls, 13)
REQUEST_HANDLER(serve_take_begin, 14)
REQUEST_HANDLER(serve_take_answer, 15)
REQUEST_HANDLER(serve_serve, 16)
REQUEST_HANDLER(serve_fake_new, 17)

static grille_code serve_watch(handles_meeting_watch_server_stream *stream, void *user) {
    (void)user;
    served = 21;
    return grille_fail(handles_meeting_watch_server_call(stream), GRILLE_ABORTED, "as it should");
}

static grille_code serve_take(handles_meeting_take_da746056_server_stream *stream, const request_message *request,
                              void *user) {
    (void)request, (void)user;
    served = 22;
    return grille_fail(handles_meeting_take_da746056_server_call(stream), GRILLE_ABORTED, "as it should");
}

static void serve_take_answer_stream(handles_meeting_take_answer_0f51becd_server_stream *stream, void *user) {
    (void)user;
    served = 23;
    assert_int_equal(handles_meeting_take_answer_0f51becd_server_finish(stream, GRILLE_ABORTED, NULL), GRILLE_OK);
}

static void serve_fake(handles_meeting_fake__server_stream *stream, void *user) {
    (void)user;
    served = 24;
    assert_int_equal(handles_meeting_fake__server_finish(stream, GRILLE_ABORTED, NULL), GRILLE_OK);
}

static const handles_meeting_handlers meeting_handlers = {
    .watch = {.open = serve_watch},
    .watch_open = serve_watch_open,
    .watch_server_send = serve_watch_server_send,
    .watch_fake_calls = serve_watch_fake_calls,
    .take_begin = serve_take_begin,
    .take = {.open = serve_take},
    .take_answer = serve_take_answer,
    .take_answer_0f51becd = {.half_close = serve_take_answer_stream},
    .serve = serve_serve,
    .fake = {.half_close = serve_fake},
    .fake_new = serve_fake_new,
};

#define FINISH_STREAM(function, stream, digit)                                                                         \
    do {                                                                                                               \
        function##_reply reply;                                                                                        \
        assert_int_equal(function##_finish(stream, &reply), GRILLE_ABORTED);                                           \
        assert_int_equal(served, digit);                                                                               \
        function##_reply_free(&reply);                                                                                 \
    } while (0)

#define CALL_STREAM(function, digit)                                                                                   \
    do {                                                                                                               \
        function##_stream *stream = NULL;                                                                              \
        served = 0;                                                                                                    \
        assert_int_equal(function##_begin(fake_channel(), NULL, &stream, &error), GRILLE_OK);                          \
        FINISH_STREAM(function, stream, digit);                                                                        \
    } while (0)

/* Streams take more names than other methods do; who came first has them. */
static void test_names_that_meet_those_of_streams(void **state) {
    request_message wanted = REQUEST_INIT;
    handles_meeting_take_da746056_stream *taken = NULL;
    grille_error error;
    (void)state;
    fake_reset();
    assert_int_equal(handles_meeting_serve(fake_services(), &meeting_handlers, NULL, &error), GRILLE_OK);
    CALL_CASE(handles_meeting_watch_open_07a8a9bb, 11);
    CALL_CASE(handles_meeting_watch_server_send_ccf27010, 12);
    CALL_CASE(handles_meeting_watch_fake_calls_b784830b, 13);
    CALL_CASE(handles_meeting_take_begin, 14);
    CALL_CASE(handles_meeting_take_answer, 15);
    CALL_CASE(handles_meeting_serve_, 16);
    CALL_CASE(handles_meeting_fake_new_, 17);
    CALL_STREAM(handles_meeting_watch, 21);
    assert_int_equal(handles_meeting_take_da746056_begin(fake_channel(), &wanted, NULL, &taken, &error), GRILLE_OK);
    FINISH_STREAM(handles_meeting_take_da746056, taken, 22);
    CALL_STREAM(handles_meeting_take_answer_0f51becd, 23);
    CALL_STREAM(handles_meeting_fake_, 24);
    assert_string_equal(fake_last_method()->path, "/handles.Meeting/Fake");
    fake_reset();
}

/* Streaming methods have their place in the table. */
static void test_kinds(void **state) {
    static const struct {
        const char *path;
        grille_method_kind kind;
    } rows[] = {{"/handles.SHA256Service/Up", GRILLE_METHOD_CLIENT_STREAMING},
                {"/handles.SHA256Service/Down", GRILLE_METHOD_SERVER_STREAMING},
                {"/handles.SHA256Service/Both", GRILLE_METHOD_BIDIRECTIONAL}};
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        assert_string_equal(handles_sha256_service_service.methods[3 + i].path, rows[i].path);
        assert_int_equal(handles_sha256_service_service.methods[3 + i].kind, rows[i].kind);
    }
    assert_int_equal(handles_second_service.method_count, 0);
    assert_null(handles_second_service.methods);
    assert_string_equal(oracle_service.name, "Oracle");
    assert_string_equal(oracle_service.methods[0].path, "/Oracle/Ask");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_words_of_c),
        cmocka_unit_test(test_names_that_differ_by_case),
        cmocka_unit_test(test_names_that_meet_those_of_streams),
        cmocka_unit_test(test_kinds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
