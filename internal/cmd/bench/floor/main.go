// Command floor is the provider with its network taken away: one canned answer
// serves every list. All else is the provider's own, conversions
// included, so that it shows what cannot be saved by calling less.
package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"

	"github.com/elbaas/terraform-provider-elbaas/internal/provider"
)

// listVariable names the file with the answer to a list.
const listVariable = "ELBAAS_BENCH_LIST"

func main() {
	list := os.Getenv(listVariable)
	network := provider.WithDialer(func(context.Context, string, string) (net.Conn, error) {
		client, server := net.Pipe()
		go func() {
			if err := serve(server, list); err != nil {
				log.Print(err)
			}
		}()
		return client, nil
	})
	if err := provider.Serve("floor", false, network); err != nil {
		log.Fatal(err)
	}
}

// serve answers every request of a connection with the same file: in the memory
// of the system, so that it does not count as the provider's.
func serve(connection net.Conn, list string) error {
	defer func() { _ = connection.Close() }()
	for requests := bufio.NewReader(connection); ; {
		request, err := http.ReadRequest(requests)
		if err != nil {
			return nil // it was closed
		}
		_ = request.Body.Close()
		file, err := os.Open(list) //nolint:gosec // that is what it is for
		if err != nil {
			return err
		}
		info, err := file.Stat()
		if err == nil {
			_, err = fmt.Fprintf(connection, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n", info.Size())
		}
		if err == nil {
			_, err = io.Copy(connection, file)
		}
		_ = file.Close()
		if err != nil {
			return err
		}
	}
}
