package elbv2_test

import (
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/sluice-deploy/sluice/internal/emulator/elbv2"
)

func unexported() cmp.Option {
	return cmpopts.IgnoreUnexported(types.Action{}, types.ForwardActionConfig{}, types.TargetGroupTuple{}, types.TargetGroupStickinessConfig{},
		types.Rule{}, types.RuleCondition{}, types.PathPatternConditionConfig{}, types.TargetGroup{}, types.Matcher{}, types.RedirectActionConfig{})
}

func TestModifyRuleReplacesWhatIsGiven(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	lb, blue, green := c.loadBalancer("web"), c.group("blue"), c.group("green")
	listener := c.listener(lb, forward(weighted(blue, 1)))
	made := c.rule(*listener.ListenerArn, 10, path("/api/*"), forward(weighted(blue, 100), weighted(green, 0)))

	changed := must[*sdk.ModifyRuleOutput](t)(c.ModifyRule(t.Context(), &sdk.ModifyRuleInput{RuleArn: made.RuleArn, Actions: forward(weighted(blue, 90), weighted(green, 10))})).Rules[0]
	want := types.Rule{
		RuleArn:   made.RuleArn,
		Priority:  aws.String("10"),
		IsDefault: aws.Bool(false),
		Conditions: []types.RuleCondition{{
			Field: aws.String("path-pattern"), Values: []string{"/api/*"},
			PathPatternConfig: &types.PathPatternConditionConfig{Values: []string{"/api/*"}},
		}},
		Actions: []types.Action{{
			Type: types.ActionTypeEnumForward,
			ForwardConfig: &types.ForwardActionConfig{
				TargetGroups: []types.TargetGroupTuple{
					{TargetGroupArn: aws.String(blue), Weight: aws.Int32(90)},
					{TargetGroupArn: aws.String(green), Weight: aws.Int32(10)},
				},
				TargetGroupStickinessConfig: &types.TargetGroupStickinessConfig{Enabled: aws.Bool(false)},
			},
		}},
	}
	if diff := cmp.Diff(want, changed, unexported()); diff != "" {
		t.Errorf("ModifyRule (-want +got):\n%s", diff)
	}
	read := must[*sdk.DescribeRulesOutput](t)(c.DescribeRules(t.Context(), &sdk.DescribeRulesInput{ListenerArn: listener.ListenerArn})).Rules
	if diff := cmp.Diff(want, read[0], unexported()); diff != "" {
		t.Errorf("DescribeRules (-want +got):\n%s", diff)
	}
	// A single group is shown both ways; the default rule comes last.
	last := read[1]
	if !*last.IsDefault || *last.Priority != "default" || *last.Actions[0].TargetGroupArn != blue || *last.Actions[0].ForwardConfig.TargetGroups[0].Weight != 1 {
		t.Errorf("the default rule = %+v", last)
	}

	// What was answered can be sent back.
	must[*sdk.ModifyListenerOutput](t)(c.ModifyListener(t.Context(), &sdk.ModifyListenerInput{ListenerArn: listener.ListenerArn, DefaultActions: last.Actions}))
}

func TestWeightsReachTheNodesAfterThePropagationTime(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	lb, blue, green := c.loadBalancer("web"), c.group("blue"), c.group("green")
	listener := c.listener(lb, forward(weighted(blue, 100), weighted(green, 0)))
	c.loop.RunFor(time.Minute)
	weights := func() []elbv2.WeightedGroup { return c.configs[lb].Listeners[0].Rules[0].Forward.Groups }
	must[*sdk.ModifyListenerOutput](t)(c.ModifyListener(t.Context(), &sdk.ModifyListenerInput{ListenerArn: listener.ListenerArn, DefaultActions: forward(weighted(blue, 90), weighted(green, 10))}))
	c.loop.RunFor(time.Second - time.Millisecond)
	if diff := cmp.Diff([]elbv2.WeightedGroup{{blue, 100}, {green, 0}}, weights()); diff != "" {
		t.Errorf("before (-want +got):\n%s", diff)
	}
	c.loop.RunFor(time.Millisecond)
	if diff := cmp.Diff([]elbv2.WeightedGroup{{blue, 90}, {green, 10}}, weights()); diff != "" {
		t.Errorf("after (-want +got):\n%s", diff)
	}
}

