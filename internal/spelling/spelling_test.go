package spelling_test

import (
	"strings"
	"testing"

	"github.com/sluice-deploy/sluice/internal/spelling"
)

func TestNear(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ word, want string }{
		{"shpo", "shop"}, {"SHOP", "shop"}, {"shop-api2", "shop-api"}, {"billing", ""}, {"", ""}, {strings.Repeat("shop", 20), ""},
	} {
		if got := spelling.Near(c.word, []string{"shop", "shop-api", "payments"}); got != c.want {
			t.Errorf("Near(%q) is %q, want %q", c.word, got, c.want)
		}
	}
}
