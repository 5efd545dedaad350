// Package auth adds credentials to requests: a Session is an httpapi.Authorizer. It calls the
// identity service (IAM) at first use. It does not depend on ELB.
package auth

import "github.com/elbaas/terraform-provider-elbaas/internal/secret"

// Credentials are a token, an access key, or a password.
type Credentials struct {
	// Token is a Keystone token. It is valid for one project, and is never renewed.
	Token secret.Value

	// Key signs requests.
	Key Key
	// Agency is assumed with the Key, and its temporary keys are used. nil means none.
	Agency *Agency

	// Password is exchanged for a token for each project. UserName needs DomainName or DomainID; UserID
	// needs neither. Other credentials have none of these.
	UserName, UserID     string
	DomainName, DomainID string
	Password             secret.Value
}

// A Kind is a kind of credentials, in words for an error or the log.
type Kind string

// The kinds of credentials. KindAgency stands for the temporary keys of an Agency.
const (
	KindToken     Kind = "token"
	KindAccessKey Kind = "access key"
	KindPassword  Kind = "password"
	KindAgency    Kind = "agency"
)

// Kind returns which credentials requests get: those of the agency if there is one, otherwise the token if there is
// one, otherwise the access key if there is one, otherwise the password.
func (c Credentials) Kind() Kind {
	switch {
	case c.Agency != nil:
		return KindAgency
	case !c.Token.Empty():
		return KindToken
	case c.Key.Access != "":
		return KindAccessKey
	default:
		return KindPassword
	}
}

// An Agency lets the owner of an access key act in another account with temporary keys
// (reference).
type Agency struct {
	// Name is the name of the agency, and DomainName that of the account that created it.
	Name, DomainName string
}
