package taskdef

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// containers checks that the definition has each container of the spec, whose images
// come with releases, and an image for every other.
func (c *checker) containers(definition map[string]any, ours map[string]string) {
	items, _ := definition["containerDefinitions"].([]any)
	if len(items) == 0 {
		c.add("containerDefinitions", describe(definition["containerDefinitions"]), "a list of containers")
		return
	}
	var has []string
	for i, item := range items {
		path := fmt.Sprintf("containerDefinitions[%d]", i)
		container, _ := item.(map[string]any)
		name, _ := container["name"].(string)
		switch {
		case name == "":
			c.add(path+".name", "nothing", "the container's name")
		case slices.Contains(has, name):
			c.add(path+".name", fmt.Sprintf("%q again", name), "every container once")
		case ours[name] == "" && container["image"] == nil:
			c.add(path+".image", "nothing", fmt.Sprintf("the image of %s: it is none of the spec's containers, so no release brings it", name))
		}
		has = append(has, name)
	}
	for _, name := range slices.Sorted(maps.Keys(ours)) {
		if !slices.Contains(has, name) {
			c.add("containerDefinitions", strings.Join(has, ", "), fmt.Sprintf("the spec's container %s among them", name))
		}
	}
}
