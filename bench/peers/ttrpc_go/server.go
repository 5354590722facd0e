// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/containerd/ttrpc"
)

// ping answers what it got.
func ping(_ context.Context, unmarshal func(interface{}) error) (interface{}, error) {
	var request ball
	if err := unmarshal(&request); err != nil {
		return nil, err
	}
	return &request, nil
}

// take answers how much it got.
func take(_ context.Context, unmarshal func(interface{}) error) (interface{}, error) {
	var request ball
	if err := unmarshal(&request); err != nil {
		return nil, err
	}
	return &done{bytes: uint64(len(request.payload))}, nil
}

// serve serves until SIGTERM or the end of standard input.
func serve(s *spec) {
	kind, name := network(s.address)
	listener, err := net.Listen(kind, name)
	if err != nil {
		fail(exitFailed, "%v", err)
	}
	server, err := ttrpc.NewServer()
	if err != nil {
		fail(exitFailed, "%v", err)
	}
	server.Register(serviceName, map[string]ttrpc.Method{"Ping": ping, "Take": take})
	ended := make(chan error)
	go func() {
		ended <- server.Serve(context.Background(), tls.NewListener(listener, mutualTLS13("server")))
	}()
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGTERM)
	alone := make(chan struct{})
	go func() {
		for one := make([]byte, 1); ; {
			if _, err := os.Stdin.Read(one); err != nil {
				close(alone)
				return
			}
		}
	}()
	bound := s.address
	if strings.HasPrefix(bound, "tcp:") {
		bound = "tcp:" + listener.Addr().String()
	}
	fmt.Printf("ready %s\n", bound)
	select {
	case err := <-ended:
		fail(exitFailed, "the server ended: %v", err)
	case <-signals:
	case <-alone:
	}
	listener.Close() // takes the socket's file away
}
