package elbstub_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"math/big"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/elbaas/terraform-provider-elbaas/internal/elbstub"
	"github.com/elbaas/terraform-provider-elbaas/internal/throwaway"
)

// TestInUse has the error responses to the deletion of a certificate that a listener holds.
func TestInUse(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		inUse  []elbstub.Refusal
		status int
		says   string
	}{
		"400 and ELB.5002 (reference, assumed)": {nil, 400, "ELB.5002"},
		"409 (reference, of newer versions)":    {[]elbstub.Refusal{elbstub.InUse409}, 409, "ELB.8907"},
		"400 and another code (assumed)":        {[]elbstub.Refusal{elbstub.InUse1001}, 400, "ELB.1001"},
		"400 and words (seed, assumed)": {
			[]elbstub.Refusal{elbstub.InUseWords},
			400,
			"badRequest",
		},
		"403 and a code that is none of policies (assumed)": {[]elbstub.Refusal{elbstub.InUse403}, 403, "ELB.5099"},
		"500 authFault (seed, assumed)":                     {[]elbstub.Refusal{elbstub.InUse500}, 500, "authFault"},
		"400 and a page (assumed)":                          {[]elbstub.Refusal{elbstub.InUsePage}, 400, "<html>"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRaw(t, func(o *elbstub.Options) { o.Dialect.InUse = row.inUse })
			id := r.create(newPair(), nil)
			listener := r.cloud.AddListener(elbstub.Listener{ProjectID: project, CertificateID: id})
			response := r.call(http.MethodDelete, certificates+"/"+id, "")
			if response.status != row.status || said(response.body) != row.says {
				t.Errorf("it is refused with %d %s", response.status, response.body)
			}
			r.cloud.Remove(listener)
			if response := r.call(http.MethodDelete, certificates+"/"+id, ""); response.status != 204 {
				t.Errorf("afterwards: %d %s", response.status, response.body)
			}
		})
	}
}

// TestPairs: which private keys belong to a certificate. What the stub cannot tell, it takes.
func TestPairs(t *testing.T) {
	t.Parallel()
	encode := func(label string, der []byte) string {
		return string(pem.EncodeToMemory(&pem.Block{Type: label, Bytes: der}))
	}
	read := func(name string) string {
		text, err := os.ReadFile(filepath.Join("../pemcert/testdata/cases", name))
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	traditional := read("pss-traditional.key")
	block, _ := pem.Decode([]byte(traditional))
	wrapped := func(pkcs1 []byte) string {
		der, err := asn1.Marshal(struct {
			Version   int
			Algorithm pkix.AlgorithmIdentifier
			Key       []byte
		}{0, pkix.AlgorithmIdentifier{Algorithm: asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 10}}, pkcs1})
		if err != nil {
			t.Fatal(err)
		}
		return encode("PRIVATE KEY", der)
	}
	stranger, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	own, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, own.Public(), own)
	if err != nil {
		t.Fatal(err)
	}
	sec1, err := x509.MarshalECPrivateKey(own)
	if err != nil {
		t.Fatal(err)
	}
	pss, ec, pair := read("pss.crt"), encode("CERTIFICATE", der), newPair()
	for name, row := range map[string]struct {
		certificate, key string
		refused          bool
	}{
		"RSASSA-PSS, traditional": {certificate: pss, key: traditional},
		"RSASSA-PSS, PKCS#8":      {certificate: pss, key: wrapped(block.Bytes)},
		"RSASSA-PSS, another RSA key": {
			certificate: pss,
			key:         encode("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(stranger)),
			refused:     true,
		},
		"RSASSA-PSS, another in PKCS#8": {
			certificate: pss,
			key:         wrapped(x509.MarshalPKCS1PrivateKey(stranger)),
			refused:     true,
		},
		"RSASSA-PSS, a key of ECDSA":      {certificate: pss, key: pair.PrivateKey, refused: true},
		"RSASSA-PSS, a key nobody knows":  {certificate: pss, key: encode("PRIVATE KEY", []byte{5, 0})},
		"ECDSA, SEC 1":                    {certificate: ec, key: encode("EC PRIVATE KEY", sec1)},
		"ECDSA, another key":              {certificate: ec, key: pair.PrivateKey, refused: true},
		"ECDSA, a key that is not one":    {certificate: ec, key: encode("PRIVATE KEY", []byte{5, 0}), refused: true},
		"not readable by Go, and any key": {certificate: read("negative-serial.crt"), key: pair.PrivateKey},
	} {
		r := newRaw(t)
		response := r.call(
			http.MethodPost,
			certificates,
			creation(throwaway.Pair{Certificate: row.certificate, PrivateKey: row.key}, nil),
		)
		if refused := response.code() == "ELB.5013"; refused != row.refused ||
			!refused && response.status != http.StatusOK {
			t.Errorf("%s: %d %s", name, response.status, response.body)
		}
	}
}

