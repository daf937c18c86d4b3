// An API that verifies access tokens (RFC 9068) with go-oidc.
package main

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"os"
	"strings"

	"github.com/coreos/go-oidc/v3/oidc"
)

func main() {
	ctx := context.Background()
	issuer, audience := os.Getenv("ISSUER"), os.Getenv("AUDIENCE")
	// snippet
	provider, err := oidc.NewProvider(ctx, issuer)
	if err != nil {
		log.Fatal(err)
	}
	verifier := provider.Verifier(&oidc.Config{ClientID: audience})

	http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		_, bearer, _ := strings.Cut(r.Header.Get("Authorization"), " ")
		token, err := verifier.Verify(r.Context(), bearer)
		if err != nil {
			w.Header().Set("WWW-Authenticate", "Bearer")
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		fmt.Fprint(w, token.Subject)
	})
	// end of the snippet
	log.Fatal(http.ListenAndServe("localhost:"+os.Getenv("PORT"), nil))
}
