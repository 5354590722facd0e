/* SPDX-License-Identifier: Apache-2.0
 * The test plays the device: it sees what the driver would see and answers what it likes. */
#include "nsm/device.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "nsm/message.h"
#include "tests/unit/crypto/crypto_test.h"
#include "tests/unit/nsm/vectors.h"

static struct {
    test_bytes request; /* of the last call */
    uint8_t answer[GRILLE_NSM_RESPONSE_MAX + 16];
    size_t answer_len;    /* as the driver reports it */
    int system_errors[4]; /* of the next calls, 0 for none */
    size_t calls;
    int descriptor;
} device;

/* drivers/misc/nsm.c: copies at most the room given and reports the whole length. */
static int play(int descriptor, unsigned long request, grille_nsm_raw *raw) {
    size_t copied = device.answer_len < raw->response.len ? device.answer_len : (size_t)raw->response.len;
    int system_error = device.calls < 4 ? device.system_errors[device.calls] : 0;
    device.calls++;
    assert_int_equal(device.descriptor, descriptor);
    assert_int_equal(0xC0200A00, request);
    assert_int_equal(GRILLE_NSM_RESPONSE_MAX, raw->response.len);
    assert_true(raw->request.len <= GRILLE_NSM_REQUEST_MAX);
    memcpy(device.request.data, (const void *)(uintptr_t)raw->request.addr, raw->request.len);
    device.request.len = (size_t)raw->request.len;
    if (system_error != 0) {
        errno = system_error;
        return -1;
    }
    memcpy((void *)(uintptr_t)raw->response.addr, device.answer, copied);
    raw->response.len = device.answer_len;
    return 0;
}

static void answer_with(grille_nsm_answer answer) {
    assert_reason(OK, grille_nsm_answer_encode(&answer, device.answer, sizeof device.answer, &device.answer_len));
}

static int open_fake(void **state) {
    grille_nsm *nsm = NULL;
    grille_error error;
    memset(&device, 0, sizeof device);
    device.descriptor = open("/dev/null", O_RDWR | O_CLOEXEC);
    assert_true(device.descriptor >= 0);
    assert_reason(OK, grille_nsm_open_device_with(device.descriptor, play, &nsm, &error));
    *state = nsm;
    return 0;
}

static int close_fake(void **state) {
    grille_nsm *nsm = *state;
    nsm->functions->close(nsm);
    assert_int_equal(-1, fcntl(device.descriptor, F_GETFD));
    return 0;
}

static const char *vector(const char *name, bool is_request) {
    for (size_t i = 0; i < NSM_VECTOR_COUNT; i++)
        if (nsm_vectors[i].is_request == is_request && strcmp(nsm_vectors[i].name, name) == 0)
            return nsm_vectors[i].hex;
    fail_msg("no vector %s", name);
    return NULL;
}

static void answer_with_vector(const char *name) {
    test_bytes answer = from_hex(vector(name, false));
    memcpy(device.answer, answer.data, answer.len);
    device.answer_len = answer.len;
}

static void every_call_sends_its_request_and_reads_its_answer(void **state) {
    static const uint8_t data[] = {1, 2, 3};
    grille_nsm *nsm = *state;
    grille_nsm_description description;
    grille_error error;
    uint8_t value[GRILLE_NSM_PCR_BYTES], document[200];
    size_t len = 0;
    bool locked = false;

    answer_with_vector("DescribeNSM");
    assert_reason(OK, nsm->functions->describe(nsm, &description, &error));
    assert_bytes(vector("DescribeNSM", true), device.request.data, device.request.len);
    assert_string_equal("i-0123456789abcdef0-enc0123456789abcdef", description.module_id);

    answer_with_vector("DescribePCR");
    assert_reason(OK, nsm->functions->describe_pcr(nsm, 31, value, &locked, &error));
    assert_bytes(vector("DescribePCR_31", true), device.request.data, device.request.len);
    assert_true(locked);

    answer_with_vector("ExtendPCR");
    assert_reason(OK, nsm->functions->extend_pcr(nsm, 16, grille_bytes_of(data, sizeof data), value, &error));
    assert_bytes(vector("ExtendPCR_16", true), device.request.data, device.request.len);
    assert_bytes("cb178fcd3f328244c05c6248723fd068b3a1dda878e1ab8be911098f199958add55d0c27f04826d27b44d949a650694e",
                 value, sizeof value);

    answer_with_vector("LockPCR");
    assert_reason(OK, nsm->functions->lock_pcr(nsm, 16, &error));
    assert_bytes(vector("LockPCR_16", true), device.request.data, device.request.len);

    answer_with_vector("LockPCRs");
    assert_reason(OK, nsm->functions->lock_pcrs(nsm, 32, &error));
    assert_bytes(vector("LockPCRs_32", true), device.request.data, device.request.len);

    answer_with_vector("Attestation");
    assert_reason(OK, nsm->functions->attest(nsm,
                                             &(grille_nsm_request){.user_data = grille_bytes_of_text("ud"),
                                                                   .nonce = grille_bytes_of_text("nonce"),
                                                                   .public_key = grille_bytes_of_text("pk")},
                                             document, sizeof document, &len, &error));
    assert_bytes(vector("Attestation_all", true), device.request.data, device.request.len);
    assert_int_equal(107, len);
    assert_string_equal("", error.name);
}