func TestRuleErrors(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	lb, other := c.loadBalancer("web"), c.loadBalancer("other")
	blue, green, elsewhere := c.group("blue"), c.group("green"), c.group("elsewhere")
	c.listener(other, forward(weighted(elsewhere, 1)))
	listener := c.listener(lb, forward(weighted(blue, 1)))
	rule := c.rule(*listener.ListenerArn, 10, path("/a"), forward(weighted(blue, 1), weighted(green, 0)))
	fallback := must[*sdk.DescribeRulesOutput](t)(c.DescribeRules(t.Context(), &sdk.DescribeRulesInput{ListenerArn: listener.ListenerArn})).Rules[1]
	gone := strings.Replace(blue, "blue", "gone", 1)

	modify := func(arn *string, actions []types.Action) error {
		_, err := c.ModifyRule(t.Context(), &sdk.ModifyRuleInput{RuleArn: arn, Actions: actions})
		return err
	}
	create := func(priority int32, conditions []types.RuleCondition, actions []types.Action) error {
		_, err := c.CreateRule(t.Context(), &sdk.CreateRuleInput{ListenerArn: listener.ListenerArn, Priority: aws.Int32(priority), Conditions: conditions, Actions: actions})
		return err
	}
	deleteGroup := func(arn string) error {
		_, err := c.DeleteTargetGroup(t.Context(), &sdk.DeleteTargetGroupInput{TargetGroupArn: aws.String(arn)})
		return err
	}
	sticky := forward(weighted(blue, 1), weighted(green, 1))
	sticky[0].ForwardConfig.TargetGroupStickinessConfig = &types.TargetGroupStickinessConfig{Enabled: aws.Bool(true)}
	both := forward(weighted(blue, 1), weighted(green, 1))
	both[0].TargetGroupArn = aws.String(blue)
	unweighted := forward(weighted(blue, 1), weighted(green, 1))
	unweighted[0].ForwardConfig.TargetGroups[1].Weight = nil
	many := forward(weighted(blue, 1), weighted(green, 1), weighted("a", 1), weighted("b", 1), weighted("c", 1), weighted("d", 1))
	mixed := append(forward(weighted(blue, 1)), forward(weighted(green, 1))...)
	mixed[0].Order, mixed[1].Order = aws.Int32(1), aws.Int32(2)

	cases := []struct {
		name, want string
		err        error
	}{
		{"ModifyDefaultRule", "OperationNotPermitted", modify(fallback.RuleArn, forward(weighted(green, 1)))},
		{"UnknownRule", "RuleNotFound", modify(aws.String(*rule.RuleArn+"0"), forward(weighted(green, 1)))},
		{"UnknownGroup", "TargetGroupNotFound", modify(rule.RuleArn, forward(weighted(gone, 1)))},
		{"WeightTooHigh", "ValidationError", modify(rule.RuleArn, forward(weighted(blue, 1000), weighted(green, 0)))},
		{"WeightNegative", "ValidationError", modify(rule.RuleArn, forward(weighted(blue, -1), weighted(green, 0)))},
		{"WeightMissing", "ValidationError", modify(rule.RuleArn, unweighted)},
		{"GroupTwice", "ValidationError", modify(rule.RuleArn, forward(weighted(blue, 1), weighted(blue, 1)))},
		{"TooManyGroups", "TooManyTargetGroups", modify(rule.RuleArn, many)},
		{"GroupOfAnother", "TargetGroupAssociationLimit", modify(rule.RuleArn, forward(weighted(elsewhere, 1)))},
		{"StickyWithoutDuration", "ValidationError", modify(rule.RuleArn, sticky)},
		{"GroupAndConfigDiffer", "ValidationError", modify(rule.RuleArn, both)},
		{"TwoForwards", "InvalidLoadBalancerAction", modify(rule.RuleArn, mixed)},
		{"PriorityTaken", "PriorityInUse", create(10, path("/b"), forward(weighted(blue, 1)))},
		{"UnknownField", "ValidationError", create(11, []types.RuleCondition{{Field: aws.String("moon")}}, forward(weighted(blue, 1)))},
		{"BadPath", "ValidationError", create(11, path("/b c"), forward(weighted(blue, 1)))},
		{"SixValues", "ValidationError", create(11, path("/1", "/2", "/3", "/4", "/5", "/6"), forward(weighted(blue, 1)))},
		{"DeleteUsedGroup", "ResourceInUse", deleteGroup(green)},
		{"DeleteGoneGroup", "", deleteGroup(gone)},
	}
	for _, tc := range cases {
		if got := code(tc.err); got != tc.want {
			t.Errorf("%s: code = %q, want %q (%v)", tc.name, got, tc.want, tc.err)
		}
	}
	// Nothing of it has changed the rule.
	read := must[*sdk.DescribeRulesOutput](t)(c.DescribeRules(t.Context(), &sdk.DescribeRulesInput{RuleArns: []string{*rule.RuleArn}})).Rules[0]
	if diff := cmp.Diff(rule, read, unexported()); diff != "" {
		t.Errorf("the rule (-want +got):\n%s", diff)
	}
}

