package adopt

import (
	"fmt"

	"github.com/goccy/go-yaml"
)

// decode reads YAML or JSON into what out points to. The file may be anybody's: a panic of
// the library is an error.
func decode(data []byte, out any) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%v", p)
		}
	}()
	return yaml.Unmarshal(data, out)
}
