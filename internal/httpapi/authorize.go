package httpapi

import (
	"context"
	"fmt"
	"net/http"
)

// An Authorizer puts credentials on requests.
type Authorizer interface {
	// Authorize adds credentials to a request. renew discards them, so that the next request
	// gets new ones; it is nil if they cannot be renewed.
	Authorize(r *http.Request) (renew func(), err error)
}

// authorized adds credentials, and calls Prepare. If the credentials are rejected and can be
// renewed, it sends the request again with new ones. That is safe, because a request with
// rejected credentials is not carried out.
func authorized(next link, authorizer Authorizer) link {
	authorize := func(ctx context.Context, c *call) (authorized call, renew func(), err error) {
		authorized = *c
		authorized.Request = c.Clone(ctx)
		if authorizer != nil {
			renew, err = authorizer.Authorize(authorized.Request)
		}
		if err != nil {
			// Wrapped, so that the retry link does not take an error of the identity service for one of this request.
			err = &UnsentError{fmt.Errorf("%w", err)}
		}
		return authorized, renew, err
	}
	attempt := func(ctx context.Context, c *call) (renew func(), err error) {
		if c.asked.Prepare != nil {
			// Credentials that must be fetched are fetched before Prepare, so that nothing comes between it and
			// the request. They are added after it, because a signature is valid for minutes only.
			if _, _, err := authorize(ctx, c); err != nil {
				return nil, err
			}
			if err := c.asked.Prepare(ctx); err != nil {
				return nil, &UnsentError{err}
			}
		}
		authorized, renew, err := authorize(ctx, c)
		if err != nil {
			return nil, err
		}
		return renew, next(ctx, &authorized)
	}
	return func(ctx context.Context, c *call) error {
		renew, err := attempt(ctx, c)
		if renew == nil || !credentialsRejected(err) {
			return err
		}
		renew()
		_, err = attempt(ctx, c)
		return err
	}
}

func credentialsRejected(err error) bool {
	refusal := RefusalOf(err)
	return refusal != nil && (refusal.Status == http.StatusUnauthorized || tokenCodes[refusal.Code])
}

// tokenCodes say that the token is not valid, with the status 400 or 401 (reference).
var tokenCodes = map[string]bool{
	"ELB.1102": true, "ELB.1103": true, "ELB.1104": true, "ELB.1105": true, "ELB.1201": true,
}
