package iam

import (
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"github.com/sluice-deploy/sluice/internal/emulator/partition"
	"github.com/sluice-deploy/sluice/internal/emulator/wire"
)

// Provider is an OpenID Connect provider of the account.
type Provider struct {
	ARN     string
	Issuer  string   // its URL
	Clients []string // audiences that its tokens may be for

	created     time.Time
	thumbprints []string
	tags        []types.Tag
}

// Provider is the account's OpenID Connect provider of an issuer, or nil.
func (s *Service) Provider(issuer string) *Provider { return s.providers[s.providerARN(issuer)] }

func (s *Service) providerARN(issuer string) string {
	return partition.IAM(s.region, s.account, "oidc-provider/"+strings.TrimPrefix(strings.TrimSuffix(issuer, "/"), "https://"))
}

// createProvider takes any thumbprints: AWS looks at them only where it does not trust
// the certificate of the issuer's keys otherwise, and without any it finds one itself,
// which is not emulated.
// AWS: IAM API Reference, CreateOpenIDConnectProvider.
func (s *Service) createProvider(_ *wire.Call, in *iam.CreateOpenIDConnectProviderInput) (*iam.CreateOpenIDConnectProviderOutput, error) {
	u, err := url.Parse(*in.Url)
	arn := s.providerARN(*in.Url)
	switch {
	case err != nil || u.Scheme != "https" || u.Host == "" || u.RawQuery != "":
		return nil, wire.Errorf("ValidationError", "Invalid Open ID Connect Provider URL")
	case s.providers[arn] != nil:
		return nil, &types.EntityAlreadyExistsException{Message: aws.String("Provider with url " + *in.Url + " already exists.")}
	case len(s.providers) >= maxProviders:
		return nil, limitExceeded("Cannot exceed quota for OpenIdConnectProvidersPerAccount: %d", maxProviders)
	case len(in.ClientIDList) > maxClients:
		return nil, limitExceeded("Cannot exceed quota for ClientIdsPerOpenIdConnectProvider: %d", maxClients)
	}
	if err := checkTags(in.Tags); err != nil {
		return nil, err
	}
	s.providers[arn] = &Provider{
		ARN: arn, Issuer: *in.Url, Clients: slices.Clone(in.ClientIDList), created: s.loop.Now(), thumbprints: in.ThumbprintList, tags: in.Tags,
	}
	return &iam.CreateOpenIDConnectProviderOutput{OpenIDConnectProviderArn: &arn, Tags: in.Tags}, nil
}

func (s *Service) findProvider(arn *string) (*Provider, error) {
	p := s.providers[*arn]
	if p == nil {
		return nil, noSuchEntity("OpenIDConnect Provider not found for arn %s", *arn)
	}
	return p, nil
}

// getProvider shows the URL without its scheme, as AWS does.
func (s *Service) getProvider(_ *wire.Call, in *iam.GetOpenIDConnectProviderInput) (*iam.GetOpenIDConnectProviderOutput, error) {
	p, err := s.findProvider(in.OpenIDConnectProviderArn)
	if err != nil {
		return nil, err
	}
	return &iam.GetOpenIDConnectProviderOutput{
		Url: aws.String(strings.TrimPrefix(p.Issuer, "https://")), ClientIDList: p.Clients, ThumbprintList: p.thumbprints, Tags: p.tags, CreateDate: &p.created,
	}, nil
}

// deleteProvider succeeds for a provider that is not there, as AWS does.
// AWS: IAM API Reference, DeleteOpenIDConnectProvider.
func (s *Service) deleteProvider(_ *wire.Call, in *iam.DeleteOpenIDConnectProviderInput) (*iam.DeleteOpenIDConnectProviderOutput, error) {
	delete(s.providers, *in.OpenIDConnectProviderArn)
	return &iam.DeleteOpenIDConnectProviderOutput{}, nil
}
