package main

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"time"

	"golang.org/x/sync/errgroup"
)

// writePairs writes n distinct certificates with RSA keys of 2,048 bits, as most
// users have them, as files 0.crt, 0.key and so on. Any two of some dozens of
// primes make another key: it is as large and as slow as any, and opens nothing.
func writePairs(ctx context.Context, dir string, n int) error {
	var primes []*big.Int
	for len(primes)*(len(primes)-1)/2 < n {
		prime, err := rand.Prime(rand.Reader, 1024)
		if err != nil {
			return fmt.Errorf("generate prime: %w", err)
		}
		if new(big.Int).Mod(prime, big.NewInt(exponent)).Int64() != 1 { // which has no inverse
			primes = append(primes, prime)
		}
	}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(runtime.NumCPU())
	written := 0
	for i := range primes {
		for j := range i {
			if written == n {
				break
			}
			name := filepath.Join(dir, strconv.Itoa(written))
			written++
			group.Go(func() error {
				if err := ctx.Err(); err != nil {
					return err
				}
				return writePair(name, primes[i], primes[j])
			})
		}
	}
	return group.Wait()
}

const exponent = 65537

func writePair(name string, p, q *big.Int) error {
	one := big.NewInt(1)
	key := &rsa.PrivateKey{PublicKey: rsa.PublicKey{N: new(big.Int).Mul(p, q), E: exponent}, Primes: []*big.Int{p, q}}
	totient := new(big.Int).Mul(new(big.Int).Sub(p, one), new(big.Int).Sub(q, one))
	key.D = new(big.Int).ModInverse(big.NewInt(exponent), totient)
	key.Precompute()
	now := time.Now()
	template := &x509.Certificate{
		SerialNumber: new(big.Int).Rsh(key.N, 2048-128),
		Subject:      pkix.Name{CommonName: filepath.Base(name) + ".example.com", Organization: []string{"Example"}, Country: []string{"DE"}},
		DNSNames:     []string{filepath.Base(name) + ".example.com", "www." + filepath.Base(name) + ".example.com"},
		NotBefore:    now.Add(-time.Hour),
		NotAfter:     now.AddDate(0, 3, 0),
		KeyUsage:     x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	certificate, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return fmt.Errorf("create certificate: %w", err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return fmt.Errorf("encode key: %w", err)
	}
	for ending, block := range map[string]*pem.Block{".crt": {Type: "CERTIFICATE", Bytes: certificate}, ".key": {Type: "PRIVATE KEY", Bytes: private}} {
		if err := os.WriteFile(name+ending, pem.EncodeToMemory(block), 0o600); err != nil {
			return err
		}
	}
	return nil
}
