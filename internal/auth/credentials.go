// Package auth puts credentials on requests: a Session is an httpapi.Authorizer. It
// asks the identity service (IAM) for what it needs, at first use. It knows nothing
// of ELB.
package auth

import "github.com/elbaas/terraform-provider-elbaas/internal/secret"

// Credentials are one set of them: a token, or an access key, or a password.
type Credentials struct {
	// Token is a Keystone token, good for one project, and never renewed.
	Token secret.Value

	// AccessKey and SecretKey sign requests. SecurityToken goes with temporary
	// keys.
	AccessKey                string
	SecretKey, SecurityToken secret.Value

	// UserName needs DomainName or DomainID; UserID needs neither. Password gets
	// a token for each project.
	UserName, UserID     string
	DomainName, DomainID string
	Password             secret.Value
}

// A Kind of credentials.
type Kind string

// The kinds of credentials.
const (
	KindToken     Kind = "token"
	KindAccessKey Kind = "access key"
	KindPassword  Kind = "password"
	KindAgency    Kind = "agency"
)

// Kind returns which of the three the credentials are.
func (c Credentials) Kind() Kind {
	switch {
	case !c.Token.Empty():
		return KindToken
	case c.AccessKey != "":
		return KindAccessKey
	default:
		return KindPassword
	}
}

// An Agency lets the owner of an access key act in another account, by
// temporary keys (reference).
type Agency struct {
	// Name is the agency's, DomainName that of the account that made it.
	Name, DomainName string
}
