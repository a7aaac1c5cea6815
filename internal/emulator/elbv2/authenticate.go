package elbv2

import (
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/sluice-deploy/sluice/internal/emulator/wire"
)

// checkAuthenticate checks an action that has users log in.
func checkAuthenticate(a types.Action) (*types.AuthenticateOidcActionConfig, *types.AuthenticateCognitoActionConfig, error) {
	oidc, cognito := a.AuthenticateOidcConfig, a.AuthenticateCognitoConfig
	switch {
	case oidc == nil && cognito == nil:
		return nil, nil, wire.Errorf("ValidationError", "A configuration must be specified for actions of type '%s'", a.Type)
	case oidc != nil && oidc.ClientSecret == nil:
		return nil, nil, wire.Errorf("ValidationError", "A client secret must be specified for actions of type '%s'", a.Type)
	}
	return oidc, cognito, nil
}

// withSecrets gives actions in which a client secret that is to stay as it is has
// been filled in from the actions that are there now. AWS: ELBv2 API Reference,
// AuthenticateOidcActionConfig.
func withSecrets(in, now []types.Action) []types.Action {
	filled := slices.Clone(in)
	for i, action := range filled {
		config := action.AuthenticateOidcConfig
		if config == nil || !aws.ToBool(config.UseExistingClientSecret) {
			continue
		}
		with := *config
		with.UseExistingClientSecret = nil
		for _, other := range now {
			if known := other.AuthenticateOidcConfig; known != nil && aws.ToString(known.Issuer) == aws.ToString(with.Issuer) {
				with.ClientSecret = known.ClientSecret
			}
		}
		filled[i].AuthenticateOidcConfig = &with
	}
	return filled
}