static void random_bytes_are_gathered_from_several_answers(void **state) {
    grille_nsm *nsm = *state;
    grille_error error;
    uint8_t out[600], sized[10];
    answer_with_vector("GetRandom");
    assert_reason(OK, nsm->functions->random(nsm, out, sizeof out, &error));
    assert_int_equal(3, device.calls);
    for (size_t i = 0; i < sizeof out; i++)
        assert_int_equal(i % 256, out[i]);
    assert_bytes(vector("GetRandom", true), device.request.data, device.request.len);
    memset(sized, 1, sizeof sized);
    answer_with((grille_nsm_answer){.operation = GRILLE_NSM_GET_RANDOM, .data = grille_bytes_of(sized, sizeof sized)});
    assert_reason(OK, nsm->functions->random(nsm, out, 25, &error));
    assert_int_equal(6, device.calls);
}

static void random_answers_of_no_or_too_many_bytes_are_refused(void **state) {
    static const uint8_t many[GRILLE_NSM_RANDOM_MAX + 1];
    grille_nsm *nsm = *state;
    grille_error error;
    uint8_t out[4] = {9, 9, 9, 9};
    answer_with((grille_nsm_answer){.operation = GRILLE_NSM_GET_RANDOM, .data = grille_bytes_of(many, 0)});
    assert_reason(NSM_MALFORMED, nsm->functions->random(nsm, out, sizeof out, &error));
    assert_true(grille_bytes_all_zero(grille_bytes_of(out, sizeof out)));
    answer_with((grille_nsm_answer){.operation = GRILLE_NSM_GET_RANDOM, .data = grille_bytes_of(many, sizeof many)});
    assert_reason(NSM_MALFORMED, nsm->functions->random(nsm, out, sizeof out, &error));
    assert_int_equal(2, device.calls);
}

static grille_reason ask_for_document(grille_nsm *nsm, uint8_t *document, size_t capacity, size_t *len,
                                      grille_error *error) {
    return nsm->functions->attest(nsm, &(grille_nsm_request){.nonce = {NULL, 0}}, document, capacity, len, error);
}

static void a_truncated_answer_is_refused_at_every_length(void **state) {
    grille_nsm *nsm = *state;
    grille_error error;
    uint8_t document[200];
    size_t whole, len = 77;
    answer_with_vector("Attestation");
    whole = device.answer_len;
    for (size_t cut = 0; cut < whole; cut++) {
        device.answer_len = cut;
        assert_reason(NSM_MALFORMED, ask_for_document(nsm, document, sizeof document, &len, &error));
        assert_int_equal(77, len);
        assert_string_equal("NSM-MALFORMED", error.name);
    }
    device.answer_len = whole + 1;
    assert_reason(NSM_MALFORMED, ask_for_document(nsm, document, sizeof document, &len, &error));
    device.answer_len = whole;
    assert_reason(OK, ask_for_document(nsm, document, sizeof document, &len, &error));
}

/* The largest answer fits; of a larger one the driver gives a part and the whole length. */
static void the_largest_answer_is_read_and_a_cut_one_refused(void **state) {
    static uint8_t data[GRILLE_NSM_RESPONSE_MAX], document[GRILLE_NSM_RESPONSE_MAX];
    const size_t around = 26; /* {"Attestation": {"document": …}} with a u16 length */
    grille_nsm *nsm = *state;
    grille_error error;
    size_t len = 0;
    answer_with(
        (grille_nsm_answer){.operation = GRILLE_NSM_ATTESTATION, .data = grille_bytes_of(data, sizeof data - around)});
    assert_int_equal(GRILLE_NSM_RESPONSE_MAX, device.answer_len);
    assert_reason(OK, ask_for_document(nsm, document, sizeof document, &len, &error));
    assert_int_equal(sizeof data - around, len);
    answer_with((grille_nsm_answer){.operation = GRILLE_NSM_ATTESTATION,
                                    .data = grille_bytes_of(data, sizeof data - around + 1)});
    assert_int_equal(GRILLE_NSM_RESPONSE_MAX + 1, device.answer_len);
    assert_reason(NSM_MALFORMED, ask_for_document(nsm, document, sizeof document, &len, &error));
}

