// Package issuer stands in for an OpenID Connect issuer, such as GitHub's for its
// workflows: a host that publishes its key, and the tokens that it signs with it.
package issuer

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"github.com/sluice-deploy/sluice/internal/emulator/wire"
)

// Issuer is an issuer. It is a site of package web.
type Issuer struct {
	// URL is what its tokens say that they are of.
	URL string

	key ecdsa.PrivateKey
}

// keyID names the only key.
const keyID = "1"

// New gives the issuer of a host. All issuers that are made with the same seed, a byte
// that is not 0, have one key.
func New(host string, seed byte) (*Issuer, error) {
	key, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), bytes.Repeat([]byte{seed}, 32))
	if err != nil {
		return nil, fmt.Errorf("make the issuer's key: %w", err)
	}
	return &Issuer{URL: "https://" + host, key: *key}, nil
}

// Token is a token with these claims; the issuer is put in.
func (i *Issuer) Token(claims jwt.Claims) (string, error) {
	claims.Issuer = i.URL
	signer, err := jose.NewSigner(jose.SigningKey{
		Algorithm: jose.ES256, Key: jose.JSONWebKey{Key: &i.key, KeyID: keyID},
	}, (&jose.SignerOptions{}).WithType("JWT"))
	if err != nil {
		return "", fmt.Errorf("sign a token of %s: %w", i.URL, err)
	}
	return jwt.Signed(signer).Claims(claims).Serialize()
}

// Serve publishes the key.
// OpenID Connect Discovery 1.0, section 4.
func (i *Issuer) Serve(r *wire.Request, reply func(*wire.Response)) {
	var document any
	switch r.Path {
	case "/.well-known/openid-configuration":
		document = map[string]string{"issuer": i.URL, "jwks_uri": i.URL + "/keys"}
	case "/keys":
		document = jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: &i.key.PublicKey, KeyID: keyID, Algorithm: string(jose.ES256), Use: "sig"}}}
	}
	body, err := json.Marshal(document)
	if document == nil || err != nil {
		reply(&wire.Response{Status: http.StatusNotFound, Header: http.Header{}})
		return
	}
	reply(&wire.Response{Status: http.StatusOK, Header: http.Header{"Content-Type": {"application/json"}}, Body: body})
}
