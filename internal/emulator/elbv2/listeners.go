package elbv2

import (
	"cmp"
	"reflect"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/sluice-deploy/sluice/internal/emulator/wire"
)

// listener is one port of a load balancer.
type listener struct {
	arn, id  string
	balancer *balancer
	settings listenerSettings
	fallback *rule   // the default rule
	rules    []*rule // the others, by priority
	tags     map[string]string
}

// listenerSettings are what CreateListener and ModifyListener set.
type listenerSettings struct {
	port         int32
	protocol     types.ProtocolEnum
	certificates []types.Certificate
	sslPolicy    string
}

// defaultSSLPolicy is the API's.
// AWS: Application Load Balancers User Guide, security policies.
const defaultSSLPolicy = "ELBSecurityPolicy-2016-08"

func (s *Service) createListener(_ *wire.Call, in *sdk.CreateListenerInput) (*sdk.CreateListenerOutput, error) {
	b, err := s.balancer(aws.ToString(in.LoadBalancerArn))
	if err != nil {
		return nil, err
	}
	if in.MutualAuthentication != nil || len(in.AlpnPolicy) > 0 {
		return nil, wire.Errorf("InvalidConfigurationRequest", "Mutual authentication and ALPN policies of listeners are not emulated")
	}
	if in.Port == nil {
		return nil, wire.Errorf("ValidationError", "A listener port must be specified")
	}
	settings := listenerSettings{
		port: *in.Port, protocol: in.Protocol,
		certificates: slices.Clone(in.Certificates), sslPolicy: aws.ToString(in.SslPolicy),
	}
	if err := settings.check(); err != nil {
		return nil, err
	}
	actions, err := s.checkActions(b, settings.protocol, in.DefaultActions)
	if err != nil {
		return nil, err
	}
	tags, err := withTags(nil, in.Tags)
	if err != nil {
		return nil, err
	}
	if at := slices.IndexFunc(b.listeners, func(l *listener) bool { return l.settings.port == settings.port }); at >= 0 {
		l := b.listeners[at]
		if !reflect.DeepEqual(l.settings, settings) || !reflect.DeepEqual(l.fallback.actions, actions) {
			return nil, duplicateListener(b)
		}
		return &sdk.CreateListenerOutput{Listeners: []types.Listener{l.describe()}}, nil
	}
	if len(b.listeners) >= s.deps.Quotas.ListenersPerLoadBalancer {
		return nil, wire.Errorf("TooManyListeners", "The maximum number of listeners has been reached on load balancer '%s'", b.arn)
	}
	if err := s.checkGroupQuota(b, nil, actions); err != nil {
		return nil, err
	}
	l := s.addListener(b, settings, actions, tags)
	return &sdk.CreateListenerOutput{Listeners: []types.Listener{l.describe()}}, nil
}

func duplicateListener(b *balancer) error {
	return wire.Errorf("DuplicateListener", "A listener already exists on this port for this load balancer '%s'", b.arn)
}

// addListener takes a checked listener in.
func (s *Service) addListener(b *balancer, settings listenerSettings, actions []types.Action, tags map[string]string) *listener {
	l := &listener{id: s.loop.ID(16), balancer: b, settings: settings, tags: tags}
	l.arn = s.arn("listener/app/" + b.name + "/" + b.id + "/" + l.id)
	l.fallback = s.addRule(l, 0, nil, actions)
	s.listeners[l.arn] = l
	b.listeners = append(b.listeners, l)
	b.sortListeners()
	s.rerouted(b)
	return l
}

func (b *balancer) sortListeners() {
	slices.SortFunc(b.listeners, func(x, y *listener) int { return cmp.Compare(x.settings.port, y.settings.port) })
}

// check applies what AWS demands of an Application Load Balancer's listener, and
// fills in the defaults.
func (c *listenerSettings) check() error {
	switch c.protocol {
	case "":
		return wire.Errorf("ValidationError", "A listener protocol must be specified")
	case types.ProtocolEnumHttp:
		if len(c.certificates) > 0 {
			return wire.Errorf("ValidationError", "Certificates cannot be specified for HTTP listeners")
		}
		if c.sslPolicy != "" {
			return wire.Errorf("ValidationError", "An SSL policy cannot be specified for HTTP listeners")
		}
		return nil
	case types.ProtocolEnumHttps:
	default:
		return wire.Errorf("ValidationError", "Listener protocol '%s' must be one of 'HTTPS, HTTP'", c.protocol)
	}
	if len(c.certificates) != 1 || aws.ToString(c.certificates[0].CertificateArn) == "" {
		return wire.Errorf("ValidationError", "A certificate must be specified for HTTPS listeners")
	}
	if c.certificates[0].IsDefault != nil {
		return wire.Errorf("ValidationError", "You cannot set the isDefault parameter for a certificate")
	}
	orDefault(&c.sslPolicy, defaultSSLPolicy)
	if !strings.HasPrefix(c.sslPolicy, "ELBSecurityPolicy-") {
		return wire.Errorf("SSLPolicyNotFound", "SSL policy '%s' not found", c.sslPolicy)
	}
	return nil
}