func TestRulesArePaged(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	listener := c.listener(c.loadBalancer("web"), forward(weighted(c.group("blue"), 1)))
	for priority := int32(5); priority > 0; priority-- {
		c.rule(*listener.ListenerArn, priority, path("/"), listener.DefaultActions)
	}
	var priorities []string
	pages := sdk.NewDescribeRulesPaginator(c, &sdk.DescribeRulesInput{ListenerArn: listener.ListenerArn, PageSize: aws.Int32(4)})
	count := 0
	for pages.HasMorePages() {
		count++
		for _, rule := range must[*sdk.DescribeRulesOutput](t)(pages.NextPage(t.Context())).Rules {
			priorities = append(priorities, *rule.Priority)
		}
	}
	if diff := cmp.Diff([]string{"1", "2", "3", "4", "5", "default"}, priorities); diff != "" || count != 2 {
		t.Errorf("%d pages (-want +got):\n%s", count, diff)
	}
	_, err := c.DescribeRules(t.Context(), &sdk.DescribeRulesInput{ListenerArn: listener.ListenerArn, Marker: aws.String("?")})
	if got := code(err); got != "ValidationError" {
		t.Errorf("bad marker: code = %q, want ValidationError", got)
	}
}

func TestConditionsChooseTheRule(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	lb := c.loadBalancer("web")
	listener := c.listener(lb, fixed("default"))
	conditions := [][]types.RuleCondition{
		{{Field: aws.String("host-header"), Values: []string{"*.Example.com"}}},
		path("/img/?.png"),
		{{Field: aws.String("http-header"), HttpHeaderConfig: &types.HttpHeaderConditionConfig{HttpHeaderName: aws.String("X-Canary"), Values: []string{"YES*"}}}},
		{{Field: aws.String("query-string"), QueryStringConfig: &types.QueryStringConditionConfig{Values: []types.QueryStringKeyValuePair{{Key: aws.String("v"), Value: aws.String("2")}}}}},
		{{Field: aws.String("http-request-method"), HttpRequestMethodConfig: &types.HttpRequestMethodConditionConfig{Values: []string{"DELETE"}}}},
		{{Field: aws.String("source-ip"), SourceIpConfig: &types.SourceIpConditionConfig{Values: []string{"192.0.2.0/24"}}}},
	}
	names := []string{"host", "path", "header", "query", "method", "source"}
	priority := int32(0)
	for i, condition := range conditions {
		priority++
		c.rule(*listener.ListenerArn, priority, condition, fixed(names[i]))
	}
	c.loop.RunFor(time.Minute)
	cases := map[string]elbv2.Request{
		"host":    {Host: "a.example.com", Path: "/img/1.png"},
		"path":    {Host: "example.org", Path: "/img/1.png"},
		"header":  {Path: "/img/12.png", Header: http.Header{"X-Canary": {"no", "yes please"}}},
		"query":   {Path: "/", Query: url.Values{"V": {"2"}}},
		"method":  {Method: "DELETE", Query: url.Values{"v": {"3"}}},
		"source":  {Source: netip.MustParseAddr("192.0.2.7")},
		"default": {Method: "delete", Source: netip.MustParseAddr("192.0.3.7")},
	}
	for want, request := range cases {
		if got := c.configs[lb].Listeners[0].Route(request).FixedResponse.Body; got != want {
			t.Errorf("Route(%+v) = %s, want %s", request, got, want)
		}
	}
}

