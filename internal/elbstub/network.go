package elbstub

import (
	"context"
	"net"
	"sync"
)

// A Network connects clients and a server of one process without sockets, so that
// a test can fake the time in which they speak. It is a net.Listener.
type Network struct {
	address     networkAddress
	connections chan net.Conn
	closed      chan struct{}
	close       sync.Once
}

type networkAddress string

// Network implements net.Addr.
func (networkAddress) Network() string { return "memory" }

// String implements net.Addr.
func (a networkAddress) String() string { return string(a) }

// NewNetwork returns a Network that is listened to at an address.
func NewNetwork(address string) *Network {
	return &Network{address: networkAddress(address), connections: make(chan net.Conn), closed: make(chan struct{})}
}

// DialContext connects to the listener, whatever the address.
func (n *Network) DialContext(ctx context.Context, _, _ string) (net.Conn, error) {
	client, server := net.Pipe()
	var err error
	select {
	case n.connections <- server:
		return client, nil
	case <-n.closed:
		err = net.ErrClosed
	case <-ctx.Done():
		err = ctx.Err()
	}
	return nil, &net.OpError{Op: "dial", Net: n.address.Network(), Addr: n.address, Err: err}
}

// Accept implements net.Listener.
func (n *Network) Accept() (net.Conn, error) {
	select {
	case connection := <-n.connections:
		return connection, nil
	case <-n.closed:
		return nil, net.ErrClosed
	}
}

// Close implements net.Listener.
func (n *Network) Close() error {
	n.close.Do(func() { close(n.closed) })
	return nil
}

// Addr implements net.Listener.
func (n *Network) Addr() net.Addr { return n.address }
