// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/containerd/ttrpc"
)

// network gives what package net calls an address of the benchmark.
func network(address string) (kind, name string) {
	switch {
	case strings.HasPrefix(address, "unix:"):
		return "unix", strings.TrimPrefix(address, "unix:")
	case strings.HasPrefix(address, "unix-abstract:"):
		return "unix", "@" + strings.TrimPrefix(address, "unix-abstract:")
	case strings.HasPrefix(address, "tcp:"):
		return "tcp", strings.TrimPrefix(address, "tcp:")
	}
	fail(exitUnsupported, "ttrpc takes unix:PATH, unix-abstract:NAME and tcp:HOST:PORT only here, not %s", address)
	return "", ""
}

// mutualTLS13 is the configuration of one side; build.sh writes the certificates beside the program.
func mutualTLS13(side string) *tls.Config {
	program, err := os.Executable()
	if err != nil {
		fail(exitFailed, "where is this program? %v", err)
	}
	folder := filepath.Join(filepath.Dir(program), "certificates")
	ca, err := os.ReadFile(filepath.Join(folder, "ca.pem"))
	if err != nil {
		fail(exitFailed, "%v", err)
	}
	own, err := tls.LoadX509KeyPair(filepath.Join(folder, side+".pem"), filepath.Join(folder, side+".key.pem"))
	if err != nil {
		fail(exitFailed, "%v", err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(ca) {
		fail(exitFailed, "no certificate in %s/ca.pem", folder)
	}
	return &tls.Config{
		MinVersion:             tls.VersionTLS13,
		Certificates:           []tls.Certificate{own},
		RootCAs:                roots,
		ServerName:             "server.peers.bench",
		ClientCAs:              roots,
		ClientAuth:             tls.RequireAndVerifyClientCert,
		SessionTicketsDisabled: true,
	}
}

// suites are those of TLS 1.3 in the words of bench/agent.
var suites = map[uint16]string{
	tls.TLS_AES_128_GCM_SHA256:       "TLS13-AES128-GCM-SHA256",
	tls.TLS_AES_256_GCM_SHA384:       "TLS13-AES256-GCM-SHA384",
	tls.TLS_CHACHA20_POLY1305_SHA256: "TLS13-CHACHA20-POLY1305-SHA256",
}

// dialer makes connections that share nothing but the certificates. Any goroutine.
type dialer struct {
	kind, name string
	config     *tls.Config
	mutex      sync.Mutex
	cipher     string // of all connections
}

func newDialer(address string) *dialer {
	kind, name := network(address)
	return &dialer{kind: kind, name: name, config: mutualTLS13("client")}
}

// open gives a connection whose handshake is over.
func (d *dialer) open() (*ttrpc.Client, error) {
	plain, err := net.Dial(d.kind, d.name)
	if err != nil {
		return nil, err
	}
	secure := tls.Client(plain, d.config)
	if err := secure.Handshake(); err != nil {
		plain.Close()
		return nil, err
	}
	state := secure.ConnectionState()
	suite := suites[state.CipherSuite]
	d.mutex.Lock()
	defer d.mutex.Unlock()
	if state.Version != tls.VersionTLS13 || suite == "" || d.cipher != "" && d.cipher != suite {
		plain.Close()
		return nil, fmt.Errorf("version %#x and suite %#x are not TLS 1.3 as before", state.Version, state.CipherSuite)
	}
	d.cipher = suite
	return ttrpc.NewClient(secure), nil
}

// openAll gives so many connections.
func (d *dialer) openAll(count uint64) []*ttrpc.Client {
	clients := []*ttrpc.Client{}
	for uint64(len(clients)) < count {
		client, err := d.open()
		if err != nil {
			fail(exitFailed, "connection %d: %v", len(clients)+1, err)
		}
		clients = append(clients, client)
	}
	return clients
}

// closeAndWait returns when the socket is closed.
func closeAndWait(client *ttrpc.Client) {
	client.Close()
	limit, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := client.UserOnCloseWait(limit); err != nil {
		fail(exitFailed, "a connection did not close: %v", err)
	}
}
