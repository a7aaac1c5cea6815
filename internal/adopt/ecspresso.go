package adopt

import (
	"bytes"

	"github.com/sluice-deploy/sluice/internal/rollout"
)

// Ecspresso is what an ecspresso configuration says of where its service is.
type Ecspresso struct {
	Region  string `yaml:"region"`
	Cluster string `yaml:"cluster"`
	Service string `yaml:"service"`
}

// ReadEcspresso reads an ecspresso.yml, or the same as JSON. One that is a template has
// to be rendered first.
func ReadEcspresso(file string, data []byte) (Ecspresso, error) {
	var e Ecspresso
	if bytes.Contains(data, []byte("{{")) {
		return e, rollout.Errorf(rollout.KindSpecInvalid, "%s is a template; give what `ecspresso render config` prints", file)
	}
	if err := decode(data, &e); err != nil {
		return e, rollout.Errorf(rollout.KindSpecInvalid, "%s is not an ecspresso configuration in YAML or JSON: %w", file, err)
	}
	if e.Cluster == "" || e.Service == "" {
		return e, rollout.Errorf(rollout.KindSpecInvalid, "%s: found cluster %q and service %q, want both", file, e.Cluster, e.Service)
	}
	return e, nil
}
