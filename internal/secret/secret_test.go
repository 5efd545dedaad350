package secret_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/elbaas/terraform-provider-elbaas/internal/secret"
)

const text = "s3cr3t-t0ken"

type holder struct {
	Exported   secret.Value
	unexported secret.Value
}

func TestValueIsNeverShown(t *testing.T) {
	t.Parallel()
	v := secret.New(text)
	h := holder{Exported: v, unexported: v}
	_ = h.unexported

	shown := map[string]string{
		"panic": func() (s string) {
			defer func() { s = fmt.Sprint(recover()) }()
			panic(v)
		}(),
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%T"} {
		shown[verb] = fmt.Sprintf(verb, v)
		shown[verb+" in a struct"] = fmt.Sprintf(verb, h)
		shown[verb+" behind a pointer"] = fmt.Sprintf(verb, &h)
		shown[verb+" in a slice"] = fmt.Sprintf(verb, []holder{h})
	}
	marshalled, err := json.Marshal(h)
	if err != nil {
		t.Fatal(err)
	}
	shown["json"] = string(marshalled)
	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).Info("message", "value", v, "holder", h)
	shown["slog"] = log.String()

	for how, s := range shown {
		if strings.Contains(s, text) || strings.Contains(s, fmt.Sprintf("%x", text)) ||
			strings.Contains(s, fmt.Sprintf("%X", text)) {
			t.Errorf("%s shows the secret: %s", how, s)
		}
	}
	if got := shown["%v"]; got != "[redacted]" {
		t.Errorf("%%v = %q, want [redacted]", got)
	}
}

func TestValueReveals(t *testing.T) {
	t.Parallel()
	if got := secret.New(text).Reveal(); got != text {
		t.Errorf("Reveal() = %q, want %q", got, text)
	}
	if !(secret.Value{}).Empty() || secret.New(text).Empty() {
		t.Error("Empty is wrong")
	}
}
