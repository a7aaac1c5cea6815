package conformance_test

import (
	"testing"

	"github.com/sluice-deploy/sluice/internal/emulator/wire"
)

func checkCode(t *testing.T, c *wire.Call, err error) {}