// TestGone: the different responses for a certificate that does not exist.
func TestGone(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		notFound []elbstub.Refusal
		status   int
		says     string
	}{
		"404 and ELB.5040 (reference)": {nil, 404, "ELB.5040"},
		"400 and ELB.5040 (reference)": {
			[]elbstub.Refusal{elbstub.NotFound400},
			400,
			"ELB.5040",
		},
		"500 and ELB.5040 (assumed)": {
			[]elbstub.Refusal{elbstub.NotFound500},
			500,
			"ELB.5040",
		},
		"404 and nothing (seed)": {[]elbstub.Refusal{elbstub.NotFoundBare}, 404, ""},
		"404 and words (seed)": {
			[]elbstub.Refusal{elbstub.NotFoundWords},
			404,
			"Not Found",
		},
		"404 and ELB.8904 (reference, of newer versions)": {
			[]elbstub.Refusal{elbstub.NotFound8904},
			404,
			"ELB.8904",
		},
		"404 and a NeutronError (observed, assumed)": {
			[]elbstub.Refusal{elbstub.NotFoundNeutron}, 404, "CertificateNotFound",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRaw(t, func(o *elbstub.Options) { o.Dialect.NotFound = row.notFound })
			path := certificates + "/" + strings.Repeat("0", 32)
			for method, body := range map[string]string{http.MethodDelete: "", http.MethodPut: "{}"} {
				if response := r.call(method, path, body); response.status != row.status ||
					said(response.body) != row.says {
					t.Errorf("the response to %s is %d %s", method, response.status, response.body)
				}
			}
		})
	}
}

// TestSeveralRefusals: several error responses are used in rotation.
func TestSeveralRefusals(t *testing.T) {
	t.Parallel()
	r := newRaw(t, func(o *elbstub.Options) {
		o.Dialect.InUse = []elbstub.Refusal{elbstub.InUse409, elbstub.InUse5002}
		o.Dialect.NotFound = []elbstub.Refusal{elbstub.NotFound400, elbstub.NotFoundBare}
	})
	id := r.create(newPair(), nil)
	r.cloud.AddListener(elbstub.Listener{ProjectID: project, CertificateID: id})
	for i, want := range []int{409, 400, 409, 400} {
		if got := r.call(http.MethodDelete, certificates+"/"+id, "").status; got != want {
			t.Errorf("deletion %d of what is in use: %d, want %d", i, got, want)
		}
	}
	r.cloud.Remove(id)
	for i, want := range []int{400, 404, 400, 404} {
		if got := r.call(http.MethodDelete, certificates+"/"+id, "").status; got != want {
			t.Errorf("deletion %d of nothing: %d, want %d", i, got, want)
		}
	}
}

