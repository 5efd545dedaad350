package httpapi

import "net/http"

// An Authorizer puts credentials on requests.
type Authorizer interface {
	// Authorize adds credentials to a request. renew gives them up, so that the next
	// request gets new ones; it is nil when they cannot be renewed.
	Authorize(r *http.Request) (renew func(), err error)
}

// authorized adds credentials. Where they are refused and can be renewed, it renews
// them, and sends the request once more: a request that is refused for its
// credentials is not carried out.
func authorized(next link, authorizer Authorizer) link {
	if authorizer == nil {
		return next
	}
	attempt := func(c *call) (renew func(), err error) {
		authorized := *c
		authorized.Request = c.Clone(c.Context())
		renew, err = authorizer.Authorize(authorized.Request)
		if err != nil {
			return nil, &UnsentError{err}
		}
		return renew, next(&authorized)
	}
	return func(c *call) error {
		renew, err := attempt(c)
		if renew == nil || !credentialsRefused(err) {
			return err
		}
		renew()
		_, err = attempt(c)
		return err
	}
}

func credentialsRefused(err error) bool {
	refusal := RefusalOf(err)
	return refusal != nil && (refusal.Status == http.StatusUnauthorized || tokenCodes[refusal.Code])
}

// tokenCodes say that the token is not valid, under 400 or 401 (reference).
var tokenCodes = map[string]bool{"ELB.1102": true, "ELB.1103": true, "ELB.1104": true, "ELB.1105": true, "ELB.1201": true}
