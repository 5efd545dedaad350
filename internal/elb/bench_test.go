package elb

import (
	"bytes"
	"io"
	"testing"
)

// BenchmarkDecodeList reads a list of 1,000 certificates of 3 KB each.
func BenchmarkDecodeList(b *testing.B) {
	list, err := io.ReadAll(endless(1000, 1800))
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(list)))
	for b.Loop() {
		if _, err := decodeList(bytes.NewReader(list), decodeOne); err != nil {
			b.Fatal(err)
		}
	}
}
