package doctor

import (
	"net/url"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestTrusted(t *testing.T) {
	t.Parallel()
	const service = `{"Effect":"Allow","Principal":{"Service":"ecs-tasks.amazonaws.com"},"Action":"sts:AssumeRole"}`
	for _, c := range []struct {
		name, document string
		want           []string
	}{
		{"one statement", `{"Statement":` + service + `}`, []string{"ecs-tasks.amazonaws.com"}},
		{"a list", `{"Statement":[` + service + `,{"Effect":"Allow","Principal":{"Service":["ec2.amazonaws.com","lambda.amazonaws.com"]}}]}`, []string{"ecs-tasks.amazonaws.com", "ec2.amazonaws.com", "lambda.amazonaws.com"}},
		{"an account", `{"Statement":[{"Effect":"Allow","Principal":{"AWS":"123456789012"}}]}`, nil},
		{"a denial", `{"Statement":[{"Effect":"Deny","Principal":{"Service":"ecs-tasks.amazonaws.com"}}]}`, nil},
		{"nothing", ``, nil},
	} {
		if diff := cmp.Diff(c.want, trusted(url.PathEscape(c.document))); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
	}
}
