package ssm_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	sdk "github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"
	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"

	"github.com/sluice-deploy/sluice/internal/emulator/loop"
	"github.com/sluice-deploy/sluice/internal/emulator/ssm"
	"github.com/sluice-deploy/sluice/internal/emulator/wire"
)

func start(t *testing.T) *sdk.Client {
	t.Helper()
	l := loop.NewVirtual(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC))
	mux := wire.NewMux("123456789012", "us-east-1", ssm.New(l, "123456789012", "us-east-1").Wire())
	return sdk.NewFromConfig(aws.Config{
		Region:      "us-east-1",
		Credentials: credentials.NewStaticCredentialsProvider("AKIDEXAMPLE", "secret", ""),
		HTTPClient:  wire.NewTransport(l, mux, wire.TransportOptions{}),
		Retryer:     func() aws.Retryer { return aws.NopRetryer{} },
	})
}

func put(t *testing.T, c *sdk.Client, name, value string, kind types.ParameterType) {
	t.Helper()
	if _, err := c.PutParameter(t.Context(), &sdk.PutParameterInput{Name: &name, Value: &value, Type: kind, Overwrite: aws.Bool(true)}); err != nil {
		t.Fatalf("PutParameter %s: %v", name, err)
	}
}

func wantCode(t *testing.T, what string, err error, code string) {
	t.Helper()
	var api smithy.APIError
	if !errors.As(err, &api) || api.ErrorCode() != code {
		t.Errorf("%s: %v, want %s", what, err, code)
	}
}

func TestVersions(t *testing.T) {
	t.Parallel()
	c := start(t)
	put(t, c, "/shop/url", "one", types.ParameterTypeString)
	put(t, c, "/shop/url", "two", types.ParameterTypeString)
	for reference, want := range map[string][]string{
		"/shop/url":   {"two", "2"},
		"/shop/url:1": {"one", "1"},
		"arn:aws:ssm:us-east-1:123456789012:parameter/shop/url":   {"two", "2"},
		"arn:aws:ssm:us-east-1:123456789012:parameter/shop/url:1": {"one", "1"},
	} {
		out, err := c.GetParameter(t.Context(), &sdk.GetParameterInput{Name: &reference})
		if err != nil {
			t.Errorf("GetParameter %s: %v", reference, err)
			continue
		}
		p := out.Parameter
		if got := []string{*p.Value, string(rune('0' + p.Version))}; !cmp.Equal(got, want) || *p.Name != "/shop/url" {
			t.Errorf("%s = %s %v, want /shop/url %v", reference, *p.Name, got, want)
		}
	}
	_, err := c.GetParameter(t.Context(), &sdk.GetParameterInput{Name: aws.String("/shop/url:3")})
	wantCode(t, "version 3", err, "ParameterVersionNotFound")
	_, err = c.GetParameter(t.Context(), &sdk.GetParameterInput{Name: aws.String("/shop/other")})
	wantCode(t, "another parameter", err, "ParameterNotFound")
}

func TestPutParameterRefused(t *testing.T) {
	t.Parallel()
	c := start(t)
	put(t, c, "taken", "x", types.ParameterTypeString)
	for name, test := range map[string]struct {
		in   sdk.PutParameterInput
		code string
	}{
		"Taken":     {sdk.PutParameterInput{Name: aws.String("taken"), Type: types.ParameterTypeString}, "ParameterAlreadyExists"},
		"OtherType": {sdk.PutParameterInput{Name: aws.String("taken"), Type: types.ParameterTypeSecureString, Overwrite: aws.Bool(true)}, "HierarchyTypeMismatchException"},
		"NoType":    {sdk.PutParameterInput{Name: aws.String("new")}, "ValidationException"},
		"Reserved":  {sdk.PutParameterInput{Name: aws.String("/aws/x"), Type: types.ParameterTypeString}, "ValidationException"},
		"Relative":  {sdk.PutParameterInput{Name: aws.String("a/b"), Type: types.ParameterTypeString}, "ValidationException"},
		"Space":     {sdk.PutParameterInput{Name: aws.String("a b"), Type: types.ParameterTypeString}, "ValidationException"},
		"Deep":      {sdk.PutParameterInput{Name: aws.String(strings.Repeat("/a", 16)), Type: types.ParameterTypeString}, "HierarchyLevelLimitExceededException"},
		"Long":      {sdk.PutParameterInput{Name: aws.String("long"), Type: types.ParameterTypeString, Value: aws.String(strings.Repeat("x", 4097))}, "ValidationException"},
		"Pattern":   {sdk.PutParameterInput{Name: aws.String("p"), Type: types.ParameterTypeString, AllowedPattern: aws.String("[0-9]+")}, "ParameterPatternMismatchException"},
		"Policies":  {sdk.PutParameterInput{Name: aws.String("p"), Type: types.ParameterTypeString, Policies: aws.String("[]")}, "NotImplemented"},
	} {
		in := test.in
		if in.Value == nil {
			in.Value = aws.String("x")
		}
		_, err := c.PutParameter(t.Context(), &in)
		wantCode(t, name, err, test.code)
	}
}

