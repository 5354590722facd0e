// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/binary"
	"errors"
	"fmt"
)

const (
	serviceName = "grille.bench.peer.Echo"
	fieldBytes  = 1<<3 | 2 // field 1, length-delimited
	fieldNumber = 1<<3 | 0 // field 1, varint
)

var errMessage = errors.New("not a message of this type")

// ball is `message Ball { bytes payload = 1; }`, written and read as generated code would, with no reflection.
type ball struct {
	payload []byte
}

func (b *ball) Reset()         { *b = ball{} }
func (b *ball) String() string { return fmt.Sprintf("%d bytes", len(b.payload)) }
func (b *ball) ProtoMessage()  {}

// Marshal is what the codec of ttrpc calls.
func (b *ball) Marshal() ([]byte, error) {
	if len(b.payload) == 0 {
		return nil, nil
	}
	encoded := make([]byte, 1+binary.MaxVarintLen64+len(b.payload))
	encoded[0] = fieldBytes
	head := 1 + binary.PutUvarint(encoded[1:], uint64(len(b.payload)))
	copy(encoded[head:], b.payload)
	return encoded[:head+len(b.payload)], nil
}

// Unmarshal is what the codec of ttrpc calls. The payload is a copy, as in generated code.
func (b *ball) Unmarshal(encoded []byte) error {
	b.payload = nil
	if len(encoded) == 0 {
		return nil
	}
	length, head := binary.Uvarint(encoded[1:])
	if encoded[0] != fieldBytes || head <= 0 || length != uint64(len(encoded)-1-head) {
		return errMessage
	}
	b.payload = append([]byte(nil), encoded[1+head:]...)
	return nil
}

// done is `message Done { uint64 bytes = 1; }`.
type done struct {
	bytes uint64
}

func (d *done) Reset()         { *d = done{} }
func (d *done) String() string { return fmt.Sprint(d.bytes) }
func (d *done) ProtoMessage()  {}

// Marshal is what the codec of ttrpc calls.
func (d *done) Marshal() ([]byte, error) {
	encoded := make([]byte, 1+binary.MaxVarintLen64)
	encoded[0] = fieldNumber
	return encoded[:1+binary.PutUvarint(encoded[1:], d.bytes)], nil
}

// Unmarshal is what the codec of ttrpc calls.
func (d *done) Unmarshal(encoded []byte) error {
	if len(encoded) < 2 || encoded[0] != fieldNumber {
		return errMessage
	}
	value, used := binary.Uvarint(encoded[1:])
	if used != len(encoded)-1 {
		return errMessage
	}
	d.bytes = value
	return nil
}