func fixed(body string) []types.Action {
	return []types.Action{{
		Type:                types.ActionTypeEnumFixedResponse,
		FixedResponseConfig: &types.FixedResponseActionConfig{StatusCode: aws.String("200"), MessageBody: aws.String(body)},
	}}
}

func TestCreationIsIdempotent(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	lb, blue := c.loadBalancer("web"), c.group("blue")
	if again := c.loadBalancer("web"); again != lb {
		t.Errorf("load balancer again = %s, want %s", again, lb)
	}
	if again := c.group("blue"); again != blue {
		t.Errorf("target group again = %s, want %s", again, blue)
	}
	listener := c.listener(lb, forward(weighted(blue, 1)))
	if again := c.listener(lb, forward(weighted(blue, 1))); *again.ListenerArn != *listener.ListenerArn {
		t.Errorf("listener again = %s, want %s", *again.ListenerArn, *listener.ListenerArn)
	}
	ctx := t.Context()
	errs := map[string]error{
		"DuplicateLoadBalancerName": failing(c.CreateLoadBalancer(ctx, &sdk.CreateLoadBalancerInput{Name: aws.String("web"), Subnets: []string{"subnet-a", "subnet-c"}})),
		"DuplicateTargetGroupName":  failing(c.CreateTargetGroup(ctx, &sdk.CreateTargetGroupInput{Name: aws.String("blue"), Protocol: types.ProtocolEnumHttp, Port: aws.Int32(81), VpcId: aws.String("vpc-1")})),
		"DuplicateListener":         failing(c.CreateListener(ctx, &sdk.CreateListenerInput{LoadBalancerArn: aws.String(lb), Port: aws.Int32(80), Protocol: types.ProtocolEnumHttp, DefaultActions: fixed("")})),
	}
	for want, err := range errs {
		if got := code(err); got != want {
			t.Errorf("code = %q, want %q (%v)", got, want, err)
		}
	}
}

func failing[T any](_ T, err error) error { return err }

func TestLoadBalancerBecomesActiveAndGoes(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	lb, blue := c.loadBalancer("web"), c.group("blue")
	c.listener(lb, forward(weighted(blue, 1)))
	state := func() types.LoadBalancerStateEnum {
		return must[*sdk.DescribeLoadBalancersOutput](t)(c.DescribeLoadBalancers(t.Context(), &sdk.DescribeLoadBalancersInput{Names: []string{"web"}})).LoadBalancers[0].State.Code
	}
	if got := state(); got != types.LoadBalancerStateEnumProvisioning {
		t.Errorf("state = %s, want provisioning", got)
	}
	c.loop.RunFor(time.Minute)
	if got := state(); got != types.LoadBalancerStateEnumActive || len(c.configs) != 1 {
		t.Errorf("state = %s with %d configs, want active with 1", got, len(c.configs))
	}
	must[*sdk.DeleteLoadBalancerOutput](t)(c.DeleteLoadBalancer(t.Context(), &sdk.DeleteLoadBalancerInput{LoadBalancerArn: aws.String(lb)}))
	if c.service.Attached(blue) || len(c.configs) != 0 {
		t.Errorf("attached = %v with %d configs, want false with 0", c.service.Attached(blue), len(c.configs))
	}
	_, err := c.DescribeListeners(t.Context(), &sdk.DescribeListenersInput{LoadBalancerArn: aws.String(lb)})
	if got := code(err); got != "LoadBalancerNotFound" {
		t.Errorf("code = %q, want LoadBalancerNotFound", got)
	}
	// Nothing is left that would keep time moving.
	c.loop.RunFor(time.Hour)
	if got := c.loop.Pending(); got != 0 {
		t.Errorf("%d timers are left, want 0", got)
	}
}

