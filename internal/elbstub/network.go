package elbstub

import (
	"cmp"
	"context"
	"net"
	"sync"
)

// A Network connects clients and a server of one process without sockets, so that
// a test can fake the time in which they speak. It is a net.Listener.
type Network struct {
	address     net.Addr
	connections chan net.Conn
	closed      chan struct{}
	close       func()
}

// NewNetwork returns a Network that is listened to at an address.
func NewNetwork(address string) *Network {
	closed := make(chan struct{})
	at := &net.UnixAddr{Name: address, Net: "memory"}
	return &Network{at, make(chan net.Conn), closed, sync.OnceFunc(func() { close(closed) })}
}

// DialContext connects to the listener, whatever the address.
func (n *Network) DialContext(ctx context.Context, _, _ string) (net.Conn, error) {
	client, server := net.Pipe()
	select {
	case n.connections <- server:
		return client, nil
	case <-n.closed:
	case <-ctx.Done():
	}
	err := cmp.Or(ctx.Err(), net.ErrClosed)
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
	n.close()
	return nil
}

// Addr implements net.Listener.
func (n *Network) Addr() net.Addr { return n.address }