static void a_document_that_does_not_fit_its_buffer_is_refused(void **state) {
    grille_nsm *nsm = *state;
    grille_error error;
    uint8_t document[107];
    size_t len = 0;
    answer_with_vector("Attestation");
    assert_reason(NO_SPACE, ask_for_document(nsm, document, sizeof document - 1, &len, &error));
    assert_reason(OK, ask_for_document(nsm, document, sizeof document, &len, &error));
    answer_with((grille_nsm_answer){.operation = GRILLE_NSM_ATTESTATION, .data = grille_bytes_of(document, 0)});
    assert_reason(NSM_MALFORMED, ask_for_document(nsm, document, sizeof document, &len, &error));
}

/* Each error of the module has a reason, and says what to do. */
static void the_modules_own_error_is_named(void **state) {
    static const struct {
        const char *vector;
        grille_reason reason;
        const char *name, *hint;
    } rows[] = {
        {"Error_InvalidArgument", GRILLE_REASON_NSM_INVALID_ARGUMENT, "NSM-INVALID-ARGUMENT", "lengths"},
        {"Error_InvalidIndex", GRILLE_REASON_NSM_INVALID_INDEX, "NSM-INVALID-INDEX", "0 to 31"},
        {"Error_InvalidResponse", GRILLE_REASON_NSM_INVALID_RESPONSE, "NSM-INVALID-RESPONSE", "try again"},
        {"Error_ReadOnlyIndex", GRILLE_REASON_NSM_READ_ONLY_INDEX, "NSM-READ-ONLY-INDEX", "locked"},
        {"Error_InvalidOperation", GRILLE_REASON_NSM_INVALID_OPERATION, "NSM-INVALID-OPERATION", "older version"},
        {"Error_BufferTooSmall", GRILLE_REASON_NSM_BUFFER_TOO_SMALL, "NSM-BUFFER-TOO-SMALL", "not a real NSM"},
        {"Error_InputTooLarge", GRILLE_REASON_NSM_INPUT_TOO_LARGE, "NSM-INPUT-TOO-LARGE", "1,024"},
        {"Error_InternalError", GRILLE_REASON_NSM_INTERNAL_ERROR, "NSM-INTERNAL-ERROR", "try again"},
    };
    grille_nsm *nsm = *state;
    grille_error error;
    uint8_t value[GRILLE_NSM_PCR_BYTES];
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        answer_with_vector(rows[i].vector);
        assert_int_equal(rows[i].reason, nsm->functions->extend_pcr(nsm, 3, grille_bytes_of_text("x"), value, &error));
        assert_string_equal(rows[i].name, error.name);
        assert_non_null(strstr(error.text, rows[i].vector + strlen("Error_")));
        assert_non_null(strstr(error.text, "ExtendPCR"));
        assert_non_null(strstr(error.text, rows[i].hint));
    }
    answer_with((grille_nsm_answer){.error_name = grille_bytes_of_text("OutOfCoffee")});
    assert_reason(NSM_FAILED, nsm->functions->extend_pcr(nsm, 3, grille_bytes_of_text("x"), value, &error));
    assert_non_null(strstr(error.text, "OutOfCoffee"));
}

static void an_answer_to_another_request_is_refused(void **state) {
    grille_nsm *nsm = *state;
    grille_error error;
    grille_nsm_description description;
    answer_with_vector("LockPCR");
    assert_reason(NSM_MALFORMED, nsm->functions->lock_pcrs(nsm, 32, &error));
    answer_with_vector("GetRandom");
    assert_reason(NSM_MALFORMED, nsm->functions->describe(nsm, &description, &error));
}

static void a_pcr_of_another_length_is_refused(void **state) {
    static const uint8_t data[GRILLE_NSM_PCR_BYTES + 1];
    grille_nsm *nsm = *state;
    grille_error error;
    uint8_t value[GRILLE_NSM_PCR_BYTES];
    bool locked;
    for (size_t len = 0; len <= sizeof data; len++) {
        answer_with((grille_nsm_answer){.operation = GRILLE_NSM_DESCRIBE_PCR, .data = grille_bytes_of(data, len)});
        if (len == GRILLE_NSM_PCR_BYTES)
            assert_reason(OK, nsm->functions->describe_pcr(nsm, 0, value, &locked, &error));
        else
            assert_reason(NSM_MALFORMED, nsm->functions->describe_pcr(nsm, 0, value, &locked, &error));
    }
}

