package elb

import (
	"reflect"
	"testing"

	"github.com/elbaas/terraform-provider-elbaas/internal/secret"
	"github.com/elbaas/terraform-provider-elbaas/internal/throwaway"
)

// TestCreationsCompareEveryField: a certificate that differs from what was sent in any field is never adopted. One with
// a field that only another creation has set belongs to that creation.
func TestCreationsCompareEveryField(t *testing.T) {
	t.Parallel()
	own, other := throwaway.NewPair("www.example.com").Certificate, throwaway.NewPair("www.example.com").Certificate
	fields := reflect.TypeFor[NewCertificate]()
	for i := range fields.NumField() {
		name, isOptional := fields.Field(i).Name, fields.Field(i).Type.Kind() == reflect.Pointer
		if name == "PrivateKey" { // not every API returns it
			continue
		}
		sent, cert := everyField(t, own)
		if !sent.equals(cert) {
			t.Fatal("a certificate is not equal to what was sent")
		}
		changed := reflect.ValueOf(&cert).Elem().FieldByName(name)
		if name == "Certificate" {
			changed.SetString(other)
		} else {
			changed.SetString("another text")
		}
		if sent.equals(cert) {
			t.Errorf("%s: a certificate with another value is equal to what was sent", name)
		}
		if !isOptional {
			continue
		}

		omits := sent
		reflect.ValueOf(&omits).Elem().FieldByName(name).SetZero()
		if !omits.equals(cert) {
			t.Errorf("%s: it was omitted, but a value of the API counts", name)
		}
		_, cert = everyField(t, own)
		var all creations
		sent.PrivateKey = secret.New("key")
		all.addUnclear(sent)
		if !all.unclear[0].PrivateKey.Empty() {
			t.Error("it keeps the private key in memory")
		}
		if !all.belongsToAnother(omits, cert) || all.belongsToAnother(sent, cert) {
			t.Errorf("%s: a certificate does not belong to the creation that has set it", name)
		}
		var own creations
		own.addUnclear(omits)
		if own.belongsToAnother(omits, cert) {
			t.Errorf("%s: a certificate does not belong to its own creation, which omits it", name)
		}
	}
}

// everyField returns a creation in which every field is set, and the certificate that it creates.
func everyField(t *testing.T, content string) (sent NewCertificate, cert Certificate) {
	t.Helper()
	from, to := reflect.ValueOf(&sent).Elem(), reflect.ValueOf(&cert).Elem()
	for i := range from.NumField() {
		name := from.Type().Field(i).Name
		if name == "PrivateKey" {
			continue
		}
		text := "text"
		if name == "Certificate" {
			text = content
		}
		if !to.FieldByName(name).IsValid() {
			t.Fatalf("a Certificate has no %s", name)
		}
		to.FieldByName(name).SetString(text)
		if field := from.Field(i); field.Kind() == reflect.Pointer {
			field.Set(reflect.ValueOf(&text))
		} else {
			field.SetString(text)
		}
	}
	return sent, cert
}