func (l *listener) describe() types.Listener {
	out := types.Listener{
		ListenerArn:     aws.String(l.arn),
		LoadBalancerArn: aws.String(l.balancer.arn),
		Port:            aws.Int32(l.settings.port),
		Protocol:        l.settings.protocol,
		DefaultActions:  shown(l.fallback.actions),
	}
	if l.settings.protocol == types.ProtocolEnumHttps {
		out.Certificates = slices.Clone(l.settings.certificates)
		out.SslPolicy = aws.String(l.settings.sslPolicy)
	}
	return out
}

func (s *Service) describeListeners(_ *wire.Call, in *sdk.DescribeListenersInput) (*sdk.DescribeListenersOutput, error) {
	var found []*listener
	switch {
	case in.LoadBalancerArn == nil && len(in.ListenerArns) == 0:
		return nil, wire.Errorf("ValidationError", "You must specify either listener ARNs or a load balancer ARN")
	case in.LoadBalancerArn != nil && len(in.ListenerArns) > 0:
		return nil, wire.Errorf("ValidationError", "You cannot specify both listener ARNs and a load balancer ARN")
	case in.LoadBalancerArn != nil:
		b, err := s.balancer(*in.LoadBalancerArn)
		if err != nil {
			return nil, err
		}
		found = b.listeners
	}
	for _, arn := range in.ListenerArns {
		l, err := s.listener(arn)
		if err != nil {
			return nil, err
		}
		found = append(found, l)
	}
	found, next, err := page(found, func(l *listener) string { return l.arn }, in.Marker, in.PageSize)
	if err != nil {
		return nil, err
	}
	out := &sdk.DescribeListenersOutput{NextMarker: next}
	for _, l := range found {
		out.Listeners = append(out.Listeners, l.describe())
	}
	return out, nil
}

func (s *Service) listener(arn string) (*listener, error) {
	l, ok := s.listeners[arn]
	if !ok {
		return nil, wire.Errorf("ListenerNotFound", "One or more listeners not found")
	}
	return l, nil
}

func (s *Service) modifyListener(_ *wire.Call, in *sdk.ModifyListenerInput) (*sdk.ModifyListenerOutput, error) {
	l, err := s.listener(aws.ToString(in.ListenerArn))
	if err != nil {
		return nil, err
	}
	if in.MutualAuthentication != nil || len(in.AlpnPolicy) > 0 {
		return nil, wire.Errorf("InvalidConfigurationRequest", "Mutual authentication and ALPN policies of listeners are not emulated")
	}
	settings := l.settings.with(in)
	if err := settings.check(); err != nil {
		return nil, err
	}
	taken := func(other *listener) bool { return other != l && other.settings.port == settings.port }
	if slices.ContainsFunc(l.balancer.listeners, taken) {
		return nil, duplicateListener(l.balancer)
	}
	actions := l.fallback.actions
	if len(in.DefaultActions) > 0 {
		if actions, err = s.checkActions(l.balancer, settings.protocol, withSecrets(in.DefaultActions, l.fallback.actions)); err != nil {
			return nil, err
		}
		if err := s.checkGroupQuota(l.balancer, l.fallback, actions); err != nil {
			return nil, err
		}
	}
	l.settings, l.fallback.actions = settings, actions
	l.balancer.sortListeners()
	s.rerouted(l.balancer)
	return &sdk.ModifyListenerOutput{Listeners: []types.Listener{l.describe()}}, nil
}

// with gives the settings with what the request names replaced. Going from HTTPS
// to HTTP removes the certificate and the policy.
// AWS: ELBv2 API Reference, ModifyListener.
func (c *listenerSettings) with(in *sdk.ModifyListenerInput) listenerSettings {
	changed := *c
	if in.Port != nil {
		changed.port = *in.Port
	}
	if in.Protocol == types.ProtocolEnumHttp {
		changed.certificates, changed.sslPolicy = nil, ""
	}
	if in.Protocol != "" {
		changed.protocol = in.Protocol
	}
	if len(in.Certificates) > 0 {
		changed.certificates = slices.Clone(in.Certificates)
	}
	if in.SslPolicy != nil {
		changed.sslPolicy = *in.SslPolicy
	}
	return changed
}

func (s *Service) deleteListener(_ *wire.Call, in *sdk.DeleteListenerInput) (*sdk.DeleteListenerOutput, error) {
	l, err := s.listener(aws.ToString(in.ListenerArn))
	if err != nil {
		return nil, err
	}
	s.removeListener(l)
	s.rerouted(l.balancer)
	return &sdk.DeleteListenerOutput{}, nil
}

// removeListener takes a listener out with its rules.
func (s *Service) removeListener(l *listener) {
	b := l.balancer
	b.listeners = slices.DeleteFunc(b.listeners, func(other *listener) bool { return other == l })
	delete(s.listeners, l.arn)
	for _, r := range append(slices.Clone(l.rules), l.fallback) {
		delete(s.rules, r.arn)
	}
	s.attach(b)
}