// TestHoldLag: a listener lets go of a certificate, and its deletion sees that late.
func TestHoldLag(t *testing.T) {
	t.Parallel()
	for name, letGo := range map[string]func(*elbstub.Cloud, string){
		"switched": func(cloud *elbstub.Cloud, id string) {
			cloud.ChangeListener(id, func(l *elbstub.Listener) { l.CertificateID = "" })
		},
		"not for SNI any more": func(cloud *elbstub.Cloud, id string) {
			cloud.ChangeListener(id, func(l *elbstub.Listener) { l.SNI = nil })
		},
		"removed": func(cloud *elbstub.Cloud, id string) { cloud.Remove(id) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			now := time.Date(2016, 6, 27, 8, 14, 42, 0, time.UTC)
			r := newRaw(t, func(o *elbstub.Options) {
				o.HoldLag, o.Now = 5*time.Second, func() time.Time { return now }
			})
			id := r.create(newPair(), nil)
			listener := elbstub.Listener{ProjectID: project, CertificateID: id}
			if name == "not for SNI any more" {
				listener = elbstub.Listener{ProjectID: project, SNI: []string{id}}
			}
			listener.ID = r.cloud.AddListener(listener)
			now = now.Add(time.Hour)
			letGo(r.cloud, listener.ID)
			if body := r.call(http.MethodGet, listeners, "").body; strings.Contains(body, id) {
				t.Errorf("a listener shows it still: %s", body)
			}
			for _, want := range []int{400, 204} {
				now = now.Add(2500 * time.Millisecond)
				if response := r.call(http.MethodDelete, certificates+"/"+id, ""); response.status != want {
					t.Errorf("the response is %d %s, want %d", response.status, response.body, want)
				}
			}
		})
	}
}

// TestLongHoldLag: that a listener lets go of a certificate is not forgotten before its deletion
// sees it, whatever else changes.
func TestLongHoldLag(t *testing.T) {
	t.Parallel()
	now := time.Date(2016, 6, 27, 8, 14, 42, 0, time.UTC)
	r := newRaw(t, func(o *elbstub.Options) { o.HoldLag, o.Now = time.Minute, func() time.Time { return now } })
	id := r.create(newPair(), nil)
	r.cloud.Remove(r.cloud.AddListener(elbstub.Listener{ProjectID: project, CertificateID: id}))
	for _, want := range []int{400, 400, 400, 204} {
		if response := r.call(http.MethodDelete, certificates+"/"+id, ""); response.status != want {
			t.Errorf("the response is %d %s, want %d", response.status, response.body, want)
		}
		now = now.Add(20 * time.Second)
		r.cloud.AddListener(elbstub.Listener{ProjectID: project})
	}
}

// TestChangeListener: a listener changes behind its client's back.
func TestChangeListener(t *testing.T) {
	t.Parallel()
	now := time.Date(2016, 6, 27, 8, 14, 42, 0, time.UTC)
	r := newRaw(t, func(o *elbstub.Options) { o.Now = func() time.Time { return now } })
	id := r.cloud.AddListener(elbstub.Listener{ProjectID: project, Name: "before"})
	now = now.Add(time.Minute)
	change := func(l *elbstub.Listener) { l.Name = "after" }
	if !r.cloud.ChangeListener(id, change) || r.cloud.ChangeListener("none", change) {
		t.Error("ChangeListener reports wrongly")
	}
	got := r.listeners(listeners)[0]
	made, changed := got["create_time"], got["update_time"]
	if got["name"] != "after" || made != "2016-06-27 08:14:42" || changed != "2016-06-27 08:15:42" {
		t.Errorf("the listener is %v", got)
	}
}

// TestForbidInUse: a policy forbids the deletion of what a listener holds, and of
// nothing else.
func TestForbidInUse(t *testing.T) {
	t.Parallel()
	r := newRaw(t, func(o *elbstub.Options) { o.Dialect.InUse = []elbstub.Refusal{elbstub.InUsePolicy} })
	held, free := r.create(newPair(), nil), r.create(newPair(), nil)
	r.cloud.AddListener(elbstub.Listener{ProjectID: project, CertificateID: held})
	response := r.call(http.MethodDelete, certificates+"/"+held, "")
	if response.status != 403 || response.code() != "ELB.9803" {
		t.Errorf("the deletion of what is in use: %d %s", response.status, response.body)
	}
	if response = r.call(http.MethodDelete, certificates+"/"+free, ""); response.status != 204 {
		t.Errorf("the deletion of what is not: %d %s", response.status, response.body)
	}
}
