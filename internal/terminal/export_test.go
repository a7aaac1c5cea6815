package terminal

import tea "charm.land/bubbletea/v2"

// NewModel is the model of a live picture.
func NewModel(foot Foot, stop func()) tea.Model { return model{stop: stop, foot: foot} }