static void fields_over_their_limit_never_reach_the_device(void **state) {
    static const uint8_t bytes[GRILLE_NSM_REQUEST_MAX + 1];
    grille_nsm *nsm = *state;
    grille_error error;
    uint8_t document[200], value[GRILLE_NSM_PCR_BYTES];
    size_t len = 0;
    grille_bytes most = grille_bytes_of(bytes, GRILLE_NSM_FIELD_MAX),
                 over = grille_bytes_of(bytes, GRILLE_NSM_FIELD_MAX + 1);
    const grille_nsm_request bad[] = {{.user_data = over}, {.nonce = over}, {.public_key = over}};
    answer_with_vector("Attestation");
    for (size_t i = 0; i < 3; i++)
        assert_reason(BAD_ARGUMENT, nsm->functions->attest(nsm, &bad[i], document, sizeof document, &len, &error));
    assert_reason(NO_SPACE, nsm->functions->extend_pcr(nsm, 16, grille_bytes_of(bytes, sizeof bytes), value, &error));
    assert_int_equal(0, device.calls);
    assert_reason(OK, nsm->functions->attest(nsm, &(grille_nsm_request){most, most, most}, document, sizeof document,
                                             &len, &error));
    assert_int_equal(3122, device.request.len);
}

static void an_interrupted_call_is_repeated_when_that_does_no_harm(void **state) {
    grille_nsm *nsm = *state;
    grille_error error;
    uint8_t document[200], value[GRILLE_NSM_PCR_BYTES];
    size_t len = 0;
    device.system_errors[0] = device.system_errors[1] = EINTR;
    answer_with_vector("Attestation");
    assert_reason(OK, ask_for_document(nsm, document, sizeof document, &len, &error));
    assert_int_equal(3, device.calls);
    device.calls = 0;
    answer_with_vector("ExtendPCR");
    assert_reason(NSM_FAILED, nsm->functions->extend_pcr(nsm, 16, grille_bytes_of_text("x"), value, &error));
    assert_int_equal(1, device.calls);
}

static void errors_of_the_driver_are_explained(void **state) {
    static const int system_errors[] = {EMSGSIZE, ETIMEDOUT, ENOTTY, EIO};
    grille_nsm *nsm = *state;
    for (size_t i = 0; i < sizeof system_errors / sizeof *system_errors; i++) {
        grille_error error;
        device.calls = 0;
        device.system_errors[0] = system_errors[i];
        assert_reason(NSM_FAILED, nsm->functions->lock_pcr(nsm, 16, &error));
        assert_non_null(strstr(error.text, strerror(system_errors[i])));
    }
}

static void a_missing_device_and_a_file_that_is_none_are_errors(void **state) {
    grille_nsm *nsm = NULL;
    grille_error error;
    (void)state;
    assert_reason(SYSTEM, grille_nsm_open_device("/nonexistent/nsm", &nsm, &error));
    assert_null(nsm);
    assert_non_null(strstr(error.text, "/nonexistent/nsm"));
    assert_reason(OK, grille_nsm_open_device("/dev/null", &nsm, &error));
    assert_reason(NSM_FAILED, nsm->functions->lock_pcr(nsm, 16, &error));
    nsm->functions->close(nsm);
}

#define fake_test(function) cmocka_unit_test_setup_teardown(function, open_fake, close_fake)

int main(void) {
    const struct CMUnitTest tests[] = {
        fake_test(every_call_sends_its_request_and_reads_its_answer),
        fake_test(random_bytes_are_gathered_from_several_answers),
        fake_test(random_answers_of_no_or_too_many_bytes_are_refused),
        fake_test(a_truncated_answer_is_refused_at_every_length),
        fake_test(the_largest_answer_is_read_and_a_cut_one_refused),
        fake_test(a_document_that_does_not_fit_its_buffer_is_refused),
        fake_test(the_modules_own_error_is_named),
        fake_test(an_answer_to_another_request_is_refused),
        fake_test(a_pcr_of_another_length_is_refused),
        fake_test(fields_over_their_limit_never_reach_the_device),
        fake_test(an_interrupted_call_is_repeated_when_that_does_no_harm),
        fake_test(errors_of_the_driver_are_explained),
        cmocka_unit_test(a_missing_device_and_a_file_that_is_none_are_errors),
    };
    return cmocka_run_group_tests_name("nsm_device", tests, NULL, NULL);
}
