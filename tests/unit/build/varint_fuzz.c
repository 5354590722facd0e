/* The smallest fuzz target, for the chain itself: what nanopb decodes as a varint it encodes to no more bytes. */
#include <pb_decode.h>
#include <pb_encode.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    uint8_t again[10];
    uint64_t value;
    pb_istream_t in = pb_istream_from_buffer(data, size);
    pb_ostream_t out = pb_ostream_from_buffer(again, sizeof again);
    if (!pb_decode_varint(&in, &value)) return 0;
    if (!pb_encode_varint(&out, value) || out.bytes_written > size - in.bytes_left) abort();
    return 0;
}