func TestSecureStringIsHiddenWithoutDecryption(t *testing.T) {
	t.Parallel()
	c := start(t)
	put(t, c, "token", "xoxb-1", types.ParameterTypeSecureString)
	for decrypt, want := range map[bool]bool{true: true, false: false} {
		out, err := c.GetParameter(t.Context(), &sdk.GetParameterInput{Name: aws.String("token"), WithDecryption: &decrypt})
		if err != nil {
			t.Fatalf("GetParameter: %v", err)
		}
		if got := *out.Parameter.Value == "xoxb-1"; got != want || *out.Parameter.Value == "" {
			t.Errorf("with decryption %v the value is %q", decrypt, *out.Parameter.Value)
		}
	}
}

func TestGetParametersTellsWhichAreInvalid(t *testing.T) {
	t.Parallel()
	c := start(t)
	put(t, c, "a", "1", types.ParameterTypeString)
	put(t, c, "b", "2,3", types.ParameterTypeStringList)
	out, err := c.GetParameters(t.Context(), &sdk.GetParametersInput{Names: []string{"b", "gone", "a", "a:9"}})
	if err != nil {
		t.Fatalf("GetParameters: %v", err)
	}
	var values []string
	for _, p := range out.Parameters {
		values = append(values, *p.Value)
	}
	if diff := cmp.Diff([][]string{{"2,3", "1"}, {"gone", "a:9"}}, [][]string{values, out.InvalidParameters}); diff != "" {
		t.Errorf("values and invalid names (-want +got):\n%s", diff)
	}
}

func TestGetParametersByPath(t *testing.T) {
	t.Parallel()
	c := start(t)
	for _, name := range []string{"/shop/a", "/shop/b", "/shop/deep/c", "/shopping", "plain"} {
		put(t, c, name, name, types.ParameterTypeString)
	}
	list := func(path string, recursive bool) [][]string {
		var pages [][]string
		in := &sdk.GetParametersByPathInput{Path: &path, Recursive: &recursive, MaxResults: aws.Int32(2)}
		for pager := sdk.NewGetParametersByPathPaginator(c, in); pager.HasMorePages(); {
			page, err := pager.NextPage(t.Context())
			if err != nil {
				t.Fatalf("GetParametersByPath: %v", err)
			}
			var names []string
			for _, p := range page.Parameters {
				names = append(names, *p.Name)
			}
			pages = append(pages, names)
		}
		return pages
	}
	if diff := cmp.Diff([][]string{{"/shop/a", "/shop/b"}}, list("/shop", false)); diff != "" {
		t.Errorf("one level (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([][]string{{"/shop/a", "/shop/b"}, {"/shop/deep/c"}}, list("/shop/", true)); diff != "" {
		t.Errorf("all levels (-want +got):\n%s", diff)
	}
	_, err := c.GetParametersByPath(t.Context(), &sdk.GetParametersByPathInput{Path: aws.String("shop")})
	wantCode(t, "a path without a slash", err, "ValidationException")
}

func TestDeleteParameter(t *testing.T) {
	t.Parallel()
	c := start(t)
	put(t, c, "a", "1", types.ParameterTypeString)
	if _, err := c.DeleteParameter(t.Context(), &sdk.DeleteParameterInput{Name: aws.String("a")}); err != nil {
		t.Fatalf("DeleteParameter: %v", err)
	}
	_, err := c.DeleteParameter(t.Context(), &sdk.DeleteParameterInput{Name: aws.String("a")})
	wantCode(t, "DeleteParameter again", err, "ParameterNotFound")
}