func TestTags(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	blue := c.group("blue")
	tag := func(key, value string) types.Tag { return types.Tag{Key: aws.String(key), Value: aws.String(value)} }
	add := func(tags ...types.Tag) error {
		return failing(c.AddTags(t.Context(), &sdk.AddTagsInput{ResourceArns: []string{blue}, Tags: tags}))
	}
	if err := add(tag("app", "shop"), tag("slot", "blue")); err != nil {
		t.Fatal(err)
	}
	if err := add(tag("slot", "green")); err != nil {
		t.Fatal(err)
	}
	if got := code(add(tag("a", "1"), tag("a", "2"))); got != "DuplicateTagKeys" {
		t.Errorf("code = %q, want DuplicateTagKeys", got)
	}
	out := must[*sdk.DescribeTagsOutput](t)(c.DescribeTags(t.Context(), &sdk.DescribeTagsInput{ResourceArns: []string{blue}}))
	if diff := cmp.Diff([]types.Tag{tag("app", "shop"), tag("slot", "green")}, out.TagDescriptions[0].Tags, cmpopts.IgnoreUnexported(types.Tag{})); diff != "" {
		t.Errorf("tags (-want +got):\n%s", diff)
	}
}

// A client secret is never shown; who changes a rule says that it stays.
func TestClientSecretStays(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	lb, blue := c.loadBalancer("web"), c.group("blue")
	listener := must[*sdk.CreateListenerOutput](t)(c.CreateListener(t.Context(), &sdk.CreateListenerInput{
		LoadBalancerArn: aws.String(lb), Port: aws.Int32(443), Protocol: types.ProtocolEnumHttps,
		Certificates:   []types.Certificate{{CertificateArn: aws.String("arn:aws:acm:us-east-1:123456789012:certificate/1")}},
		DefaultActions: forward(weighted(blue, 1)),
	})).Listeners[0]
	actions := func(login types.AuthenticateOidcActionConfig) []types.Action {
		login.Issuer, login.ClientId = aws.String("https://login.example"), aws.String("shop")
		login.AuthorizationEndpoint, login.TokenEndpoint = aws.String("https://login.example/a"), aws.String("https://login.example/t")
		login.UserInfoEndpoint = aws.String("https://login.example/u")
		last := forward(weighted(blue, 1))[0]
		last.Order = aws.Int32(2)
		return []types.Action{{Type: types.ActionTypeEnumAuthenticateOidc, Order: aws.Int32(1), AuthenticateOidcConfig: &login}, last}
	}
	made := c.rule(*listener.ListenerArn, 10, path("/*"), actions(types.AuthenticateOidcActionConfig{ClientSecret: aws.String("hush")}))
	if got := made.Actions[0].AuthenticateOidcConfig.ClientSecret; got != nil {
		t.Errorf("the client secret is shown: %s", *got)
	}
	_, err := c.ModifyRule(t.Context(), &sdk.ModifyRuleInput{RuleArn: made.RuleArn, Actions: made.Actions})
	if got, want := code(err), "ValidationError"; got != want {
		t.Errorf("sending back what was read: %q, want %q", got, want)
	}
	stays := types.AuthenticateOidcActionConfig{UseExistingClientSecret: aws.Bool(true)}
	if _, err := c.ModifyRule(t.Context(), &sdk.ModifyRuleInput{RuleArn: made.RuleArn, Actions: actions(stays)}); err != nil {
		t.Errorf("with the secret that is there: %v", err)
	}
	_, err = c.CreateRule(t.Context(), &sdk.CreateRuleInput{
		ListenerArn: listener.ListenerArn, Priority: aws.Int32(11), Conditions: path("/b"), Actions: actions(stays),
	})
	if got, want := code(err), "ValidationError"; got != want {
		t.Errorf("a new rule has no secret that is there: %q, want %q", got, want)
	}
}
