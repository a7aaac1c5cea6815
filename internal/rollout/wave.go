package rollout

import (
	"maps"
	"slices"
)

// Waves are the environments in the order of their waves, those of one wave in
// the order of the spec. An environment without a wave has the one after that of
// the environment before it.
func (s Spec) Waves() [][]Environment {
	byWave := map[int][]Environment{}
	last := 0
	for _, env := range s.Environments {
		if env.Wave != 0 {
			last = env.Wave
		} else {
			last++
		}
		byWave[last] = append(byWave[last], env)
	}
	var waves [][]Environment
	for _, wave := range slices.Sorted(maps.Keys(byWave)) {
		waves = append(waves, byWave[wave])
	}
	return waves
}

// WaveOf is which of Waves has the environment of that name, counted from 1, so
// that Waves()[WaveOf(name):] come after it; 0 if none has. Gaps between the waves
// that a spec names do not count.
func (s Spec) WaveOf(name string) int {
	for i, wave := range s.Waves() {
		for _, env := range wave {
			if env.Name == name {
				return i + 1
			}
		}
	}
	return 0
}
